/** Tables, their columns and what they descend from. */

import type { Connection } from "../postgres/connection.js";
import type { Column, Table } from "./catalog.js";
import { userObjects, withNumbers } from "./user-objects.js";

const tablesQuery = `
select c.oid::bigint as oid, n.nspname as schema, c.relname as name,
       case c.relkind when 'r' then 'table' when 'p' then 'partitioned' when 'f' then 'foreign'
                      else 'materialized_view' end as kind,
       c.relpersistence = 'u' as unlogged,
       c.relpersistence = 'u' and pg_catalog.pg_is_in_recovery() as "rowsElsewhere",
       coalesce(a.amname = 'heap', true) as heap,
       case when c.relkind in ('r', 'm')
            then pg_catalog.pg_relation_size(c.oid)
               + coalesce(pg_catalog.pg_relation_size(nullif(c.reltoastrelid, 0)), 0) else 0 end as bytes,
       case when c.relkind in ('r', 'm')
            then coalesce(pg_catalog.pg_relation_size(nullif(c.reltoastrelid, 0)), 0) else 0 end as "toastBytes",
       case when c.relkind in ('r', 'm')
            then pg_catalog.pg_relation_size(c.oid) / current_setting('block_size')::bigint else 0 end as pages,
       c.reltuples::float8 as "estimatedRows",
       pg_catalog.has_schema_privilege(n.oid, 'usage') and pg_catalog.has_table_privilege(c.oid, 'select') as readable,
       c.relrowsecurity and pg_catalog.row_security_active(c.oid) as "rowSecurityApplies",
       c.relispopulated as populated,
       c.relfilenode::bigint as "fileNode",
       coalesce(pg_catalog.pg_relation_filenode(c.oid), 0)::bigint as "presentFileNode"
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
left join pg_catalog.pg_am a on a.oid = c.relam
where c.relkind in ('r', 'p', 'f', 'm') and ${userObjects("c.oid", "n")}
order by c.oid`;

const columnsQuery = `
select t.attrelid::bigint as "tableOid", t.attname as name, t.atttypid::bigint as "typeOid",
       t.attgenerated <> '' as generated, t.attstorage = 'e' as external
from pg_catalog.pg_attribute t
join pg_catalog.pg_class c on c.oid = t.attrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'f', 'm') and t.attnum > 0 and not t.attisdropped
  and ${userObjects("c.oid", "n")}
order by t.attrelid, t.attnum`;

const inheritanceQuery = `
select i.inhrelid::bigint as oid, i.inhparent::bigint as parent, p.relkind = 'p' as partition
from pg_catalog.pg_inherits i
join pg_catalog.pg_class p on p.oid = i.inhparent and p.relkind in ('r', 'p', 'f')
order by i.inhrelid, i.inhseqno`;

/** A single integer column with a plain unique index, never null: its ranges cover every row once. */
const integerKeysQuery = `
select distinct on (i.indrelid) i.indrelid::bigint as oid, t.attname as column
from pg_catalog.pg_index i
join pg_catalog.pg_attribute t on t.attrelid = i.indrelid and t.attnum = i.indkey[0]
where i.indisunique and i.indisvalid and i.indpred is null and i.indexprs is null
  and i.indnkeyatts = 1 and t.attnotnull and t.attgenerated = ''
  and t.atttypid in ('pg_catalog.int2'::pg_catalog.regtype, 'pg_catalog.int4'::pg_catalog.regtype, 'pg_catalog.int8'::pg_catalog.regtype)
order by i.indrelid, i.indisprimary desc, i.indexrelid`;

/** Reads all user tables; see `Table`. */
export async function readTables(connection: Connection): Promise<Table[]> {
  const doing = `reading the ${connection.side}'s tables`;
  const rows = (await connection.query(doing, tablesQuery)).map(withNumbers) as unknown as Table[];
  const columns = new Map<number, Column[]>();
  for (const row of await connection.query(doing, columnsQuery)) {
    const { tableOid, ...column } = withNumbers(row) as unknown as Column & { tableOid: number };
    const list = columns.get(tableOid);
    if (list === undefined) columns.set(tableOid, [column]);
    else list.push(column);
  }
  const parents = new Map<number, { oid: number; partition: boolean }[]>();
  for (const row of await connection.query(doing, inheritanceQuery)) {
    const list = parents.get(Number(row.oid)) ?? [];
    list.push({ oid: Number(row.parent), partition: row.partition === true });
    parents.set(Number(row.oid), list);
  }
  const keys = new Map<number, string>();
  for (const row of await connection.query(doing, integerKeysQuery))
    keys.set(Number(row.oid), String(row.column));
  return rows.map((table) => {
    const key = keys.get(table.oid);
    return {
      ...table,
      columns: columns.get(table.oid) ?? [],
      integerKey: key === undefined ? undefined : { column: key },
      parents: (parents.get(table.oid) ?? []).map((parent) => parent.oid),
      partitionOf: parents.get(table.oid)?.find((parent) => parent.partition)?.oid,
    };
  });
}
