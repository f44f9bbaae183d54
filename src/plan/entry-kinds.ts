/** Which entries are what, as far as planning is concerned. */

import type { StatementKind, TocEntry } from "./toc.js";

/**
 * Views, materialized views and functions that pg_dump put after the data, because they depend on a
 * key (a GROUP BY of a primary key) or stand in a circle. What they need, and what needs them, is
 * not known in full, only that pg_dump's order is right: what comes later waits for them. They are
 * rare.
 */
export function isOpaque(entry: TocEntry): boolean {
  return entry.statements.some(
    ({ kind, sql }) =>
      kind === "definition" || kind === "materialized_view" || (kind === "rule" && isView(sql)),
  );
}

/** Whether a statement defines a view; pg_dump prints the body of one in a circle as its rule. */
export function isView(sql: string): boolean {
  return /^\s*create\s+(or\s+replace\s+)?(recursive\s+)?view\b/i.test(sql);
}

/** Kinds of statements that refer to columns and indexes alone. */
export const usesColumnsOnly: ReadonlySet<StatementKind> = new Set([
  "key_constraint",
  "foreign_key",
  "index_attach",
  "index_follow_up",
  "comment",
  "owner",
]);
