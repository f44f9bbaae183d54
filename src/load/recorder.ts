/**
 * How a task's work is recorded as done: in the very transaction that did it, so that after any crash
 * the journal is true. Whoever does a task ends its transactions here.
 */

import type { TaskInfo } from "../events.js";
import type { Connection, NamedStatement } from "../postgres/connection.js";
import { commit, committedBy } from "./commit.js";
import { type FinishedTask, recordStatement, stepsStatement } from "./journal.js";
import { readRecorded } from "./task-state.js";

/** What a task did, as far as the journal keeps it. */
export interface Done {
  readonly rows?: number;
  readonly bytes?: number;
  /** What the report wants to know beside: plain data, small. */
  readonly detail?: unknown;
}

/** Where records are kept, as plain data: for another thread. */
export type RecordsKeptIn =
  | { readonly kind: "schema" }
  | { readonly kind: "directory"; readonly directory: string };

/** How far a task came: done, or some of its steps. */
export interface Recorded {
  readonly done: Done | undefined;
  readonly steps: number;
  /** As in `EarlierTries`. */
  readonly unsure?: number | undefined;
}

/** Where records go. */
export interface Recorder {
  readonly keptIn: RecordsKeptIn;
  /** What is recorded of a task, none of whose sessions are left. */
  find(target: Connection, task: TaskInfo): Promise<Recorded>;
  /** Runs the last statements of a task's transaction, records the task, and commits. */
  commit(
    target: Connection,
    statements: readonly NamedStatement[],
    task: FinishedTask,
  ): Promise<void>;
  /** The same for a transaction that is not the task's last one: `steps` of it are then done. */
  commitSteps(
    target: Connection,
    statements: readonly NamedStatement[],
    task: TaskInfo,
    steps: number,
  ): Promise<void>;
}

/** What earlier tries of a task have left. */
export interface EarlierTries {
  /** How many steps they have committed: these must not be done again. */
  readonly stepsDone?: number | undefined;
  /** Up to which step they may have committed beyond those, in one transaction: it can't be told. */
  readonly unsure?: number | undefined;
}

/** Records of one task. */
export interface TaskRecord extends EarlierTries {
  readonly keptIn: RecordsKeptIn;
  readonly stepsDone: number;
  commit(target: Connection, statements: readonly NamedStatement[], done?: Done): Promise<void>;
  commitSteps(
    target: Connection,
    statements: readonly NamedStatement[],
    steps: number,
  ): Promise<void>;
}

/** Into the journal's schema, with no round trip of its own. */
export const recordInSchema: Recorder = {
  keptIn: { kind: "schema" },
  find: (target, { id }) => readRecorded(target, id),
  commit: (target, statements, task) => commitWith(target, statements, recordStatement(task), task),
  commitSteps: (target, statements, task, steps) =>
    commitWith(target, statements, stepsStatement(task.id, steps), task),
};

async function commitWith(
  target: Connection,
  statements: readonly NamedStatement[],
  record: string,
  { kind }: Pick<FinishedTask, "kind">,
): Promise<void> {
  const attempted = statements.at(-1)?.attempted ?? "recording a task";
  await commit(target, committedBy(kind), [...statements, { attempted, sql: record }]);
}

/** @param elapsedMs how long the task has been running, in milliseconds. */
export function recordOf(
  recorder: Recorder,
  { id, kind, label }: TaskInfo,
  elapsedMs: () => number,
  { stepsDone = 0, unsure }: EarlierTries = {},
): TaskRecord {
  const task = { id, kind, label };
  return {
    keptIn: recorder.keptIn,
    stepsDone,
    unsure,
    commit: (target, statements, { rows = 0, bytes = 0, detail } = {}) =>
      recorder.commit(target, statements, {
        ...task,
        rows,
        bytes,
        durationMs: elapsedMs(),
        ...(detail === undefined ? {} : { detail }),
      }),
    commitSteps: (target, statements, steps) =>
      recorder.commitSteps(target, statements, task, steps),
  };
}

/** Statements that say of themselves what they attempt all in the same words. */
export function named(attempted: string, ...statements: readonly string[]): NamedStatement[] {
  return statements.map((sql) => ({ attempted, sql }));
}
