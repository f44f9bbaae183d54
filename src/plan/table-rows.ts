/** Of a table with a WHERE or masks: the queries of its rows as they are copied. Pure. */

import type { Catalog, Table } from "../catalog/catalog.js";
import { quoteName, quoteQualified } from "../postgres/quote.js";

/** What is copied in place of a column. */
export interface Mask {
  /** The expression as it was given. */
  readonly given: string;
  /** As SQL, cast to the column's type: its binary form is then the column's. The target checks lengths. */
  readonly copied: string;
  /** As SQL, also rounded or padded, as the target stores it. */
  readonly stored: string;
  /** Whether it may give another value each time. */
  readonly volatile: boolean;
}

export interface Condition {
  /** As it was given. */
  readonly given: string;
  readonly sql: string;
}

/** Rows beyond the WHERE: those that copied rows of other tables refer to (`includeReferenced`). */
export interface ReferredRows {
  /** The `with …` that `ids` needs. */
  readonly with: string;
  /** A query of their ctids, of rows for which the WHERE does not hold. */
  readonly ids: string;
}

/** Which rows of a table are copied, and what of them. */
export interface TableRows {
  readonly where: Condition | undefined;
  /** By the column's name. */
  readonly masks: ReadonlyMap<string, Mask>;
  readonly referred: ReferredRows | undefined;
  /** Whether what the server says of these rows may quote the value of a masked column. */
  readonly confidential: boolean;
}

/** A table's columns as they are copied; generated ones are computed by the target. */
export function copiedExpressions(table: Table, rows: TableRows | undefined): string[] {
  return table.columns
    .filter((column) => !column.generated)
    .map(({ name }) => rows?.masks.get(name)?.copied ?? quoteName(name));
}

/** A column as the target stores it. */
export function storedExpression(name: string, rows: TableRows | undefined): string {
  return rows?.masks.get(name)?.stored ?? quoteName(name);
}

/**
 * `select … from only "public"."orders" as t where …`, with all the conditions that there are. The
 * alias is there lest a table's own name stand for something else of the statement around it.
 */
export function selectRows(
  table: Table,
  expressions: readonly string[],
  conditions: readonly (string | undefined)[],
): string {
  const all = conditions.filter((condition) => condition !== undefined);
  const where = all.length === 0 ? "" : ` where ${all.join(" and ")}`;
  return `select ${expressions.join(", ")} from only ${quoteQualified(table.schema, table.name)} as t${where}`;
}

/** The query of the rows that others refer to; `referred.with` must come before it. */
export function selectReferred(
  table: Table,
  expressions: readonly string[],
  referred: ReferredRows,
): string {
  return selectRows(table, expressions, [`ctid in (${referred.ids})`]);
}

/** No part is cut along a masked key: its ends would be values of it. */
export function withoutMaskedKeys(
  catalog: Catalog,
  tableRows: ReadonlyMap<number, TableRows>,
): Catalog {
  if (tableRows.size === 0) return catalog;
  const tables = catalog.tables.map((table) =>
    tableRows.get(table.oid)?.masks.has(table.integerKey?.column ?? "")
      ? { ...table, integerKey: undefined }
      : table,
  );
  return { ...catalog, tables };
}

/** An expression on lines of its own, so that a comment at its end hides nothing. */
export function enclosed(sql: string): string {
  return `(\n${sql}\n)`;
}

/**
 * Tables whose statistics on the source must not be copied: they would hold values of masked columns
 * or of rows that were left behind. Those of tables above them and of materialized views may,
 * too. By OID.
 */
export function tablesWithoutStatistics(
  { tables }: Pick<Catalog, "tables">,
  tableRows: ReadonlyMap<number, TableRows>,
): ReadonlySet<number> {
  const oids = new Set<number>();
  const parents = new Map(tables.map((table) => [table.oid, table.parents]));
  const add = (oid: number): void => {
    if (oids.has(oid)) return;
    oids.add(oid);
    for (const parent of parents.get(oid) ?? []) add(parent);
  };
  for (const oid of tableRows.keys()) add(oid);
  for (const { oid, arrivesEmpty } of tables) if (arrivesEmpty) add(oid);
  if (oids.size > 0) for (const { oid, kind } of tables) if (kind === "materialized_view") add(oid);
  return oids;
}
