/** By what a table's rows can be told apart: its primary key, and unique indexes over columns that are never null. */

import type { Connection } from "../postgres/connection.js";

export interface KeyColumn {
  readonly name: string;
  /** Its type as SQL, quoted and qualified. */
  readonly type: string;
  /** Whether its type's own order is the same on every server: no collation, no order of labels. */
  readonly ordered: boolean;
}

export type RowKey = readonly KeyColumn[];

/** Built-in types whose order neither a collation nor a user can change. */
const orderedTypes = [
  "bool",
  "int2",
  "int4",
  "int8",
  "oid",
  "numeric",
  "float4",
  "float8",
  "date",
  "time",
  "timetz",
  "timestamp",
  "timestamptz",
  "interval",
  "uuid",
  "bytea",
  "inet",
  "cidr",
  "macaddr",
  "macaddr8",
  "bit",
  "varbit",
  "pg_lsn",
];

const keysQuery = `
select i.indrelid::bigint as "tableOid",
       array_agg(a.attname::text order by k.place) as names,
       array_agg(pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(y.typname) order by k.place) as types,
       array_agg((n.nspname = 'pg_catalog' and y.typname::text = any ($1::text[]))::text order by k.place) as ordered
from pg_catalog.pg_index i
cross join lateral unnest(i.indkey::int2[]) with ordinality as k (number, place)
join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.number
join pg_catalog.pg_type y on y.oid = a.atttypid
join pg_catalog.pg_namespace n on n.oid = y.typnamespace
where i.indisunique and i.indisvalid and i.indpred is null and i.indexprs is null and k.place <= i.indnkeyatts
  and i.indrelid >= 16384
group by i.indrelid, i.indexrelid, i.indisprimary
having bool_and(a.attnotnull)
order by i.indrelid, i.indisprimary desc, count(*), i.indexrelid`;

/** The keys of all tables by the table's OID, the primary key first, then those of the fewest columns. */
export async function readRowKeys(connection: Connection): Promise<Map<number, RowKey[]>> {
  const rows = await connection.query<{
    tableOid: string;
    names: string[];
    types: string[];
    ordered: string[];
  }>(`reading the ${connection.side}'s keys`, keysQuery, [orderedTypes]);
  const keys = new Map<number, RowKey[]>();
  for (const { tableOid, names, types, ordered } of rows) {
    const key = names.map((name, at) => ({
      name,
      type: types[at] ?? "",
      ordered: ordered[at] === "true",
    }));
    const list = keys.get(Number(tableOid));
    if (list === undefined) keys.set(Number(tableOid), [key]);
    else list.push(key);
  }
  return keys;
}
