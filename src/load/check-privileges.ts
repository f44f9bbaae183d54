/**
 * Whether the target's role may do what the clone is about to do. Without this a run as an ordinary
 * role would fail halfway, at the first object that it may not create or not give away.
 */

import type { SchemaScript, StatementKind } from "../plan/toc.js";
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
       pg_catalog.has_database_privilege(pg_catalog.current_database(), 'temporary') as "mayCreateTemporary",
       current_user::text as role,
       array(select n.nspname::text from pg_catalog.pg_namespace n
             where n.nspname = any($1::text[]) and not pg_catalog.has_schema_privilege(n.oid, 'create')
             order by 1) as closed`;

interface Closed extends Record<string, unknown> {
  database: string;
  role: string;
  mayCreateSchemas: boolean;
  mayCreateTemporary: boolean;
  closed: string[];
}

/** What the run makes on the target beside the source's objects. */
export interface OwnObjects {
  /** One in a schema has to be created; a directory needs nothing of the target. */
  readonly journal: "schema" | "directory";
  /** Whether any are copied: without the journal's schema each session has a temporary view for them. */
  readonly largeObjects: boolean;
}

/** Kinds of statements that need CREATE on the database. */
const OF_THE_DATABASE: ReadonlySet<StatementKind> = new Set(["schema", "extension", "publication"]);

/**
 * Refuses a target whose database, or one of whose schemas, is closed to the role.
 *
 * @throws PgCopyError `target_unfit`, naming all of them.
 */
export async function refuseClosedTarget(
  source: Connection,
  target: Connection,
  { entries }: SchemaScript,
  { journal, largeObjects }: OwnObjects,
): Promise<void> {
  const created = entries.filter(
    (entry) => entry.oid !== 0 && entry.statements.some((one) => one.creates),
  );
  const schemas = await source.query<{ schema: string }>(
    "looking up the schemas of the source's objects",
    schemasQuery,
    [created.map((entry) => entry.classOid), created.map((entry) => entry.oid)],
  );
  const [row] = await target.query<Closed>(
    "looking up what the target's role may create",
    closedQuery,
    [schemas.map(({ schema }) => schema)],
  );
  if (row === undefined) return;
  const ofDatabase = created.some(({ statements }) =>
    statements.some(({ creates, kind }) => creates && OF_THE_DATABASE.has(kind)),
  );
  const noSchemas = !row.mayCreateSchemas && (journal === "schema" || ofDatabase);
  const noTemporary = !row.mayCreateTemporary && journal === "directory" && largeObjects;
  const closed = [
    ...(noSchemas ? [["schemas in database", "create on database", row.database]] : []),
    ...(noTemporary
      ? [["temporary objects in database", "temporary on database", row.database]]
      : []),
    ...row.closed.map((schema) => ["objects in schema", "create on schema", schema]),
  ] as [string, string, string][];
  if (closed.length === 0) return;
  const onlyJournal = noSchemas && !ofDatabase;
  throw unfitTarget("the target's role may not create what the clone would create", {
    items: closed.map(([what, , name]) => `${what} ${displayName(name)}`),
    statements: closed.map(
      ([, privilege, name]) => `grant ${privilege} ${quoteName(name)} to ${quoteName(row.role)}`,
    ),
    advice: `nothing was changed; grant ${listOf(closed)} to it, or connect as the database's owner${onlyJournal ? `. ${DIRECTORY}` : ""}`,
  });
}

const DIRECTORY =
  "A schema of the database is needed for the journal alone: --dir keeps that in a local directory, where only this machine can resume the run, and each task waits for that disk";

function listOf(closed: readonly (readonly [string, string, string])[]): string {
  const privileges = new Set(
    closed.map(([, privilege]) =>
      privilege.endsWith("schema") ? "create on those schemas" : privilege.replace("on", "on the"),
    ),
  );
  return [...privileges].join(" and ");
}
