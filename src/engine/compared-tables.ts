/** What both ends hold that can be compared, and what can't be and why. */

import type { Table } from "../catalog/catalog.js";
import { readRowKeys } from "../catalog/read-row-keys.js";
import { readTables } from "../catalog/read-tables.js";
import type { Side } from "../errors.js";
import { displayName } from "../postgres/quote.js";
import { all } from "../run/abort.js";
import { type EndTables, type Pairing, pairTables } from "../verify/table-pairs.js";
import { unfit } from "./check-servers.js";
import type { ComparedSnapshots } from "./compared-servers.js";
import type { Run } from "./run.js";

/**
 * Reads the tables of both ends and pairs them.
 *
 * @param selected whether a table is to be compared; it is asked for the tables of both ends.
 * @throws PgCopyError `source_unfit`, `target_unfit` for tables that the role can't read in full.
 */
export async function readComparedTables(
  snapshots: ComparedSnapshots,
  run: Run,
  selected: (table: Table) => boolean = () => true,
): Promise<Pairing> {
  const read = async (side: Side): Promise<EndTables> => {
    const { connection } = snapshots[side];
    const tables = (await readTables(connection)).filter(selected);
    refuseUnreadable(tables, side);
    return { tables, keys: await readRowKeys(connection) };
  };
  const [source, target] = await all<[EndTables, EndTables]>(run.signal, [
    () => read("source"),
    () => read("target"),
  ]);
  return pairTables(source, target);
}

function refuseUnreadable(tables: readonly Table[], side: Side): void {
  const own = tables.filter(({ kind }) => kind !== "foreign" && kind !== "partitioned");
  const refuse = (of: readonly Table[], message: string, advice: string) => {
    if (of.length === 0) return;
    throw unfit(side, message, {
      items: of.map(({ schema, name }) => displayName(schema, name)),
      advice,
    });
  };
  const unreadable = own.filter(({ readable }) => !readable);
  const hidden = own.filter(({ rowSecurityApplies }) => rowSecurityApplies);
  const counted = ({ length }: readonly Table[]) => (length === 1 ? "a table" : `${length} tables`);
  refuse(
    unreadable,
    `the ${side}'s role may not read ${counted(unreadable)}`,
    "grant select on them (and usage on their schemas), or connect as a role that has it",
  );
  refuse(
    hidden,
    `row security would hide rows of ${counted(hidden)} from the ${side}'s role`,
    "connect as their owner, or as a role with bypassrls",
  );
}
