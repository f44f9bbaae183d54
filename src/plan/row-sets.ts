/** Which rows of which tables are copied, as far as foreign keys ask for it. Pure. */

import type { Table } from "../catalog/catalog.js";
import type { ForeignKey } from "../catalog/read-foreign-keys.js";
import { enclosed, type TableRows } from "./table-rows.js";

export interface RowSets {
  readonly tables: readonly Table[];
  /** Tables with a WHERE or masks, by OID. */
  readonly tableRows: ReadonlyMap<number, TableRows>;
  /** Tables of which no row is copied, by OID. */
  readonly withoutRows: ReadonlySet<number>;
}

/** The tables that hold the rows of a table: itself, or the partitions at the bottom. */
export function leavesByTable(tables: readonly Table[]): (oid: number) => readonly Table[] {
  const byOid = new Map(tables.map((table) => [table.oid, table]));
  const partitions = new Map<number, number[]>();
  for (const { oid, partitionOf } of tables) {
    if (partitionOf === undefined) continue;
    const siblings = partitions.get(partitionOf);
    if (siblings === undefined) partitions.set(partitionOf, [oid]);
    else siblings.push(oid);
  }
  const known = new Map<number, readonly Table[]>();
  const leaves = (oid: number): readonly Table[] => {
    const found = known.get(oid) ?? below(oid);
    known.set(oid, found);
    return found;
  };
  const below = (oid: number): readonly Table[] => {
    const table = byOid.get(oid);
    if (table?.kind === "partitioned") return (partitions.get(oid) ?? []).flatMap(leaves);
    return table?.kind === "table" ? [table] : [];
  };
  return leaves;
}

/** Names of the columns of a key, as those of a derived table: `k1, k2`. */
export function keyNames(key: ForeignKey): string {
  return key.columns.map((_, i) => `k${i + 1}`).join(", ");
}

/**
 * The conditions for the row `p` to be one that the row `c` refers to. Of a PERIOD the parts need
 * only overlap: several rows may cover it together.
 */
export function matches(key: ForeignKey): string[] {
  return key.columns.map(({ operator, collation }, i) => {
    if (isPeriod(key, i)) return `p.k${i + 1} operator(pg_catalog.&&) c.k${i + 1}`;
    const collate = collation === undefined ? "" : ` collate ${collation}`;
    return `p.k${i + 1}${collate} ${operator} c.k${i + 1}`;
  });
}

export function isPeriod({ period, columns }: ForeignKey, at: number): boolean {
  return period && at === columns.length - 1;
}

/** The WHERE of a table as a condition; undefined where all rows are copied. */
export function ownCondition(rows: TableRows | undefined): string | undefined {
  return rows?.where === undefined ? undefined : enclosed(rows.where.sql);
}
