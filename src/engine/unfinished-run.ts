/** The run that a journal on the target tells of, and whether it may be gone on with. */

import { PgCopyError } from "../errors.js";
import { refuseForeignDirectory } from "../load/directory-journal.js";
import { endLeftSessions } from "../load/job-sessions.js";
import { type FinishedTask, findJournal, JOURNAL_SCHEMA } from "../load/journal.js";
import type { Journal, JournalState } from "../load/journal-store.js";
import { lockTarget } from "../load/target-lock.js";
import type { ResolvedOptions } from "../options/clone-options.js";
import { databaseIdentity } from "../snapshot/identity.js";
import { openJournal } from "./open-journal.js";
import { firstSnapshotLives } from "./resume-snapshot.js";
import type { Run } from "./run.js";
import type { Servers } from "./servers.js";
import { startOver } from "./start-over.js";
import { openStoredRun, type StoredRun } from "./stored-run.js";

export interface UnfinishedRun {
  readonly journal: Journal;
  readonly state: JournalState;
  readonly stored: StoredRun;
}

/**
 * Takes the target and reads its journal; undefined where there is none.
 *
 * @throws PgCopyError `target_unfit` if another run has the target, or the journal is not ours to read;
 *   `usage` if it is of another source.
 */
export async function findUnfinishedRun(
  { source, target, targetExists }: Pick<Servers, "source" | "target" | "targetExists">,
  journal: Journal,
): Promise<UnfinishedRun | undefined> {
  if (!targetExists) return undefined;
  await lockTarget(target);
  await endLeftSessions(target);
  if (!(await journal.exists())) return undefined;
  const state = await journal.read();
  const stored = await openStoredRun(state.run, await journal.readPlan());
  if (state.run.sourceIdentity !== (await databaseIdentity(source))) throw otherSource(state);
  return { journal, state, stored };
}

function otherSource({ run }: JournalState): PgCopyError {
  return new PgCopyError(
    `the unfinished run on the target copies another database: ${run.source}`,
    {
      code: "usage",
      advice: "give that one as the source; or drop what is there with --drop-if-exists",
    },
  );
}

/**
 * What `resume` and `restart` find. A run that hadn't copied anything, and whose snapshot is gone, begins
 * again by itself: nothing is lost, and all is of one new moment.
 *
 * @returns the run to go on with; undefined where one begins from the start.
 */
export async function unfinishedRun(
  servers: Servers,
  options: ResolvedOptions,
  run: Run,
): Promise<UnfinishedRun | undefined> {
  const { resume, dir } = options;
  if (dir !== undefined) await lookAtDirectory(servers, dir, run);
  if (!resume && !options.restart) return undefined;
  const found = await findUnfinishedRun(servers, openJournal(servers.target, options));
  if (found === undefined) {
    const where = dir === undefined ? "the target" : `the directory ${dir}`;
    run.info(`${where} holds no unfinished run: this one begins from the start`);
    return undefined;
  }
  const copied = copiedRows(found.state);
  const goesOn = copied || (await firstSnapshotLives(servers.source, found.state, options));
  if (resume && goesOn) return found;
  if (resume) run.info("the unfinished run had not copied anything yet: it begins again");
  await startOver(servers, found, run);
  return undefined;
}

/**
 * Says what a journal in a directory costs.
 *
 * @throws PgCopyError `usage` if it can't be there, or there is one on the target.
 */
async function lookAtDirectory(
  { target, targetExists }: Pick<Servers, "target" | "targetExists">,
  dir: string,
  run: Run,
): Promise<void> {
  await refuseForeignDirectory(targetExists ? target : undefined, dir);
  if (targetExists && (await findJournal(target))) {
    throw new PgCopyError(
      "an unfinished run on the target keeps its journal there, and not in a directory",
      {
        code: "usage",
        options: ["dir"],
        advice: `go on with it without --dir, or drop its schema ${JOURNAL_SCHEMA}`,
      },
    );
  }
  run.info(
    `the journal is kept in ${dir}: what was committed just before a crash is asked of the target, and if its server has crashed or restarted meanwhile, such a table is emptied and copied again; nothing is there twice`,
  );
}

/** Kinds of tasks after which the target holds rows of a snapshot. */
const COPIES: ReadonlySet<string> = new Set(["copy", "large_objects"]);

/** Whether the target holds rows of a snapshot. */
export function copiedRows({ finished, unsure }: JournalState): boolean {
  // An empty table that was copied is as empty in any other snapshot in which nothing is there yet.
  const moved = ({ kind, rows, bytes }: FinishedTask) => COPIES.has(kind) && rows + bytes > 0;
  return unsure.size > 0 || [...finished.values()].some(moved);
}
