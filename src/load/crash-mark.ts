/**
 * Whether the target's server has crashed during the run. Our commits don't wait for the disk, so a
 * crash may take the last of them, records of the journal among them. It also empties all unlogged
 * tables, so one of ours tells of it: on any version, to any role, and whether the machine, the server or
 * only one of its processes died.
 */

import type { Connection } from "../postgres/connection.js";
import { JOURNAL_SCHEMA } from "./journal.js";

const MARK = `${JOURNAL_SCHEMA}.unbroken`;

/** What was committed before it is kept in a crash: this commit waits for the disk, and so for theirs. */
const setMark = `
begin;
set local synchronous_commit = local;
create unlogged table if not exists ${MARK} ();
truncate ${MARK};
insert into ${MARK} default values;
commit`;

/** From here on `isUnbroken` tells of a crash. To be called when all that an earlier one may have taken is known. */
export async function markUnbroken(target: Connection): Promise<void> {
  await target.execute("preparing for a crash of the target", setMark);
}

/** Whether the server has lost nothing since `markUnbroken`. */
export async function isUnbroken(target: Connection): Promise<boolean> {
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

/** Waits until all that was committed by now would be there after a crash. */
export async function flushCommits(target: Connection): Promise<void> {
  await target.execute("waiting for the target's disk", flush);
}
