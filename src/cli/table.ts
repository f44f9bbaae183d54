/** Rows as an aligned table: numbers to the right, everything else to the left. */

import { displayWidth, fitEnd, fitStart } from "./display-width.js";

export interface Column {
  readonly title: string;
  readonly align: "left" | "right";
}

const GAP = 2;
/** A column is not cut to less than this. */
const NARROWEST = 8;

/**
 * The lines of the table, its titles first. With a `width`, the widest left-aligned columns are cut
 * until a line fits; numbers are never cut.
 */
export function tableLines(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width = Number.POSITIVE_INFINITY,
): string[] {
  const all = [columns.map(({ title }) => title), ...rows];
  const widths = columns.map((_, index) =>
    Math.max(...all.map((row) => displayWidth(row[index] ?? ""))),
  );
  shrink(columns, widths, width);
  return all.map((row) =>
    columns
      .map(({ align }, index) => {
        const place = align === "right" ? fitEnd : fitStart;
        return place(row[index] ?? "", widths[index] ?? 0);
      })
      .join(" ".repeat(GAP))
      .trimEnd(),
  );
}

function shrink(columns: readonly Column[], widths: number[], width: number): void {
  const total = () => widths.reduce((sum, each) => sum + each, GAP * (widths.length - 1));
  while (total() > width) {
    let widest = -1;
    for (const [index, { align }] of columns.entries()) {
      const candidate = widths[index] ?? 0;
      if (align === "left" && candidate > NARROWEST && candidate > (widths[widest] ?? 0)) {
        widest = index;
      }
    }
    if (widest === -1) return;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
}
