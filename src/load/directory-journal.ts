/** The journal in a local directory, for roles that may not create a schema on the target. */

import { PgCopyError } from "../errors.js";
import type { Script } from "../plan/task.js";
import type { Connection } from "../postgres/connection.js";
import { databaseIdentity } from "../snapshot/identity.js";
import { commitWith, recordInDirectory } from "./directory-recorder.js";
import { ownLines, readDone } from "./directory-state.js";
import {
  appendLines,
  createLines,
  prepareDirectory,
  readLines,
  readPlanFile,
  removeJournal,
  writePlan,
} from "./journal-directory.js";
import { encodeLine, headerOf, type JournalLine } from "./journal-lines.js";
import type { Attempt, Journal, JournalState } from "./journal-store.js";
import { named, recordOf } from "./recorder.js";
import { runScripts } from "./run-scripts.js";

/** What the end of the run goes by in the lines; no task is called so. */
const FINISH = { id: "finish", kind: "post_data", label: "finishing the target" } as const;

/** @param control a session in the target database. */
export function directoryJournal(control: Connection, directory: string): Journal {
  const read = () => readState(control, directory);
  return {
    recorder: recordInDirectory(directory),
    place: `the directory ${directory}`,
    begin: async (run, attempt, plan) => {
      await discardOwn(control, directory);
      const target = await databaseIdentity(control);
      const startedAt = new Date().toISOString();
      const header = { pgcopyJournal: 1, target, startedAt, run } as const;
      await createLines(directory, encodeLine(header).trimStart());
      await writePlan(directory, plan);
      // With its first attempt it is a journal.
      await appendLines(directory, attemptLine(attempt), true);
    },
    exists: async () => attemptsOf(await ownLines(control, directory)).length > 0,
    read,
    readPlan: () => readPlanFile(directory),
    readFinished: async () => (await read()).finished,
    beginAttempt: (attempt) => appendLines(directory, attemptLine(attempt), true),
    forget: (ids, undo) => forget(control, directory, ids, undo),
    keepReport: (report) => appendLines(directory, encodeLine({ report }), true),
    discard: () => removeJournal(directory),
    finish: async (scripts) => {
      await finish(control, directory, scripts);
      await removeJournal(directory);
    },
  };
}

function attemptLine(attempt: Attempt): string {
  return encodeLine({ attempt: { ...attempt, startedAt: new Date().toISOString() } });
}

/** @throws PgCopyError `usage` if no journal of this target can be begun there. */
export async function refuseForeignDirectory(
  control: Connection | undefined,
  directory: string,
): Promise<void> {
  if (control !== undefined) {
    await ownLines(control, directory);
    return;
  }
  await prepareDirectory(directory);
  if ((await readLines(directory)) === undefined) return;
  throw new PgCopyError(`the journal in ${directory} is that of another target`, {
    code: "usage",
    options: ["dir"],
    advice:
      "the target's database doesn't exist, so it has no unfinished run: give another directory, or remove this one if its target is gone",
  });
}

async function discardOwn(control: Connection, directory: string): Promise<void> {
  if ((await ownLines(control, directory)).length > 0) await removeJournal(directory);
}

type AttemptLine = Extract<JournalLine, { attempt: unknown }>;

function attemptsOf(lines: readonly JournalLine[]): JournalState["attempts"] {
  return lines
    .filter((line): line is AttemptLine => "attempt" in line)
    .map(({ attempt }) => ({ ...attempt, startedAt: new Date(attempt.startedAt) }));
}

async function readState(control: Connection, directory: string): Promise<JournalState> {
  const { lines, ...done } = await readDone(control, directory);
  const header = headerOf(lines);
  if (header === undefined) throw new PgCopyError("no journal is there", { code: "internal" });
  const report = lines.find((line): line is { report: unknown } => "report" in line);
  const finished = new Map(done.finished);
  const unsure = new Map(done.unsure);
  finished.delete(FINISH.id);
  unsure.delete(FINISH.id);
  return {
    run: { ...header.run, startedAt: new Date(header.startedAt) },
    ...report,
    attempts: attemptsOf(lines),
    finished,
    stepsDone: done.stepsDone,
    unsure,
  };
}

/** As with a task: without a line that says so, the server is asked whether it was done. */
async function forget(
  control: Connection,
  directory: string,
  ids: readonly string[],
  undo: readonly string[],
): Promise<void> {
  const statements = named("taking back what is to be done again", "begin", ...undo);
  try {
    await commitWith(directory, control, statements, { forgotten: ids });
  } catch (error) {
    if (control.usable) await control.execute("rolling back", "rollback").catch(() => {});
    throw error;
  }
}

/** Recorded as a task is, so that a crash before the directory is empty doesn't do it twice. */
async function finish(
  control: Connection,
  directory: string,
  scripts: readonly Script[],
): Promise<void> {
  const { finished, unsure } = await readDone(control, directory);
  if (finished.has(FINISH.id)) return;
  const record = recordOf(recordInDirectory(directory), FINISH, () => 0, {
    unsure: unsure.get(FINISH.id),
  });
  await runScripts(control, scripts, { attempted: FINISH.label, record });
}
