/** `pgcopy check`. */

import { checkLines } from "./check-report.js";
import { readConfig } from "./config-file.js";
import { copyOptions } from "./copy-options.js";
import { EXIT_SUCCESS, EXIT_UNFIT } from "./exit-codes.js";
import { writeJson } from "./json.js";
import { type CheckReport, loadLibrary } from "./library.js";
import { type Output, reportStyle } from "./output.js";
import type { CheckFlags } from "./program/copy-commands.js";
import { watchRun } from "./watched-run.js";

/** Gives the exit code: that of a clone that is refused, if it would be. */
export async function checkCommand(
  output: Output,
  endpoints: readonly string[],
  { followReady = false, ...flags }: CheckFlags,
): Promise<number> {
  const configured = await readConfig(output, flags);
  const options = { ...copyOptions(output, endpoints, flags, configured), followReady };
  const report = await watchRun(output, { ...flags, stopping: "interrupted" }, async (run) => {
    const { check } = await loadLibrary();
    const { signal, observer, progressIntervalMs } = run;
    return await check({ ...options, signal, observer, progressIntervalMs });
  });
  printCheck(output, report, flags);
  return report.errors > 0 ? EXIT_UNFIT : EXIT_SUCCESS;
}

function printCheck(
  output: Output,
  report: CheckReport,
  { json, quiet = false, verbose = false }: Omit<CheckFlags, "followReady">,
): void {
  const { stdout } = output;
  if (json === true) {
    const { findings, ...rest } = report;
    for (const finding of quiet ? [] : findings) writeJson(stdout, { type: "finding", ...finding });
    writeJson(stdout, { type: "check", ...rest });
    return;
  }
  const lines = checkLines(report, { ...reportStyle(output), verbose, quiet });
  if (lines.length > 0) stdout.write(`${lines.join("\n")}\n`);
}
