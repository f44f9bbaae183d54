/** Running the plan's graph on both servers. */

import type { Journal, JournalState } from "../load/journal-store.js";
import type { ResolvedOptions } from "../options/clone-options.js";
import type { ClonePlan } from "../plan/clone-plan.js";
import { expectedSeconds } from "../plan/estimate.js";
import { statementsPerTransaction } from "../plan/script-batches.js";
import type { CloneTask } from "../plan/task.js";
import { anySignal } from "../run/abort.js";
import { runGraph } from "../run/graph.js";
import type { HeldSnapshot } from "../snapshot/held-snapshot.js";
import type { KeptSnapshot } from "../snapshot/kept-snapshot.js";
import type { LargeObjectDifference } from "../verify/compare-large-objects.js";
import type { TableComparison } from "../verify/compare-table.js";
import { earlierComparisons, earlierOutcomes } from "./earlier-outcomes.js";
import { estimateInput } from "./estimate.js";
import {
  differenceItems,
  executeTask,
  type TaskContext,
  type TaskOutcome,
} from "./execute-task.js";
import { ENDING_LEFT_OUT, goesOnAfter, withAllFailures } from "./keep-going.js";
import { keepSnapshot } from "./keep-snapshot.js";
import { maskAdvice } from "./mask-advice.js";
import type { PreparedTarget } from "./prepare-target.js";
import { ProgressMeter } from "./progress.js";
import { rejectedRows, rejectTo } from "./rejected-rows.js";
import type { ResumedReport } from "./report.js";
import type { Run } from "./run.js";
import { scriptParameters } from "./script-parameters.js";
import type { Servers } from "./servers.js";
import { taskSessions } from "./task-sessions.js";
import { tasksTogether, tellOfCores } from "./this-machine.js";
import { throughCrashes } from "./through-crashes.js";
import { type WatchedTarget, watchTarget } from "./watched-target.js";

export interface RunTasksContext {
  readonly servers: Servers;
  readonly snapshot: HeldSnapshot;
  readonly target: PreparedTarget;
  readonly journal: Journal;
  readonly resolved: ResolvedOptions;
  readonly run: Run;
  /** What an earlier process has done of the plan. */
  readonly earlier?: Pick<JournalState, "finished" | "stepsDone" | "unsure">;
  readonly resumed?: ResumedReport;
}

export interface TasksDone {
  /** How long the whole run was expected to take when the first task was about to begin. */
  readonly estimatedSeconds: number;
  readonly outcomes: readonly TaskOutcome[];
  readonly comparisons: readonly TableComparison[];
  readonly largeObjectDifferences: readonly LargeObjectDifference[];
}

/**
 * Runs every task of the plan.
 *
 * @returns what each task did, and with `verify` how the tables compared: see `refuseDifferences`.
 * @throws PgCopyError the first failure, or with `keepGoing` all of them, once nothing of ours runs on either
 *   server any more.
 */
export async function runTasks(plan: ClonePlan, context: RunTasksContext): Promise<TasksDone> {
  const { servers, resolved, run } = context;
  const { retry } = resolved;
  tellPlanned(plan, run);
  const together = await tasksTogether(servers, resolved);
  if (servers.shared === undefined) tellOfCores(servers, together, run);
  const estimatedSeconds = expectedSeconds(
    estimateInput(plan, servers, run.elapsedMs / 1000, together),
  );
  const target = watchTarget(context.target, run, retry);
  // Called alone, it watches for as long as its tasks run; else who watches goes on.
  await using _watch = {
    [Symbol.asyncDispose]: async () => {
      if (target !== context.target) await target[Symbol.asyncDispose]();
    },
  };
  const control = target.watched;
  const { keptIn } = context.journal.recorder;
  await control.watchForCrashes(keptIn);
  await using snapshot = await keepSnapshot(context.snapshot, servers, { run, retry });
  const left = { ...context, target, snapshot, together };
  const crashes = { plan, run, retry, control, snapshot, keptIn };
  const done = await throughCrashes(crashes, context.earlier, (earlier) =>
    runWhatIsLeft(plan, { ...left, ...(earlier === undefined ? {} : { earlier }) }),
  );
  return { ...done, estimatedSeconds };
}

interface LeftContext extends RunTasksContext {
  readonly target: WatchedTarget;
  readonly snapshot: KeptSnapshot;
  readonly together: number | undefined;
}

/** Runs what is not done yet, for as long as the target does not crash. */
async function runWhatIsLeft(plan: ClonePlan, context: LeftContext): Promise<TaskContext> {
  const { servers, snapshot, target, journal, resolved, run, earlier } = context;
  const control = target.watched;
  await using sessions = await taskSessions(plan, {
    servers,
    snapshot,
    control,
    mark: control.mark,
    databaseCreated: target.databaseCreated,
    run,
  });
  const meter = new ProgressMeter(plan, run);
  const outcomes = earlierOutcomes(plan, earlier?.finished);
  for (const outcome of outcomes) meter.doneBefore(outcome);
  const taskContext: TaskContext = {
    run,
    retry: resolved.retry,
    control,
    snapshot,
    sourcePool: sessions.sourcePool,
    targetPool: sessions.targetPool,
    threads: sessions.threads,
    meter,
    recorder: journal.recorder,
    earlier: earlier ?? {},
    verifyMode: resolved.verify ?? "count",
    masks: maskAdvice(plan),
    ...(context.resumed === undefined ? {} : { resumed: context.resumed }),
    goesOnAfter: (error) => resolved.keepGoing && goesOnAfter(error),
    ownership: resolved,
    rejectTo: rejectTo(resolved),
    statementsPerTransaction: statementsPerTransaction(
      servers.jobs.tableJobs + servers.jobs.indexJobs,
    ),
    scriptParameters: await scriptParameters(plan, context, meter),
    outcomes,
    comparisons: earlierComparisons(earlier?.finished),
    largeObjectDifferences: [],
  };
  const stopProgress = meter.every(resolved.progressIntervalMs, control);
  const { tasks, planned } = inOrder(plan.tasks, resolved);
  const halts = [snapshot.halt, control.halt];
  try {
    await withAllFailures(
      run,
      () =>
        runGraph(tasks, {
          pools: { tables: servers.jobs.tableJobs, indexes: servers.jobs.indexJobs, control: 1 },
          together: context.together,
          shared: servers.shared?.slots,
          done: new Set(earlier?.finished.keys()),
          keepGoing: resolved.keepGoing,
          stopsAll: (error) => !goesOnAfter(error),
          signal: anySignal(run.signal, ...halts.map(({ signal }) => signal)),
          execute: (task, signal, pool) =>
            executeTask(planned(task), { signal, pool }, taskContext),
        }),
      {
        found: () =>
          differenceItems(
            taskContext.comparisons,
            taskContext.largeObjectDifferences,
            rejectedRows(taskContext.outcomes),
          ),
        advice: ENDING_LEFT_OUT,
      },
    );
  } catch (error) {
    // What stops all of them is why each of them was stopped.
    throw (run.signal.aborted ? undefined : halts.find(({ reason }) => reason)?.reason) ?? error;
  } finally {
    stopProgress();
  }
  return taskContext;
}

/** Says what is going to be done. */
export function tellPlanned(plan: ClonePlan, run: Run): void {
  run.tell({
    type: "planned",
    tables: plan.tables.length,
    largeObjects: plan.largeObjects.count,
    indexes: plan.indexes.length,
    tasks: plan.tasks.length,
    bytes: plan.bytes,
  });
}

/**
 * What is to run, and from each of it to the planned task. Without costs no path is longer than
 * another, and tasks start in the order in which they could; all else still goes by the real ones.
 */
export function inOrder(
  tasks: readonly CloneTask[],
  { without }: Pick<ResolvedOptions, "without">,
): { tasks: readonly CloneTask[]; planned: (task: CloneTask) => CloneTask } {
  if (!without.has("longest-path-first")) return { tasks, planned: (task) => task };
  const planned = new Map(tasks.map((task) => [{ ...task, cost: 0 }, task]));
  return { tasks: [...planned.keys()], planned: (task) => planned.get(task) ?? task };
}
