/**
 * Copies a database and draws one line while it does. Ctrl-C stops the copy on both servers.
 *
 *     node examples/clone-with-progress.js
 */

import { clone } from "pgcopy";
import { withTwoServers } from "./two-servers.js";

/** Gets everything that the engine has to say; a slow or failing observer holds up nothing. */
function observer(event) {
  switch (event.type) {
    case "planned":
      console.log(`${event.tables} tables, ${event.indexes} indexes, ${megabytes(event.bytes)}`);
      break;
    case "progress":
      drawLine(event);
      break;
    case "notice":
      if (event.level === "warning") console.log(`\nwarning: ${event.message}`);
      break;
  }
}

function drawLine({ fraction, rows, bytesPerSecond, running }) {
  const bar = "#".repeat(Math.round(fraction * 20)).padEnd(20, ".");
  const percent = String(Math.round(fraction * 100)).padStart(3);
  const doing = running.map((task) => task.label).join(", ");
  const line = `[${bar}] ${percent} %  ${rows} rows  ${megabytes(bytesPerSecond)}/s  ${doing}`;
  process.stdout.write(`\r${line.slice(0, 79).padEnd(79)}`);
}

function megabytes(bytes) {
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}

const interrupt = new AbortController();
process.once("SIGINT", () => interrupt.abort());

await withTwoServers(async ({ source, target }) => {
  const report = await clone({
    source,
    target,
    signal: interrupt.signal,
    observer,
    progressIntervalMs: 50,
  });
  console.log(`\nall of ${report.target} is there after ${report.durationMs} ms`);
});
