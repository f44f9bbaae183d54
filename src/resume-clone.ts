/**
 * Going on with a clone that an earlier process began, as one story: its plan is run over what the
 * journal doesn't say is done.
 */

import { brokenIndexes } from "./engine/broken-indexes.js";
import { completeClone } from "./engine/complete-clone.js";
import { emptiedByCrash } from "./engine/emptied-tables.js";
import { withSecretsShown } from "./engine/hidden-secrets.js";
import { refreshFileNodes } from "./engine/refresh-file-nodes.js";
import type { ClonedDatabase } from "./engine/rejected-rows.js";
import { readsRows, resumeSnapshot } from "./engine/resume-snapshot.js";
import { resumedOptions } from "./engine/resumed-options.js";
import type { Run } from "./engine/run.js";
import type { Servers } from "./engine/servers.js";
import { openStoredPlan } from "./engine/stored-run.js";
import {
  both,
  comparedAcross,
  leftOf,
  nothingUndone,
  partlyCopied,
  partlyFilled,
  sequencesAgain,
  unsureTasks,
} from "./engine/undone-tasks.js";
import type { UnfinishedRun } from "./engine/unfinished-run.js";
import type { ResolvedOptions } from "./options/clone-options.js";
import { withoutTasks } from "./plan/without-tasks.js";
import { failpoint } from "./run/failpoints.js";
import { snapshotIdentity } from "./snapshot/identity.js";
import { version } from "./version.js";

/**
 * @internal What `clone` does with `resume` where there is an unfinished run.
 *
 * @throws PgCopyError as `clone`; `source_unfit` if the snapshot is gone and `notConsistent` is not given.
 */
export async function resumeClone(
  servers: Servers,
  { journal, state, stored }: UnfinishedRun,
  given: ResolvedOptions,
  run: Run,
): Promise<ClonedDatabase> {
  const { source, target: control } = servers;
  const opened = await openStoredPlan(stored, state.run, given);
  const resolved = resumedOptions(given, opened.options);
  const undone = await run.step("look at what is there", async () =>
    [
      unsureTasks(opened.plan, state),
      await emptiedByCrash(control, opened.plan, state),
      await brokenIndexes(control, opened.plan, state),
    ].reduce(both, nothingUndone),
  );
  const isLeft = (id: string) => !state.finished.has(id) || undone.ids.includes(id);
  const left = opened.plan.tasks.filter(({ id }) => isLeft(id));
  const reads = left.some(readsRows);
  const { snapshot, consistent } = await run.step("export the snapshot", () =>
    resumeSnapshot(source, state, left, resolved),
  );
  const again = [
    undone,
    ...(consistent ? [] : [partlyCopied(opened.plan, state), partlyFilled(opened.plan, state)]),
    sequencesAgain(opened.plan, state),
  ].reduce(both);
  for (const reason of again.reasons) run.warn(reason);
  if (again.ids.length + again.undo.length > 0) await journal.forget(again.ids, again.undo);
  await journal.beginAttempt({
    snapshot: given.snapshot ?? snapshot.id,
    snapshotIdentity: reads
      ? await snapshotIdentity(source)
      : (state.attempts[0]?.snapshotIdentity ?? ""),
    pgcopyVersion: version,
  });
  await failpoint("resume.begun", run.signal);
  const finished = await journal.readFinished();
  const shown = await withSecretsShown(opened, (id) => finished.has(id), {
    snapshot,
    resolved,
    targetVersion: control.serverVersion,
    signal: run.signal,
  });
  const skipped = consistent ? [] : comparedAcross(shown, { finished });
  if (!consistent) {
    await refreshFileNodes(source, shown);
    run.warn(
      reads
        ? "the rows that are read from now on are of a later moment than those that are there already"
        : "the rows that are there are not all of one moment",
    );
    for (const { label } of skipped)
      run.warn(`${label} is left out: its rows were read in another snapshot`);
  }
  const startedAt = state.run.startedAt.toISOString();
  const tasksBefore = finished.size;
  const tasks = withoutTasks(shown.tasks, skipped);
  run.tell({ type: "resumed", startedAt, tasksBefore, tasks: tasks.length, consistent });
  return await completeClone({
    servers,
    snapshot,
    plan: { ...shown, tasks },
    content: stored.content,
    target: { ...stored, control, [Symbol.asyncDispose]: async () => {} },
    journal,
    resolved,
    run,
    earlier: leftOf(state, finished, again),
    resumed: { startedAt, attempts: state.attempts.length + 1, tasksBefore, consistent },
  });
}
