/** `pgcopy progress`. */

import { chooseTarget } from "./endpoints.js";
import { EXIT_FAILED, EXIT_SUCCESS, EXIT_UNFIT } from "./exit-codes.js";
import { formatDuration } from "./formatting.js";
import { interruptible } from "./interrupt.js";
import { writeJson } from "./json.js";
import { type Library, loadLibrary, type ProgressReport } from "./library.js";
import { LiveArea } from "./live-area.js";
import { canRedraw, type Output, reportStyle } from "./output.js";
import type { ProgressFlags } from "./program/server-commands.js";
import { progressLines, progressSummary, waitingWords } from "./progress-lines.js";

/** A log of an hour then holds 360 of these lines. */
const LINE_INTERVAL_MS = 10_000;

/** Gives the exit code: whether a run is at work, or has finished; there is none; it died. */
export async function progressCommand(
  output: Output,
  given: string | undefined,
  flags: ProgressFlags,
): Promise<number> {
  const { environment } = output;
  const target = chooseTarget(given, environment);
  const shown = openScreen(output, flags);
  const report = await interruptible(
    { announce: () => {}, leave: () => shown.close() },
    async (signal) => {
      const library = await loadLibrary();
      const dir = flags.dir === undefined ? {} : { dir: flags.dir };
      const options = { target, environment, signal, ...dir };
      try {
        if (flags.watch !== true) return await library.progress(options);
        return await watch(library, options, shown.look);
      } finally {
        shown.close();
      }
    },
  );
  if (flags.json === true) {
    // Unless it was quiet, each look was told when it was taken.
    if (flags.watch !== true || flags.quiet === true) writeJson(output.stdout, event(report));
  } else if (flags.quiet !== true) {
    output.stdout.write(`${progressLines(report, reportStyle(output), flags.dir).join("\n")}\n`);
  }
  return exitCodes[report.state];
}

const exitCodes: Readonly<Record<ProgressReport["state"], number>> = {
  none: EXIT_UNFIT,
  preparing: EXIT_SUCCESS,
  running: EXIT_SUCCESS,
  waiting: EXIT_SUCCESS,
  finished: EXIT_SUCCESS,
  died: EXIT_FAILED,
};

async function watch(
  { watchProgress }: Library,
  options: { readonly target: string; readonly signal: AbortSignal },
  look: (report: ProgressReport) => void,
): Promise<ProgressReport> {
  let last: ProgressReport | undefined;
  for await (const report of watchProgress(options)) {
    last = report;
    look(report);
  }
  return last as ProgressReport;
}

interface Screen {
  /** Shows what was seen while the run goes on. */
  look(report: ProgressReport): void;
  close(): void;
}

function openScreen(output: Output, { json, quiet, watch }: ProgressFlags): Screen {
  const { stdout, stderr, environment } = output;
  if (quiet === true || watch !== true) return { look: () => {}, close: () => {} };
  if (json === true) {
    return { look: (report) => writeJson(stdout, event(report)), close: () => {} };
  }
  if (canRedraw(stderr, environment)) {
    const area = new LiveArea(stderr);
    const style = { ...reportStyle(output), tableWidth: area.columns };
    return { look: (report) => area.draw(progressLines(report, style)), close: () => area.close() };
  }
  let nextMs = 0;
  let last: ProgressReport["state"] | undefined;
  const look = (report: ProgressReport) => {
    if (report.state === "waiting" && last !== "waiting") stdout.write(`${waitingWords}\n`);
    last = report.state;
    if (report.state !== "running" || performance.now() < nextMs) return;
    nextMs = performance.now() + LINE_INTERVAL_MS;
    stdout.write(`after ${formatDuration(report.elapsedMs ?? 0)}: ${progressSummary(report)}\n`);
  };
  return { look, close: () => {} };
}

function event(report: ProgressReport): Record<string, unknown> {
  return { type: "run_progress", ...report };
}
