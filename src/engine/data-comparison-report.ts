/** The result of a comparison of data, as programs get it. */

import type { Table } from "../catalog/catalog.js";
import { displayName } from "../postgres/quote.js";
import type { RowsComparison } from "../verify/compare-rows.js";
import type { SequenceDifference } from "../verify/compare-sequences.js";
import type { DifferingRow } from "../verify/describe-rows.js";
import type { LargeObjectsComparison } from "../verify/differing-large-objects.js";
import type { Unexamined } from "../verify/differing-rows.js";
import type { NotCompared, Pairing } from "../verify/table-pairs.js";
import { versionName } from "./check-servers.js";
import type { ComparedServers } from "./compared-servers.js";
import type { DataCompared } from "./data-comparison.js";
import type { Run } from "./run.js";

/** How a table's data differs. */
export interface TableDifference {
  readonly schema: string;
  readonly name: string;
  /**
   * `only_on_source`, `only_on_target`: the other end has no such table. `populated_on_one_end`: a
   * materialized view that holds rows on one end only. `different`: in its rows, or its columns.
   */
  readonly status: "only_on_source" | "only_on_target" | "populated_on_one_end" | "different";
  /** Which end of a materialized view is populated. */
  readonly populatedOn?: "source" | "target";
  /** Rows on each end; with `different`. */
  readonly sourceRows?: number;
  readonly targetRows?: number;
  readonly columnsOnlyOnSource?: readonly string[];
  readonly columnsOnlyOnTarget?: readonly string[];
  /** The columns by which rows are told apart; empty for a table without a key that both ends have. */
  readonly key?: readonly string[];
  /** How many rows only one end has, and how many keys have different rows, of all that was looked at. */
  readonly onlyOnSource?: number;
  readonly onlyOnTarget?: number;
  readonly differentRows?: number;
  /** The first of these rows. */
  readonly rows?: readonly DifferingRow[];
  /** Ranges of keys that differ and were not looked into. */
  readonly unexamined?: Unexamined;
}

export interface DataComparison {
  /** The endpoint, without its password. */
  readonly source: string;
  readonly target: string;
  readonly sourceVersion: string;
  readonly targetVersion: string;
  readonly durationMs: number;
  /** Whether no difference was found. What could not be compared is in `notCompared`. */
  readonly same: boolean;
  /** Tables, partitions and materialized views whose rows were compared. */
  readonly tables: number;
  /** Their rows, on the source. */
  readonly rows: number;
  readonly sequences: number;
  readonly tableDifferences: readonly TableDifference[];
  readonly sequenceDifferences: readonly SequenceDifference[];
  /** Absent where neither end has any. */
  readonly largeObjects?: LargeObjectsComparison;
  readonly notCompared: readonly NotCompared[];
  readonly warnings: readonly string[];
}

export function buildDataComparison(
  pairing: Pairing,
  compared: DataCompared,
  { servers, run }: { readonly servers: ComparedServers; readonly run: Run },
): DataComparison {
  const tableDifferences = [
    ...pairing.onlyOnSource.map((table) => alone(table, "only_on_source")),
    ...pairing.onlyOnTarget.map((table) => alone(table, "only_on_target")),
    ...pairing.populatedOnOneEnd.map(({ source }) => ({
      ...alone(source, "populated_on_one_end"),
      populatedOn: source.populated ? ("source" as const) : ("target" as const),
    })),
    ...compared.tables.flatMap((table) => differenceOf(table) ?? []),
  ].sort(byName);
  const { largeObjects, sequenceDifferences } = compared;
  const same =
    tableDifferences.length === 0 &&
    sequenceDifferences.length === 0 &&
    (largeObjects === undefined || areSame(largeObjects));
  return {
    source: servers.source.description,
    target: servers.target.description,
    sourceVersion: versionName(servers.source.connection.serverVersion),
    targetVersion: versionName(servers.target.connection.serverVersion),
    durationMs: Math.round(run.elapsedMs),
    same,
    tables: compared.tables.length,
    rows: compared.tables.reduce((sum, table) => sum + table.source.rows, 0),
    sequences: compared.sequences,
    tableDifferences,
    sequenceDifferences,
    ...(largeObjects === undefined ? {} : { largeObjects }),
    notCompared: [...pairing.notCompared, ...sequencesNotCompared(compared)],
    warnings: run.warnings,
  };
}

function alone(
  { schema, name }: Table,
  status: TableDifference["status"],
): Pick<TableDifference, "schema" | "name" | "status"> {
  return { schema, name, status };
}

function differenceOf({
  pair,
  source,
  target,
  differing,
}: RowsComparison): TableDifference | undefined {
  const { schema, name, columnsOnlyOnSource, columnsOnlyOnTarget } = pair;
  const columns = columnsOnlyOnSource.length + columnsOnlyOnTarget.length;
  if (differing === undefined && columns === 0) return undefined;
  return {
    schema,
    name,
    status: "different",
    sourceRows: source.rows,
    targetRows: target.rows,
    ...(columns === 0 ? {} : { columnsOnlyOnSource, columnsOnlyOnTarget }),
    ...(differing === undefined
      ? {}
      : {
          key: pair.source.key?.map((column) => column.name) ?? [],
          onlyOnSource: differing.onlyOnSource,
          onlyOnTarget: differing.onlyOnTarget,
          differentRows: differing.different,
          rows: differing.rows,
          ...(differing.unexamined === undefined ? {} : { unexamined: differing.unexamined }),
        }),
  };
}

function areSame(objects: LargeObjectsComparison): boolean {
  const { onlyOnSource, onlyOnTarget, different } = objects;
  return onlyOnSource.length + onlyOnTarget.length + different.length === 0 && !objects.more;
}

function sequencesNotCompared({ unreadableSequences }: DataCompared): NotCompared[] {
  return unreadableSequences.map((name) => ({
    schema: "",
    name,
    reason: "a sequence that the role may not read",
  }));
}

function byName(a: TableDifference, b: TableDifference): number {
  const [one, other] = [displayName(a.schema, a.name), displayName(b.schema, b.name)];
  return one < other ? -1 : one > other ? 1 : 0;
}
