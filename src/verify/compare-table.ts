/**
 * Whether a table holds the same rows on both ends: counted, and with `checksum` also hashed row by
 * row. The hashes are added up, so the order of rows doesn't matter and duplicates do.
 */

import type { Table } from "../catalog/catalog.js";
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
  const settings = settingsOf(options);
  const label = `verify ${displayName(table.schema, table.name)}`;
  const [source, target] = await all<[TableDigest, TableDigest]>(options.signal, [
    (signal) =>
      options.source.under(signal, () =>
        readConfidentially(rows?.confidential ?? false, () =>
          digest(options.source, label, queries.source, settings),
        ),
      ),
    (signal) =>
      options.target.under(signal, () => digest(options.target, label, queries.target, settings)),
  ]);
  const same = source.rows === target.rows && source.checksum === target.checksum;
  return { schema: table.schema, name: table.name, source, target, same };
}

/** A WHERE or mask may depend on the time zone: it must be the one in which the rows were copied. */
function settingsOf({ source, rows }: CompareOptions): Readonly<Record<string, string>> {
  const copiedIn = source.parameters.get("TimeZone");
  return rows === undefined || copiedIn === undefined ? comparedSettings : { timezone: copiedIn };
}

async function digest(
  connection: Connection,
  label: string,
  sql: string,
  settings: Readonly<Record<string, string>>,
): Promise<TableDigest> {
  const each = Object.entries(settings);
  const set = each.map(([name, value]) => `set ${name} = ${quoteLiteral(value)}; `).join("");
  const [row] = await connection.query<{ rows: string; checksum: string | null }>(label, set + sql);
  // A session of the target's goes on to other tasks: a materialized view may ask for its own time zone.
  await connection.execute(label, each.map(([name]) => `reset ${name}`).join("; "));
  return { rows: Number(row?.rows ?? 0), checksum: row?.checksum ?? undefined };
}

function digestQuery(table: Table, end: Connection, options: CompareOptions): string {
  const columns = table.columns.map((column) => column.name);
  return `${digestColumns(columns, end, options)} from only ${quoteQualified(table.schema, table.name)}`;
}

/** Of the rows that were copied, each column as the target stores it. */
function selectedDigestQuery(table: Table, rows: TableRows, options: CompareOptions): string {
  const { columns } = withoutDerived(table, rows);
  const stored = columns.map(({ name }, i) => `${storedExpression(name, rows)} as c${i + 1}`);
  const own = selectRows(table, stored, [ownCondition(rows)]);
  const { referred } = rows;
  const extra =
    referred === undefined ? "" : ` union all ${selectReferred(table, stored, referred)}`;
  const names = columns.map((_, i) => `c${i + 1}`);
  return `${referred?.with ?? ""}${digestColumns(names, options.source, options)} from (${own}${extra}) as copied`;
}

/** A column that the target computes from masked ones is not what the source computed. */
function withoutDerived(table: Table, rows: TableRows | undefined): Table {
  if (rows === undefined || rows.masks.size === 0) return table;
  return { ...table, columns: table.columns.filter((column) => !column.generated) };
}

function digestColumns(
  columns: readonly string[],
  end: Connection,
  { mode, source, target }: CompareOptions,
): string {
  const hashing = { hash: "server", bytes: hashedBytes(source, target) } as const;
  const hash = rowHash(rowText(columns), hashing, end);
  const checksum = mode === "checksum" ? `coalesce(sum(${hash}), 0)::text` : "null::text";
  return `select count(*)::text as rows, ${checksum} as checksum`;
}
