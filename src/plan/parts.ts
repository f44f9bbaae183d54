/** Cutting a table into parts that together cover every row once. */

import type { Table } from "../catalog/catalog.js";
import type { KeyRange } from "../catalog/read-key-bounds.js";
import { quoteName } from "../postgres/quote.js";

/**
 * A slice of a table. Ranges are half-open; the first has no lower and the last no upper bound, so
 * that rows outside what the catalog knew (a table that grew, keys below the smallest seen) are in
 * one part all the same.
 */
export type Part =
  | { readonly by: "whole" }
  | {
      readonly by: "ctid";
      readonly fromPage: number | undefined;
      readonly toPage: number | undefined;
    }
  | {
      readonly by: "key";
      readonly column: string;
      readonly from: bigint | undefined;
      readonly to: bigint | undefined;
    }
  /** Rows beyond a WHERE that other tables' copied rows refer to. */
  | { readonly by: "reference" };

/** How a table would be cut: before PostgreSQL 14 a ctid range reads the whole table. */
export function splitMethod(table: Table, sourceVersion: number): "ctid" | "key" | "none" {
  if (table.kind !== "table") return "none";
  if (table.heap && sourceVersion >= 140_000) return "ctid";
  return table.integerKey === undefined ? "none" : "key";
}

/**
 * The parts of a table.
 *
 * @param limitBytes tables up to this size stay whole; parts are about this large.
 */
export function cutParts(
  table: Table,
  limitBytes: number | undefined,
  sourceVersion: number,
  bounds: KeyRange | undefined,
): readonly Part[] {
  const whole: readonly Part[] = [{ by: "whole" }];
  if (limitBytes === undefined || table.bytes <= limitBytes) return whole;
  const count = Math.ceil(table.bytes / limitBytes);
  switch (splitMethod(table, sourceVersion)) {
    case "ctid":
      return ctidParts(table.pages, Math.min(count, table.pages));
    case "key":
      return bounds === undefined ? whole : keyParts(table.integerKey?.column ?? "", bounds, count);
    case "none":
      return whole;
  }
}

/** @param count no more than there are pages. */
export function ctidParts(pages: number, count: number): Part[] {
  return cut(count, (i) => Math.floor((pages * i) / count)).map(({ from, to }) => ({
    by: "ctid",
    fromPage: from,
    toPage: to,
  }));
}

function keyParts(column: string, bounds: KeyRange, wanted: number): Part[] {
  const span = bounds.max - bounds.min + 1n;
  const count = span < BigInt(wanted) ? Number(span) : wanted;
  return cut(count, (i) => bounds.min + (span * BigInt(i)) / BigInt(count)).map(({ from, to }) => ({
    by: "key",
    column,
    from,
    to,
  }));
}

function cut<T>(
  count: number,
  edge: (i: number) => T,
): { from: T | undefined; to: T | undefined }[] {
  return Array.from({ length: Math.max(count, 1) }, (_, i) => ({
    from: i === 0 ? undefined : edge(i),
    to: i === count - 1 || count === 0 ? undefined : edge(i + 1),
  }));
}

/** The WHERE condition that selects a part's rows; undefined for a whole table. */
export function partCondition(part: Part): string | undefined {
  const conditions: string[] = [];
  switch (part.by) {
    case "whole":
    case "reference":
      return undefined;
    case "ctid":
      if (part.fromPage !== undefined)
        conditions.push(`ctid >= '(${part.fromPage},0)'::pg_catalog.tid`);
      if (part.toPage !== undefined) conditions.push(`ctid < '(${part.toPage},0)'::pg_catalog.tid`);
      break;
    case "key":
      if (part.from !== undefined)
        conditions.push(`${quoteName(part.column)} >= '${part.from}'::pg_catalog.int8`);
      if (part.to !== undefined)
        conditions.push(`${quoteName(part.column)} < '${part.to}'::pg_catalog.int8`);
      break;
  }
  return conditions.length === 0 ? undefined : conditions.join(" and ");
}
