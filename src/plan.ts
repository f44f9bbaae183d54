/** What a clone would do, and nothing done: the same steps as `clone`, up to the first change. */

import { refuseBrokenForeignKeys } from "./engine/check-foreign-keys.js";
import { refuseTextTables } from "./engine/check-plan.js";
import { lookAtProperties } from "./engine/database-properties.js";
import { measureRoundTrips } from "./engine/estimate.js";
import { describeObstacles, fitToTarget } from "./engine/fit-to-target.js";
import { withNothingCopied } from "./engine/leftovers.js";
import { planContent } from "./engine/plan-content.js";
import { buildPlanReport, type PlanReport } from "./engine/plan-report.js";
import { planSourceRoles, warnOfRoles } from "./engine/prepare-roles.js";
import { prepareParser, readSource } from "./engine/read-source.js";
import { parseRowRules } from "./engine/row-rules.js";
import { Run } from "./engine/run.js";
import { connectServers, type Servers } from "./engine/servers.js";
import { refusalOf, targetRefusals } from "./engine/target-checks.js";
import { tasksTogether } from "./engine/this-machine.js";
import { warnOfOmissions } from "./engine/warnings.js";
import { type PgCopyError, withPgCopyErrors } from "./errors.js";
import {
  describeLargeObjects,
  findTakenLargeObjects,
  refuseForeignLargeObjects,
} from "./load/check-large-objects.js";
import { describeObjects, findConflicts } from "./load/check-target.js";
import { planDrops } from "./load/drop-existing.js";
import {
  type CloneOptions,
  type ResolvedOptions,
  resolveCloneOptions,
} from "./options/clone-options.js";
import { refuseResume } from "./options/resume-options.js";
import { holdSnapshot } from "./snapshot/held-snapshot.js";

/**
 * Plans a clone without changing anything on either server. A `pgdata:` target that does not exist
 * is the exception: it is not initialised, so it can't be planned for; give an existing one.
 *
 * @throws PgCopyError `usage`, `connection_failed`, `source_unfit`, `target_unfit`,
 *   `schema_dump_failed`. What `clone` would refuse the target for is no error: it is in the report.
 */
export async function plan(options: CloneOptions): Promise<PlanReport> {
  return await withPgCopyErrors(async () => {
    const resolved = resolveCloneOptions(options);
    refuseResume(resolved, "plan");
    const run = new Run(resolved.signal, resolved.observer);
    run.begin(options);
    const connect = () => connectServers(resolved, run, { mayInitialise: false });
    return (await planDatabase(resolved, run, connect)).report;
  });
}

export interface PlannedDatabase {
  readonly report: PlanReport;
  /** What to do about its refusals; may say the same twice. */
  readonly advice: readonly string[];
  /** Names of the source's extensions. */
  readonly extensions: readonly string[];
}

/**
 * @internal The story itself. `planAll` tells it once for each database.
 *
 * @param rolesToCome roles that will have been created by then.
 */
export async function planDatabase(
  resolved: ResolvedOptions,
  run: Run,
  connect: () => Promise<Servers>,
  rolesToCome: readonly string[] = [],
): Promise<PlannedDatabase> {
  prepareParser();
  // Again when the source is read; here so that a mistake in one ends the run before it begins.
  await parseRowRules(resolved);

  await using servers = await run.step("connect", connect);
  const snapshot = await run.step("export the snapshot", () =>
    withNothingCopied(() => holdSnapshot(servers.source, resolved.snapshot)),
  );
  const read = await run.step("read the source", () =>
    withNothingCopied(() => readSource(snapshot, resolved, run)),
  );
  const fitted = await withNothingCopied(() => fitToTarget(servers, read, resolved, run));
  const { content } = fitted;
  const planned = planContent(content, servers, resolved);
  refuseTextTables(planned, resolved);
  await withNothingCopied(() => refuseBrokenForeignKeys(servers, snapshot, content, run));
  warnOfOmissions(content, planned, run);
  return await run.step("look at the target", async () => {
    const roles = await planSourceRoles(servers.target, content.roles, resolved);
    warnOfRoles(roles, run);
    const comingRoles = { ...roles, created: [...roles.created, ...rolesToCome] };
    const refusals = await targetRefusals(servers, content, comingRoles, resolved);
    const conflicts = servers.targetExists
      ? await findConflicts(servers.source, servers.target, content.schema.entries)
      : { objects: [], extensions: [] };
    const { largeObjects } = content.catalog;
    const taken = servers.targetExists
      ? await findTakenLargeObjects(servers.source, servers.target, largeObjects)
      : [];
    const lasting = resolved.dropIfExists
      ? [
          ...(await refusalOf(() => refuseForeignLargeObjects(servers.target, taken))),
          ...(await refusalOf(() => planDrops(servers.target, conflicts))),
        ]
      : [];
    const foreign = await refusalOf(() =>
      lookAtProperties(servers, content.attributes, resolved, run),
    );
    const errors = [...refusals, ...lasting, ...foreign];
    const sentences = [...describeObstacles(fitted.obstacles), ...errors.map(inOneSentence)];
    const advice = [
      ...fitted.obstacles.map((obstacle) => obstacle.advice),
      ...errors.flatMap((error) => error.advice?.replace(/^nothing was changed; /, "") ?? []),
    ];
    await withNothingCopied(() => measureRoundTrips(servers));
    const report = buildPlanReport({
      servers,
      content,
      plan: planned,
      rolesToCreate: roles.created,
      conflicts: [...describeObjects(conflicts.objects), ...describeLargeObjects(taken)],
      refusals: sentences,
      together: await tasksTogether(servers, resolved),
      run,
    });
    return { report, advice, extensions: content.catalog.extensions.map(({ name }) => name) };
  });
}

/** A refusal as the report of a plan has it. */
export function inOneSentence({ message, items }: PgCopyError): string {
  return items.length === 0 ? message : `${message}: ${items.join(", ")}`;
}
