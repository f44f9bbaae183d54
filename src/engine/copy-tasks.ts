/** The tasks that bring rows and large objects from one server to the other. */

import { copyExtensionRows } from "../load/copy-extension-rows.js";
import { copyLargeObjects } from "../load/copy-large-objects.js";
import { copyPart } from "../load/copy-part.js";
import { copySmallTables } from "../load/copy-small-tables.js";
import type { LargeObjectOwnership } from "../load/large-object-statements.js";
import type { Work } from "../plan/task.js";
import type { Connection } from "../postgres/connection.js";
import type { ConnectionPool } from "../postgres/connection-pool.js";
import type { CopyResult } from "../postgres/copy.js";
import type { ActiveTask, ProgressMeter } from "./progress.js";
import type { Run } from "./run.js";

/** What a task did. */
export interface Moved {
  readonly rows: number;
  readonly bytes: number;
  readonly each?: readonly CopyResult[];
  readonly objects?: number;
}

/** What copying tasks need of the run. */
export interface CopyContext {
  readonly run: Run;
  /** Sessions on the source that have imported the snapshot. */
  readonly sourcePool: ConnectionPool;
  readonly targetPool: ConnectionPool;
  readonly meter: ProgressMeter;
  readonly ownership: LargeObjectOwnership;
}

export interface CopyJob {
  /** The task's, for messages. */
  readonly label: string;
  readonly signal: AbortSignal;
  readonly context: CopyContext;
  readonly active: ActiveTask;
  /** The statement that records the task as done. */
  readonly record: (moved: Moved) => string;
}

export async function copyPartTask(work: Work & { do: "copy" }, job: CopyJob): Promise<Moved> {
  return await onBothEnds(job, (source, target) => {
    job.context.meter.runsOn(job.active, target.processId);
    return copyPart(work.table, work.part, { ...commonOptions(job), source, target });
  });
}

export async function copyLargeObjectsTask(
  work: Work & { do: "large_objects" },
  job: CopyJob,
): Promise<Moved> {
  const { objects, bytes } = await onBothEnds(job, (source, target) =>
    copyLargeObjects(work, {
      ...job.context.ownership,
      ...commonOptions(job),
      attempted: job.label,
      source,
      target,
    }),
  );
  return { rows: 0, bytes, objects };
}

export async function copySmallTablesTask(
  work: Work & { do: "small_tables" },
  job: CopyJob,
): Promise<Moved> {
  const each = await onBothEnds(job, (source, target) =>
    copySmallTables(work.tables, { ...commonOptions(job), source, target }),
  );
  const sum = (key: keyof CopyResult) => each.reduce((total, one) => total + one[key], 0);
  return { rows: sum("rows"), bytes: sum("bytes"), each };
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
