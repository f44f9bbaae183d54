/**
 * Cloning a database, as one story. Each step is a function of its own, exported too, for those who
 * want to run them themselves; what runs at the same time inside `runTasks` follows from the plan.
 */

import { refuseTextTables } from "./engine/check-plan.js";
import { refuseDifferences } from "./engine/execute-task.js";
import { fitToTarget, refuseObstacles } from "./engine/fit-to-target.js";
import { withLeftovers, withNothingCopied } from "./engine/leftovers.js";
import { beginJournal, prepareTarget } from "./engine/prepare-target.js";
import { prepareParser, readSource } from "./engine/read-source.js";
import { buildReport, type CloneReport } from "./engine/report.js";
import { Run } from "./engine/run.js";
import { finishTarget, runTasks } from "./engine/run-tasks.js";
import { connectServers } from "./engine/servers.js";
import { warnOfOmissions } from "./engine/warnings.js";
import { withPgCopyErrors } from "./errors.js";
import { type CloneOptions, resolveCloneOptions } from "./options.js";
import { planClone } from "./plan/clone-plan.js";
import { holdSnapshot } from "./snapshot/held-snapshot.js";
import { version } from "./version.js";

/**
 * Copies a database: schema, data, everything, from one snapshot.
 *
 * @returns what was copied; sizes in bytes, times in milliseconds.
 * @throws PgCopyError and nothing else. `usage`, `connection_failed`, `source_unfit`,
 *   `target_unfit`, `schema_dump_failed`: nothing was changed. `task_failed`, `interrupted`: the
 *   target holds a part, and a journal that says which. `verification_failed`: it holds all, and
 *   differs.
 */
export async function clone(options: CloneOptions): Promise<CloneReport> {
  return await withPgCopyErrors(() => cloneDatabase(options));
}

async function cloneDatabase(options: CloneOptions): Promise<CloneReport> {
  const resolved = resolveCloneOptions(options);
  const run = new Run(resolved.signal, resolved.observer);
  prepareParser();

  await using servers = await run.step("connect", () => connectServers(resolved, run));
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
  const plan = planClone(content.catalog, content.schema, {
    ...resolved,
    keyBounds: content.keyBounds,
    targetVersion: servers.target.serverVersion,
    pgDumpMajor: content.pgDump.major,
    copiedStatistics: content.statistics,
    hooks: content.hooks,
  });
  refuseTextTables(plan, resolved);
  warnOfOmissions(content, plan, run);

  await using target = await run.step("prepare the target", () =>
    prepareTarget(servers, content, resolved, run),
  );
  await withNothingCopied(() =>
    beginJournal(target.control, {
      source: servers.sourceEndpoint.description,
      snapshot: snapshot.id,
      pgcopyVersion: version,
      tasks: plan.tasks.length,
    }),
  );
  return await withLeftovers(target.databaseCreated, servers, async () => {
    const done = await run.step("copy", () =>
      runTasks(plan, { servers, snapshot, target, resolved, run }),
    );
    await run.step("finish", () => finishTarget(plan, target.control));
    // Only now: what differs is to be looked at in a target that is whole.
    refuseDifferences(done.comparisons);
    return buildReport({ servers, snapshot, content, target, plan, done, resolved, run });
  });
}
