/** What became of a transaction of which only its number is known. */

import { PgCopyError } from "../errors.js";
import type { Connection } from "../postgres/connection.js";
import type { Fate, TransactionId } from "./journal-lines.js";

/**
 * A crash may lose a transaction that had a number and was not committed, and the number is then given to
 * another one, so that nothing the server says of it is of ours. A crash of the machine or the server shows
 * in the start time; that of one of its processes, after which all others start again, in the statistics,
 * which it empties.
 */
const lifeQuery = `
select extract(epoch from pg_catalog.pg_postmaster_start_time())::text || '/' ||
       coalesce(extract(epoch from b.stats_reset)::text, '') as life
from pg_catalog.pg_stat_bgwriter b`;

/** Tells one life of a server from another. */
export async function serverLife(target: Connection): Promise<string> {
  const [row] = await target.query<{ life: string }>("looking at the target's server", lifeQuery);
  return row?.life ?? "";
}

/**
 * Asks the server, which knows it of transactions that are not too old.
 *
 * @throws PgCopyError `target_unfit` if it still runs.
 */
export async function fateOf(
  target: Connection,
  { xid, server }: TransactionId,
  life: string,
): Promise<Fate> {
  if (server !== life || !/^\d+$/.test(xid)) return "unknown";
  const status = await statusOf(target, xid);
  if (status === "committed" || status === "aborted") return status;
  if (status === null) return "unknown";
  throw new PgCopyError(
    `a transaction of the killed run still runs on the target: ${xid}, which is ${status}`,
    {
      code: "target_unfit",
      side: "target",
      advice:
        "nothing was changed; backend_xid in pg_stat_activity leads to its session: end that, and run this again",
    },
  );
}

/** The older name, which PostgreSQL 12 knows, and 18 still. Null for one that is too old; an error for one to come. */
async function statusOf(target: Connection, xid: string): Promise<string | null> {
  try {
    const [row] = await target.query<{ status: string | null }>(
      "asking whether a transaction committed",
      "select pg_catalog.txid_status($1::bigint) as status",
      [xid],
    );
    return row?.status ?? null;
  } catch (error) {
    if (error instanceof PgCopyError && error.server !== undefined) return null;
    throw error;
  }
}
