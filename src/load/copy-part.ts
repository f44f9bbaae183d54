/** One part of a table, from the source's snapshot into the target, in one transaction with its record. */

import { PgCopyError } from "../errors.js";
import type { Part } from "../plan/parts.js";
import {
  copyInStatement,
  copyLabel,
  copyOutStatement,
  type TablePlan,
} from "../plan/table-plan.js";
import { relationName } from "../plan/task.js";
import type { Connection } from "../postgres/connection.js";
import { type CopyResult, relayCopy } from "../postgres/copy.js";
import { quoteQualified } from "../postgres/quote.js";

export interface CopyPartOptions {
  /** In a transaction that imported the snapshot. */
  readonly source: Connection;
  readonly target: Connection;
  readonly onBytes: (bytes: number) => void;
  readonly signal: AbortSignal;
  /** The statement that records the part as done. */
  readonly record?: (result: CopyResult) => string;
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
  const attempted = copyLabel(relationName(plan.table), part, plan.parts.length);
  const { source, target } = options;
  // FREEZE is allowed only where this transaction made the table's file.
  const truncate = plan.freeze
    ? `; truncate only ${quoteQualified(plan.table.schema, plan.table.name)}`
    : "";
  await target.execute(attempted, `begin${truncate}`);
  const result = await relayCopy({
    attempted,
    source,
    target,
    copyOut: copyOutStatement(plan, plan.parts[part] as Part),
    copyIn: copyInStatement(plan),
    onBytes: options.onBytes,
    signal: options.signal,
  });
  await refuseRewritten(plan, result.rows, source, attempted);
  const record = options.record === undefined ? "" : `${options.record(result)}; `;
  await target.execute(attempted, `${record}commit`);
  return result;
}

/**
 * A snapshot does not cover TRUNCATE or a rewriting ALTER TABLE: after one, it reads no rows, and no
 * error. COPY's lock on the table lasts as long as the source's transaction, so the file that it
 * read is the one that the table has now. VACUUM FULL keeps the rows that the snapshot sees, but
 * moves them, so that ranges of ctid no longer fit together.
 */
async function refuseRewritten(
  { table, parts }: TablePlan,
  rows: number,
  source: Connection,
  attempted: string,
): Promise<void> {
  const [now] = await source.query<{ node: string | null }>(
    attempted,
    "select pg_catalog.pg_relation_filenode($1::oid)::bigint as node",
    [table.oid],
  );
  if (Number(now?.node ?? 0) === table.fileNode || (rows > 0 && parts.length === 1)) return;
  throw rewrittenError(relationName(table), attempted);
}

/** The error of a table that the snapshot no longer shows as it was. */
export function rewrittenError(name: string, attempted: string): PgCopyError {
  return new PgCopyError(
    `${attempted} failed: ${name} was truncated or rewritten on the source after the snapshot was taken, which no longer shows its rows`,
    {
      code: "task_failed",
      attempted,
      side: "source",
      advice: "start over, with nothing that truncates or rewrites tables on the source meanwhile",
    },
  );
}
