/** What a run needs of its journal, wherever that is kept. */

import type { Script } from "../plan/task.js";
import type { Connection } from "../postgres/connection.js";
import type { FinishedTask } from "./journal.js";
import type { Recorder } from "./recorder.js";

/** What a journal says of the run as a whole. */
export interface JournalRun {
  /** The source without its password. */
  readonly source: string;
  /** Tells the source database from all others: see `databaseIdentity`. */
  readonly sourceIdentity: string;
  readonly pgcopyVersion: string;
  /** Of the stored plan. */
  readonly format: number;
  readonly tasks: number;
  /** Of the key that the plan is sealed with; absent where it isn't. */
  readonly salt?: string | undefined;
}

/** One start of the run: the first, or a resumption. */
export interface Attempt {
  readonly snapshot: string;
  /** Which rows that snapshot sees: see `snapshotIdentity`; where it was to read none, the first one's. */
  readonly snapshotIdentity: string;
  readonly pgcopyVersion: string;
}

export interface StartedAttempt extends Attempt {
  readonly startedAt: Date;
}

/** What is known of an unfinished run. */
export interface JournalState {
  readonly run: JournalRun & { readonly startedAt: Date };
  /** Of one database of many: its report, once all of its tasks are done. */
  readonly report?: unknown;
  /** At least one; the last one is the latest. */
  readonly attempts: readonly StartedAttempt[];
  readonly finished: ReadonlyMap<string, FinishedTask>;
  /** How many steps are done of tasks that are not finished, by the task's id. */
  readonly stepsDone: ReadonlyMap<string, number>;
  /** Tasks of which it can't be told whether they were committed, by id: up to which step, or infinity. */
  readonly unsure: ReadonlyMap<string, number>;
}

export interface Journal {
  readonly recorder: Recorder;
  /** Where it is, in words: `its schema pgcopy_journal`. */
  readonly place: string;
  /** Begins it, in place of one that an earlier run left. */
  begin(run: JournalRun, attempt: Attempt, plan: Buffer): Promise<void>;
  /** Whether an unfinished run left it. */
  exists(): Promise<boolean>;
  /** @throws PgCopyError `target_unfit` if it is not one of ours, or of another release of pgcopy. */
  read(): Promise<JournalState>;
  readPlan(): Promise<Buffer>;
  /** Ids of finished tasks as they are now. */
  readFinished(): Promise<JournalState["finished"]>;
  beginAttempt(attempt: Attempt): Promise<void>;
  /** Takes tasks to be not done, and runs what undoes them, in one transaction. */
  forget(ids: readonly string[], undo: readonly string[]): Promise<void>;
  /** Keeps the report of a run that has done all of its tasks, but for its end. */
  keepReport(report: unknown): Promise<void>;
  /** Throws it away. */
  discard(): Promise<void>;
  /** Ends it, and with it the run: the scripts run in the same transaction, after it is gone. */
  finish(scripts: readonly Script[]): Promise<void>;
}

/** A journal over the run's control session, which may be another one after the target was restarted. */
export type OpenJournal = (control: Connection) => Journal;
