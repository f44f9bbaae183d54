/** What a run did again, and why, for people. */

import { printable, wrap } from "./display-width.js";
import { formatCount, formatDuration } from "./formatting.js";
import type { CloneReport } from "./library.js";
import type { ReportStyle } from "./output.js";

export const RETRIES_TITLE = "Tried again";

/** More are the doing of one and the same thing. */
const SHOWN = 20;

export function retryLines(retries: CloneReport["retries"], style: ReportStyle): string[] {
  const lines = retries.slice(0, SHOWN).flatMap(({ label, message, atMs }) => {
    const why = message.startsWith(label) ? message : `${label}: ${message}`;
    return wrap(`after ${formatDuration(atMs)}: ${printable(why)}`, style.width - 2, "  ");
  });
  const more = retries.length - SHOWN;
  if (more > 0) lines.push(`and ${formatCount(more)} more`);
  return lines.map(style.paint.yellow);
}
