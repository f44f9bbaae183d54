/**
 * Whether the target's role may do what the clone is about to do. Without this a run as an ordinary
 * role would fail halfway, at the first object that it may not create or not give away.
 */

import { PgCopyError } from "../errors.js";
import type { SchemaScript } from "../plan/toc.js";
import type { Connection } from "../postgres/connection.js";
import { displayName } from "../postgres/quote.js";

const schemasQuery = `
select distinct i.schema
from unnest($1::oid[], $2::oid[]) as o (class, oid)
cross join lateral pg_catalog.pg_identify_object(o.class, o.oid, 0) as i
where i.schema is not null`;

const closedQuery = `
select pg_catalog.current_database()::text as database,
       pg_catalog.has_database_privilege(pg_catalog.current_database(), 'create') as "mayCreateSchemas",
       array(select n.nspname::text from pg_catalog.pg_namespace n
             where n.nspname = any($1::text[]) and not pg_catalog.has_schema_privilege(n.oid, 'create')
             order by 1) as closed`;

/**
 * Refuses a target whose database, or one of whose schemas, is closed to the role. The journal needs
 * a schema of its own, so every clone creates one.
 *
 * @throws PgCopyError `target_unfit`, naming all of them.
 */
export async function refuseClosedTarget(
  source: Connection,
  target: Connection,
  { entries }: SchemaScript,
): Promise<void> {
  const created = entries.filter(
    (entry) => entry.oid !== 0 && entry.statements.some((one) => one.creates),
  );
  const schemas = await source.query<{ schema: string }>(
    "looking up the schemas of the source's objects",
    schemasQuery,
    [created.map((entry) => entry.classOid), created.map((entry) => entry.oid)],
  );
  const [row] = await target.query<{
    database: string;
    mayCreateSchemas: boolean;
    closed: string[];
  }>("looking up what the target's role may create", closedQuery, [
    schemas.map(({ schema }) => schema),
  ]);
  const items = [
    ...(row?.mayCreateSchemas === false
      ? [`schemas in database ${displayName(row.database)}`]
      : []),
    ...(row?.closed ?? []).map((schema) => `objects in schema ${displayName(schema)}`),
  ];
  if (items.length === 0) return;
  throw unfit("the target's role may not create what the clone would create", {
    items,
    advice:
      "nothing was changed; grant create on the database and on those schemas to it, or connect as the database's owner",
  });
}

const unassignableQuery = `
select r.rolname::text
from pg_catalog.pg_roles r
where r.rolname = any($1::text[]) and not pg_catalog.pg_has_role(r.oid, $2)
order by 1`;

/**
 * Refuses owners whom the target's role can't make owners: only a member of a role may give it
 * something.
 *
 * @throws PgCopyError `target_unfit`, naming all of them.
 */
export async function refuseUnassignableOwners(
  target: Connection,
  { entries }: SchemaScript,
): Promise<void> {
  const owners = entries
    .flatMap((entry) => entry.statements)
    .flatMap((statement) => (statement.kind === "owner" ? statement.roles : []));
  // Until version 15 every member of a role could become it.
  const privilege = target.serverVersion >= 160_000 ? "set" : "member";
  const rows = await target.query<{ rolname: string }>(
    "looking up whom the target's role may make an owner",
    unassignableQuery,
    [[...new Set(owners)], privilege],
  );
  if (rows.length === 0) return;
  const whom = rows.length === 1 ? "a role that owns" : `${rows.length} roles that own`;
  throw unfit(`the target's role may not give objects to ${whom} them on the source`, {
    items: rows.map(({ rolname }) => rolname),
    advice:
      "nothing was changed; connect as a superuser or as a member of them, or leave all objects to the target's role with --no-owner",
  });
}

/**
 * Event triggers come last of all, so a role that may not create them would find out after
 * everything was copied. On some hosted servers others than superusers may: asking the server is to try.
 *
 * @throws PgCopyError `target_unfit`.
 */
export async function refuseForbiddenEventTriggers(
  target: Connection,
  { entries }: SchemaScript,
): Promise<void> {
  const triggers = entries.filter((entry) =>
    entry.statements.some((one) => one.kind === "event_trigger" && one.creates),
  );
  if (triggers.length === 0) return;
  try {
    await target.execute("trying to create an event trigger", probeEventTrigger);
  } catch (error) {
    if (!(error instanceof PgCopyError) || error.server === undefined) throw error;
    throw unfit(`the target's role may not create event triggers: ${error.server.message}`, {
      items: triggers.map((entry) => entry.title),
      advice:
        "nothing was changed; connect to the target as a superuser, or drop them on the source",
    });
  } finally {
    if (target.usable) await target.execute("rolling back", "rollback");
  }
}

const probeEventTrigger = `
begin;
create schema pgcopy_probe;
create function pgcopy_probe.probe() returns event_trigger language plpgsql as 'begin end';
create event trigger pgcopy_probe on sql_drop execute procedure pgcopy_probe.probe();`;

function unfit(
  message: string,
  fields: { readonly items: readonly string[]; readonly advice: string },
): PgCopyError {
  return new PgCopyError(message, { code: "target_unfit", side: "target", ...fields });
}
