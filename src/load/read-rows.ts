/** What the tasks of a copy read from the source, read and thrown away. */

import { largeObjectRows } from "../plan/large-object-rows.js";
import type { Part } from "../plan/parts.js";
import type { TablePlan } from "../plan/table-plan.js";
import { copyOutStatement, partLabel } from "../plan/table-plan.js";
import type { SmallTable } from "../plan/task.js";
import type { CopyResult } from "../postgres/copy.js";
import { type CopyReading, discardCopy } from "../postgres/discard-copy.js";
import type { LargeObjectWork } from "./copy-large-objects.js";
import { readSmallTables, resultOf } from "./copy-small-tables.js";
import { readLargeObjectDetails } from "./large-object-details.js";
import { refuseRewritten } from "./refuse-rewritten.js";

/** The session is in a transaction that imported the snapshot. */
export type ReadRowsOptions = Pick<CopyReading, "source" | "onBytes" | "signal">;

/**
 * Reads one part.
 *
 * @throws PgCopyError `task_failed` or `interrupted`; so do all others here.
 */
export async function readPart(
  plan: TablePlan,
  part: number,
  options: ReadRowsOptions,
): Promise<CopyResult> {
  const attempted = partLabel(plan, part);
  const read = await discardCopy({
    ...options,
    attempted,
    copyOut: copyOutStatement(plan, plan.parts[part] as Part),
    confidential: plan.rows?.confidential ?? false,
  });
  await refuseRewritten([{ plan, rows: read.rows, attempted }], options.source);
  return read;
}

/** Reads a batch of small tables; gives each one's rows and bytes. */
export async function readBatch(
  tables: readonly SmallTable[],
  options: ReadRowsOptions,
): Promise<CopyResult[]> {
  const read = await readSmallTables(tables, options);
  return read.map(resultOf);
}

/** Reads large objects: what is known of them, their contents, or both. */
export async function readLargeObjects(
  { objects, step, access }: LargeObjectWork,
  { attempted, ...options }: ReadRowsOptions & { readonly attempted: string },
): Promise<{ readonly objects: number; readonly bytes: number }> {
  const groups =
    step === "fill" ? [] : (await readLargeObjectDetails(options.source, objects)).groups;
  const counts = step === "create" || step === "all";
  const { bytes } =
    step === "fill" || step === "all"
      ? await discardCopy({
          ...options,
          attempted,
          copyOut: `copy (${largeObjectRows(access, objects)}) to stdout (format binary)`,
        })
      : { bytes: 0 };
  return { objects: counts ? groups.reduce((sum, { oids }) => sum + oids.length, 0) : 0, bytes };
}
