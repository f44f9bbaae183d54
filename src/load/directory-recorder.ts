/**
 * Records in a directory. A file can't commit with a transaction, so the transaction's number is on the disk
 * before it commits: where no line says that it did, the server is asked. That costs each task a round trip
 * and a write that waits for the disk. Any number of threads append to the same file.
 */

import type { Connection, NamedStatement } from "../postgres/connection.js";
import type { Committed } from "../run/failpoints.js";
import { commit, committedBy } from "./commit.js";
import { findTask } from "./directory-state.js";
import { appendLines } from "./journal-directory.js";
import { encodeLine, type Recorded, type TransactionId } from "./journal-lines.js";
import { named, type Recorder } from "./recorder.js";
import { serverLife } from "./transaction-fate.js";

export function recordInDirectory(directory: string): Recorder {
  return {
    keptIn: { kind: "directory", directory },
    find: (target, task) => findTask(target, directory, task),
    commit: (target, statements, task) =>
      commitWith(directory, target, statements, { task }, committedBy(task.kind)),
    commitSteps: (target, statements, { id, kind }, steps) =>
      commitWith(directory, target, statements, { id, steps }, committedBy(kind)),
  };
}

/**
 * Runs the last statements of a transaction and commits it, with a line before and one after.
 *
 * @param what is committed, for the failpoints around it.
 */
export async function commitWith(
  directory: string,
  target: Connection,
  statements: readonly NamedStatement[],
  recorded: Recorded,
  what?: Committed,
): Promise<void> {
  const attempted = statements.at(-1)?.attempted ?? "recording a task";
  if (statements.length > 0) await target.executeAll(statements);
  const { xid, server } = await transactionOf(target);
  await appendLines(directory, encodeLine({ xid, server, ...recorded }), true);
  // What is said to be done must be there after a crash of the server, too: other than in the schema, no crash takes both.
  await commit(target, what, named(attempted, "set local synchronous_commit = local"));
  await appendLines(directory, encodeLine({ committed: xid, server }), false);
}

/** A session ends with its server, so what it once said of that holds for as long as it lives. */
const lives = new WeakMap<Connection, string>();

async function transactionOf(target: Connection): Promise<TransactionId> {
  const server = lives.get(target) ?? (await serverLife(target));
  lives.set(target, server);
  const [row] = await target.query<{ xid: string }>(
    "recording a task",
    "select pg_catalog.txid_current()::text as xid",
  );
  return { xid: row?.xid ?? "", server };
}
