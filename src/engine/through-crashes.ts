/**
 * A target whose server crashes loses the last commits, as ours don't wait for the disk; what it keeps
 * is everything up to some moment, so what is recorded has all that it needs. The graph stops, the
 * journal is read, and the graph runs again over what is not recorded, as in a run that is resumed.
 */

import { PgCopyError } from "../errors.js";
import { formatNumberOf } from "../formatting.js";
import type { JournalState } from "../load/journal-store.js";
import type { RecordsKeptIn } from "../load/recorder.js";
import type { ClonePlan } from "../plan/clone-plan.js";
import type { Connection } from "../postgres/connection.js";
import type { RetryPolicy } from "../run/pause.js";
import type { KeptSnapshot } from "../snapshot/kept-snapshot.js";
import { emptiedByCrash } from "./emptied-tables.js";
import { openJournal } from "./open-journal.js";
import { readsRows } from "./resume-snapshot.js";
import type { Run } from "./run.js";
import type { TargetControl } from "./target-control.js";
import { both, leftOf, sequencesAgain, type Undone, unsureTasks } from "./undone-tasks.js";

/** What of a plan is done already. */
export type Earlier = Pick<JournalState, "finished" | "stepsDone" | "unsure">;

export interface CrashContext {
  readonly plan: ClonePlan;
  readonly run: Run;
  readonly retry: RetryPolicy;
  readonly control: TargetControl;
  readonly snapshot: KeptSnapshot;
  readonly keptIn: RecordsKeptIn;
}

/**
 * Does `work` until it comes to its end, however often the target's server crashes meanwhile: but not
 * for ever, as it may be the work that it crashes of.
 *
 * @param work is called with what is done, once more after each crash.
 */
export async function throughCrashes<T>(
  context: CrashContext,
  before: Earlier | undefined,
  work: (before: Earlier | undefined) => Promise<T>,
): Promise<T> {
  const { run, retry, control } = context;
  let left = before;
  for (let crashes = 0; ; crashes++) {
    try {
      return await work(left);
    } catch (error) {
      if (!control.restarted || run.signal.aborted || crashes >= retry.retries) throw error;
    }
    left = await control.recover(context.keptIn, (session) => whatIsLeft(session, context));
  }
}

async function whatIsLeft(
  session: Connection,
  { plan, run, snapshot, keptIn }: CrashContext,
): Promise<Earlier> {
  const journal = openJournal(session, keptIn.kind === "schema" ? {} : { dir: keptIn.directory });
  const state = await journal.read();
  const undone = [
    unsureTasks(plan, state),
    await emptiedByCrash(session, plan, state),
    sequencesAgain(plan, state),
  ].reduce(both);
  refuseWithoutSnapshot(plan, undone, snapshot);
  run.warn(
    `the target's server was restarted after a crash: of ${formatNumberOf(plan.tasks.length, "task")} its journal still has ${state.finished.size}; going on with the others`,
  );
  for (const reason of undone.reasons) run.warn(reason);
  if (undone.ids.length > 0) await journal.forget(undone.ids, undone.undo);
  return leftOf(state, await journal.readFinished(), undone);
}

function refuseWithoutSnapshot(plan: ClonePlan, { ids, reasons }: Undone, snapshot: KeptSnapshot) {
  const reads = plan.tasks.some((task) => ids.includes(task.id) && readsRows(task));
  if (!reads || !snapshot.isReleased) return;
  throw new PgCopyError(
    "the target's server has crashed, and emptied unlogged tables whose snapshot was let go of already",
    {
      code: "task_failed",
      attempted: "copying unlogged tables again",
      side: "target",
      items: reasons,
    },
  );
}
