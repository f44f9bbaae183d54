/** What a clone would do, and nothing done: the same steps as `clone`, up to the first change. */

import { refuseTextTables } from "./engine/check-plan.js";
import { describeObstacles, fitToTarget } from "./engine/fit-to-target.js";
import { withNothingCopied } from "./engine/leftovers.js";
import { buildPlanReport, type PlanReport } from "./engine/plan-report.js";
import { prepareParser, readSource } from "./engine/read-source.js";
import { Run } from "./engine/run.js";
import { connectServers } from "./engine/servers.js";
import { warnOfOmissions } from "./engine/warnings.js";
import { withPgCopyErrors } from "./errors.js";
import { describeObjects, findConflicts, findMissingRoles } from "./load/check-target.js";
import { type CloneOptions, resolveCloneOptions } from "./options.js";
import { planClone } from "./plan/clone-plan.js";
import { holdSnapshot } from "./snapshot/held-snapshot.js";

/**
 * Plans a clone without changing anything on either server. A `pgdata:` target that does not exist
 * is the exception: it is not initialised, so it can't be planned for; give an existing one.
 *
 * @throws PgCopyError `usage`, `connection_failed`, `source_unfit`, `target_unfit`,
 *   `schema_dump_failed`. Objects in the way and missing roles are no error: they are in the report.
 */
export async function plan(options: CloneOptions): Promise<PlanReport> {
  return await withPgCopyErrors(() => planDatabase(options));
}

async function planDatabase(options: CloneOptions): Promise<PlanReport> {
  const resolved = resolveCloneOptions(options);
  const run = new Run(resolved.signal, resolved.observer);
  prepareParser();

  await using servers = await run.step("connect", () =>
    connectServers(resolved, run, { mayInitialise: false }),
  );
  const snapshot = await run.step("export the snapshot", () =>
    withNothingCopied(() => holdSnapshot(servers.source, resolved.snapshot)),
  );
  const read = await run.step("read the source", () =>
    withNothingCopied(() => readSource(snapshot, resolved, run)),
  );
  const { content, obstacles } = await withNothingCopied(() =>
    fitToTarget(servers, read, resolved, run),
  );
  const planned = planClone(content.catalog, content.schema, {
    ...resolved,
    keyBounds: content.keyBounds,
    targetVersion: servers.target.serverVersion,
    pgDumpMajor: content.pgDump.major,
    copiedStatistics: content.statistics,
    hooks: content.hooks,
  });
  refuseTextTables(planned, resolved);
  warnOfOmissions(content, planned, run);
  return await run.step("look at the target", async () => {
    const roles = await findMissingRoles(servers.target, content.schema);
    const conflicts = servers.targetExists
      ? await findConflicts(servers.source, servers.target, content.schema.entries)
      : { objects: [] };
    return buildPlanReport({
      servers,
      content,
      plan: planned,
      conflicts: [
        ...roles.map((role) => `missing role ${role}`),
        ...describeObjects(conflicts.objects),
        ...describeObstacles(obstacles),
      ],
      run,
    });
  });
}
