/** The second half of a clone: from a plan and a target that is ready for it to the report. */

import type { Journal, JournalState } from "../load/journal-store.js";
import type { ResolvedOptions } from "../options/clone-options.js";
import type { ClonePlan } from "../plan/clone-plan.js";
import type { HeldSnapshot } from "../snapshot/held-snapshot.js";
import { applyDatabaseProperties } from "./database-properties.js";
import { refuseDifferences } from "./execute-task.js";
import { withLeftovers } from "./leftovers.js";
import { openJournal } from "./open-journal.js";
import type { PreparedTarget } from "./prepare-target.js";
import { type ClonedDatabase, rejectedRows } from "./rejected-rows.js";
import { buildReport, type ResumedReport } from "./report.js";
import type { Run } from "./run.js";
import { runTasks, type TasksDone } from "./run-tasks.js";
import type { Servers } from "./servers.js";
import type { KeptContent } from "./stored-run.js";
import { type WatchedTarget, watchTarget } from "./watched-target.js";

export interface CloneToComplete {
  readonly servers: Servers;
  readonly snapshot: HeldSnapshot;
  readonly plan: ClonePlan;
  readonly content: KeptContent;
  readonly target: PreparedTarget;
  readonly journal: Journal;
  readonly resolved: ResolvedOptions;
  readonly run: Run;
  /** What an earlier process has done of it. */
  readonly earlier?: Pick<JournalState, "finished" | "stepsDone" | "unsure">;
  readonly resumed?: ResumedReport;
}

/**
 * Runs the tasks, and ends the run: the database's properties, the journal, event triggers.
 *
 * @throws PgCopyError `task_failed`, `interrupted`, saying what is left and how to go on;
 *   `verification_failed`.
 */
export async function completeClone(clone: CloneToComplete): Promise<ClonedDatabase> {
  const { servers, plan, content, journal, resolved, run } = clone;
  const { attributes } = content;
  await using target = watchTarget(clone.target, run, resolved.retry);
  const leftovers = { ...clone, servers, journal, target, run, resolved };
  return await withLeftovers(leftovers, async () => {
    const done = await run.step("copy", () => runTasks(plan, { ...clone, target }));
    if (servers.shared !== undefined) return await keepForTheEnd({ ...clone, target }, done);
    await run.step("finish", () => endRun({ plan, attributes, target, resolved, run }));
    // Only now: what differs is to be looked at in a target that is whole.
    const rejected = rejectedRows(done.outcomes);
    refuseDifferences(done.comparisons, done.largeObjectDifferences, rejected);
    return { report: buildReport({ ...clone, done }), rejected };
  });
}

export interface RunToEnd {
  readonly plan: Pick<ClonePlan, "finish">;
  readonly attributes: KeptContent["attributes"];
  readonly target: WatchedTarget;
  readonly resolved: ResolvedOptions;
  readonly run: Run;
}

/** What is left when all tasks are done: the database's properties, event triggers, and the journal's end. */
export async function endRun(ending: RunToEnd): Promise<void> {
  const { plan, target, resolved, run } = ending;
  // Before the journal goes: a crash in between loses none of them.
  await applyProperties(ending);
  let tries = 0;
  await target.watched.use(run.signal, async (session) => {
    const now = openJournal(session, resolved);
    // Where a second try finds none, the first was committed, and only the answer was lost.
    if (tries++ === 0 || (await now.exists())) await now.finish(plan.finish);
  });
}

async function applyProperties({ attributes, target, resolved, run }: RunToEnd): Promise<void> {
  await target.watched.use(run.signal, () =>
    applyDatabaseProperties(target, attributes, resolved, run),
  );
}

/**
 * One of many databases is ended when all are done: until then its journal says that it is whole. One that
 * differs is not: a resumed run is to find that again.
 */
async function keepForTheEnd(
  clone: CloneToComplete & { readonly target: WatchedTarget },
  done: TasksDone,
): Promise<ClonedDatabase> {
  const { content, target, resolved, run } = clone;
  const rejected = rejectedRows(done.outcomes);
  refuseDifferences(done.comparisons, done.largeObjectDifferences, rejected);
  const report = buildReport({ ...clone, done });
  await target.watched.use(run.signal, (session) =>
    openJournal(session, resolved).keepReport(report),
  );
  // Only now: one that is read-only by its properties can't be gone on with.
  await applyProperties({ ...clone, attributes: content.attributes });
  return { report: { ...report, warnings: [...run.warnings] }, rejected };
}
