/**
 * Whether the target's role may do what the clone is about to do. Without this a run as an ordinary
 * role would fail halfway, at the first object that it may not create or not give away.
 */

import type { SchemaScript } from "../plan/toc.js";
import type { Connection } from "../postgres/connection.js";
import { displayName, quoteName } from "../postgres/quote.js";
import { unfitTarget } from "./unfit-target.js";

const schemasQuery = `
select distinct (parse_ident(i.schema))[1] as schema
from unnest($1::oid[], $2::oid[]) as o (class, oid)
cross join lateral pg_catalog.pg_identify_object(o.class, o.oid, 0) as i
where i.schema is not null`;

const closedQuery = `
select pg_catalog.current_database()::text as database,
       pg_catalog.has_database_privilege(pg_catalog.current_database(), 'create') as "mayCreateSchemas",
       current_user::text as role,
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
    role: string;
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
  const { database = "", role = "" } = row ?? {};
  const grants = [
    ...(row?.mayCreateSchemas === false
      ? [`grant create on database ${quoteName(database)} to ${quoteName(role)}`]
      : []),
    ...(row?.closed ?? []).map(
      (schema) => `grant create on schema ${quoteName(schema)} to ${quoteName(role)}`,
    ),
  ];
  throw unfitTarget("the target's role may not create what the clone would create", {
    items,
    statements: grants,
    advice:
      "nothing was changed; grant create on the database and on those schemas to it, or connect as the database's owner",
  });
}
