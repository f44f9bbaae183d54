/** Running what reads the source, of a plan, without a target. */

import { PgCopyError } from "../errors.js";
import { type ReadRowsOptions, readBatch, readLargeObjects, readPart } from "../load/read-rows.js";
import type { ResolvedOptions } from "../options/clone-options.js";
import type { ClonePlan } from "../plan/clone-plan.js";
import type { CloneTask } from "../plan/task.js";
import type { ConnectionPool } from "../postgres/connection-pool.js";
import { runGraph } from "../run/graph.js";
import type { HeldSnapshot } from "../snapshot/held-snapshot.js";
import { accompany, type TaskOutcome } from "./execute-task.js";
import { goesOnAfter, withAllFailures } from "./keep-going.js";
import { type Moved, sumOf } from "./move-rows.js";
import type { SourceServer } from "./null-target.js";
import { type ActiveTask, ProgressMeter } from "./progress.js";
import type { Run } from "./run.js";
import { inOrder, tellPlanned } from "./run-tasks.js";
import { snapshotPool } from "./task-sessions.js";

export interface ReadTasksContext {
  readonly servers: SourceServer;
  readonly snapshot: HeldSnapshot;
  readonly resolved: ResolvedOptions;
  readonly run: Run;
}

/**
 * Reads and throws away what `readingPlan` has kept.
 *
 * @throws PgCopyError the first failure, or with `keepGoing` all of them, once nothing of ours runs on the source any more.
 */
export async function readTasks(
  plan: ClonePlan,
  { servers, snapshot, resolved, run }: ReadTasksContext,
): Promise<TaskOutcome[]> {
  tellPlanned(plan, run);
  await using sources = snapshotPool(servers, snapshot);
  const meter = new ProgressMeter(plan, run, "reading");
  const outcomes: TaskOutcome[] = [];
  const { keepGoing } = resolved;
  const context = {
    run,
    meter,
    masks: new Map(),
    outcomes,
    goesOnAfter: (error: PgCopyError) => keepGoing && goesOnAfter(error),
  };
  const stopProgress = meter.every(resolved.progressIntervalMs, undefined);
  const { tasks, planned } = inOrder(plan.tasks, resolved);
  try {
    await withAllFailures(run, () =>
      runGraph(tasks, {
        pools: { tables: servers.jobs.tableJobs, indexes: 0, control: 1 },
        keepGoing,
        stopsAll: (error) => !goesOnAfter(error),
        signal: run.signal,
        execute: (task, signal, pool) =>
          accompany(planned(task), pool, context, (active) =>
            readOne(task, active, { sources, snapshot, signal }),
          ),
      }),
    );
  } finally {
    stopProgress();
  }
  return outcomes;
}

interface Reading {
  readonly sources: ConnectionPool;
  readonly snapshot: HeldSnapshot;
  readonly signal: AbortSignal;
}

async function readOne(
  { work, label }: CloneTask,
  active: ActiveTask,
  { sources, snapshot, signal }: Reading,
): Promise<Moved> {
  const onBytes = (bytes: number) => {
    active.bytes += bytes;
  };
  const reading = (read: (options: ReadRowsOptions) => Promise<Moved>) =>
    sources.with(signal, (source) => read({ source, signal, onBytes }));
  switch (work.do) {
    case "copy":
      return await reading((options) => readPart(work.table, work.part, options));
    case "small_tables":
      return await reading(async (options) => sumOf(await readBatch(work.tables, options)));
    case "large_objects":
      return await reading(async (options) => ({
        rows: 0,
        ...(await readLargeObjects(work, { ...options, attempted: label })),
      }));
    case "release_snapshot":
      await sources.close();
      await snapshot.release();
      return { rows: 0, bytes: 0 };
    default:
      throw new PgCopyError(`a plan for reading holds ${label}`, { code: "internal" });
  }
}
