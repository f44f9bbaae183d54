/** `pgcopy plan`. */

import { readConfig } from "./config-file.js";
import { copyOptions } from "./copy-options.js";
import { EXIT_SUCCESS, EXIT_UNFIT } from "./exit-codes.js";
import { writeJson } from "./json.js";
import { type CloneOptions, loadLibrary, type PlanReport } from "./library.js";
import { type Output, reportStyle } from "./output.js";
import { planLines } from "./plan-report.js";
import type { CopyFlags } from "./program/copy-commands.js";
import { watchRun } from "./watched-run.js";

/** Gives the exit code: a plan that can't be carried out says so to scripts, too. */
export async function planCommand(
  output: Output,
  endpoints: readonly string[],
  flags: CopyFlags,
): Promise<number> {
  const configured = await readConfig(output, flags);
  const options = copyOptions(output, endpoints, flags, configured);
  const plan = await watchRun(output, { ...flags, stopping: "interrupted" }, async (run) => {
    const library = await loadLibrary();
    const { signal, observer, progressIntervalMs } = run;
    return await library.plan({ ...options, signal, observer, progressIntervalMs });
  });
  const { stdout } = output;
  if (flags.json === true) writeJson(stdout, { type: "plan", ...plan });
  else if (flags.quiet !== true) {
    const style = { ...reportStyle(output), verbose: flags.verbose ?? false };
    stdout.write(`${planLines(plan, style).join("\n")}\n`);
  }
  return exitCodeOf(plan, options);
}

/** Whether a clone with the same options would be refused. */
export function exitCodeOf(
  { conflicts, refusals }: Pick<PlanReport, "conflicts" | "refusals">,
  { dropIfExists }: Pick<CloneOptions, "dropIfExists">,
): number {
  const inTheWay = conflicts.length > 0 && dropIfExists !== true;
  return inTheWay || refusals.length > 0 ? EXIT_UNFIT : EXIT_SUCCESS;
}
