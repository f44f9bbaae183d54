/**
 * Failpoints: named places at which a test makes a run fail as a fault would: with an error, with the
 * process killed, or by standing still. They stand wherever a crash leaves another state behind. None is
 * armed unless the command line was told so (src/cli/failpoints.ts); then a point costs one look at a variable.
 */

import { PgCopyError } from "../errors.js";
import { abortError, interruptedError } from "./abort.js";

/** What is committed on the target; of tasks their kind. */
export const committed = [
  "roles",
  "drop",
  "journal",
  "pre_data",
  "copy",
  "large_objects",
  "index",
  "constraint",
  "foreign_key",
  "post_data",
  "acl",
  "refresh",
  "analyze",
  "statistics",
  "sequences",
  "verify",
  "finish",
] as const;

/** What is committed; around it stand `….before-commit`, with all statements done, and `….after-commit`. */
export type Committed = (typeof committed)[number];

/** All failpoints, in about the order in which a run comes by. */
export const failpoints = [
  "connect.done",
  "snapshot.exported",
  "prepare.begin",
  "database.created",
  "database.marked",
  "copy.begin",
  "copy.truncated",
  "copy.data",
  "small_tables.read",
  "small_tables.stored",
  "small_tables.committed",
  "extension_rows.copied",
  "extension_rows.committed",
  "large_objects.created",
  "large_objects.data",
  "index.begin",
  "snapshot.release",
  "snapshot.released",
  "sequences.read",
  "properties.applied",
  "finish.begin",
  "resume.begun",
  ...committed.flatMap((what) => [`${what}.before-commit`, `${what}.after-commit`] as const),
] as const;

export type Failpoint = (typeof failpoints)[number];

/**
 * - `error`: what was going on fails.
 * - `kill`: the process is killed at once, as by `kill -9`.
 * - `stall`: what was going on stands still until it is aborted.
 */
export const failpointActions = ["error", "kill", "stall"] as const;

export interface FailpointSpec {
  readonly name: Failpoint;
  readonly action: (typeof failpointActions)[number];
  /** At which time that a thread comes by, from 1 on; only then. */
  readonly hit: number;
}

interface Armed {
  readonly specs: readonly FailpointSpec[];
  readonly hits: Map<Failpoint, number>;
  readonly onFire: (spec: FailpointSpec) => void;
}

let armed: Armed | undefined;

/**
 * Arms these failpoints, and no others; none: disarms.
 *
 * @param onFire called before one acts.
 */
export function armFailpoints(
  specs: readonly FailpointSpec[],
  onFire: (spec: FailpointSpec) => void = () => {},
): void {
  armed = specs.length === 0 ? undefined : { specs, hits: new Map(), onFire };
}

/** What is armed, for another thread, which counts for itself. */
export function armedFailpoints(): readonly FailpointSpec[] {
  return armed?.specs ?? [];
}

/** Tells of one that another thread came to. */
export function failpointFired(spec: FailpointSpec): void {
  armed?.onFire(spec);
}

/** Whether the point may act: for where it could not stand without a round trip more. */
export function isArmed(name: Failpoint): boolean {
  return armed?.specs.some((spec) => spec.name === name) ?? false;
}

/**
 * A point that a run comes by; `undefined`, and so nothing to wait for, unless it is armed.
 *
 * @param signal ends a stall.
 * @throws PgCopyError `task_failed`, where the error is the fault; of a stall the signal's reason.
 */
export function failpoint(name: Failpoint, signal: AbortSignal): Promise<void> | undefined {
  return armed === undefined ? undefined : comeBy(armed, name, signal);
}

function comeBy(
  { specs, hits, onFire }: Armed,
  name: Failpoint,
  signal: AbortSignal,
): Promise<void> | undefined {
  const hit = (hits.get(name) ?? 0) + 1;
  hits.set(name, hit);
  const spec = specs.find((one) => one.name === name && one.hit === hit);
  if (spec === undefined) return undefined;
  onFire(spec);
  switch (spec.action) {
    case "error":
      return Promise.reject(new PgCopyError(`failpoint ${name}`, { code: "task_failed" }));
    case "kill":
      return killThisProcess();
    case "stall":
      return standStill(signal);
  }
}

/** Nothing of this thread goes on until the signal is there. */
function killThisProcess(): never {
  process.kill(process.pid, "SIGKILL");
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  throw interruptedError();
}

/** A timer keeps the process, which nothing else may be left to do. */
async function standStill(signal: AbortSignal): Promise<never> {
  const alive = setInterval(() => {}, 60_000);
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
  clearInterval(alive);
  throw abortError(signal);
}
