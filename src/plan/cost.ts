/**
 * Rough costs, in seconds, from the catalog's sizes. They are only compared with each other (which
 * task goes first) and added up for `plan`'s estimate; the rates are those of one core of the
 * 2-core machine of docs/performance.md.
 */

import type { Table } from "../catalog/catalog.js";
import { documentTypes, heapBytes, toastCost } from "./toast-cost.js";

const MB = 1024 * 1024;
const ROUND_TRIP_SECONDS = 0.002;

/** Reads and stores rows of which only the bytes are known, over one session on each end. */
export function copyCost(bytes: number): number {
  return ROUND_TRIP_SECONDS + bytes / (110 * MB);
}

/**
 * What the target's core takes for a value, beside 1 / 350 MB/s for its bytes: fitted to the columns
 * "COPY in with FREEZE" of docs/performance.md#the-data-path-measured, in nanoseconds.
 */
const valueNanoseconds = {
  binary: { fixed: 18, varying: 150, document: 1030 },
  text: { fixed: 123, varying: 182, document: 1470 },
} as const;

/** bool, int8, int2, int4, oid, float4, float8, date, time, timestamp, timestamptz, uuid. */
const fixed: ReadonlySet<number> = new Set([
  16, 20, 21, 23, 26, 700, 701, 1082, 1083, 1114, 1184, 2950,
]);

/** The same for all rows of a table, by the types of its columns; by its bytes alone where nothing knows how many rows it has. */
export function tableCost(table: Table, format: "text" | "binary"): number {
  const { estimatedRows } = table;
  const [bytes, large] = [heapBytes(table), toastCost(table)];
  if (estimatedRows <= 0) return copyCost(bytes) + large;
  const each = valueNanoseconds[format];
  const row = table.columns.reduce((sum, { typeOid, generated }) => {
    if (generated) return sum;
    if (documentTypes.has(typeOid)) return sum + each.document;
    return sum + (fixed.has(typeOid) ? each.fixed : each.varying);
  }, 0);
  return ROUND_TRIP_SECONDS + (estimatedRows * row) / 1e9 + bytes / (350 * MB) + large;
}

/** How many cores a copy can use: two thirds of what it costs are the target's. */
export const BOTH_ENDS_WIDTH = 1.4;
/** Nine tenths are the target's where it compresses large values. */
const COPY_WIDTH = { rows: BOTH_ENDS_WIDTH, large: 1.1 };

/**
 * How much the tasks may weigh that run at a time where both servers share `cores`: as many copies as
 * there are cores, or two fifths more builds, each of which uses one, so that there is work while one waits for the disk.
 */
export function togetherOn(cores: number): number {
  return cores * BOTH_ENDS_WIDTH;
}

/**
 * How many cores a copy can use, as both servers and pgcopy work on it at the same time: its cost is what
 * all of them take together, and where nobody has to wait for a core it lasts as long as COPY FROM.
 */
export function copyWidth(table: Table, format: "text" | "binary"): number {
  const [cost, large] = [tableCost(table, format), toastCost(table)];
  return cost / ((cost - large) / COPY_WIDTH.rows + large / COPY_WIDTH.large);
}

/** What FREEZE saves for each row: docs/performance.md#the-data-path-measured, binary; large values gain nothing. */
const FREEZE_NANOSECONDS = 230;

/** The seconds that a copy without FREEZE takes more. */
export function freezeSaving({ estimatedRows }: Pick<Table, "estimatedRows">): number {
  return (Math.max(estimatedRows, 0) * FREEZE_NANOSECONDS) / 1e9;
}

/**
 * Reads the table's rows once, sorts, and writes the index: fitted to four indexes on 3 million rows, of which
 * the texts took longer (5.0 for 4.2 s) and a key in the rows' order shorter (0.8 for 1.8 s).
 */
export function indexCost(rowBytes: number, indexBytes: number): number {
  return ROUND_TRIP_SECONDS + rowBytes / (1000 * MB) + indexBytes / (45 * MB);
}

/** Joins the two tables. */
export function foreignKeyCost(referencingBytes: number, referencedBytes: number): number {
  return ROUND_TRIP_SECONDS + referencingBytes / (300 * MB) + referencedBytes / (600 * MB);
}

/** 300 × the default_statistics_target of 100: so many rows, from as many pages at most. */
const SAMPLED_ROWS = 30_000;
/** Sorting a column's sample: 1.34 s of CPU for 200 columns of 30,000 rows each, with PostgreSQL 15. */
const SECONDS_PER_SAMPLED_VALUE = 1.34 / (200 * SAMPLED_ROWS);
/** A row's header, and about what a value takes, to guess at rows that nobody has counted. */
const ROW_BYTES = { header: 24, value: 8 };

/** ANALYZE reads a sample of the rows, then sorts the values of each column. */
export function analyzeCost(
  table: Pick<Table, "bytes" | "toastBytes" | "estimatedRows" | "columns">,
): number {
  const { estimatedRows, columns } = table;
  // It leaves large values where they are.
  const bytes = heapBytes(table);
  const guessedRows = bytes / (ROW_BYTES.header + columns.length * ROW_BYTES.value);
  const sampled = Math.min(estimatedRows > 0 ? estimatedRows : guessedRows, SAMPLED_ROWS);
  const sorting = sampled * columns.length * SECONDS_PER_SAMPLED_VALUE;
  return ROUND_TRIP_SECONDS + Math.min(bytes, 240 * MB) / (300 * MB) + sorting;
}

/** Reads the table on both ends at the same time, and hashes its rows if asked to. */
export function verifyCost(bytes: number, mode: "count" | "checksum"): number {
  return ROUND_TRIP_SECONDS + bytes / ((mode === "count" ? 1000 : 60) * MB);
}

/** Makes them, beside what their bytes cost: 20 µs each, and two round trips. */
export function largeObjectsCost(count: number): number {
  return 2 * ROUND_TRIP_SECONDS + count * 0.00002;
}

/** Statements that only change the catalog. */
export function statementCost(statements: number): number {
  return statements * 0.001;
}

/** Runs the view's query and stores what it gives. */
export function refreshCost(bytes: number): number {
  return ROUND_TRIP_SECONDS + bytes / (50 * MB);
}
