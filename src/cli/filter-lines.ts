/** What filters left out and what came along, for the reports that people read. */

import { printable, wrap } from "./display-width.js";
import type { CloneReport } from "./library.js";
import type { ReportStyle } from "./output.js";

/** So many objects of each sort without --verbose. */
const SHOWN = 20;

/** The lines of a report's section; none without filters. */
export function filterLines(
  filters: CloneReport["filters"],
  style: ReportStyle & { readonly verbose?: boolean },
): string[] {
  if (filters === undefined) return [];
  const groups: readonly (readonly [title: string, objects: readonly string[]])[] = [
    ["left out", filters.leftOut],
    [
      "left out, too",
      filters.leftOutToo.map(({ object, because }) => `${object}: needs ${because}`),
    ],
    ["came along", filters.cameAlong.map(({ object, because }) => `${object}: for ${because}`)],
    ["without rows", filters.withoutRows],
  ];
  return groups.flatMap(([title, objects]) => {
    if (objects.length === 0) return [];
    const shown = style.verbose === true ? objects : objects.slice(0, SHOWN);
    const hidden = objects.length - shown.length;
    return [
      style.paint.dim(title),
      ...shown.flatMap((object) => wrap(`  ${printable(object)}`, style.width - 2, "    ")),
      ...(hidden > 0 ? [`  and ${hidden} more (--json lists all)`] : []),
    ];
  });
}
