/** From a planned task to the function that does it. */

import { asPgCopyError, PgCopyError } from "../errors.js";
import type { RejectedRows, TaskInfo } from "../events.js";
import { analyzeTables } from "../load/analyze.js";
import { prepareLargeObjects } from "../load/copy-large-objects.js";
import { flushCommits } from "../load/crash-mark.js";
import type { LargeObjectOwnership } from "../load/large-object-statements.js";
import { type EarlierTries, named, recordOf, type TaskRecord } from "../load/recorder.js";
import type { RejectTo } from "../load/rejected-files.js";
import { restoreStatistics } from "../load/restore-statistics.js";
import { runScripts } from "../load/run-scripts.js";
import { resetSequences } from "../load/sequences.js";
import { type CloneTask, relationName } from "../plan/task.js";
import type { Connection } from "../postgres/connection.js";
import type { CopyResult } from "../postgres/copy.js";
import { displayName } from "../postgres/quote.js";
import { interruptedError } from "../run/abort.js";
import { failpoint } from "../run/failpoints.js";
import {
  compareLargeObjects,
  describeLargeObjectDifference,
  type LargeObjectDifference,
} from "../verify/compare-large-objects.js";
import { compareTable, type TableComparison } from "../verify/compare-table.js";
import {
  type CopyJob,
  copyExtensionRowsTask,
  copySmallTablesTask,
  moveRowsTask,
} from "./copy-tasks.js";
import type { LentSessions, SessionLender } from "./lent-sessions.js";
import { type MaskAdvice, withMaskAdvice } from "./mask-advice.js";
import type { Moved } from "./move-rows.js";
import type { ActiveTask, ProgressMeter } from "./progress.js";
import {
  rejectedByTable,
  rejectedItems,
  rejectedRows,
  withRejectedAdvice,
} from "./rejected-rows.js";
import { type Attempt, type RetryContext, retryTask } from "./retry-task.js";
import type { ThreadedCopies } from "./threaded-copies.js";
import { type MaybeOfTwoMoments, withMomentsAdvice } from "./two-moments.js";

export interface TaskOutcome {
  readonly task: CloneTask;
  readonly rows: number;
  readonly bytes: number;
  readonly durationMs: number;
  /** Of a batch of small tables: what each of them moved, in the batch's order. */
  readonly each?: readonly CopyResult[];
  /** Large objects that it made, or compared. */
  readonly objects?: number;
  /** Rows that the target refused, and that were set aside. */
  readonly rejected?: readonly RejectedRows[];
}

export interface TaskContext extends RetryContext {
  /** Sessions on the source that have imported the snapshot. */
  readonly sourcePool: SessionLender;
  readonly targetPool: SessionLender;
  /** Absent where the main thread copies alone. */
  readonly threads: ThreadedCopies | undefined;
  readonly meter: ProgressMeter;
  readonly verifyMode: "count" | "checksum";
  readonly masks: MaskAdvice;
  readonly resumed?: MaybeOfTwoMoments["resumed"];
  /** Whether a failure is no reason to stop the others. */
  readonly goesOnAfter: (error: PgCopyError) => boolean;
  readonly ownership: LargeObjectOwnership;
  /** Where rows go that the target refuses; undefined: nowhere, they fail their task. */
  readonly rejectTo: RejectTo | undefined;
  /** What the session sets for the task's statements, if these are to begin now. */
  readonly scriptParameters: (task: CloneTask) => Readonly<Record<string, string>>;
  /** How many statements of a script may share a transaction. */
  readonly statementsPerTransaction: number;
  readonly outcomes: TaskOutcome[];
  readonly comparisons: TableComparison[];
  readonly largeObjectDifferences: LargeObjectDifference[];
}

/** Does one task in a place of `pool`, again where what stopped it passes. */
export async function executeTask(
  task: CloneTask,
  { signal, pool }: { readonly signal: AbortSignal; readonly pool: string },
  context: TaskContext,
): Promise<void> {
  await accompany(task, pool, context, (active) =>
    retryTask(task, signal, context, (attempt) => {
      active.bytes = 0;
      return new TaskRun(task, signal, context, { active, attempt }).do();
    }),
  );
}

/** Does `work`, which is the task's, tells the observer, and keeps its outcome for the report. */
export async function accompany(
  task: CloneTask,
  pool: string,
  context: Pick<TaskContext, "run" | "meter" | "masks" | "outcomes" | "goesOnAfter" | "resumed">,
  work: (active: ActiveTask) => Promise<Moved>,
): Promise<void> {
  const { run, meter } = context;
  const info: TaskInfo = { id: task.id, kind: task.kind, label: task.label };
  const active = meter.start(task);
  run.tell({ type: "task_started", task: info, pool });
  try {
    const { each, objects, rejected = [], ...moved } = await work(active);
    const durationMs = run.elapsedMs - active.beganMs;
    meter.finish(active, moved.rows);
    context.outcomes.push({
      task,
      ...moved,
      durationMs,
      ...(each === undefined ? {} : { each }),
      ...(objects === undefined ? {} : { objects }),
      ...(rejected.length === 0 ? {} : { rejected }),
    });
    for (const rows of rejected) run.tell({ type: "rows_rejected", task: info, ...rows });
    run.tell({ type: "task_finished", task: info, durationMs: Math.round(durationMs), ...moved });
  } catch (thrown) {
    meter.stop(active);
    const failure = withTask(asPgCopyError(thrown, task.label), task);
    const advised = withMaskAdvice(failure, task, context.masks);
    const moments = withMomentsAdvice(advised, context);
    const error = withRejectedAdvice(moments, rejectedRows(context.outcomes));
    if (error.code === "interrupted") {
      const durationMs = Math.round(run.elapsedMs - active.beganMs);
      run.tell({ type: "task_stopped", task: info, durationMs, bytes: active.bytes });
    } else {
      const goesOn = context.goesOnAfter(error) ? ({ goesOn: true } as const) : {};
      run.tell({ type: "task_failed", task: info, error: error.toJSON(), ...goesOn });
    }
    throw error;
  }
}

/** A task that was stopped between two statements, or while it waited for a session, is named too. */
function withTask(error: PgCopyError, { label }: CloneTask): PgCopyError {
  const unnamed = error.code === "interrupted" && error.attempted === undefined;
  return unnamed ? interruptedError(label) : error;
}

const nothing: Moved = { rows: 0, bytes: 0 };

class TaskRun {
  readonly #task: CloneTask;
  readonly #signal: AbortSignal;
  readonly #context: TaskContext;
  readonly #active: ActiveTask;
  readonly #lent: LentSessions;
  readonly #earlier: EarlierTries;

  constructor(
    task: CloneTask,
    signal: AbortSignal,
    context: TaskContext,
    { active, attempt }: { readonly active: ActiveTask; readonly attempt: Attempt },
  ) {
    const { lent, earlier } = attempt;
    this.#task = task;
    this.#signal = signal;
    this.#context = {
      ...context,
      sourcePool: lent.from("source", context.sourcePool),
      targetPool: lent.from("target", context.targetPool),
    };
    this.#active = active;
    this.#lent = lent;
    this.#earlier = earlier;
  }

  async do(): Promise<Moved> {
    const { work } = this.#task;
    switch (work.do) {
      case "scripts":
        if (this.#task.kind === "index") await failpoint("index.begin", this.#signal);
        return await this.#onTarget((target) =>
          runScripts(target, work.scripts, {
            attempted: this.#task.label,
            record: this.#record,
            settings: this.#context.scriptParameters(this.#task),
            statementsPerTransaction: this.#context.statementsPerTransaction,
          }),
        );
      case "analyze":
        return await this.#onTarget((target) =>
          analyzeTables(target, work.tables, work.only, this.#record),
        );
      case "statistics":
        return await this.#restoreStatistics(work);
      case "extension_rows":
        return await copyExtensionRowsTask(work, this.#copyJob());
      case "copy":
      case "large_objects":
        return await moveRowsTask(work, this.#copyJob());
      case "small_tables":
        return await copySmallTablesTask(work, this.#copyJob());
      case "verify":
        return await this.#verify(work);
      case "prepare_large_objects":
        return await this.#onTarget((target) => prepareLargeObjects(target, this.#record));
      case "verify_large_objects":
        return await this.#verifyLargeObjects(work);
      case "sequences":
        return await this.#onTarget(async (target) => {
          const source = await this.#context.snapshot.reader(this.#signal);
          await resetSequences(work.sequences, source, target, this.#record);
        });
      case "release_snapshot":
        return await this.#releaseSnapshot();
    }
  }

  async #restoreStatistics(work: CloneTask["work"] & { do: "statistics" }): Promise<Moved> {
    return await this.#onTarget(async (target) => {
      const analyzed = await restoreStatistics(target, work.tables, this.#record);
      if (analyzed.length === 0) return;
      const names = analyzed.map(({ table }) => relationName(table)).join(", ");
      this.#context.run.info(
        `the target takes only a part of the source's statistics, so ANALYZE gathers them: ${names}`,
      );
    });
  }

  /** A difference is kept for the end, so that all of them are found; it is not recorded, so that a resumed run finds it, too. */
  async #verify(work: CloneTask["work"] & { do: "verify" }): Promise<Moved> {
    const { sourcePool, targetPool, verifyMode, comparisons } = this.#context;
    return await sourcePool.with(this.#signal, (source) =>
      targetPool.with(this.#signal, async (target) => {
        const { table } = work.table;
        const comparison = await compareTable(table, {
          source,
          target,
          mode: verifyMode,
          signal: this.#signal,
          rows: work.table.rows,
        });
        // A second try finds it again.
        const isOf = ({ schema, name }: TableComparison) =>
          schema === table.schema && name === table.name;
        const before = comparisons.findIndex(isOf);
        comparisons.splice(before < 0 ? comparisons.length : before, 1, comparison);
        if (comparison.same) await this.#recordOnly(target, { comparison });
        return nothing;
      }),
    );
  }

  /** As with tables, a difference is kept for the end. */
  async #verifyLargeObjects(
    work: CloneTask["work"] & { do: "verify_large_objects" },
  ): Promise<Moved> {
    const { sourcePool, targetPool, verifyMode, largeObjectDifferences } = this.#context;
    return await sourcePool.with(this.#signal, (source) =>
      targetPool.with(this.#signal, async (target) => {
        const { objects, differences } = await compareLargeObjects(work.objects, {
          attempted: this.#task.label,
          source,
          target,
          access: work.access,
          mode: verifyMode,
          signal: this.#signal,
        });
        for (const difference of differences) largeObjectDifferences.push(difference);
        if (differences.length === 0) await this.#recordOnly(target, { objects });
        return { ...nothing, objects };
      }),
    );
  }

  /** Of a task that changes nothing. */
  async #recordOnly(target: Connection, detail: unknown): Promise<void> {
    await this.#record.commit(target, named(this.#task.label, "begin"), { detail });
  }

  /**
   * The source's sessions go with it: none of them would be used again. What was copied has to be on the
   * target's disk before: a crash there could take it, and it could not be read once more.
   */
  async #releaseSnapshot(): Promise<Moved> {
    const { snapshot, sourcePool, threads, control, recorder } = this.#context;
    await control.use(this.#signal, (session) => flushCommits(session, recorder.keptIn));
    await failpoint("snapshot.release", this.#signal);
    await Promise.all([sourcePool.close(), threads?.closeSources()]);
    await snapshot.release();
    await failpoint("snapshot.released", this.#signal);
    return nothing;
  }

  async #onTarget(use: (target: Connection) => Promise<void>): Promise<Moved> {
    await this.#context.targetPool.with(this.#signal, async (target) => {
      this.#context.meter.runsOn(this.#active, target.processId);
      await use(target);
    });
    return nothing;
  }

  #copyJob(): CopyJob {
    return {
      task: this.#task,
      lent: this.#lent,
      signal: this.#signal,
      context: this.#context,
      active: this.#active,
      record: this.#record,
    };
  }

  get #record(): TaskRecord {
    const { run, recorder } = this.#context;
    const elapsedMs = () => run.elapsedMs - this.#active.beganMs;
    return recordOf(recorder, this.#task, elapsedMs, this.#earlier);
  }
}

/** @throws PgCopyError `verification_failed`, naming each table or large object that differs and how. */
export function refuseDifferences(
  comparisons: readonly TableComparison[],
  largeObjects: readonly LargeObjectDifference[] = [],
  rejected: readonly RejectedRows[] = [],
): void {
  const different = differing(comparisons, rejected);
  const what = [
    ...(different.length > 0 ? [`${different.length} of ${comparisons.length} tables`] : []),
    ...(largeObjects.length > 0 ? [numberOfLargeObjects(largeObjects.length)] : []),
  ];
  if (what.length === 0) return;
  throw new PgCopyError(
    `verification failed: ${what.join(" and ")} differ between source and target`,
    {
      code: "verification_failed",
      items: differenceItems(comparisons, largeObjects, rejected),
      advice:
        "something wrote to the target during the clone, or its types store values in another way; don't use it before you know which",
    },
  );
}

/** Each table or large object that differs, and how; then what was rejected. */
export function differenceItems(
  comparisons: readonly TableComparison[],
  largeObjects: readonly LargeObjectDifference[],
  rejected: readonly RejectedRows[] = [],
): string[] {
  const missing = rejectedByTable(rejected);
  return [
    ...differing(comparisons, rejected).map(({ schema, name, source, target }) => {
      const table = displayName(schema, name);
      const aside = missing.has(table) ? `; ${missing.get(table)} were rejected` : "";
      return source.rows === target.rows
        ? `${table}: ${source.rows} rows on both ends, different contents${aside}`
        : `${table}: ${source.rows} rows on the source, ${target.rows} on the target${aside}`;
    }),
    ...largeObjects.map(describeLargeObjectDifference),
    ...rejectedItems(rejected),
  ];
}

/** Of a table without the rows that were set aside, only how many there are can be compared. */
function differing(
  comparisons: readonly TableComparison[],
  rejected: readonly RejectedRows[],
): TableComparison[] {
  const missing = rejectedByTable(rejected);
  return comparisons.filter(({ same, schema, name, source, target }) => {
    return !same && source.rows - target.rows !== missing.get(displayName(schema, name));
  });
}

function numberOfLargeObjects(count: number): string {
  return count === 1 ? "a large object" : `${count} large objects`;
}
