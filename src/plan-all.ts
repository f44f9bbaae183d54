/** What a clone of all databases would do, and nothing done: the plan of each, and the roles. */

import {
  type ChosenDatabases,
  chooseDatabases,
  forEachDatabase,
  optionsOfDatabase,
} from "./engine/all-databases.js";
import { buildPlanAllReport, type PlanAllReport } from "./engine/all-reports.js";
import { refuseUnknownPins } from "./engine/fit-to-target.js";
import { connectDatabase, connectInstance, type Instance } from "./engine/instance.js";
import { planSourceRoles, readSourceRoles, warnOfRoles } from "./engine/prepare-roles.js";
import { Run } from "./engine/run.js";
import { refusalOf } from "./engine/target-checks.js";
import { withPgCopyErrors } from "./errors.js";
import { refuseForbiddenRoles } from "./load/create-roles.js";
import { type AllDatabasesOptions, resolveAllOptions } from "./options/all-databases-options.js";
import type { ResolvedOptions } from "./options/clone-options.js";
import type { RolePlan } from "./plan/roles.js";
import { inOneSentence, type PlannedDatabase, planDatabase } from "./plan.js";

/**
 * Plans a clone of all databases without changing anything on either server.
 *
 * @param options SOURCE and TARGET are any database of the two servers.
 * @throws PgCopyError `usage`, `connection_failed`, `source_unfit`, `target_unfit`,
 *   `schema_dump_failed`. What is in the way is no error: it is in the report.
 */
export async function planAll(options: AllDatabasesOptions): Promise<PlanAllReport> {
  return await withPgCopyErrors(async () => {
    const resolved = resolveAllOptions(options);
    const run = new Run(resolved.signal, resolved.observer);
    run.begin(options);
    await using instance = await run.step("connect", () =>
      connectInstance(resolved, run, { mayInitialise: false }),
    );
    const { roles, chosen, plans } = await planInstance(instance, resolved, { run, tellOf: run });
    const reports = new Map([...plans].map(([database, { report }]) => [database, report]));
    const forbidden = await refusalOf(async () => refuseForbiddenRoles(roles));
    return buildPlanAllReport(
      { instance, chosen, reports, run },
      { rolesToCreate: roles.created, refusals: forbidden.map(inOneSentence) },
    );
  });
}

export interface PlannedInstance {
  readonly roles: RolePlan;
  readonly chosen: ChosenDatabases;
  readonly plans: ReadonlyMap<string, PlannedDatabase>;
}

interface PlanInstanceOptions {
  readonly run: Run;
  /** Hears what each database has to say. */
  readonly tellOf: Run;
  /** Default: looked up. */
  readonly chosen?: ChosenDatabases;
  /** Of the others the roles are looked at alone. */
  readonly isPlanned?: (database: string) => boolean;
}

/**
 * @internal Looks at the roles and at every database, and changes nothing.
 *
 * @throws PgCopyError `usage` for a required extension that none of the databases has.
 */
export async function planInstance(
  instance: Instance,
  resolved: ResolvedOptions,
  { run, tellOf, chosen: known, isPlanned = () => true }: PlanInstanceOptions,
): Promise<PlannedInstance> {
  const roles = await run.step("read the roles", async () => {
    const source = await readSourceRoles(instance.source, resolved);
    const planned = await planSourceRoles(instance.target, source, resolved);
    warnOfRoles(planned, run);
    return planned;
  });
  return await run.step("look at all databases", async () => {
    const chosen = known ?? (await chooseDatabases(instance, run));
    const databases = chosen.databases.filter(isPlanned);
    const { atATime } = instance;
    const plans = await forEachDatabase(
      databases,
      { run: tellOf, atATime },
      async (database, child): Promise<[string, PlannedDatabase]> => {
        const connect = () => connectDatabase(instance, database, child);
        const options = optionsOfDatabase(resolved, database);
        return [database, await planDatabase(options, child, connect, roles.created)];
      },
    );
    const extensions = plans.flatMap((planned) => planned[1].extensions);
    if (databases.length === chosen.databases.length) refuseUnknownPins(extensions, resolved);
    return { roles, chosen, plans: new Map(plans) };
  });
}
