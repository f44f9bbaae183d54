/**
 * What a run did until it ended, well or not. A finished clone's report is such a record and more;
 * of one that failed it is all there is. Times are milliseconds since the run began.
 */

import type { PgCopyError, Side } from "../errors.js";
import type { RejectedRows, TaskInfo } from "../events.js";

export interface StepTime {
  readonly step: string;
  readonly beganMs: number;
  readonly durationMs: number;
  /** Present for the one that a run ended in before its time. */
  readonly failed?: true;
}

export interface TaskRecord extends TaskInfo {
  readonly beganMs: number;
  readonly endedMs: number;
  /** The job that did it: one of its pool's, counted from 1. */
  readonly pool: string;
  readonly job: number;
  readonly rows: number;
  /** Of a task that was not done: moved until it ended, and none of them in the target. */
  readonly bytes: number;
  /** `stopped`: because another one failed, or the run was interrupted. */
  readonly state: "running" | "done" | "failed" | "stopped";
  /** Why it failed. */
  readonly error?: Readonly<Record<string, unknown>>;
}

/** A task that was never begun. */
export interface SkippedTask extends TaskInfo {
  /** The failed tasks that it needs. */
  readonly because: readonly TaskInfo[];
}

/** A try of a task that did not go well, after which there was another one. */
export interface RetryRecord extends TaskInfo {
  /** Which try it was, from 1. */
  readonly attempt: number;
  readonly atMs: number;
  /** Why it did not go well. */
  readonly message: string;
  readonly side?: Side;
  readonly sqlstate?: string;
}

export interface Throughput {
  /** How long each interval is; longer in longer runs. */
  readonly intervalMs: number;
  /** Bytes copied in each interval, the first of which begins with the run. */
  readonly bytes: readonly number[];
}

export interface RunRecord {
  readonly pgcopyVersion: string;
  /** ISO 8601, in UTC. */
  readonly startedAt: string;
  readonly durationMs: number;
  /** Those that were given, without the endpoints and what is no plain data; of `mask` the columns. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Without passwords; absent while it is not connected to. */
  readonly source?: string;
  readonly target?: string;
  readonly sourceVersion?: string;
  readonly targetVersion?: string;
  /** Present where the target is `null:`: rows are only read, and nothing is copied. */
  readonly nothingCopied?: true;
  /** What was going to be done; absent before it was known. */
  readonly planned?: {
    readonly largeObjects: number;
    readonly tables: number;
    readonly indexes: number;
    readonly tasks: number;
    readonly bytes: number;
  };
  readonly steps: readonly StepTime[];
  /** In the order in which they began. */
  readonly tasks: readonly TaskRecord[];
  /** As exact as the `progress` events are frequent; without any, a task's bytes are spread over its time. */
  readonly throughput: Throughput;
  readonly warnings: readonly string[];
  /** Tries of tasks that did not go well, after each of which there was another one. */
  readonly retries: readonly RetryRecord[];
}

/** A run that ended with an error. */
export interface FailedRun extends RunRecord {
  readonly error: PgCopyError;
  /** With `keepGoing`: what was left out, as it needs what failed. */
  readonly skipped: readonly SkippedTask[];
  /** With `rejectDir`: rows that the target refused. A run with any of them has failed. */
  readonly rejected: readonly RejectedRows[];
}
