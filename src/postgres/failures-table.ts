/** The known failures as the table of docs/faults.md. */

import { type KnownFailure, knownFailures } from "./known-failures.js";
import { stalledAdvice } from "./stall-watch.js";

export function failuresTable(): string {
  const rows = knownFailures.map(rowOf);
  return [
    "| When | SQLSTATE | Side | `reason` | What to do |",
    "|---|---|---|---|---|",
    ...rows,
    `| nothing moves any more, though the connection stands ([timeouts](#timeouts)) | | either | \`stalled\` | ${stalledAdvice.replace("stallTimeout", "`--stall-timeout`")} |`,
  ].join("\n");
}

function rowOf({ reason, sqlstates, side, when, advice }: KnownFailure): string {
  const states = sqlstates.map((one) => (one.length === 2 ? `class ${one}` : one)).join(", ");
  return `| ${when} | ${states} | ${side ?? "either"} | \`${reason}\` | ${advice} |`;
}
