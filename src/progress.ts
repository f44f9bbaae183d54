/**
 * How far a run is, seen from elsewhere: from its journal, its lock and its sessions on the target.
 * Whoever looks changes nothing, and needs to know nothing of the source.
 */

import { parseEndpoint } from "./endpoint/parse-endpoint.js";
import { openEndpoint } from "./engine/open-endpoint.js";
import { ProgressTarget } from "./engine/progress-target.js";
import { Run } from "./engine/run.js";
import type { ProgressReport, RunState } from "./engine/run-progress.js";
import { RunWatch } from "./engine/run-watch.js";
import { settleTargetDatabase } from "./engine/unnamed-database.js";
import { withPgCopyErrors } from "./errors.js";
import { directory, given, interval } from "./options/option-values.js";
import type { CommonOptions } from "./options/run-options.js";

export interface ProgressOptions extends CommonOptions {
  /** The target of the run; `pgdata:DIR` only when no run is at it, as its server is the run's own. */
  readonly target: string;
  /** The directory with the run's journal, of a run that keeps it there (`dir` of `clone`). */
  readonly dir?: string;
}

export interface WatchProgressOptions extends ProgressOptions {
  /** In milliseconds. Default 1000. */
  readonly progressIntervalMs?: number;
}

const ENDS: ReadonlySet<RunState> = new Set(["none", "died", "finished"]);

/**
 * Looks at the target of a run once.
 *
 * @throws PgCopyError `usage`, `connection_failed`, `target_unfit`, `interrupted`.
 */
export async function progress(options: ProgressOptions): Promise<ProgressReport> {
  return await withPgCopyErrors(async () => {
    await using target = await findTarget(options);
    return await target.look();
  });
}

/**
 * Looks again and again; the last report is of a run that has ended (`finished`, `died`), or of a
 * target that no run is at (`none`). A connection that is lost is opened again, for up to a minute (`waiting`).
 *
 * @throws PgCopyError as `progress`.
 */
export async function* watchProgress(
  options: WatchProgressOptions,
): AsyncGenerator<ProgressReport, void, undefined> {
  const intervalMs = interval(options.progressIntervalMs) ?? 1_000;
  await using target = await withPgCopyErrors(() => findTarget(options));
  const watch = new RunWatch();
  for (;;) {
    const seen = await withPgCopyErrors(() => watch.see(() => target.look()));
    yield seen;
    if (ENDS.has(seen.state)) return;
    await pause(intervalMs, options.signal);
  }
}

async function findTarget(options: ProgressOptions): Promise<ProgressTarget> {
  const run = new Run(options.signal ?? new AbortController().signal, undefined);
  const environment = options.environment ?? {};
  const dir = directory("dir", options.dir);
  const parsed = await parseEndpoint(given("target", options.target), environment, "target");
  settleTargetDatabase(parsed, run);
  const opening = { side: "target", environment, sessions: 1, signal: run.signal } as const;
  return new ProgressTarget(await openEndpoint(parsed, opening, run), dir, run.signal);
}

/** Ends early, without an error, when the signal is aborted: what comes next says so. */
function pause(durationMs: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, durationMs);
    signal?.addEventListener("abort", done, { once: true });
    if (signal?.aborted === true) done();
  });
}
