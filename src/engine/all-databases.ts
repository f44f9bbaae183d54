/** Which databases of a server are copied, running something for each of them, and how it failed. */

import { join } from "node:path";
import pLimit from "p-limit";
import { type Database, holdsUserObjects, readDatabases } from "../catalog/databases.js";
import { PgCopyError } from "../errors.js";
import type { Progress, RunEvent } from "../events.js";
import { fileName } from "../load/rejected-files.js";
import type { ResolvedOptions } from "../options/clone-options.js";
import { displayName } from "../postgres/quote.js";
import { all, throwIfAborted } from "../run/abort.js";
import { DatabaseFailures } from "./database-failures.js";
import type { Instance } from "./instance.js";
import { openSession } from "./open-session.js";
import { reworded } from "./reworded-error.js";
import { Run } from "./run.js";

export interface DatabaseLeftOut {
  readonly database: string;
  readonly reason: string;
}

export interface ChosenDatabases {
  /** By name. */
  readonly databases: readonly string[];
  readonly leftOut: readonly DatabaseLeftOut[];
}

/**
 * All databases that can be connected to and are no templates; `postgres`, which every server has, only
 * if it holds anything of its users.
 */
export async function chooseDatabases(instance: Instance, run: Run): Promise<ChosenDatabases> {
  const databases: string[] = [];
  const leftOut: DatabaseLeftOut[] = [];
  for (const database of await readDatabases(instance.source)) {
    const { name } = database;
    const reason = reasonToLeaveOut(database) ?? (await emptyReason(name, instance, run));
    if (reason === undefined) databases.push(name);
    else if (!/^template[01]$/.test(name)) leftOut.push({ database: name, reason });
  }
  for (const { database, reason } of leftOut) {
    const words = `the database ${displayName(database)} is left out: ${reason}`;
    // What nobody chose to be so may be missed later.
    if (reason === NO_PRIVILEGE || reason === INVALID) run.warn(words);
    else run.info(words);
  }
  return { databases, leftOut };
}

const NO_PRIVILEGE = "the source's role may not connect to it";
const INVALID = "DROP DATABASE was interrupted in it";

function reasonToLeaveOut(database: Database): string | undefined {
  if (database.template) return "it is a template";
  if (database.invalid) return INVALID;
  if (!database.allowsConnections) return "it allows no connections";
  return database.mayConnect ? undefined : NO_PRIVILEGE;
}

async function emptyReason(
  name: string,
  { source }: Instance,
  run: Run,
): Promise<string | undefined> {
  if (name !== "postgres") return undefined;
  await using connection = await openSession(
    { ...source.endpoint, database: name },
    "source",
    "look",
    run.signal,
  );
  return (await holdsUserObjects(connection)) ? undefined : "it holds nothing of users";
}

/** What is done for one database. */
export type DatabaseWork<T> = (database: string, run: Run) => Promise<T>;

/**
 * Does the work for each database, as many side by side as may be open. The first failure stops all of
 * them, and they are awaited; or, with `keepGoing`, all others are done first.
 *
 * @param onProgress takes the progress of each, which is not told by itself.
 * @throws PgCopyError naming the database.
 */
export async function forEachDatabase<T>(
  databases: readonly string[],
  {
    run,
    atATime,
    onProgress,
    keepGoing = false,
  }: {
    readonly run: Run;
    readonly atATime: number;
    readonly onProgress?: (database: string, progress: Progress) => void;
    readonly keepGoing?: boolean;
  },
  work: DatabaseWork<T>,
): Promise<T[]> {
  const limit = pLimit(atATime);
  const failures = new DatabaseFailures(databases.length);
  const results = await all<(T | undefined)[]>(
    run.signal,
    databases.map(
      (database) => (signal: AbortSignal) =>
        limit(async () => {
          throwIfAborted(signal);
          const observer = ({ atMs, ...event }: RunEvent) => {
            if (event.type === "progress") onProgress?.(database, event);
            else run.tell({ ...event, database });
          };
          try {
            return await work(database, new Run(signal, observer));
          } catch (thrown) {
            const error = inDatabase(database, thrown);
            if (!keepGoing || signal.aborted || !failures.keep(database, error)) throw error;
            return undefined;
          }
        }),
    ),
  ).catch((error: unknown) => {
    throw failures.before(error);
  });
  if (failures.error !== undefined) throw failures.error;
  return results.filter((result) => result !== undefined);
}

/**
 * The options of one of the databases: what holds for the whole server is done already. Each has directories
 * of its own.
 */
export function optionsOfDatabase(options: ResolvedOptions, database: string): ResolvedOptions {
  const { dir, rejectDir } = options;
  const inOwn = (directory: string | undefined) =>
    directory === undefined ? undefined : join(directory, fileName(database));
  return {
    ...options,
    roles: false,
    noRolePasswords: false,
    dir: inOwn(dir),
    rejectDir: inOwn(rejectDir),
  };
}

/** @param advice in place of the error's own. */
export function inDatabase(database: string, error: unknown, advice?: string): unknown {
  if (!(error instanceof PgCopyError)) return error;
  const name = displayName(database);
  return reworded(error, {
    ...(advice === undefined ? {} : { advice }),
    message: `database ${name}: ${error.message}`,
    attempted: error.attempted && `${error.attempted} in database ${name}`,
  });
}
