/**
 * Rough costs, in seconds, from the catalog's sizes. They are only compared with each other (which
 * task goes first) and added up for `plan`'s estimate; the rates are those of one core of the
 * 2-core machine of docs/performance.md.
 */

const MB = 1024 * 1024;
const ROUND_TRIP_SECONDS = 0.002;

/** Reads and stores the rows, over one session on each end. */
export function copyCost(bytes: number): number {
  return ROUND_TRIP_SECONDS + bytes / (110 * MB);
}

/** Reads the table once, sorts, and writes the index. */
export function indexCost(tableBytes: number, indexBytes: number): number {
  return ROUND_TRIP_SECONDS + tableBytes / (600 * MB) + indexBytes / (60 * MB);
}

/** Joins the two tables. */
export function foreignKeyCost(referencingBytes: number, referencedBytes: number): number {
  return ROUND_TRIP_SECONDS + referencingBytes / (300 * MB) + referencedBytes / (600 * MB);
}

/** ANALYZE samples 300 × default_statistics_target rows: 30,000 pages at most. */
export function analyzeCost(bytes: number): number {
  return ROUND_TRIP_SECONDS + Math.min(bytes, 240 * MB) / (300 * MB);
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
