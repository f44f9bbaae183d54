/** `pgcopy ping`. */

import { printable } from "./display-width.js";
import { chooseEndpoint } from "./endpoints.js";
import { formatBytes, formatCount, formatDuration } from "./formatting.js";
import { interruptible } from "./interrupt.js";
import { writeJson } from "./json.js";
import { loadLibrary, type PingReport } from "./library.js";
import type { Output } from "./output.js";
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
  else if (flags.quiet !== true) stdout.write(`${pingLines(report).join("\n")}\n`);
}

export function pingLines(report: PingReport): string[] {
  const { connections } = report;
  const role = report.inRecovery ? "a standby (in recovery): not a target" : "takes writes";
  return [
    `${printable(report.endpoint)} answers in ${shortTime(report.latencyMs)}`,
    `  connecting   ${shortTime(report.connectMs)}, ${report.tls ? "with TLS" : "without TLS"}`,
    `  server       PostgreSQL ${printable(report.serverVersion)}, ${role}`,
    `  database     ${printable(report.database)}, ${formatBytes(report.databaseBytes)}`,
    `  user         ${printable(report.user)}${report.superuser ? ", a superuser" : ""}`,
    `  connections  ${formatCount(connections.used)} of ${formatCount(connections.max)} in use`,
  ];
}

/** A query on the same machine takes a tenth of a millisecond, so tenths are shown. */
function shortTime(durationMs: number): string {
  return durationMs < 10 ? `${durationMs.toFixed(1)} ms` : formatDuration(durationMs);
}
