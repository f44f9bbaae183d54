/**
 * How far a run is, seen from elsewhere: from its journal, its lock and its sessions on the target.
 * Whoever looks changes nothing, and needs to know nothing of the source.
 */

import { parseEndpoint } from "./endpoint/parse-endpoint.js";
import { refuseUnknownVersion } from "./engine/check-servers.js";
import { openEndpoint } from "./engine/open-endpoint.js";
import { openSession } from "./engine/open-session.js";
import { Run } from "./engine/run.js";
import { type ProgressReport, readProgress, sinceThen } from "./engine/run-progress.js";
import { settleTargetDatabase } from "./engine/unnamed-database.js";
import { withPgCopyErrors } from "./errors.js";
import { directory, given, interval } from "./options/option-values.js";
import type { CommonOptions } from "./options/run-options.js";
import type { Connection } from "./postgres/connection.js";

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

interface WatchedTarget extends AsyncDisposable {
  /** As the user gave it, without its password. */
  readonly description: string;
  readonly session: Connection;
  readonly dir: string | undefined;
}

/**
 * Looks at the target of a run once.
 *
 * @throws PgCopyError `usage`, `connection_failed`, `target_unfit`, `interrupted`.
 */
export async function progress(options: ProgressOptions): Promise<ProgressReport> {
  return await withPgCopyErrors(async () => {
    await using target = await connectToTarget(options);
    return await look(target);
  });
}

/**
 * Looks again and again; the last report is of a run that has ended (`finished`, `died`), or of a
 * target that no run is at (`none`).
 *
 * @throws PgCopyError as `progress`, and `task_failed` when the connection is lost.
 */
export async function* watchProgress(
  options: WatchProgressOptions,
): AsyncGenerator<ProgressReport, void, undefined> {
  const intervalMs = interval(options.progressIntervalMs) ?? 1_000;
  await using target = await withPgCopyErrors(() => connectToTarget(options));
  let last: ProgressReport | undefined;
  for (;;) {
    const now = await withPgCopyErrors(() => look(target));
    last = sinceThen(last, now);
    yield last;
    if (last.state !== "running" && last.state !== "preparing") return;
    await pause(intervalMs, options.signal);
  }
}

async function connectToTarget(options: ProgressOptions): Promise<WatchedTarget> {
  const run = new Run(options.signal ?? new AbortController().signal, undefined);
  const environment = options.environment ?? {};
  const dir = directory("dir", options.dir);
  const parsed = await parseEndpoint(given("target", options.target), environment, "target");
  settleTargetDatabase(parsed, run);
  const opening = { side: "target", environment, sessions: 1, signal: run.signal } as const;
  const endpoint = await openEndpoint(parsed, opening, run);
  try {
    const session = await openSession(endpoint.server, "target", "progress", run.signal);
    const { description } = endpoint;
    const close = async () => {
      await session.close();
      await endpoint[Symbol.asyncDispose]();
    };
    return { description, session, dir, [Symbol.asyncDispose]: close };
  } catch (error) {
    await endpoint[Symbol.asyncDispose]();
    throw error;
  }
}

async function look({ session, description, dir }: WatchedTarget): Promise<ProgressReport> {
  refuseUnknownVersion(session);
  // A run that begins or ends holds its journal for itself for a moment.
  await session.execute("looking at the target", "set lock_timeout = '2s'");
  return await readProgress(session, description, dir);
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
