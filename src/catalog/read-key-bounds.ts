/** The ranges of the integer keys along which tables are cut where ctid ranges can't be used. */

import type { Connection } from "../postgres/connection.js";
import { displayName, quoteName, quoteQualified } from "../postgres/quote.js";
import type { Table } from "./catalog.js";

export interface KeyRange {
  readonly min: bigint;
  readonly max: bigint;
}

/** The smallest and largest key of each table, by the table's OID; an empty table has none. */
export async function readKeyBounds(
  connection: Connection,
  tables: readonly Table[],
): Promise<Map<number, KeyRange>> {
  const bounds = new Map<number, KeyRange>();
  for (const table of tables) {
    if (table.integerKey === undefined) continue;
    const key = quoteName(table.integerKey.column);
    const [row] = await connection.query<{ min: string | null; max: string | null }>(
      `reading the range of ${displayName(table.schema, table.name)}'s key`,
      `select min(${key})::text as min, max(${key})::text as max from only ${quoteQualified(table.schema, table.name)}`,
    );
    if (row?.min != null && row.max != null) {
      bounds.set(table.oid, { min: BigInt(row.min), max: BigInt(row.max) });
    }
  }
  return bounds;
}
