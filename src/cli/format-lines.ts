/** Which tables travel in which format, and why: grouped, since most share theirs. */

import { printable, wrap } from "./display-width.js";
import { formatCount, formatNumberOf } from "./formatting.js";

export interface TableFormat {
  readonly name: string;
  readonly format: "text" | "binary";
  readonly reason: string;
}

/** So many tables of a group are named. */
const NAMES_SHOWN = 4;

/**
 * `binary  14 tables`, then `text    3 tables: public.x (why)`: text is the slower one, so its
 * tables are named.
 */
export function formatLines(tables: readonly TableFormat[], width: number): string[] {
  return (["binary", "text"] as const).flatMap((format) => {
    const those = tables.filter((table) => table.format === format);
    if (those.length === 0) return [];
    const reasons = byReason(those);
    const named = format === "text" || reasons.size > 1;
    const groups = [...reasons].map(([reason, names]) =>
      named && those.length > 1 ? `${someOf(names)} (${reason})` : reason,
    );
    const count =
      those.length === 1 && named ? those[0]?.name : formatNumberOf(those.length, "table");
    const words = printable(`${format.padEnd(6)}  ${count}: ${groups.join("; ")}`);
    return wrap(words, width, " ".repeat(8));
  });
}

function byReason(tables: readonly TableFormat[]): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const { name, reason } of tables) {
    const names = groups.get(reason);
    if (names === undefined) groups.set(reason, [name]);
    else names.push(name);
  }
  return groups;
}

function someOf(names: readonly string[]): string {
  const hidden = names.length - NAMES_SHOWN;
  // "and 1 more" is no shorter than the name.
  if (hidden <= 1) return names.join(", ");
  return `${names.slice(0, NAMES_SHOWN).join(", ")} and ${formatCount(hidden)} more`;
}
