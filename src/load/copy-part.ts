/** One part of a table, from the source's snapshot into the target, in one transaction with its record. */

import type { Part } from "../plan/parts.js";
import {
  copyInStatement,
  copyOutStatement,
  partLabel,
  type TablePlan,
} from "../plan/table-plan.js";
import type { Connection } from "../postgres/connection.js";
import { type CopyResult, relayCopy } from "../postgres/copy.js";
import { quoteQualified } from "../postgres/quote.js";
import { failpoint } from "../run/failpoints.js";
import type { TaskRecord } from "./recorder.js";
import { refuseRewritten } from "./refuse-rewritten.js";

export interface CopyPartOptions {
  /** In a transaction that imported the snapshot. */
  readonly source: Connection;
  readonly target: Connection;
  readonly onBytes: (bytes: number) => void;
  readonly signal: AbortSignal;
  readonly record: TaskRecord;
}

/**
 * Copies one part.
 *
 * @throws PgCopyError `task_failed` or `interrupted`; the target then holds nothing of the part once
 *   its session is closed.
 */
export async function copyPart(
  plan: TablePlan,
  part: number,
  options: CopyPartOptions,
): Promise<CopyResult> {
  const attempted = partLabel(plan, part);
  const { source, target } = options;
  // FREEZE is allowed only where this transaction made the table's file.
  const truncate = plan.freeze
    ? `; truncate only ${quoteQualified(plan.table.schema, plan.table.name)}`
    : "";
  await failpoint("copy.begin", options.signal);
  await target.execute(attempted, `begin${truncate}`);
  await failpoint("copy.truncated", options.signal);
  const result = await relayCopy({
    attempted,
    source,
    target,
    copyOut: copyOutStatement(plan, plan.parts[part] as Part),
    copyIn: copyInStatement(plan, target.parameters.get("server_encoding")),
    confidential: plan.rows?.confidential ?? false,
    onBytes: options.onBytes,
    signal: options.signal,
    failpoint: "copy.data",
  });
  await refuseRewritten([{ plan, rows: result.rows, attempted }], source);
  await options.record.commit(target, [], result);
  return result;
}
