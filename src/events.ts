/**
 * What the engine tells its observer. The engine itself never prints: the command line's terminal
 * view, its plain lines and its JSON lines (docs/command-line.md) are three observers of these
 * same events. Times are milliseconds, sizes are bytes.
 */

import type { Side } from "./errors.js";

/** The kinds of tasks that a clone consists of. */
export type TaskKind =
  | "pre_data"
  | "copy"
  | "large_objects"
  | "verify"
  | "release_snapshot"
  | "index"
  | "constraint"
  | "foreign_key"
  | "post_data"
  | "acl"
  | "refresh"
  | "sequences"
  | "analyze"
  | "statistics"
  | "finish";

/** Whether tasks of the kind copy bytes, and are told with them. */
export function movesData({ kind }: { readonly kind: TaskKind }): boolean {
  return kind === "copy" || kind === "large_objects";
}

/** A task as events and reports name it. */
export interface TaskInfo {
  readonly id: string;
  readonly kind: TaskKind;
  /** `COPY public.orders (part 3 of 8)`, `CREATE INDEX public.orders_customer_idx`. */
  readonly label: string;
}

/** Rows of a table, or of a part of it, that the target refused, and that were set aside. */
export interface RejectedRows {
  readonly schema: string;
  readonly name: string;
  readonly rows: number;
  /** Where they are. */
  readonly file: string;
  /** Why the first of them was refused: the target's words. */
  readonly reason: string;
}

/** What one running task has done so far. */
export interface RunningTask extends TaskInfo {
  /** Where several databases are copied: whose task it is. */
  readonly database?: string;
  readonly durationMs: number;
  /** Rows and bytes moved so far; 0 for tasks that move none, and rows while the server tells none. */
  readonly rows: number;
  readonly bytes: number;
  /** 0 to 1; absent while it can't be known. */
  readonly fraction?: number;
  /** For an index build the server's own word for what it does (pg_stat_progress_create_index). */
  readonly phase?: string;
}

/** The whole run at one moment. */
export interface Progress {
  readonly rows: number;
  readonly bytes: number;
  /** An estimate: from the catalog's sizes at first, and then from what the copied tables came to. */
  readonly bytesTotal: number;
  /** Copied over the last few seconds; 0 when no copy runs. */
  readonly bytesPerSecond: number;
  readonly tablesDone: number;
  readonly tablesTotal: number;
  readonly indexesDone: number;
  readonly indexesTotal: number;
  readonly tasksDone: number;
  readonly tasksTotal: number;
  /** Where several databases are copied: how many are done, and how many there are. */
  readonly databasesDone?: number;
  readonly databasesTotal?: number;
  /** 0 to 1, of the planned cost. */
  readonly fraction: number;
  /** Absent until there is enough to tell. */
  readonly remainingMs?: number;
  readonly running: readonly RunningTask[];
  /** What is done with the tables; `reading` is a clone to `null:`. */
  readonly doing: "copying" | "reading" | "comparing";
}

/** What a held snapshot keeps from being vacuumed. */
export interface SnapshotPins {
  /** Since the transaction that holds it began. */
  readonly heldMs: number;
  /** How many transaction ids have been given out since the oldest that it may have to look at (its xmin). */
  readonly ageTransactions: number;
  /** Whether no other session or prepared transaction of the database that this role may look at pins as old a one. */
  readonly oldest: boolean;
  /** Rows of this database that were deleted or updated and are still there: an estimate, of all causes. */
  readonly deadRows: number;
}

/**
 * Every event carries `atMs`: milliseconds since the run began. Where several databases are copied,
 * `database` says which one it is of; one without it is of the whole.
 */
export type RunEvent = { readonly atMs: number; readonly database?: string } & (
  | {
      readonly type: "run_started";
      readonly pgcopyVersion: string;
      /** The moment that `atMs` counts from, as ISO 8601 in UTC. */
      readonly startedAt: string;
      /** The options as given, without the endpoints and what is no plain data; of `mask` the columns. */
      readonly options: Readonly<Record<string, unknown>>;
      /** Present where the target is `null:`: rows are read and thrown away. */
      readonly nothingCopied?: true;
    }
  | { readonly type: "step_started"; readonly step: string }
  | { readonly type: "step_finished"; readonly step: string; readonly durationMs: number }
  | { readonly type: "step_failed"; readonly step: string; readonly durationMs: number }
  | {
      readonly type: "connected";
      readonly side: Side;
      readonly endpoint: string;
      readonly serverVersion: string;
    }
  | { readonly type: "notice"; readonly level: "info" | "warning"; readonly message: string }
  | {
      readonly type: "planned";
      readonly tables: number;
      readonly largeObjects: number;
      readonly indexes: number;
      readonly tasks: number;
      readonly bytes: number;
    }
  | {
      /** What follows goes on with a run that an earlier process began. */
      readonly type: "resumed";
      /** When it began, in ISO 8601. */
      readonly startedAt: string;
      /** How many tasks are done already, and how many there are. */
      readonly tasksBefore: number;
      readonly tasks: number;
      /** Whether the rows that are read from now on are of the moment of those that are there. */
      readonly consistent: boolean;
    }
  | {
      readonly type: "task_started";
      readonly task: TaskInfo;
      /** Whose job does it: `tables`, `indexes` or `control`. */
      readonly pool: string;
    }
  | {
      readonly type: "task_finished";
      readonly task: TaskInfo;
      readonly durationMs: number;
      readonly rows: number;
      readonly bytes: number;
    }
  /** The task is done with the others. */
  | ({ readonly type: "rows_rejected"; readonly task: TaskInfo } & RejectedRows)
  | {
      readonly type: "task_failed";
      readonly task: TaskInfo;
      readonly error: Record<string, unknown>;
      /** With `keepGoing`: what doesn't need the task is done all the same; else all others are stopped. */
      readonly goesOn?: true;
    }
  | {
      /** With `keepGoing`: never begun, as it needs tasks that failed. Told when all else has ended. */
      readonly type: "task_skipped";
      readonly task: TaskInfo;
      readonly because: readonly TaskInfo[];
    }
  | {
      /** It did not go well, and is begun again once `delayMs` have gone by. */
      readonly type: "task_retried";
      readonly task: TaskInfo;
      /** Which try it was that failed, from 1. */
      readonly attempt: number;
      readonly error: Record<string, unknown>;
      readonly delayMs: number;
    }
  | {
      /** Stopped because another task failed, or the run was interrupted. */
      readonly type: "task_stopped";
      readonly task: TaskInfo;
      readonly durationMs: number;
      /** Bytes moved until then; the transaction that they were in is undone. */
      readonly bytes: number;
    }
  | {
      readonly type: "database_finished";
      readonly tables: number;
      readonly indexes: number;
      readonly rows: number;
      readonly bytes: number;
      readonly durationMs: number;
      readonly created: boolean;
    }
  | {
      /** `hold` holds a snapshot under this id; told again if it has to be another one. */
      readonly type: "snapshot_held";
      readonly snapshot: string;
      /** With a fence: how many tables are locked. */
      readonly tables?: number;
    }
  | ({ readonly type: "snapshot_pins" } & SnapshotPins)
  | ({ readonly type: "progress" } & Progress)
);

/** Called for every event, in order. It must not throw; what it throws is ignored. */
export type Observer = (event: RunEvent) => void;
