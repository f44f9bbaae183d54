/** A batch of small tables of which the target refuses rows: these are set aside, and all others copied. */

import type { RejectedRows } from "../events.js";
import type { TablePlan } from "../plan/table-plan.js";
import type { SmallTable } from "../plan/task.js";
import type { Connection } from "../postgres/connection.js";
import type { CopyResult } from "../postgres/copy.js";
import { GatheredRows } from "../postgres/copy-chunks.js";
import type { ReadTable } from "./copy-small-tables.js";
import type { TaskRecord } from "./recorder.js";
import { RejectedFiles, type RejectTo } from "./rejected-files.js";
import { statementsOf } from "./run-scripts.js";
import { asText, FORGIVING, RowStore } from "./store-rows.js";

/** The batch as it is to be read for `storeSmallTablesForgiving`. */
export function batchAsText(tables: readonly SmallTable[]): SmallTable[] {
  return tables.map((table) => ({ ...table, plan: asText(table.plan) }));
}

export interface StoredBatch extends CopyResult {
  /** Rows and bytes of each table, in the order of the batch. */
  readonly each: readonly CopyResult[];
  readonly rejected: readonly RejectedRows[];
}

/**
 * Stores what was read as text, and builds what belongs to it.
 *
 * @throws PgCopyError `task_failed`, naming the table or object; the target then holds nothing of
 *   the batch once its session is closed.
 */
export async function storeSmallTablesForgiving(
  read: readonly ReadTable[],
  target: Connection,
  rejectTo: RejectTo,
  record: TaskRecord,
): Promise<StoredBatch> {
  const attempted = read[0]?.attempted ?? "COPY";
  await target.execute(attempted, `begin; ${FORGIVING}`);
  const each: CopyResult[] = [];
  const rejected: RejectedRows[] = [];
  for (const one of read) {
    const { result, aside } = await storeTable(one, target, rejectTo);
    each.push(result);
    if (aside !== undefined) rejected.push(aside);
  }
  const scripts = read.flatMap(({ table }) => table.scripts.flatMap(statementsOf));
  const sum = (key: keyof CopyResult) => each.reduce((total, one) => total + one[key], 0);
  const done = { rows: sum("rows"), bytes: sum("bytes"), each, rejected };
  await record.commit(target, scripts, { ...done, detail: { each, rejected } });
  return done;
}

async function storeTable(
  { table: { plan }, attempted, chunks, rows: sent }: ReadTable,
  target: Connection,
  rejectTo: RejectTo,
): Promise<{ readonly result: CopyResult; readonly aside: RejectedRows | undefined }> {
  await using store = new RowStore({ plan, part: 0, attempted }, target, rejectTo);
  await store.begin();
  const gathered = new GatheredRows();
  for (const chunk of chunks) gathered.add(chunk);
  await store.store(gathered.takeAll());
  store.refuseLoss(sent);
  const bytes = chunks.reduce((total, chunk) => total + chunk.length, 0);
  return { aside: await store.finish(), result: { rows: store.stored, bytes } };
}

/** Removes the files that an earlier try at these tables has left. */
export async function clearRejected(
  tables: readonly { readonly plan: TablePlan; readonly part: number }[],
  { directory }: RejectTo,
): Promise<void> {
  for (const { plan, part } of tables)
    await new RejectedFiles(directory, plan, part, undefined).clear();
}
