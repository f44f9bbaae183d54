/** The types of columns as a cast must name them. */

import type { Connection } from "../postgres/connection.js";
import { quoteQualified } from "../postgres/quote.js";

export interface ColumnCast {
  readonly tableOid: number;
  readonly column: string;
  /** Its type without a length: format_type would make `character(1)` of a bpchar. */
  readonly type: string;
  /** Its type with its length, precision or scale. */
  readonly storedType: string;
}

const castsQuery = `
select t.attrelid::bigint as "tableOid", t.attname as column, n.nspname as schema, y.typname as type,
       pg_catalog.format_type(t.atttypid, t.atttypmod) as "storedType"
from pg_catalog.pg_attribute t
join pg_catalog.pg_type y on y.oid = t.atttypid
join pg_catalog.pg_namespace n on n.oid = y.typnamespace
where t.attrelid = any ($1::pg_catalog.oid[]) and t.attnum > 0 and not t.attisdropped`;

/** Reads the types of all columns of these tables. */
export async function readColumnCasts(
  connection: Connection,
  tables: readonly number[],
): Promise<ColumnCast[]> {
  if (tables.length === 0) return [];
  const rows = await connection.query("reading the types of masked columns", castsQuery, [tables]);
  return rows.map((row) => {
    const { tableOid, column, schema, type, storedType } = row as Record<string, string>;
    return {
      tableOid: Number(tableOid),
      column: column as string,
      type: quoteQualified(schema as string, type as string),
      storedType: storedType as string,
    };
  });
}
