/**
 * Whether the target's server has crashed during the run. Our commits don't wait for the disk, so a
 * crash may take the last of them, records of the journal among them. It also empties all unlogged
 * tables, so one of ours tells of it: on any version, to any role, and whether the machine, the server or
 * only one of its processes died.
 */

import type { Connection } from "../postgres/connection.js";
import { JOURNAL_SCHEMA } from "./journal.js";
import type { RecordsKeptIn } from "./recorder.js";
import { serverLife } from "./transaction-fate.js";

const MARK = `${JOURNAL_SCHEMA}.unbroken`;

/** What was committed before it is kept in a crash: this commit waits for the disk, and so for theirs. */
const setMark = `
begin;
set local synchronous_commit = local;
create unlogged table if not exists ${MARK} ();
truncate ${MARK};
insert into ${MARK} default values;
commit`;

/** What tells of a crash, as plain data: that table, or where there is no schema for it what the server says of itself. */
export type CrashMark = { readonly by: "table" } | { readonly by: "server"; readonly life: string };

/** From here on `isUnbroken` tells of a crash. To be called when all that an earlier one may have taken is known. */
export async function markUnbroken(
  target: Connection,
  { kind }: RecordsKeptIn,
): Promise<CrashMark> {
  if (kind === "directory") return { by: "server", life: await serverLife(target) };
  await target.execute("preparing for a crash of the target", setMark);
  return { by: "table" };
}

/** Whether the server has lost nothing since `markUnbroken`. */
export async function isUnbroken(target: Connection, mark: CrashMark): Promise<boolean> {
  if (mark.by === "server") return mark.life === (await serverLife(target));
  const rows = await target.query(
    "asking the target whether it has crashed",
    `select from ${MARK} limit 1`,
  );
  return rows.length > 0;
}

/** Something is written, as a transaction that wrote nothing waits for nothing. */
const flush = `
begin;
set local synchronous_commit = local;
update ${JOURNAL_SCHEMA}.run set tasks = tasks;
commit`;

/** Waits until all that was committed by now would be there after a crash; with a journal in a directory each commit has. */
export async function flushCommits(target: Connection, { kind }: RecordsKeptIn): Promise<void> {
  if (kind === "directory") return;
  await target.execute("waiting for the target's disk", flush);
}
