/**
 * Whether a table holds the same rows on both ends: counted, and with `checksum` also hashed row by
 * row. The hashes are added up, so the order of rows doesn't matter and duplicates do.
 */

import type { Table } from "../catalog/catalog.js";
import type { Connection } from "../postgres/connection.js";
import { displayName, quoteName, quoteQualified } from "../postgres/quote.js";
import { all } from "../run/abort.js";

export interface TableDigest {
  readonly rows: number;
  /** A decimal number; absent where rows were only counted. */
  readonly checksum: string | undefined;
}

export interface TableComparison {
  readonly schema: string;
  readonly name: string;
  readonly source: TableDigest;
  readonly target: TableDigest;
  readonly same: boolean;
}

export interface CompareOptions {
  /** In the transaction of the snapshot. */
  readonly source: Connection;
  readonly target: Connection;
  readonly mode: "count" | "checksum";
  readonly signal: AbortSignal;
}

/**
 * Compares one table, both ends at the same time. A difference is no error: see `same`.
 *
 * @throws PgCopyError `task_failed`, with the side whose query failed; `interrupted`.
 */
export async function compareTable(
  table: Table,
  options: CompareOptions,
): Promise<TableComparison> {
  const sql = digestQuery(table, options);
  const label = `verify ${displayName(table.schema, table.name)}`;
  const [source, target] = await all<[TableDigest, TableDigest]>(options.signal, [
    (signal) => options.source.under(signal, () => digest(options.source, label, sql)),
    (signal) => options.target.under(signal, () => digest(options.target, label, sql)),
  ]);
  const same = source.rows === target.rows && source.checksum === target.checksum;
  return { schema: table.schema, name: table.name, source, target, same };
}

async function digest(connection: Connection, label: string, sql: string): Promise<TableDigest> {
  const [row] = await connection.query<{ rows: string; checksum: string | null }>(label, sql);
  return { rows: Number(row?.rows ?? 0), checksum: row?.checksum ?? undefined };
}

/**
 * hashtextextended is 64 bits wide and the same on every version since 11; the sum of many is a
 * numeric. The row's text is a row constructor over named columns, so that neither a dropped column
 * nor another column order changes it.
 */
function digestQuery(table: Table, { mode, source, target }: CompareOptions): string {
  const row = `row(${table.columns.map((column) => quoteName(column.name)).join(", ")})::text`;
  const hashed = encodingOf(source) === encodingOf(target) ? row : inUtf8(row);
  const checksum =
    mode === "checksum"
      ? `coalesce(sum(pg_catalog.hashtextextended(${hashed}, 0)), 0)::text`
      : "null::text";
  return `select count(*)::text as rows, ${checksum} as checksum from only ${quoteQualified(table.schema, table.name)}`;
}

function encodingOf(connection: Connection): string | undefined {
  return connection.parameters.get("server_encoding");
}

/** The hash is one of bytes: those of LATIN1 and UTF8 differ for the same characters. */
function inUtf8(text: string): string {
  return `pg_catalog.encode(pg_catalog.convert_to(${text}, 'UTF8'), 'hex')`;
}
