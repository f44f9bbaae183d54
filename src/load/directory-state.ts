/** What a journal in a directory says, with what the server knows of the transactions that it doesn't. */

import { PgCopyError } from "../errors.js";
import type { TaskInfo } from "../events.js";
import { formatMoment } from "../formatting.js";
import type { Connection } from "../postgres/connection.js";
import { databaseIdentity } from "../snapshot/identity.js";
import { appendLines, prepareDirectory, readLines } from "./journal-directory.js";
import {
  addUp,
  decodeLines,
  encodeLine,
  type Fate,
  headerOf,
  type Intent,
  idsOf,
  type JournalLine,
  unconfirmed,
} from "./journal-lines.js";
import type { Recorded } from "./recorder.js";
import { fateOf, serverLife } from "./transaction-fate.js";

/**
 * The lines of this target's journal; none where there is no journal.
 *
 * @throws PgCopyError `usage` if it is another target's, or another release's.
 */
export async function ownLines(control: Connection, directory: string): Promise<JournalLine[]> {
  await prepareDirectory(directory);
  const text = await readLines(directory);
  if (text === undefined) return [];
  const lines = decodeLines(text);
  const header = headerOf(lines);
  if (header !== undefined && header.target === (await databaseIdentity(control))) return lines;
  throw new PgCopyError(
    header === undefined
      ? `the journal in ${directory} is none that this release of pgcopy can read`
      : `the journal in ${directory} is that of another target: of a copy of ${header.run.source}, begun at ${formatMoment(header.startedAt)}`,
    {
      code: "usage",
      options: ["dir"],
      advice:
        "give another directory, or the target that it belongs to; if that is gone, remove the directory",
    },
  );
}

/** @param of which task; of others transactions may still run. Default: all. */
export async function readDone(control: Connection, directory: string, of?: string) {
  const all = await ownLines(control, directory);
  const lines =
    of === undefined ? all : all.filter((line) => !("xid" in line) || idsOf(line).includes(of));
  const fates = new Map<Intent, Fate>();
  const life = await serverLife(control);
  for (const intent of unconfirmed(lines)) {
    const fate = await fateOf(control, intent, life);
    fates.set(intent, fate);
    if (fate !== "committed") continue;
    // The server may not know it the next time.
    const { xid, server } = intent;
    await appendLines(directory, encodeLine({ committed: xid, server }), false);
  }
  return { lines, ...addUp(lines, fates) };
}

/** What is recorded of one task, while others run. */
export async function findTask(
  target: Connection,
  directory: string,
  { id, kind, label }: TaskInfo,
): Promise<Recorded> {
  const { finished, stepsDone, unsure } = await readDone(target, directory, id);
  if (unsure.has(id) && NOT_TWICE.has(kind)) {
    throw new PgCopyError(`${label} failed: it can't be told whether it was committed`, {
      code: "task_failed",
      attempted: label,
      side: "target",
    });
  }
  return { done: finished.get(id), steps: stepsDone.get(id) ?? 0, unsure: unsure.get(id) };
}

/** Kinds of tasks that first have to be undone: a resumed run does that. */
const NOT_TWICE: ReadonlySet<string> = new Set(["copy", "large_objects"]);
