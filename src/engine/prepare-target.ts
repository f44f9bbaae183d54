/** The last checks, and then the first changes: database, drops, journal. */

import { formatNumberOf } from "../formatting.js";
import {
  dropLargeObjects,
  findTakenLargeObjects,
  refuseForeignLargeObjects,
} from "../load/check-large-objects.js";
import { findConflicts, refuseConflicts } from "../load/check-target.js";
import { createDatabase, isOurDatabase } from "../load/create-database.js";
import { refuseForeignDatabase } from "../load/database-attributes.js";
import { dropExisting, planDrops } from "../load/drop-existing.js";
import { endLeftSessions } from "../load/job-sessions.js";
import type { Journal } from "../load/journal-store.js";
import { lockTarget } from "../load/target-lock.js";
import { unfitTarget } from "../load/unfit-target.js";
import type { ResolvedOptions } from "../options/clone-options.js";
import type { Connection } from "../postgres/connection.js";
import { failpoint } from "../run/failpoints.js";
import {
  chooseTablespace,
  type PlannedProperties,
  planExistingDatabase,
  planNewDatabase,
} from "./database-properties.js";
import { openJournal } from "./open-journal.js";
import { openSession } from "./open-session.js";
import { createMissingRoles, planSourceRoles, warnOfRoles } from "./prepare-roles.js";
import type { SourceContent } from "./read-source.js";
import type { Run } from "./run.js";
import type { Servers } from "./servers.js";
import { refuseUnfitTarget } from "./target-checks.js";

export interface PreparedTarget extends AsyncDisposable {
  /** In the target database; holds the run's lock. */
  readonly control: Connection;
  readonly databaseCreated: boolean;
  /** What `applyDatabaseProperties` is to do when all is there. */
  readonly properties: PlannedProperties;
  /** Names of the roles that this run created; they belong to the server, not to the database. */
  readonly rolesCreated: readonly string[];
}

/**
 * Makes the target ready for the first statement of the schema.
 *
 * @throws PgCopyError `target_unfit`, before anything was changed, for missing roles or objects in
 *   the way.
 */
export async function prepareTarget(
  servers: Servers,
  content: SourceContent,
  options: ResolvedOptions,
  run: Run,
): Promise<PreparedTarget> {
  await failpoint("prepare.begin", run.signal);
  // First, as what follows may wait for locks of a run that is at it.
  if (servers.targetExists) {
    await lockTarget(servers.target);
    await endLeftSessions(servers.target);
  }
  const roles = await planSourceRoles(servers.target, content.roles, options);
  await refuseUnfitTarget(servers, content, roles, options);
  if (!servers.targetExists) {
    const name = servers.targetEndpoint.database;
    warnOfRoles(roles, run);
    const properties = await planNewDatabase(servers.target, content.attributes, run);
    const tablespace = options.noTablespaces
      ? undefined
      : await chooseTablespace(servers.target, content.attributes, run);
    const rolesCreated = await createMissingRoles(servers.target, roles, run);
    await createDatabase(servers.target, name, content.catalog.database, {
      keepOwner: !options.noOwner,
      tablespace,
    });
    run.stays.database = name;
    run.info(
      `created the target database ${name} (${content.catalog.database.encoding}, ${localeOf(content)})`,
    );
    await failpoint("database.marked", run.signal);
    const control = await openSession(
      { ...servers.target.endpoint, database: name },
      "target",
      "control",
      run.signal,
    );
    const close = () => control.close();
    try {
      await lockTarget(control);
    } catch (error) {
      await close();
      throw error;
    }
    return {
      control,
      databaseCreated: true,
      properties,
      rolesCreated,
      [Symbol.asyncDispose]: close,
    };
  }
  const conflicts = await findConflicts(servers.source, servers.target, content.schema.entries);
  const { largeObjects } = content.catalog;
  const taken = await findTakenLargeObjects(servers.source, servers.target, largeObjects);
  const journal = openJournal(servers.target, options);
  const unfinished = await journal.exists();
  if (!options.dropIfExists) {
    if (unfinished) await refuseUnfinishedRun(journal, conflicts.objects.length + taken.length);
    refuseConflicts(conflicts.objects, taken, options.resume ? "no unfinished run" : "unknown");
  }
  await refuseForeignLargeObjects(servers.target, taken);
  const drops = await planDrops(servers.target, conflicts);
  const { attributes } = content;
  // An earlier run that was killed may have left it without a journal.
  const databaseCreated = await isOurDatabase(servers.target);
  const properties = databaseCreated
    ? await planNewDatabase(servers.target, attributes, run)
    : await planExistingDatabase(servers.target, attributes, options, run);
  if (properties.wanted) await refuseForeignDatabase(servers.target, properties.differences);
  warnOfRoles(roles, run);
  const rolesCreated = await createMissingRoles(servers.target, roles, run);
  const inTheWay = conflicts.objects.length + taken.length;
  if (inTheWay > 0) {
    await dropExisting(servers.target, drops);
    run.stays.dropped = conflicts.objects.length;
    await dropLargeObjects(servers.target, taken);
    run.stays.dropped = inTheWay;
    run.info(`dropped ${inTheWay} objects of the target, to be replaced`);
  }
  if (unfinished) run.info("the journal of an earlier, unfinished run is replaced");
  const control = servers.target;
  return {
    control,
    databaseCreated,
    properties,
    rolesCreated,
    [Symbol.asyncDispose]: async () => {},
  };
}

/**
 * What it copied would be nobody's without its journal.
 *
 * @throws PgCopyError `target_unfit` if an unfinished run has left more than that.
 */
async function refuseUnfinishedRun(journal: Journal, inTheWay: number): Promise<void> {
  const { size } = await journal.readFinished();
  if (size === 0 && inTheWay === 0) return;
  throw unfitTarget(
    `the target holds an unfinished run of pgcopy, of which ${formatNumberOf(size, "task")} ${size === 1 ? "is" : "are"} done`,
    {
      items: [],
      statements: [],
      advice:
        "nothing was changed; go on with it by --resume, start over with --restart, or replace what is in the way with --drop-if-exists",
    },
  );
}

function localeOf(content: SourceContent): string {
  const { provider, providerLocale, collate } = content.catalog.database;
  return `${provider} locale ${providerLocale ?? collate}`;
}
