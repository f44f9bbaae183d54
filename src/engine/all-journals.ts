/**
 * The journals of a run over many databases: each database has its own, and keeps it until all are done. So
 * a run that was killed is told by them: which are finished, which are begun, which are to come.
 */

import { holdsUserObjects, readDatabases } from "../catalog/databases.js";
import { PgCopyError } from "../errors.js";
import type { ResolvedOptions } from "../options/clone-options.js";
import type { Connection } from "../postgres/connection.js";
import { displayName } from "../postgres/quote.js";
import { optionsOfDatabase } from "./all-databases.js";
import type { ExpectedDatabase } from "./all-progress.js";
import type { Instance } from "./instance.js";
import { openJournal } from "./open-journal.js";
import { openSession } from "./open-session.js";
import type { CloneReport } from "./report.js";
import { firstSnapshotLives, readsRows } from "./resume-snapshot.js";
import { resumedOptions } from "./resumed-options.js";
import type { Run } from "./run.js";
import { startOver } from "./start-over.js";
import { openStoredPlan } from "./stored-run.js";
import { copiedRows, findUnfinishedRun, type UnfinishedRun } from "./unfinished-run.js";

/** What is known of a database beforehand. */
export type EarlierDatabase =
  | { readonly is: "begun"; readonly expected: ExpectedDatabase }
  | { readonly is: "finished"; readonly report: CloneReport }
  /** Its journal is gone already. */
  | { readonly is: "ended" };

/** Both sessions of one database, and its journal, if it has one. */
interface Look {
  readonly source: Connection;
  readonly target: Connection;
  readonly found: UnfinishedRun | undefined;
}

/** A database may be read-only by a property of its source, which it then has already. */
const WRITABLE = "set session characteristics as transaction read write";

/** @param use has the target's database for itself, until it is done. */
export async function inJournal<T>(
  instance: Instance,
  database: string,
  { resolved, run }: { readonly resolved: ResolvedOptions; readonly run: Run },
  use: (look: Look) => Promise<T>,
): Promise<T> {
  const open = async (side: "source" | "target", purpose: string) =>
    await openSession({ ...instance[side].endpoint, database }, side, purpose, run.signal);
  await using source = await open("source", "look");
  await using target = await open("target", "control");
  await target.execute("preparing to look at the journal", WRITABLE);
  const journal = openJournal(target, optionsOfDatabase(resolved, database));
  const found = await findUnfinishedRun({ source, target, targetExists: true }, journal);
  return await use({ source, target, found });
}

type Context = { readonly resolved: ResolvedOptions; readonly run: Run };

/** Which of the databases the target has. */
export async function onTarget(
  { target }: Instance,
  databases: readonly string[],
): Promise<string[]> {
  const there = new Set((await readDatabases(target)).map(({ name }) => name));
  return databases.filter((database) => there.has(database));
}

/**
 * Looks at all of them, and changes nothing.
 *
 * @throws PgCopyError `source_unfit`, naming all databases whose snapshots are gone; `usage` as `resumedOptions`.
 */
export async function lookAtJournals(
  instance: Instance,
  databases: readonly string[],
  context: Context,
): Promise<ReadonlyMap<string, EarlierDatabase>> {
  const earlier = new Map<string, EarlierDatabase>();
  const untold: string[] = [];
  const gone: string[] = [];
  for (const database of await onTarget(instance, databases)) {
    await inJournal(instance, database, context, async (look) => {
      if (look.found === undefined) {
        if (await holdsUserObjects(look.target)) untold.push(database);
        return;
      }
      const seen = await lookAt(database, look.found, look, context);
      if (seen.is === "gone") gone.push(database);
      else earlier.set(database, seen);
    });
  }
  if (gone.length > 0) throw snapshotsGone(gone);
  const all = [...earlier.values()];
  // Journals go when all databases are finished, one after the other.
  const ending = all.length > 0 && all.every(({ is }) => is === "finished");
  if (ending) for (const database of untold) earlier.set(database, { is: "ended" });
  return earlier;
}

async function lookAt(
  database: string,
  { state, stored }: UnfinishedRun,
  { source }: Look,
  { resolved }: Context,
): Promise<EarlierDatabase | { readonly is: "gone" }> {
  if (state.report !== undefined) return { is: "finished", report: state.report as CloneReport };
  const opened = await openStoredPlan(stored, state.run, resolved);
  const { notConsistent } = resumedOptions(resolved, opened.options);
  const { plan } = opened;
  const left = plan.tasks.filter(({ id }) => !state.finished.has(id));
  if (copiedRows(state) && left.some(readsRows) && !notConsistent) {
    if (!(await firstSnapshotLives(source, state, resolved))) return { is: "gone" };
  }
  return {
    is: "begun",
    expected: {
      database,
      tables: plan.tables.length,
      indexes: plan.indexes.length,
      tasks: plan.tasks.length,
      bytes: plan.bytes,
      seconds: left.reduce((sum, { cost }) => sum + cost, 0),
    },
  };
}

function snapshotsGone(databases: readonly string[]): PgCopyError {
  return new PgCopyError(
    "the snapshots that the first rows of these databases were read in are gone: nobody holds them any more",
    {
      code: "source_unfit",
      side: "source",
      items: databases.map((database) => displayName(database)),
      advice:
        "nothing was changed; accept with --resume --not-consistent that what is read now is of a later moment, or start all databases over with --restart; or drop these on the target, and --resume copies them from the start",
    },
  );
}

/**
 * Drops what the journals say was created, in all databases that have one.
 *
 * @throws PgCopyError `target_unfit`, as `startOver`; those before it are started over.
 */
export async function startAllOver(
  instance: Instance,
  databases: readonly string[],
  context: Context,
): Promise<void> {
  let count = 0;
  for (const database of await onTarget(instance, databases)) {
    await inJournal(instance, database, context, async ({ source, target, found }) => {
      if (found === undefined) return;
      await startOver({ source, target }, found, context.run);
      count++;
    });
  }
  if (count === 0)
    context.run.info("the target holds no unfinished run: this one begins from the start");
}
