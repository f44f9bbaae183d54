/**
 * What large values cost: the source takes them out of its TOAST table, and the target puts them into its
 * own. Whoever sends them sends them as they were before they were compressed, so the target compresses
 * each again, which takes longer than all else that happens to it.
 */

import type { Table } from "../catalog/catalog.js";

const MB = 1024 * 1024;

/**
 * Bytes of a TOAST table a second, through COPY out and COPY in, both in binary, of PostgreSQL 15: the data
 * set toast, medians of three (docs/performance.md#large-values). Compressed documents had been 4.7 times as
 * large, compressed texts twice.
 */
const bytesPerSecond = {
  compressed: { document: 6.4 * MB, text: 35 * MB },
  asTheyAre: { document: 75 * MB, other: 370 * MB },
} as const;

/** json, jsonb, xml: parsed, whatever the format. */
export const documentTypes: ReadonlySet<number> = new Set([114, 142, 3802]);
/** text, varchar, bpchar. */
const textTypes: ReadonlySet<number> = new Set([25, 1042, 1043]);
/** Images, archives: mostly compressed already, which the server finds out after the first kilobyte. */
const BYTEA = 17;

/** Bytes that are not in the TOAST table: what a query reads that is not about large values. */
export function heapBytes({ bytes, toastBytes }: Pick<Table, "bytes" | "toastBytes">): number {
  return bytes - toastBytes;
}

/**
 * The seconds that a table's large values cost. Nothing says whose they are: where a column was told to keep
 * them as they are, they are taken to be its own; else those of a bytea, a document, a text, in this order.
 */
export function toastCost({ columns, toastBytes }: Pick<Table, "columns" | "toastBytes">): number {
  return toastBytes / rateOf(columns.filter(({ generated }) => !generated));
}

function rateOf(columns: Table["columns"]): number {
  const { compressed, asTheyAre } = bytesPerSecond;
  const external = columns.filter((column) => column.external === true);
  if (external.length > 0)
    return hasOf(documentTypes, external) ? asTheyAre.document : asTheyAre.other;
  if (columns.some(({ typeOid }) => typeOid === BYTEA)) return asTheyAre.other;
  if (hasOf(documentTypes, columns)) return compressed.document;
  return hasOf(textTypes, columns) ? compressed.text : asTheyAre.other;
}

function hasOf(types: ReadonlySet<number>, columns: Table["columns"]): boolean {
  return columns.some(({ typeOid }) => types.has(typeOid));
}
