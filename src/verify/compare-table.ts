/**
 * Whether a table holds the same rows on both ends: counted, and with `checksum` also hashed row by
 * row. The hashes are added up, so the order of rows doesn't matter and duplicates do.
 */

import type { Table } from "../catalog/catalog.js";
import type { Side } from "../errors.js";
import { ownCondition } from "../plan/row-sets.js";
import {
  selectReferred,
  selectRows,
  storedExpression,
  type TableRows,
} from "../plan/table-rows.js";
import { readConfidentially } from "../postgres/confidential.js";
import type { Connection } from "../postgres/connection.js";
import { displayName, quoteLiteral, quoteQualified } from "../postgres/quote.js";
import { all } from "../run/abort.js";
import { comparedSettings, hashedBytes, rowHash, rowText } from "./row-hash.js";

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
  /** What of the source's table was copied; absent: all of it, as it is. */
  readonly rows?: TableRows | undefined;
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
  const { rows } = options;
  const queries = {
    source:
      rows === undefined
        ? digestQuery(table, options.source, options)
        : selectedDigestQuery(table, rows, options),
    target: digestQuery(withoutDerived(table, rows), options.target, options),
  };
  const zones = timeZones(options);
  const label = `verify ${displayName(table.schema, table.name)}`;
  const [source, target] = await all<[TableDigest, TableDigest]>(options.signal, [
    (signal) =>
      options.source.under(signal, () =>
        readConfidentially(rows?.confidential ?? false, () =>
          digest(options.source, label, inTimeZone(zones.source, queries.source, options.source)),
        ),
      ),
    (signal) =>
      options.target.under(signal, () =>
        digest(options.target, label, inTimeZone(zones.target, queries.target, options.target)),
      ),
  ]);
  const same = source.rows === target.rows && source.checksum === target.checksum;
  return { schema: table.schema, name: table.name, source, target, same };
}

interface DigestQuery {
  /** Before and after the query; empty where the session's own will do. */
  readonly set: string;
  readonly sql: string;
  readonly reset: string;
}

/**
 * The text of a timestamptz depends on the session's time zone. What was selected or masked on the
 * source was so in its own, so there the target follows; else both are set to the same.
 */
function timeZones({ source, rows }: CompareOptions): Record<Side, string | undefined> {
  const { timezone } = comparedSettings;
  if (rows === undefined) return { source: timezone, target: timezone };
  return { source: undefined, target: source.parameters.get("TimeZone") };
}

function inTimeZone(zone: string | undefined, sql: string, end: Connection): DigestQuery {
  const own = end.parameters.get("TimeZone");
  if (zone === undefined || own === undefined) return { set: "", sql, reset: "" };
  const set = (value: string) => `set timezone = ${quoteLiteral(value)}`;
  return { set: `${set(zone)}; `, sql, reset: set(own) };
}

async function digest(
  connection: Connection,
  label: string,
  { set, sql, reset }: DigestQuery,
): Promise<TableDigest> {
  const [row] = await connection.query<{ rows: string; checksum: string | null }>(label, set + sql);
  // The session goes on to other tasks: a materialized view may ask for its own time zone.
  if (reset !== "") await connection.execute(label, reset);
  return { rows: Number(row?.rows ?? 0), checksum: row?.checksum ?? undefined };
}

function digestQuery(table: Table, end: Connection, options: CompareOptions): string {
  const row = rowText(table.columns.map((column) => column.name));
  return `${digestColumns(row, end, options)} from only ${quoteQualified(table.schema, table.name)}`;
}

/** Of the rows that were copied, each column as the target stores it. */
function selectedDigestQuery(table: Table, rows: TableRows, options: CompareOptions): string {
  const { columns } = withoutDerived(table, rows);
  const stored = columns.map(({ name }, i) => `${storedExpression(name, rows)} as c${i + 1}`);
  const own = selectRows(table, stored, [ownCondition(rows)]);
  const { referred } = rows;
  const extra =
    referred === undefined ? "" : ` union all ${selectReferred(table, stored, referred)}`;
  const row = rowText(columns.map((_, i) => `c${i + 1}`));
  return `${referred?.with ?? ""}${digestColumns(row, options.source, options)} from (${own}${extra}) as copied`;
}

/** A column that the target computes from masked ones is not what the source computed. */
function withoutDerived(table: Table, rows: TableRows | undefined): Table {
  if (rows === undefined || rows.masks.size === 0) return table;
  return { ...table, columns: table.columns.filter((column) => !column.generated) };
}

function digestColumns(
  row: string,
  end: Connection,
  { mode, source, target }: CompareOptions,
): string {
  const hashing = { hash: "server", bytes: hashedBytes(source, target) } as const;
  const checksum =
    mode === "checksum" ? `coalesce(sum(${rowHash(row, hashing, end)}), 0)::text` : "null::text";
  return `select count(*)::text as rows, ${checksum} as checksum`;
}
