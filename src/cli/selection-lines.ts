/** What the plan and the report say of tables with a WHERE or masks. */

import { printable, wrap } from "./display-width.js";
import { formatNumberOf } from "./formatting.js";

export interface SelectedTable {
  readonly schema: string;
  readonly name: string;
  readonly where?: string;
  readonly masked?: readonly string[];
  readonly includesReferred?: true;
  readonly referredRows?: number;
}

/** An entry for a partitioned table is one for each of its partitions. */
const SHOWN = 20;

/** One table a line, folded at `width`; empty where all tables are copied as they are. */
export function selectionLines(tables: readonly SelectedTable[], width: number): string[] {
  const lines = tables.flatMap((table) => {
    const words = [...rowWords(table), ...maskWords(table)];
    return words.length === 0 ? [] : [`${table.schema}.${table.name}: ${words.join("; ")}`];
  });
  const hidden = lines.length - SHOWN;
  const more =
    hidden > 0 ? [`and ${formatNumberOf(hidden, "more table")} (--json lists them all)`] : [];
  return [...lines.slice(0, SHOWN), ...more].flatMap((line) =>
    wrap(printable(line.replace(/\s+/g, " ")), width, "  "),
  );
}

function rowWords({ where, includesReferred, referredRows }: SelectedTable): string[] {
  if (where === undefined) return [];
  const referred =
    referredRows === undefined
      ? "the rows that others refer to"
      : `${formatNumberOf(referredRows, "row")} that others refer to`;
  return [`where ${where.trim()}`, ...(includesReferred ? [`and ${referred}`] : [])];
}

function maskWords({ masked = [] }: SelectedTable): string[] {
  return masked.length === 0 ? [] : [`masked: ${masked.join(", ")}`];
}
