/** How each table's rows travel: its format, its parts, and the two COPY statements of each. */

import type { Catalog, Table } from "../catalog/catalog.js";
import type { KeyRange } from "../catalog/read-key-bounds.js";
import { displayName, quoteLiteral, quoteName, quoteQualified } from "../postgres/quote.js";
import type { Technique } from "../techniques.js";
import { chooseFormat } from "./copy-format.js";
import { ctidParts, cutParts, type Part, partCondition, splitMethod } from "./parts.js";
import { ownCondition } from "./row-sets.js";
import { copiedExpressions, selectReferred, selectRows, type TableRows } from "./table-rows.js";

export interface TablePlan {
  readonly table: Table;
  readonly format: "text" | "binary";
  readonly formatReason: string;
  /** COPY … (FREEZE), in the transaction that truncates the table. */
  readonly freeze: boolean;
  /** Empty for a table without a single block: there is nothing to copy. */
  readonly parts: readonly Part[];
  /** Why it is in several; undefined for a table that is not. */
  readonly partsReason: string | undefined;
  /** Whether it can be read by ranges of blocks. */
  readonly ctidRanges: boolean;
  /** Why a table above the limit stays whole. */
  readonly splitReason: string | undefined;
  readonly encoding: string;
  /** Its WHERE and masks; undefined where all of it is copied as it is. */
  readonly rows: TableRows | undefined;
}

/** Below this, TRUNCATE (a new file, a sync at commit) costs more than FREEZE saves. */
const FREEZE_FROM_BYTES = 1024 * 1024;

export interface TablePlanOptions {
  readonly copyFormat: "auto" | "text" | "binary";
  readonly splitTablesLargerThan: number | undefined;
  readonly keyBounds: ReadonlyMap<number, KeyRange>;
  /** WHERE and masks by the table's OID: `content.rowSelection.tableRows`. */
  readonly tableRows: ReadonlyMap<number, TableRows>;
  readonly without?: ReadonlySet<Technique>;
}

/** Plans one ordinary table. */
export function planTable(table: Table, catalog: Catalog, options: TablePlanOptions): TablePlan {
  const { format, reason } = chooseFormat(table, catalog, options.copyFormat);
  // No block now means no row that the snapshot could see: vacuum keeps what it can.
  const empty = (table.heap && table.pages === 0) || table.rowsElsewhere || table.arrivesEmpty;
  const whole = empty
    ? []
    : cutParts(
        table,
        options.splitTablesLargerThan,
        catalog.serverVersion,
        options.keyBounds.get(table.oid),
      );
  const rows = options.tableRows.get(table.oid);
  const parts: readonly Part[] =
    rows?.referred === undefined || empty ? whole : [...whole, { by: "reference" }];
  return {
    table,
    format,
    formatReason: reason,
    // Parts load side by side, in transactions of their own: none of them may truncate the others.
    freeze:
      parts.length === 1 &&
      table.bytes >= FREEZE_FROM_BYTES &&
      options.without?.has("freeze") !== true,
    parts,
    partsReason: whole.length > 1 ? "asked for" : undefined,
    ctidRanges: splitMethod(table, catalog.serverVersion) === "ctid",
    rows,
    splitReason: wholeBecause(table, whole, catalog.serverVersion, options.splitTablesLargerThan),
    encoding: catalog.database.encoding,
  };
}

/** A whole table by ranges of its blocks. Parts load side by side, in transactions of their own, so none may truncate. */
export function inParts(plan: TablePlan, count: number, reason: string): TablePlan {
  const parts = ctidParts(plan.table.pages, count);
  return { ...plan, parts, partsReason: reason, freeze: false };
}

function wholeBecause(
  table: Table,
  parts: readonly Part[],
  sourceVersion: number,
  limitBytes: number | undefined,
): string | undefined {
  if (limitBytes === undefined || table.bytes <= limitBytes || parts.length !== 1) return undefined;
  if (splitMethod(table, sourceVersion) !== "none") return "it has too few rows or pages to cut";
  return sourceVersion < 140_000
    ? "before PostgreSQL 14 a part needs a unique integer column, and it has none"
    : "its access method has no ctid ranges, and it has no unique integer column";
}

/** The COPY … TO of one part. */
export function copyOutStatement(plan: TablePlan, part: Part): string {
  const { table, rows } = plan;
  const to = `to stdout (${formatOptions(plan).join(", ")})`;
  if (rows !== undefined) return `copy (${rowsOfPart(table, rows, part)}) ${to}`;
  const name = quoteQualified(table.schema, table.name);
  const columns = copiedColumns(table);
  const condition = partCondition(part);
  // A query costs a little more than the table itself, and is needed only for a part.
  const what =
    condition === undefined
      ? `${name}${columnList(columns)}`
      : `(select ${columns.join(", ")} from only ${name} where ${condition})`;
  return `copy ${what} ${to}`;
}

function rowsOfPart(table: Table, rows: TableRows, part: Part): string {
  const expressions = copiedExpressions(table, rows);
  if (part.by === "reference" && rows.referred !== undefined)
    return rows.referred.with + selectReferred(table, expressions, rows.referred);
  return selectRows(table, expressions, [partCondition(part), ownCondition(rows)]);
}

/**
 * The COPY … FROM that takes it.
 *
 * @param targetEncoding that of the target's database. Bytes of SQL_ASCII are taken to be of it, so
 *   that they are checked: COPY with the encoding SQL_ASCII stores anything in a UTF8 database.
 */
export function copyInStatement(plan: TablePlan, targetEncoding?: string): string {
  const encoding = plan.encoding === "SQL_ASCII" ? targetEncoding : undefined;
  const options = formatOptions({ ...plan, encoding: encoding ?? plan.encoding });
  if (plan.freeze) options.push("freeze true");
  const columns = columnList(copiedColumns(plan.table));
  return `copy ${quoteQualified(plan.table.schema, plan.table.name)}${columns} from stdin (${options.join(", ")})`;
}

/**
 * What it takes to put rows back that the target refused: they are lines of text format. Its encoding is
 * always said, as whoever runs it has one of their own.
 *
 * @param targetEncoding as for `copyInStatement`.
 */
export function copyBackStatement(
  { table, encoding: sources }: TablePlan,
  targetEncoding?: string,
): { readonly columns: readonly string[]; readonly encoding: string; readonly copy: string } {
  const encoding = sources === "SQL_ASCII" ? (targetEncoding ?? sources) : sources;
  const columns = columnList(copiedColumns(table));
  const options = `format text, encoding ${quoteLiteral(encoding)}`;
  return {
    columns: table.columns.filter((column) => !column.generated).map(({ name }) => name),
    encoding,
    copy: `copy ${quoteQualified(table.schema, table.name)}${columns} from stdin (${options})`,
  };
}

/** `COPY public.orders (part 3 of 8)`, counting from 1. */
export function copyLabel(name: string, part: number, parts: number): string {
  return parts === 1 ? `COPY ${name}` : `COPY ${name} (part ${part + 1} of ${parts})`;
}

/** The label of one part of a plan: `COPY public.customers (rows referred to)` for that part. */
export function partLabel({ table, parts }: TablePlan, part: number): string {
  const name = displayName(table.schema, table.name);
  const slices = parts.filter(({ by }) => by !== "reference");
  if (parts[part]?.by === "reference") return `COPY ${name} (rows referred to)`;
  return copyLabel(name, part, slices.length);
}

/** Generated columns are computed by the target. */
function copiedColumns(table: Table): string[] {
  return table.columns
    .filter((column) => !column.generated)
    .map((column) => quoteName(column.name));
}

/**
 * Columns are always named, as a partition may have them in another order than on the source. A
 * table without columns to name has nothing to mix up: COPY leaves generated ones out by itself.
 */
function columnList(columns: readonly string[]): string {
  return columns.length === 0 ? "" : ` (${columns.join(", ")})`;
}

function formatOptions(plan: TablePlan): string[] {
  if (plan.format === "binary") return ["format binary"];
  const encoding = plan.encoding === "UTF8" ? [] : [`encoding ${quoteLiteral(plan.encoding)}`];
  return ["format text", ...encoding];
}
