/** One part of a table of which the target refuses rows: these are set aside, and all others copied. */

import type { RejectedRows } from "../events.js";
import type { Part } from "../plan/parts.js";
import { copyOutStatement, partLabel, type TablePlan } from "../plan/table-plan.js";
import type { CopyResult } from "../postgres/copy.js";
import { copyInChunks } from "../postgres/copy-chunks.js";
import type { CopyPartOptions } from "./copy-part.js";
import { refuseRewritten } from "./refuse-rewritten.js";
import type { RejectTo } from "./rejected-files.js";
import { asText, FORGIVING, RowStore } from "./store-rows.js";

export interface ForgivingCopyResult extends CopyResult {
  /** Empty if the target took all of them as text. */
  readonly rejected: readonly RejectedRows[];
}

/**
 * Copies one part as text, in one transaction with its record, and sets aside what the target refuses.
 *
 * @throws PgCopyError as `copyPart`; `task_failed` where more rows are refused than are allowed.
 */
export async function copyPartForgiving(
  tablePlan: TablePlan,
  part: number,
  options: CopyPartOptions,
  rejectTo: RejectTo,
): Promise<ForgivingCopyResult> {
  const plan = asText(tablePlan);
  const attempted = partLabel(plan, part);
  const { source, target, onBytes, signal } = options;
  await using store = new RowStore({ plan, part, attempted }, target, rejectTo);
  await target.execute(attempted, `begin; ${FORGIVING}`);
  await store.begin();
  const read = await copyInChunks(
    {
      attempted,
      source,
      copyOut: copyOutStatement(plan, plan.parts[part] as Part),
      confidential: plan.rows?.confidential ?? false,
      onBytes,
      signal,
    },
    (rows) => store.store(rows),
  );
  store.refuseLoss(read.rows);
  await refuseRewritten([{ plan, rows: read.rows, attempted }], source);
  const rejected = await store.finish();
  const result = {
    rows: store.stored,
    bytes: read.bytes,
    rejected: rejected === undefined ? [] : [rejected],
  };
  const detail = rejected === undefined ? undefined : { rejected: [rejected] };
  await options.record.commit(target, [], { ...result, detail });
  return result;
}
