/** Which rows a resumed run reads: those of the moment that the first ones are of, or it says so. */

import { PgCopyError } from "../errors.js";
import { formatMoment, formatNumberOf } from "../formatting.js";
import type { JournalState } from "../load/journal-store.js";
import type { ResolvedOptions } from "../options/clone-options.js";
import type { CloneTask } from "../plan/task.js";
import type { Connection } from "../postgres/connection.js";
import { type HeldSnapshot, holdSnapshot } from "../snapshot/held-snapshot.js";
import { snapshotIdentity } from "../snapshot/identity.js";

export interface ResumedSnapshot {
  readonly snapshot: HeldSnapshot;
  /** Whether all rows, those that are there and those that are read now, are of the first one's moment. */
  readonly consistent: boolean;
}

const READING: ReadonlySet<CloneTask["work"]["do"]> = new Set([
  "copy",
  "small_tables",
  "extension_rows",
  "large_objects",
  "verify",
  "verify_large_objects",
]);

/** Whether a task reads rows of the source, which must all be of one moment. */
export function readsRows({ work }: Pick<CloneTask, "work">): boolean {
  return READING.has(work.do);
}

/**
 * The snapshot of the first attempt, if somebody still holds it: `snapshot` names it, or its own id still
 * leads to it. Otherwise another one, where nothing is left to be read or it needn't be consistent.
 *
 * @param source a session that is in no transaction.
 * @param left the tasks that are not done.
 * @throws PgCopyError `source_unfit` if it is gone and rows are left to be read.
 */
export async function resumeSnapshot(
  source: Connection,
  { attempts }: Pick<JournalState, "attempts">,
  left: readonly CloneTask[],
  { snapshot, notConsistent }: Pick<ResolvedOptions, "snapshot" | "notConsistent">,
): Promise<ResumedSnapshot> {
  // An attempt in between may have read in another one, as `notConsistent` had allowed.
  const consistent = attempts.every(
    (one) => one.snapshotIdentity === attempts[0]?.snapshotIdentity,
  );
  const reads = left.filter(readsRows);
  if (reads.length === 0) return { snapshot: await holdSnapshot(source, snapshot), consistent };
  const held = await firstSnapshot(source, attempts, snapshot, notConsistent);
  if (held !== undefined) return { snapshot: held, consistent };
  if (!notConsistent) {
    throw snapshotGone(
      snapshot,
      attempts[0]?.startedAt,
      reads.every(({ kind }) => kind === "verify") ? reads.length : 0,
    );
  }
  return { snapshot: await holdSnapshot(source, snapshot), consistent: false };
}

/**
 * The snapshot of the first attempt, held; undefined if nobody holds it any more, or `given` is another.
 *
 * @param given the id of one that the user says is held.
 * @param lenient whether it is no mistake if that one can't be had.
 * @throws PgCopyError `source_unfit` if `given` is none.
 */
async function firstSnapshot(
  source: Connection,
  attempts: JournalState["attempts"],
  given: string | undefined,
  lenient = false,
): Promise<HeldSnapshot | undefined> {
  const ids = given === undefined ? [...new Set(attempts.map((one) => one.snapshot))] : [given];
  for (const id of ids) {
    const held = await tryToHold(source, id, given !== undefined && !lenient);
    if (held === undefined) continue;
    if ((await snapshotIdentity(source)) === attempts[0]?.snapshotIdentity) return held;
    await held.release();
  }
  return undefined;
}

/** Whether the snapshot of the first attempt can still be read. */
export async function firstSnapshotLives(
  source: Connection,
  { attempts }: Pick<JournalState, "attempts">,
  { snapshot }: Pick<ResolvedOptions, "snapshot">,
): Promise<boolean> {
  const held = await firstSnapshot(source, attempts, snapshot);
  await held?.release();
  return held !== undefined;
}

/** @param wanted whether it was given, so that it is a mistake if it can't be had. */
async function tryToHold(
  source: Connection,
  id: string,
  wanted: boolean,
): Promise<HeldSnapshot | undefined> {
  try {
    return await holdSnapshot(source, id);
  } catch (error) {
    if (wanted || !(error instanceof PgCopyError) || error.code !== "source_unfit") throw error;
    await source.execute("looking for the snapshot", "rollback");
    return undefined;
  }
}

/** @param comparisons how many there are left, where nothing else is. */
function snapshotGone(
  given: string | undefined,
  since: Date | undefined,
  comparisons: number,
): PgCopyError {
  const moment = since === undefined ? "" : `, of ${formatMoment(since)}`;
  return new PgCopyError(
    given === undefined
      ? `the snapshot that the first rows were read in${moment}, is gone: nobody holds it any more`
      : `snapshot ${given} is not the one that the first rows were read in${moment}`,
    {
      code: "source_unfit",
      side: "source",
      ...(given === undefined ? {} : { options: ["snapshot"] }),
      advice:
        comparisons > 0
          ? `nothing was changed; all rows are copied, and only ${formatNumberOf(comparisons, "comparison")} of --verify can't be made any more. Go on without by --resume --not-consistent, or start over with --restart`
          : "nothing was changed; rows that are read now would be of a later moment than those that are there. Start over with --restart, or accept that with --resume --not-consistent. Next time let pgcopy hold keep the snapshot, and give its id as --snapshot: a run that is killed can then be resumed consistently",
    },
  );
}
