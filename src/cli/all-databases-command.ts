/** `pgcopy clone --all-databases` and `pgcopy plan --all-databases`. */

import { PgCopyError } from "../errors.js";
import { cloneAllLines, planAllLines } from "./all-databases-report.js";
import { STOPPING } from "./clone-command.js";
import { readConfig } from "./config-file.js";
import { copyOptions } from "./copy-options.js";
import { writeJson } from "./json.js";
import { loadLibrary } from "./library.js";
import { type Output, reportStyle } from "./output.js";
import { exitCodeOf } from "./plan-command.js";
import type { CopyFlags } from "./program/copy-commands.js";
import { watchRun } from "./watched-run.js";

export async function cloneAllCommand(
  output: Output,
  endpoints: readonly string[],
  flags: CopyFlags,
): Promise<void> {
  refusePage(flags);
  const options = copyOptions(output, endpoints, flags, await readConfig(output, flags));
  const report = await watchRun(output, { ...flags, stopping: STOPPING }, async (run) => {
    const { cloneAll } = await loadLibrary();
    const { signal, observer, progressIntervalMs } = run;
    return await cloneAll({ ...options, signal, observer, progressIntervalMs });
  });
  if (flags.json === true) writeJson(output.stdout, { type: "report_all", ...report });
  else print(output, flags, cloneAllLines(report, styleOf(output, flags)));
}

/** Gives the exit code, as `plan` does. */
export async function planAllCommand(
  output: Output,
  endpoints: readonly string[],
  flags: CopyFlags,
): Promise<number> {
  const options = copyOptions(output, endpoints, flags, await readConfig(output, flags));
  const plan = await watchRun(output, { ...flags, stopping: "interrupted" }, async (run) => {
    const { planAll } = await loadLibrary();
    const { signal, observer, progressIntervalMs } = run;
    return await planAll({ ...options, signal, observer, progressIntervalMs });
  });
  if (flags.json === true) writeJson(output.stdout, { type: "plan_all", ...plan });
  else print(output, flags, planAllLines(plan, styleOf(output, flags)));
  return exitCodeOf(plan, options);
}

/** @throws PgCopyError `usage`: a page has the timeline of one database's tasks. */
function refusePage({ report }: CopyFlags): void {
  if (report === undefined) return;
  throw new PgCopyError("--report is the page of one database's clone, and can't be kept of all", {
    code: "usage",
    advice: "leave --report out; --json has every task of every database",
  });
}

function styleOf(output: Output, { verbose }: CopyFlags) {
  return { ...reportStyle(output), verbose: verbose ?? false };
}

function print({ stdout }: Output, { quiet }: CopyFlags, lines: readonly string[]): void {
  if (quiet !== true) stdout.write(`${lines.join("\n")}\n`);
}
