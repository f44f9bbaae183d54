/** `pgcopy clone`. */

import { isNullEndpoint } from "../endpoint/parse-endpoint.js";
import { readConfig } from "./config-file.js";
import { copyOptions } from "./copy-options.js";
import { writeJson } from "./json.js";
import { type CloneReport, loadLibrary } from "./library.js";
import { type Output, reportStyle } from "./output.js";
import type { CopyFlags } from "./program/copy-commands.js";
import { reportLines } from "./report.js";
import { openReport, type PageWriter } from "./report-file.js";
import type { ViewOptions } from "./view.js";
import { watchRun } from "./watched-run.js";

export const STOPPING = "interrupted: stopping the work on both servers (once more leaves at once)";
const STOPPING_SOURCE = "interrupted: stopping the work on the source (once more leaves at once)";

export async function cloneCommand(
  output: Output,
  endpoints: readonly string[],
  flags: CopyFlags,
): Promise<void> {
  const configured = await readConfig(output, flags);
  const options = copyOptions(output, endpoints, flags, configured);
  const stopping = isNullEndpoint(options.target) ? STOPPING_SOURCE : STOPPING;
  const page = await openReport(output, flags);
  const report = await reported(page, () =>
    watchRun(output, { ...flags, stopping, record: page?.observe }, async (run) => {
      const { clone } = await loadLibrary();
      const { signal, observer, progressIntervalMs } = run;
      return await clone({ ...options, signal, observer, progressIntervalMs });
    }),
  );
  await page?.finished(report);
  printReport(output, report, flags);
}

/** A run that fails has its page, too. */
export async function reported<T>(
  page: PageWriter | undefined,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    await page?.failed(error);
    throw error;
  }
}

export function printReport(output: Output, report: CloneReport, flags: ViewOptions): void {
  const { stdout } = output;
  if (flags.json === true) {
    const { tasks, throughput, ...rest } = report;
    writeJson(stdout, { type: "report", ...rest });
    return;
  }
  if (flags.quiet === true) return;
  stdout.write(`${reportLines(report, reportStyle(output)).join("\n")}\n`);
}
