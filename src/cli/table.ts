/** Rows as an aligned table: numbers to the right, everything else to the left. */

import { displayWidth, fitEnd, fitStart } from "./display-width.js";

export interface Column {
  readonly title: string;
  readonly align: "left" | "right";
  /** Whether it is left out, the last one first, where there is no room for all. */
  readonly optional?: boolean;
}

const GAP = 2;
/** A column is not cut to less than this. */
const NARROWEST = 8;
/** Optional columns go before another one is cut to less than this. */
const COMFORTABLE = 16;

/**
 * The lines of the table, its titles first. With a `width`, optional columns are left out and then
 * the widest left-aligned ones cut until a line fits; numbers are never cut.
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
  const left = leftOut(columns, widths, width);
  if (left !== -1) {
    const without = <T>(list: readonly T[]) => list.filter((_, index) => index !== left);
    return tableLines(without(columns), rows.map(without), width);
  }
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

/** The column to leave out; -1 if there is room for all, or none can be spared. */
function leftOut(columns: readonly Column[], widths: readonly number[], width: number): number {
  const least = widths.map((each, index) =>
    columns[index]?.align === "left" ? Math.min(each, COMFORTABLE) : each,
  );
  const isRoom = least.reduce((sum, each) => sum + each, GAP * (least.length - 1)) <= width;
  return isRoom ? -1 : columns.findLastIndex(({ optional }) => optional === true);
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
