/** What the reports say of a table with a WHERE or masks. */

import type { TablePlan } from "../plan/table-plan.js";
import { displayName } from "../postgres/quote.js";
import type { TaskOutcome } from "./execute-task.js";

export interface TableSelection {
  /** The condition as it was given; absent: all rows are copied. */
  readonly where?: string;
  /** Columns that an expression was copied in place of; absent: none. */
  readonly masked?: readonly string[];
  /** Whether rows that copied rows refer to come along; absent: no. */
  readonly includesReferred?: true;
}

/** The fields that a table's report has beyond the others'; none for one that is copied as it is. */
export function selectionOf({ rows }: TablePlan): TableSelection {
  if (rows === undefined) return {};
  const masked = [...rows.masks.keys()];
  return {
    ...(rows.where === undefined ? {} : { where: rows.where.given }),
    ...(masked.length === 0 ? {} : { masked }),
    ...(rows.referred === undefined ? {} : { includesReferred: true }),
  };
}

/** Why a table is in parts, as its report has it. */
export function partsReasonOf({ partsReason }: TablePlan): { readonly partsReason?: string } {
  return partsReason === undefined ? {} : { partsReason };
}

/** How many rows beyond the WHERE came along, by the table's OID. */
export function referredRows(outcomes: readonly TaskOutcome[]): ReadonlyMap<number, number> {
  const counts = new Map<number, number>();
  for (const { task, rows } of outcomes) {
    const { work } = task;
    if (work.do === "copy" && work.table.parts[work.part]?.by === "reference")
      counts.set(work.table.table.oid, rows);
  }
  return counts;
}

/** `public.customers (email, phone)`. */
export function maskedColumns({ table, rows }: TablePlan): string | undefined {
  const columns = [...(rows?.masks.keys() ?? [])].map((name) => displayName(name));
  if (columns.length === 0) return undefined;
  return `${displayName(table.schema, table.name)} (${columns.join(", ")})`;
}
