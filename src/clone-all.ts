/**
 * Cloning all databases of a server: the roles once, then each database by the story of `clone`, several
 * side by side on shared bounds: together they run no more tasks, and open no more sessions, than one.
 */

import { cloneDatabase } from "./clone.js";
import { chooseDatabases, forEachDatabase, optionsOfDatabase } from "./engine/all-databases.js";
import { AllProgress, type ExpectedDatabase } from "./engine/all-progress.js";
import { buildCloneAllReport, type CloneAllReport } from "./engine/all-reports.js";
import { DatabaseStates } from "./engine/database-states.js";
import { type EarlierDatabases, earlierDatabases } from "./engine/earlier-databases.js";
import { endDatabases } from "./engine/end-databases.js";
import { connectDatabase, connectInstance, type Instance } from "./engine/instance.js";
import { createMissingRoles } from "./engine/prepare-roles.js";
import {
  prepareRejectDir,
  type RejectedOfDatabase,
  refuseRejected,
} from "./engine/rejected-rows.js";
import type { CloneReport } from "./engine/report.js";
import { Run } from "./engine/run.js";
import { tellingWhatStays } from "./engine/what-stays.js";
import { PgCopyError, withPgCopyErrors } from "./errors.js";
import { refuseForbiddenRoles } from "./load/create-roles.js";
import { type AllDatabasesOptions, resolveAllOptions } from "./options/all-databases-options.js";
import type { ResolvedOptions } from "./options/clone-options.js";
import type { PlannedDatabase } from "./plan.js";
import { type PlannedInstance, planInstance } from "./plan-all.js";
import { displayName } from "./postgres/quote.js";

/**
 * Copies all databases of a server, with its roles. Each database has its own snapshot.
 *
 * @param options SOURCE and TARGET are any database of the two servers: it is connected to first.
 * @returns each database's report, and the totals; sizes in bytes, times in milliseconds.
 * @throws PgCopyError as `clone`, naming the database. What would stop any of them is found before
 *   anything is changed. Once one fails, all are stopped, unless `keepGoing`; those that were finished stay.
 */
export async function cloneAll(options: AllDatabasesOptions): Promise<CloneAllReport> {
  return await withPgCopyErrors(async () => {
    const resolved = resolveAllOptions(options);
    const run = new Run(resolved.signal, resolved.observer);
    run.begin(options);
    return await tellingWhatStays(run, () => cloneInstance(resolved, run));
  });
}

async function cloneInstance(
  resolved: ReturnType<typeof resolveAllOptions>,
  run: Run,
): Promise<CloneAllReport> {
  await prepareRejectDir(resolved, { resumed: resolved.resume });

  await using instance = await run.step("connect", () =>
    connectInstance(resolved, run, { mayInitialise: true }),
  );
  // Each database's own run tells its warnings again: now nobody has to hear them.
  const tellOf = new Run(run.signal, undefined);
  const chosen = await chooseDatabases(instance, run);
  const earlier = await earlierDatabases(instance, chosen, { resolved, run });
  const isPlanned = (database: string) => !earlier.has(database);
  const planned = await planInstance(instance, resolved, { run, tellOf, chosen, isPlanned });
  refuseObstacles(planned, resolved);

  const rolesCreated = await run.step("create the roles", () =>
    createMissingRoles(instance.target, planned.roles, run),
  );
  const { reports, rejected } = await run.step("copy all databases", () =>
    cloneEach(instance, { ...planned, earlier }, resolved, run),
  );
  await run.step("finish", () => endDatabases(instance, [...reports.keys()], { resolved, run }));
  refuseRejected(rejected, resolved);
  const leftOut = [...chosen.leftOut, ...earlier.leftOut];
  return buildCloneAllReport(
    { instance, chosen: { ...chosen, leftOut }, reports, run },
    rolesCreated,
  );
}

const REPLACE = "replace the objects with --drop-if-exists, or drop these databases on the target";

/** @throws PgCopyError `target_unfit`, naming what is in the way in any of the databases. */
function refuseObstacles(
  { roles, plans }: PlannedInstance,
  { dropIfExists }: ResolvedOptions,
): void {
  refuseForbiddenRoles(roles);
  const items: string[] = [];
  const advice = new Set<string>();
  for (const [database, planned] of plans) {
    const { conflicts, refusals } = planned.report;
    const inTheWay = dropIfExists ? [] : conflicts;
    for (const words of [...inTheWay, ...refusals])
      items.push(`${displayName(database)}: ${words}`);
    if (inTheWay.length > 0) advice.add(REPLACE);
    for (const words of planned.advice) advice.add(words);
  }
  if (items.length === 0) return;
  throw new PgCopyError("not all databases can be cloned: there is something in the way", {
    code: "target_unfit",
    side: "target",
    items,
    advice: ["nothing was changed", ...advice].join("; "),
  });
}

interface ClonedInstance {
  readonly reports: ReadonlyMap<string, CloneReport>;
  /** A database that refuses rows stops no other one. */
  readonly rejected: readonly RejectedOfDatabase[];
}

/** The longest first, so that the run doesn't end with one large database alone. */
async function cloneEach(
  instance: Instance,
  { plans, earlier }: PlannedInstance & { readonly earlier: EarlierDatabases },
  resolved: ResolvedOptions,
  run: Run,
): Promise<ClonedInstance> {
  const expected = [...[...plans].map(expectedOf), ...earlier.begun].sort(
    (a, b) => b.seconds - a.seconds,
  );
  const databases = expected.map(({ database }) => database);
  const { finished } = earlier;
  const progress = new AllProgress(expected, run);
  const states = new DatabaseStates([...finished.keys(), ...databases]);
  for (const database of finished.keys()) states.finish(database);
  const rejected: RejectedOfDatabase[] = [];
  const stopProgress = progress.every(resolved.progressIntervalMs);
  const { atATime } = instance;
  const onProgress = progress.hear.bind(progress);
  const { keepGoing } = resolved;
  try {
    const reports = await states.telling(() =>
      forEachDatabase(
        databases,
        { run, atATime, onProgress, keepGoing },
        async (database, child) => {
          states.begin(database);
          // All that there was to start over is gone.
          const options = { ...optionsOfDatabase(resolved, database), restart: false };
          const { report, rejected: ofDatabase } = await tellingWhatStays(child, () =>
            cloneDatabase(options, child, () => connectDatabase(instance, database, child)),
          );
          for (const one of ofDatabase) rejected.push({ ...one, database });
          states.finish(database);
          progress.finish(database, report);
          tellFinished(database, report, run);
          return [database, report] as const;
        },
      ),
    );
    return { reports: new Map([...finished, ...reports]), rejected };
  } finally {
    stopProgress();
  }
}

function expectedOf([database, { report }]: [string, PlannedDatabase]): ExpectedDatabase {
  const { tables, indexes, tasks, bytes, estimate } = report;
  return {
    database,
    tables: tables.length,
    indexes: indexes.length,
    tasks: tasks.length,
    bytes,
    // Reading them side by side takes each as long as all, so it says nothing of one.
    seconds: estimate.seconds - estimate.assumed.besideTasksSeconds,
  };
}

function tellFinished(database: string, report: CloneReport, run: Run): void {
  const { tables, indexes, rows, bytes, durationMs, databaseCreated } = report;
  run.tell({
    type: "database_finished",
    database,
    tables: tables.length,
    indexes: indexes.length,
    rows,
    bytes,
    durationMs,
    created: databaseCreated,
  });
}
