/** One of the sessions that hold a snapshot, each under an id of its own. */

import type { Connection } from "../postgres/connection.js";
import { quoteLiteral } from "../postgres/quote.js";
import { type FencedTable, lockTables } from "./fence.js";
import { holdSnapshot } from "./held-snapshot.js";

export interface Holder {
  /** What `set transaction snapshot` takes, for as long as the session lives. */
  readonly id: string;
  readonly session: Connection;
  /** Whether it also has the locks of a fence. */
  readonly fenced: boolean;
}

const exportQuery = "select pg_catalog.pg_export_snapshot() as id";
/** Longer than any server that is alive takes for nothing. */
const ANSWER_MS = 30_000;
/** Whoever waits for the first one's locks is in the way of the second one's, and would be for ever. */
const SECOND_LOCK_MS = 2_000;

/** @param from whose snapshot it takes, if not one of its own. */
export async function openHolder(session: Connection, from?: string): Promise<Holder> {
  const { id } = await holdSnapshot(session, from);
  return { id, session, fenced: false };
}

/** @param session has locked all tables, in a transaction without a snapshot. */
export async function fencedHolder(session: Connection, from?: string): Promise<Holder> {
  if (from !== undefined) {
    const importIt = `set transaction snapshot ${quoteLiteral(from)}`;
    await session.execute("importing the snapshot", importIt);
  }
  const [row] = await session.query<{ id: string }>("exporting a snapshot", exportQuery);
  return { id: row?.id ?? "", session, fenced: true };
}

/** Holds another one's snapshot, with locks on the tables. Soon gives up if others wait for these. */
export async function secondFencedHolder(
  session: Connection,
  from: string,
  tables: readonly FencedTable[],
): Promise<Holder> {
  await lockTables(session, tables, () => SECOND_LOCK_MS);
  return await fencedHolder(session, from);
}

/** A session that does not answer counts as lost: its network may be dead, and nobody be told. */
export async function askForLife({ session }: Holder): Promise<void> {
  const cut = setTimeout(() => session.destroy(), ANSWER_MS);
  await session.query("staying", "select 1").catch(() => {});
  clearTimeout(cut);
}
