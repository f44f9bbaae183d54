/** Which tables are copied in several parts, and why. */

import { printable, wrap } from "./display-width.js";
import { formatNumberOf } from "./formatting.js";

export interface CutTable {
  readonly schema: string;
  readonly name: string;
  readonly parts: number;
  readonly partsReason?: string;
}

const SHOWN = 20;

/** `public.documents: 9 parts (whole, its copy would be 54 % of the time of all copies)`; empty where none is cut. */
export function partsLines(tables: readonly CutTable[], width: number): string[] {
  const cut = tables
    .filter(({ partsReason }) => partsReason !== undefined)
    .toSorted((a, b) => b.parts - a.parts);
  const lines = cut
    .slice(0, SHOWN)
    .map(({ schema, name, parts, partsReason }) =>
      printable(`${schema}.${name}: ${formatNumberOf(parts, "part")} (${partsReason})`),
    );
  const hidden = cut.length - SHOWN;
  const more =
    hidden > 0 ? [`and ${formatNumberOf(hidden, "more table")} (--json lists them all)`] : [];
  return [...lines, ...more].flatMap((line) => wrap(line, width, "  "));
}
