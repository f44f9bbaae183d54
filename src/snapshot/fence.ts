/**
 * A fence around a snapshot: ACCESS SHARE on every table, so that none is truncated, rewritten or
 * dropped while it is held, which no snapshot covers. Ordinary reads and writes go on.
 *
 * In this order, as else a TRUNCATE could come between: the locks first, in a transaction that has no
 * snapshot yet (LOCK TABLE takes none), then the snapshot, and then a look whether it shows a table that
 * is not locked: one that was created, or restored by a rollback, meanwhile. Then all begins anew.
 */

import { PgCopyError } from "../errors.js";
import type { Connection } from "../postgres/connection.js";
import { displayName, quoteQualified } from "../postgres/quote.js";

export interface FencedTable extends Record<string, unknown> {
  readonly schema: string;
  readonly name: string;
  /** null: it was dropped in this very moment. */
  readonly readable: boolean | null;
}

const tablesQuery = `
select n.nspname::text as schema, c.relname::text as name,
       pg_catalog.has_table_privilege(c.oid, 'select') as readable
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p') and n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'pgcopy_journal')`;

/** Those that this transaction's snapshot shows, and this session has not locked. */
const unlockedQuery = `${tablesQuery}
and not exists (select from pg_catalog.pg_locks l
                where l.pid = pg_catalog.pg_backend_pid() and l.locktype = 'relation' and l.granted
                  and l.relation = c.oid and l.mode = 'AccessShareLock')
order by c.oid`;

/** Locks of one statement; more of them would make it long, and fewer would take more round trips. */
const TABLES_AT_ONCE = 200;

/** The user's tables, as they are now. */
export async function listTables(connection: Connection): Promise<FencedTable[]> {
  return await connection.query<FencedTable>("listing the tables", `${tablesQuery} order by c.oid`);
}

/** The tables that the session's snapshot shows and that it has not locked: there must be none. */
export async function unlockedTables(connection: Connection): Promise<FencedTable[]> {
  return await connection.query<FencedTable>("listing the tables again", unlockedQuery);
}

/** @throws PgCopyError `source_unfit`, naming all tables that this role may not lock. */
export function refuseUnreadable(tables: readonly FencedTable[]): void {
  const unreadable = tables.filter(({ readable }) => readable === false);
  if (unreadable.length === 0) return;
  const noun = unreadable.length === 1 ? "a table" : `${unreadable.length} tables`;
  throw new PgCopyError(`the source's role may not lock ${noun}`, {
    code: "source_unfit",
    side: "source",
    items: unreadable.map(({ schema, name }) => displayName(schema, name)),
    advice:
      "grant select on them, connect as a role that has it, or hold the snapshot without a fence",
  });
}

/**
 * Locks the tables in a new transaction, which has no snapshot afterwards.
 *
 * @param leftMs how long it may still wait for locks, in milliseconds; Infinity for as long as it takes.
 */
export async function lockTables(
  connection: Connection,
  tables: readonly FencedTable[],
  leftMs: () => number,
): Promise<void> {
  const attempted = "locking the tables";
  await connection.execute(attempted, "begin isolation level repeatable read read only");
  for (let first = 0; first < tables.length; first += TABLES_AT_ONCE) {
    const names = tables
      .slice(first, first + TABLES_AT_ONCE)
      .map(({ schema, name }) => `only ${quoteQualified(schema, name)}`);
    await connection.execute(
      attempted,
      `set local lock_timeout = ${lockTimeout(leftMs())}; lock table ${names.join(", ")} in access share mode`,
    );
  }
  await connection.execute(attempted, "set local lock_timeout = 0");
}

/** 0 is PostgreSQL's word for no limit. */
function lockTimeout(leftMs: number): number {
  return Number.isFinite(leftMs) ? Math.max(1, Math.round(leftMs)) : 0;
}
