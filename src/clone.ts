/**
 * Cloning a database, as one story. Each step is a function of its own, exported too, for those who
 * want to run them themselves; what runs at the same time inside `completeClone` follows from the plan.
 */

import { cloneToNull } from "./clone-to-null.js";
import { beginJournal } from "./engine/begin-journal.js";
import { refuseBrokenForeignKeys } from "./engine/check-foreign-keys.js";
import { refuseTextTables } from "./engine/check-plan.js";
import { completeClone } from "./engine/complete-clone.js";
import { fitToTarget, refuseObstacles } from "./engine/fit-to-target.js";
import { withNothingCopied } from "./engine/leftovers.js";
import { hasNullTarget } from "./engine/null-target.js";
import { planContent } from "./engine/plan-content.js";
import { prepareTarget } from "./engine/prepare-target.js";
import { prepareParser, readSource } from "./engine/read-source.js";
import { type ClonedDatabase, prepareRejectDir, refuseRejected } from "./engine/rejected-rows.js";
import type { CloneReport } from "./engine/report.js";
import { parseRowRules } from "./engine/row-rules.js";
import { Run } from "./engine/run.js";
import { connectServers, type Servers } from "./engine/servers.js";
import { unfinishedRun } from "./engine/unfinished-run.js";
import { warnOfOmissions } from "./engine/warnings.js";
import { tellingWhatStays } from "./engine/what-stays.js";
import { withPgCopyErrors } from "./errors.js";
import {
  type CloneOptions,
  type ResolvedOptions,
  resolveCloneOptions,
} from "./options/clone-options.js";
import { resumeClone } from "./resume-clone.js";
import { holdSnapshot } from "./snapshot/held-snapshot.js";

/**
 * Copies a database: schema, data, everything, from one snapshot.
 *
 * @returns what was copied; sizes in bytes, times in milliseconds.
 * @throws PgCopyError and nothing else. `usage`, `connection_failed`, `source_unfit`,
 *   `target_unfit`, `schema_dump_failed`: nothing was changed. `task_failed`, `interrupted`: the
 *   target holds a part, and a journal that says which; with `keepGoing`, `failures` has each task's error. `verification_failed`: it holds all, and
 *   differs. `rows_rejected`: it holds all but rows that it refused, which `rejectDir` holds.
 */
export async function clone(options: CloneOptions): Promise<CloneReport> {
  return await withPgCopyErrors(async () => {
    const resolved = resolveCloneOptions(options);
    const run = new Run(resolved.signal, resolved.observer);
    run.begin(options);
    if (hasNullTarget(resolved)) return await cloneToNull(resolved, run);
    const { report, rejected } = await tellingWhatStays(run, () =>
      cloneDatabase(resolved, run, () => connectServers(resolved, run)),
    );
    refuseRejected(rejected, resolved);
    return report;
  });
}

/** @internal The story itself. `cloneAll` tells it once for each database, on servers that they share. */
export async function cloneDatabase(
  resolved: ResolvedOptions,
  run: Run,
  connect: () => Promise<Servers>,
): Promise<ClonedDatabase> {
  prepareParser();
  // Again when the source is read; here so that a mistake in one ends the run before it begins.
  await parseRowRules(resolved);
  await prepareRejectDir(resolved, { resumed: resolved.resume });

  await using servers = await run.step("connect", connect);
  const unfinished = await unfinishedRun(servers, resolved, run);
  if (unfinished !== undefined) return await resumeClone(servers, unfinished, resolved, run);

  const snapshot = await run.step("export the snapshot", () =>
    withNothingCopied(() => holdSnapshot(servers.source, resolved.snapshot)),
  );
  const read = await run.step("read the source", () =>
    withNothingCopied(() => readSource(snapshot, resolved, run)),
  );
  const { content, obstacles } = await withNothingCopied(() =>
    fitToTarget(servers, read, resolved, run),
  );
  refuseObstacles(obstacles);
  const plan = planContent(content, servers, resolved);
  refuseTextTables(plan, resolved);
  await withNothingCopied(() => refuseBrokenForeignKeys(servers, snapshot, content, run));
  warnOfOmissions(content, plan, run);

  await using target = await run.step("prepare the target", () =>
    prepareTarget(servers, content, resolved, run),
  );
  const clone = { servers, snapshot, plan, content, target, resolved, run };
  const journal = await withNothingCopied(() => beginJournal(clone));
  return await completeClone({ ...clone, journal });
}
