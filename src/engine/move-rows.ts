/** What moves bytes: a part of a table, or large objects. The same in the main thread and beside it. */

import type { RejectedRows } from "../events.js";
import { copyLargeObjects } from "../load/copy-large-objects.js";
import { copyPart } from "../load/copy-part.js";
import { copyPartForgiving } from "../load/copy-part-forgiving.js";
import type { LargeObjectOwnership } from "../load/large-object-statements.js";
import type { TaskRecord } from "../load/recorder.js";
import type { RejectTo } from "../load/rejected-files.js";
import type { Work } from "../plan/task.js";
import type { Connection } from "../postgres/connection.js";
import type { CopyResult } from "../postgres/copy.js";

export type RowsWork = Extract<Work, { readonly do: "copy" | "large_objects" }>;

/** What a task did. */
export interface Moved {
  readonly rows: number;
  readonly bytes: number;
  /** Of a batch of small tables: what each of them moved, in the batch's order. */
  readonly each?: readonly CopyResult[];
  /** Large objects that it made, or compared. */
  readonly objects?: number;
  /** Rows that the target refused, and that were set aside. */
  readonly rejected?: readonly RejectedRows[];
}

/** A batch of small tables as one task. */
export function sumOf(each: readonly CopyResult[]): Moved {
  const sum = (key: keyof CopyResult) => each.reduce((total, one) => total + one[key], 0);
  return { rows: sum("rows"), bytes: sum("bytes"), each };
}

export interface MoveRowsOptions {
  /** For messages. */
  readonly attempted: string;
  readonly ownership: LargeObjectOwnership;
  /** In a transaction that imported the snapshot. */
  readonly source: Connection;
  readonly target: Connection;
  readonly onBytes: (bytes: number) => void;
  readonly signal: AbortSignal;
  /** Rows that the target refuses are set aside there; absent: they fail the copy. */
  readonly rejectTo?: RejectTo | undefined;
  readonly record: TaskRecord;
}

/** @throws PgCopyError `task_failed` or `interrupted`. */
export async function moveRows(
  work: RowsWork,
  { ownership, rejectTo, ...options }: MoveRowsOptions,
): Promise<Moved> {
  if (work.do === "copy") {
    const { table, part } = work;
    return rejectTo === undefined
      ? await copyPart(table, part, options)
      : await copyPartForgiving(table, part, options, rejectTo);
  }
  const { noOwner, noAcl } = ownership;
  const { objects, bytes } = await copyLargeObjects(work, { ...options, noOwner, noAcl });
  return { rows: 0, bytes, objects };
}
