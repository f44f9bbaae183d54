/** The tasks that bring rows and large objects from one server to the other. */

import type { TaskInfo } from "../events.js";
import { copyExtensionRows } from "../load/copy-extension-rows.js";
import { readSmallTables, storeSmallTables } from "../load/copy-small-tables.js";
import type { LargeObjectOwnership } from "../load/large-object-statements.js";
import type { TaskRecord } from "../load/recorder.js";
import type { RejectTo } from "../load/rejected-files.js";
import { batchAsText, storeSmallTablesForgiving } from "../load/small-tables-forgiving.js";
import type { SmallTable, Work } from "../plan/task.js";
import type { Connection } from "../postgres/connection.js";
import type { CopyOrder } from "./copy-thread-messages.js";
import { forgiving } from "./forgiving.js";
import type { LentSessions, SessionLender } from "./lent-sessions.js";
import { type Moved, moveRows, type RowsWork, sumOf } from "./move-rows.js";
import type { ActiveTask, ProgressMeter } from "./progress.js";
import type { Run } from "./run.js";
import type { ThreadSession } from "./thread-session.js";
import type { ThreadedCopies } from "./threaded-copies.js";

/** What copying tasks need of the run. */
export interface CopyContext {
  readonly run: Run;
  /** Sessions on the source that have imported the snapshot. */
  readonly sourcePool: SessionLender;
  readonly targetPool: SessionLender;
  /** Absent where the main thread copies alone. */
  readonly threads: ThreadedCopies | undefined;
  readonly meter: ProgressMeter;
  readonly ownership: LargeObjectOwnership;
  /** Where rows go that the target refuses; undefined: nowhere, they fail their task. */
  readonly rejectTo: RejectTo | undefined;
}

export interface CopyJob {
  readonly task: TaskInfo;
  /** What it was lent; those of a thread are noted here. */
  readonly lent: LentSessions;
  readonly signal: AbortSignal;
  readonly context: CopyContext;
  readonly active: ActiveTask;
  readonly record: TaskRecord;
}

/** In one of the threads, where there are any left: of all tasks only these move many bytes through this process. */
export async function moveRowsTask(work: RowsWork, job: CopyJob): Promise<Moved> {
  if (work.do !== "copy") return await moveRowsOnce(work, job, undefined);
  const { table: plan, part } = work;
  return await forgiving([{ plan, part }], job, (rejectTo) => moveRowsOnce(work, job, rejectTo));
}

async function moveRowsOnce(
  work: RowsWork,
  job: CopyJob,
  rejectTo: RejectTo | undefined,
): Promise<Moved> {
  const { threads, ownership, meter } = job.context;
  const onTarget = (processId: number) => {
    if (work.do === "copy") meter.runsOn(job.active, processId);
  };
  const options = { ...commonOptions(job), rejectTo };
  const here = () =>
    onBothEnds(job, (source, target) => {
      onTarget(target.processId);
      return moveRows(work, { ...options, attempted: job.task.label, ownership, source, target });
    });
  if (threads === undefined) return await here();
  const onSessions = (source: ThreadSession, target: ThreadSession) => {
    job.lent.note("source", source);
    job.lent.note("target", target);
    onTarget(target.processId);
  };
  const order = () => ({ ...orderOf(work, job), rejectTo });
  return await threads.copy(order, { ...options, onSessions }, here);
}

function orderOf(
  work: RowsWork,
  { task, context, active, record }: CopyJob,
): Omit<CopyOrder, "rejectTo"> {
  const { id, kind, label } = task;
  const { noOwner, noAcl } = context.ownership;
  const { keptIn, stepsDone, unsure } = record;
  return {
    task: { id, kind, label },
    work,
    ownership: { noOwner, noAcl },
    elapsedMs: context.run.elapsedMs - active.beganMs,
    keptIn,
    earlier: { stepsDone, unsure },
  };
}

/** The source's session goes to the next batch as soon as this one is read. */
export async function copySmallTablesTask(
  work: Work & { do: "small_tables" },
  job: CopyJob,
): Promise<Moved> {
  const { sourcePool, targetPool } = job.context;
  const { signal, onBytes, record } = commonOptions(job);
  const read = async (tables: readonly SmallTable[]) =>
    await sourcePool.with(signal, (source) => readSmallTables(tables, { source, onBytes }));
  const copies = work.tables.map(({ plan }) => ({ plan, part: 0 }));
  return await forgiving(copies, job, async (rejectTo) => {
    if (rejectTo === undefined) {
      const rows = await read(work.tables);
      return sumOf(await targetPool.with(signal, (on) => storeSmallTables(rows, on, record)));
    }
    const rows = await read(batchAsText(work.tables));
    return await targetPool.with(signal, (on) =>
      storeSmallTablesForgiving(rows, on, rejectTo, record),
    );
  });
}

export async function copyExtensionRowsTask(
  work: Work & { do: "extension_rows" },
  job: CopyJob,
): Promise<Moved> {
  const { run } = job.context;
  const moved = await onBothEnds(job, (source, target) =>
    copyExtensionRows(work.tables, {
      ...commonOptions(job),
      source,
      target,
      warn: (message) => run.warn(message),
    }),
  );
  run.info(`copied ${moved.rows} rows of extensions' configuration tables`);
  return moved;
}

function commonOptions({ signal, active, record }: CopyJob) {
  return {
    signal,
    record,
    onBytes: (bytes: number) => {
      active.bytes += bytes;
    },
  };
}

async function onBothEnds<T>(
  { signal, context }: CopyJob,
  use: (source: Connection, target: Connection) => Promise<T>,
): Promise<T> {
  return await context.sourcePool.with(signal, (source) =>
    context.targetPool.with(signal, (target) => use(source, target)),
  );
}
