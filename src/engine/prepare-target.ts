/** The last checks, and then the first changes: database, drops, journal. */

import { PgCopyError } from "../errors.js";
import { findConflicts, refuseConflicts, refuseMissingRoles } from "../load/check-target.js";
import { createDatabase } from "../load/create-database.js";
import {
  createJournal,
  dropJournalStatement,
  findJournal,
  type JournalRun,
  lockTarget,
} from "../load/journal.js";
import type { ResolvedOptions } from "../options.js";
import type { Statement } from "../plan/toc.js";
import type { Connection } from "../postgres/connection.js";
import { openSession } from "./open-endpoint.js";
import type { SourceContent } from "./read-source.js";
import type { Run } from "./run.js";
import type { Servers } from "./servers.js";

export interface PreparedTarget extends AsyncDisposable {
  /** In the target database; holds the run's lock. */
  readonly control: Connection;
  readonly databaseCreated: boolean;
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
  await refuseMissingRoles(servers.target, content.schema);
  if (!servers.targetExists) {
    const name = servers.targetEndpoint.database;
    await createDatabase(servers.target, name, content.catalog.database, !options.noOwner);
    run.info(
      `created the target database ${name} (${content.catalog.database.encoding}, ${localeOf(content)})`,
    );
    const control = await openSession(
      { ...servers.target.endpoint, database: name },
      "target",
      "control",
      run,
    );
    await lockTarget(control);
    return { control, databaseCreated: true, [Symbol.asyncDispose]: () => control.close() };
  }
  await lockTarget(servers.target);
  if (options.dropIfExists) await dropExisting(servers.target, content.schema.drops);
  await refuseConflicts(
    await findConflicts(servers.source, servers.target, content.schema.entries),
  );
  if (await findJournal(servers.target))
    run.info("the journal of an earlier, unfinished run is replaced");
  return { control: servers.target, databaseCreated: false, [Symbol.asyncDispose]: async () => {} };
}

/** Begins the journal: from here on a failure leaves something behind. */
export async function beginJournal(control: Connection, journal: JournalRun): Promise<void> {
  await createJournal(control, journal);
}

/**
 * Drops what the clone would create, in pg_dump's order, in one transaction: if anything else in
 * the target depends on it, nothing is dropped.
 */
async function dropExisting(target: Connection, drops: readonly Statement[]): Promise<void> {
  const statements = ["begin", dropJournalStatement(), ...drops.map((drop) => drop.sql), "commit"];
  try {
    await target.execute("dropping the target's objects", statements.join("\n;\n"));
  } catch (error) {
    if (!(error instanceof PgCopyError) || error.server === undefined) throw error;
    await target.execute("rolling back", "rollback");
    const { server } = error;
    throw new PgCopyError(
      `the target's objects can't be dropped: ${server.message} (SQLSTATE ${server.sqlstate})`,
      {
        code: "target_unfit",
        side: "target",
        server,
        advice: dropAdvice(server.sqlstate),
        cause: error,
      },
    );
  }
}

function dropAdvice(sqlstate: string): string {
  if (sqlstate === "2BP01") {
    return "nothing was changed; other objects of the target need them: drop those yourself, or clone into an empty database";
  }
  if (sqlstate === "53200") {
    return "nothing was changed; raise max_locks_per_transaction on the target, or clone into an empty database";
  }
  return "nothing was changed; clone into an empty database";
}

function localeOf(content: SourceContent): string {
  const { provider, providerLocale, collate } = content.catalog.database;
  return `${provider} locale ${providerLocale ?? collate}`;
}
