/**
 * Which relation of one end is to be compared with which of the other. Pure. A partitioned table is
 * compared partition by partition where both ends have the same partitions, so that a difference is
 * told by the partition's name; else as a whole, which is right however each end divides it.
 */

import type { Table } from "../catalog/catalog.js";
import type { RowKey } from "../catalog/read-row-keys.js";
import { displayName, quoteQualified } from "../postgres/quote.js";

/** What one end has: its tables, and their keys by the table's OID. */
export interface EndTables {
  readonly tables: readonly Table[];
  readonly keys: ReadonlyMap<number, readonly RowKey[]>;
}

export interface PairedRelation {
  /** What follows FROM. */
  readonly from: string;
  readonly table: Table;
  /** The relations that hold its rows: itself, or its partitions. */
  readonly files: readonly Table[];
  readonly key: RowKey | undefined;
}

export interface TablePair {
  readonly schema: string;
  readonly name: string;
  readonly source: PairedRelation;
  readonly target: PairedRelation;
  /** Names of the columns that both ends have, in the source's order. */
  readonly columns: readonly string[];
  readonly columnsOnlyOnSource: readonly string[];
  readonly columnsOnlyOnTarget: readonly string[];
}

export interface NotCompared {
  readonly schema: string;
  readonly name: string;
  readonly reason: string;
}

export interface Pairing {
  readonly pairs: readonly TablePair[];
  readonly onlyOnSource: readonly Table[];
  readonly onlyOnTarget: readonly Table[];
  /** Materialized views that hold rows on one end only. */
  readonly populatedOnOneEnd: readonly { readonly source: Table; readonly target: Table }[];
  readonly notCompared: readonly NotCompared[];
}

/** Pairs the tables of both ends by name. */
export function pairTables(source: EndTables, target: EndTables): Pairing {
  const pairing = new PairingOfEnds(source, target);
  const there = new Map(topLevel(target.tables).map((table) => [nameOf(table), table]));
  for (const table of topLevel(source.tables)) {
    const other = there.get(nameOf(table));
    if (other === undefined) pairing.alone(table, "source");
    else pairing.pair(table, other);
    there.delete(nameOf(table));
  }
  for (const table of there.values()) pairing.alone(table, "target");
  return pairing;
}

class PairingOfEnds implements Pairing {
  readonly pairs: TablePair[] = [];
  readonly onlyOnSource: Table[] = [];
  readonly onlyOnTarget: Table[] = [];
  readonly populatedOnOneEnd: { source: Table; target: Table }[] = [];
  readonly notCompared: NotCompared[] = [];
  readonly #source: EndTables;
  readonly #target: EndTables;

  constructor(source: EndTables, target: EndTables) {
    this.#source = source;
    this.#target = target;
  }

  alone(table: Table, side: "source" | "target"): void {
    if (table.kind === "foreign") this.#leaveOut(table, "its rows are on another server");
    else (side === "source" ? this.onlyOnSource : this.onlyOnTarget).push(table);
  }

  pair(source: Table, target: Table): void {
    const reason = reasonAgainst(source, target);
    if (reason !== undefined) this.#leaveOut(source, reason);
    else if (source.kind === "partitioned" || target.kind === "partitioned")
      this.#pairPartitioned(source, target);
    else this.#pairRelations(source, target, [[source], [target]]);
  }

  #pairPartitioned(source: Table, target: Table): void {
    const here = leavesOf(source, this.#source.tables);
    const there = leavesOf(target, this.#target.tables);
    const names = new Map(there.map((leaf) => [nameOf(leaf), leaf]));
    const same =
      source.kind === target.kind &&
      here.length === there.length &&
      here.every((leaf) => names.has(nameOf(leaf)));
    if (same) {
      for (const leaf of here) this.pair(leaf, names.get(nameOf(leaf)) as Table);
      return;
    }
    const leaves = [...here, ...there];
    if (leaves.some((leaf) => leaf.kind === "foreign"))
      this.#leaveOut(source, "its partitions differ, and some are foreign tables");
    else if (leaves.some((leaf) => leaf.rowsElsewhere))
      this.#leaveOut(
        source,
        "its partitions differ, and some are unlogged: a standby lacks their rows",
      );
    else this.#pairRelations(source, target, [here, there]);
  }

  #pairRelations(
    source: Table,
    target: Table,
    [sourceFiles, targetFiles]: readonly [readonly Table[], readonly Table[]],
  ): void {
    if (isPopulated(source) !== isPopulated(target)) {
      this.populatedOnOneEnd.push({ source, target });
      return;
    }
    if (!isPopulated(source)) return;
    const columns = [source, target].map((table) => table.columns.map(({ name }) => name));
    const [here = [], there = []] = columns;
    const [sourceKey, targetKey] = this.#sharedKey(source, target);
    this.pairs.push({
      schema: source.schema,
      name: source.name,
      source: { from: fromOf(source), table: source, files: sourceFiles, key: sourceKey },
      target: { from: fromOf(target), table: target, files: targetFiles, key: targetKey },
      columns: here.filter((name) => there.includes(name)),
      columnsOnlyOnSource: here.filter((name) => !there.includes(name)),
      columnsOnlyOnTarget: there.filter((name) => !here.includes(name)),
    });
  }

  /** The best key of the source's that is one on the target, too, with the columns in the source's order. */
  #sharedKey(source: Table, target: Table): [RowKey | undefined, RowKey | undefined] {
    for (const key of this.#source.keys.get(source.oid) ?? []) {
      const names = key.map(({ name }) => name);
      const other = this.#target.keys
        .get(target.oid)
        ?.find((one) => one.length === key.length && one.every(({ name }) => names.includes(name)));
      if (other === undefined) continue;
      const inOrder = names.flatMap((name) => other.find((column) => column.name === name) ?? []);
      return [key, inOrder];
    }
    return [undefined, undefined];
  }

  #leaveOut({ schema, name }: Table, reason: string): void {
    this.notCompared.push({ schema, name, reason });
  }
}

function reasonAgainst(source: Table, target: Table): string | undefined {
  if (source.kind === "foreign" || target.kind === "foreign")
    return "its rows are on another server";
  if (source.rowsElsewhere) return "unlogged: the source is a standby, and lacks its rows";
  if (target.rowsElsewhere) return "unlogged: the target is a standby, and lacks its rows";
  return undefined;
}

/** Partitions are compared with, or as a part of, the table that they belong to. */
function topLevel(tables: readonly Table[]): Table[] {
  const known = new Set(tables.map((table) => table.oid));
  return tables.filter(({ partitionOf }) => partitionOf === undefined || !known.has(partitionOf));
}

function leavesOf(table: Table, tables: readonly Table[]): Table[] {
  if (table.kind !== "partitioned") return [table];
  return tables
    .filter((one) => one.partitionOf === table.oid)
    .flatMap((one) => leavesOf(one, tables));
}

function isPopulated(table: Table): boolean {
  return table.kind !== "materialized_view" || table.populated;
}

function fromOf({ kind, schema, name }: Table): string {
  const table = quoteQualified(schema, name);
  return kind === "partitioned" ? table : `only ${table}`;
}

function nameOf({ schema, name }: Table): string {
  return displayName(schema, name);
}
