/** The databases of a server. */

import type { Connection } from "../postgres/connection.js";

export interface Database {
  readonly name: string;
  readonly template: boolean;
  readonly allowsConnections: boolean;
  /** Whether an interrupted DROP DATABASE left it unusable; its connection limit is then -2. */
  readonly invalid: boolean;
  readonly mayConnect: boolean;
}

const databasesQuery = `
select d.datname::text as name, d.datistemplate as template, d.datallowconn as "allowsConnections",
       d.datconnlimit = -2 as invalid, pg_catalog.has_database_privilege(d.oid, 'connect') as "mayConnect"
from pg_catalog.pg_database d
order by d.datname`;

/** All of them, templates too, by name. */
export async function readDatabases(connection: Connection): Promise<Database[]> {
  const rows = await connection.query("listing the databases", databasesQuery);
  return rows as unknown as Database[];
}

/** OIDs below 16384 are PostgreSQL's own. */
const anyUserObjectQuery = `
select exists (select from pg_catalog.pg_class where oid >= 16384)
    or exists (select from pg_catalog.pg_proc where oid >= 16384)
    or exists (select from pg_catalog.pg_type where oid >= 16384)
    or exists (select from pg_catalog.pg_namespace where oid >= 16384 and nspname !~ '^pg_(temp|toast)')
    or exists (select from pg_catalog.pg_extension where oid >= 16384)
    or exists (select from pg_catalog.pg_foreign_data_wrapper where oid >= 16384)
    or exists (select from pg_catalog.pg_largeobject_metadata) as holds`;

/** Whether the connected database holds anything that it was not made with. */
export async function holdsUserObjects(connection: Connection): Promise<boolean> {
  const [row] = await connection.query<{ holds: boolean }>(
    "looking for objects of users",
    anyUserObjectQuery,
  );
  return row?.holds === true;
}
