/**
 * Rough costs, in seconds, from the catalog's sizes. They are only compared with each other (which
 * task goes first) and added up for `plan`'s estimate; the rates are those of one core of the
 * 2-core machine of docs/performance.md.
 */

const MB = 1024 * 1024;
const ROUND_TRIP_SECONDS = 0.002;

export function copyCost(bytes: number): number {
  return ROUND_TRIP_SECONDS + bytes / (110 * MB);
}

/** Reads the table once, sorts, and writes the index. */
export function indexCost(tableBytes: number, indexBytes: number): number {
  return ROUND_TRIP_SECONDS + tableBytes / (600 * MB) + indexBytes / (60 * MB);
}

export function foreignKeyCost(referencingBytes: number, referencedBytes: number): number {
  return ROUND_TRIP_SECONDS + referencingBytes / (300 * MB) + referencedBytes / (600 * MB);
}

/** ANALYZE samples 300 × default_statistics_target rows: 30,000 pages at most. */
export function analyzeCost(bytes: number): number {
  return ROUND_TRIP_SECONDS + Math.min(bytes, 240 * MB) / (300 * MB);
}

export function verifyCost(bytes: number, mode: "count" | "checksum"): number {
  return ROUND_TRIP_SECONDS + bytes / ((mode === "count" ? 1000 : 60) * MB);
}

export function statementCost(statements: number): number {
  return statements * 0.001;
}

export function refreshCost(bytes: number): number {
  return ROUND_TRIP_SECONDS + bytes / (50 * MB);
}
