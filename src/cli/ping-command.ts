/** `pgcopy ping`. */

import { displayWidth, printable, wrap } from "./display-width.js";
import { chooseEndpoint } from "./endpoints.js";
import { formatBytes, formatCount, formatDuration } from "./formatting.js";
import { interruptible } from "./interrupt.js";
import { writeJson } from "./json.js";
import { loadLibrary, type PingReport } from "./library.js";
import { columnsOf, type Output } from "./output.js";
import type { ViewOptions } from "./view.js";

export async function pingCommand(
  output: Output,
  given: string | undefined,
  flags: ViewOptions,
): Promise<void> {
  const { stdout, environment } = output;
  const endpoint = chooseEndpoint(given, environment);
  const report = await interruptible({ announce: () => {}, leave: () => {} }, async (signal) => {
    const { ping } = await loadLibrary();
    return await ping({ endpoint, environment, signal });
  });
  if (flags.json === true) writeJson(stdout, { type: "ping", ...report });
  else if (flags.quiet !== true) {
    const width = stdout.isTTY === true ? columnsOf(stdout) - 1 : undefined;
    stdout.write(`${pingLines(report, width).join("\n")}\n`);
  }
}

const LABEL_COLUMNS = 15;

export function pingLines(report: PingReport, width = Number.POSITIVE_INFINITY): string[] {
  const { connections } = report;
  const role = report.inRecovery ? "a standby (in recovery): not a target" : "takes writes";
  return [
    `${printable(report.endpoint)} answers in ${shortTime(report.latencyMs)}`,
    `  connecting   ${shortTime(report.connectMs)}, ${report.tls ? "with TLS" : "without TLS"}`,
    `  server       PostgreSQL ${printable(report.serverVersion)}, ${role}`,
    `  database     ${printable(report.database)}, ${formatBytes(report.databaseBytes)}`,
    `  user         ${printable(report.user)}${report.superuser ? ", a superuser" : ""}`,
    `  connections  ${formatCount(connections.used)} of ${formatCount(connections.max)} in use`,
  ].flatMap((line) => wrapped(line, width));
}

/** Folded under its first word; a terminal too narrow for that is not worth the trouble. */
function wrapped(line: string, width: number): string[] {
  if (displayWidth(line) <= width) return [line];
  const label = line.startsWith(" ") ? line.slice(0, LABEL_COLUMNS) : "";
  const lines = wrap(line.slice(label.length), width - label.length);
  return lines.map((one, i) => (i === 0 ? label : " ".repeat(label.length)) + one);
}

/** A query on the same machine takes a tenth of a millisecond, so tenths are shown. */
function shortTime(durationMs: number): string {
  return durationMs < 10 ? `${durationMs.toFixed(1)} ms` : formatDuration(durationMs);
}
