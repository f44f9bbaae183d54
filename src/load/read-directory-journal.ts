/** What the journal in a directory says, to somebody who only looks: nothing in it is changed. */

import type { Connection } from "../postgres/connection.js";
import { databaseIdentity } from "../snapshot/identity.js";
import { readLines } from "./journal-directory.js";
import {
  addUp,
  decodeLines,
  type Fate,
  headerOf,
  type Intent,
  unconfirmed,
} from "./journal-lines.js";
import type { JournalReading } from "./read-journal.js";

/**
 * Reads it. A transaction that it doesn't say has committed counts as not done.
 *
 * @param now the present moment; the lines' times are of this machine's clock, too.
 */
export async function readDirectoryJournal(
  target: Connection,
  directory: string,
  now = new Date(),
): Promise<JournalReading> {
  const lines = decodeLines((await readLines(directory)) ?? "");
  const header = headerOf(lines);
  const attempts = lines.flatMap((line) => ("attempt" in line ? line.attempt : []));
  const last = attempts.at(-1);
  if (header === undefined || last === undefined) return { state: "none" };
  if (header.target !== (await databaseIdentity(target))) return { state: "elsewhere" };
  const open = new Map(unconfirmed(lines).map((line): [Intent, Fate] => [line, "aborted"]));
  const finished = [...addUp(lines, open).finished.values()];
  const sum = (what: "rows" | "bytes") => finished.reduce((all, task) => all + task[what], 0);
  return {
    state: "read",
    facts: {
      source: header.run.source,
      snapshot: last.snapshot,
      pgcopyVersion: last.pgcopyVersion,
      startedAt: new Date(header.startedAt),
      attempt: attempts.length,
      attemptStartedAt: new Date(last.startedAt),
      elapsedMs: now.getTime() - new Date(last.startedAt).getTime(),
      tasksTotal: header.run.tasks,
      tasksDone: finished.length,
      rows: sum("rows"),
      bytes: sum("bytes"),
    },
  };
}
