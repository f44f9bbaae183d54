/**
 * A batch of small tables: one round trip reads all of them from the source, one stores them on the
 * target and builds what belongs to them, in one transaction with the record of it. Their rows are
 * held in memory in between (small-tables.ts keeps a batch small), so the source's session is free for
 * the next batch while the target works.
 */

import { PgCopyError } from "../errors.js";
import { copyInStatement, copyLabel, copyOutStatement } from "../plan/table-plan.js";
import { relationName, type SmallTable } from "../plan/task.js";
import { withoutWords } from "../postgres/confidential.js";
import type { Connection } from "../postgres/connection.js";
import type { CopyResult } from "../postgres/copy.js";
import { copiedRows, copyInMessages } from "../postgres/script-query.js";
import { failpoint } from "../run/failpoints.js";
import type { TaskRecord } from "./recorder.js";
import { refuseRewritten } from "./refuse-rewritten.js";
import { statementsOf } from "./run-scripts.js";

export interface ReadSmallTablesOptions {
  /** In a transaction that imported the snapshot. */
  readonly source: Connection;
  readonly onBytes: (bytes: number) => void;
}

/** A small table's rows, in memory. */
export interface ReadTable {
  readonly table: SmallTable;
  readonly attempted: string;
  readonly chunks: Buffer[];
  rows: number;
}

/**
 * Stores what was read, and builds what belongs to it.
 *
 * @returns rows and bytes of each table, in the order of `read`.
 * @throws PgCopyError `task_failed`, naming the table or object; the target then holds nothing of
 *   the batch once its session is closed.
 */
export async function storeSmallTables(
  read: readonly ReadTable[],
  target: Connection,
  record: TaskRecord,
): Promise<CopyResult[]> {
  const stored = await storeTables(read, target);
  for (const [i, { rows, attempted }] of read.entries()) {
    if (stored[i] !== rows) throw differentCount(attempted, rows, stored[i] ?? 0);
  }
  const results = read.map(resultOf);
  const total = results.reduce(
    (sum, { rows, bytes }) => ({ rows: sum.rows + rows, bytes: sum.bytes + bytes }),
    { rows: 0, bytes: 0 },
  );
  await failpoint("small_tables.stored", target.signal);
  await record.commit(target, [], { ...total, detail: { each: results } });
  await failpoint("small_tables.committed", target.signal);
  return results;
}

/** Statements follow each other: the words may be about any table of the batch. */
function confidentialError(error: unknown, tables: readonly SmallTable[]): unknown {
  const confidential = tables.some(({ plan }) => plan.rows?.confidential === true);
  return confidential && error instanceof PgCopyError ? withoutWords(error) : error;
}

/**
 * Reads all of a batch in one round trip.
 *
 * @throws PgCopyError `task_failed`, naming the table.
 */
export async function readSmallTables(
  tables: readonly SmallTable[],
  { source, onBytes }: ReadSmallTablesOptions,
): Promise<ReadTable[]> {
  const read = tables.map(
    (table): ReadTable => ({
      table,
      attempted: copyLabel(relationName(table.plan.table), 0, 1),
      chunks: [],
      rows: 0,
    }),
  );
  let at = 0;
  const statements = read.map(({ table: { plan }, attempted }) => ({
    attempted,
    sql: copyOutStatement(plan, { by: "whole" }),
  }));
  try {
    await source.executeAll(statements, {
      onCopyData: (chunk) => {
        read[at]?.chunks.push(Buffer.from(chunk));
        onBytes(chunk.length);
      },
      onCompleted: (tag) => {
        const table = read[at++];
        if (table !== undefined) table.rows = copiedRows(tag) ?? 0;
      },
    });
  } catch (error) {
    throw confidentialError(error, tables);
  }
  await refuseRewritten(
    read.map(({ table, rows, attempted }) => ({ plan: table.plan, rows, attempted })),
    source,
  );
  await failpoint("small_tables.read", source.signal);
  return read;
}

/** Leaves the transaction open; gives the rows that the target counted, table by table. */
async function storeTables(read: readonly ReadTable[], target: Connection): Promise<number[]> {
  const encoding = target.parameters.get("server_encoding");
  const stored: number[] = [];
  const statements = [
    { attempted: read[0]?.attempted ?? "COPY", sql: "begin" },
    ...read.map(({ table: { plan }, attempted }) => ({
      attempted,
      sql: copyInStatement(plan, encoding),
    })),
    ...read.flatMap(({ table }) => table.scripts.flatMap(statementsOf)),
  ];
  await target.executeAll(statements, {
    copyIn: Buffer.concat(read.flatMap(({ chunks }) => copyInMessages(chunks))),
    onCompleted: (tag) => {
      const rows = copiedRows(tag);
      if (rows !== undefined) stored.push(rows);
    },
  });
  return stored;
}

/** What one table of a batch came to. */
export function resultOf({ rows, chunks }: ReadTable): CopyResult {
  return { rows, bytes: sizeOf(chunks) };
}

function sizeOf(chunks: readonly Buffer[]): number {
  return chunks.reduce((sum, chunk) => sum + chunk.length, 0);
}

function differentCount(attempted: string, sent: number, stored: number): PgCopyError {
  return new PgCopyError(
    `${attempted} failed: the source sent ${sent} rows, the target stored ${stored}`,
    {
      code: "task_failed",
      attempted,
      side: "target",
    },
  );
}
