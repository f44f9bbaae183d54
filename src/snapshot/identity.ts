/** Telling one snapshot, and one database, from another: a resumed run must read what the first one read. */

import type { Connection } from "../postgres/connection.js";

/**
 * Which transactions the session's snapshot sees: the same text for every session that imported it, and
 * another one for a snapshot of another moment, as soon as anything was written in between.
 *
 * @param connection in a transaction at REPEATABLE READ.
 */
export async function snapshotIdentity(connection: Connection): Promise<string> {
  const [row] = await connection.query<{ identity: string }>(
    "looking at the snapshot",
    // The older name, which PostgreSQL 12 knows, and 18 still.
    "select pg_catalog.txid_current_snapshot()::text as identity",
  );
  return row?.identity ?? "";
}

/** The cluster, which keeps its identifier on standbys and through restarts, and the database in it. */
export async function databaseIdentity(connection: Connection): Promise<string> {
  const [row] = await connection.query<{ identity: string }>(
    "looking at the database",
    `select c.system_identifier::text || '/' || d.oid::text as identity
     from pg_catalog.pg_control_system() c, pg_catalog.pg_database d
     where d.datname = pg_catalog.current_database()`,
  );
  return row?.identity ?? "";
}
