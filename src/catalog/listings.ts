/** The queries of `list`: every column is text, float8 or boolean, so that rows are plain data. */

import { userObjects } from "./user-objects.js";

export type ListKind = "tables" | "indexes" | "sequences" | "extensions" | "databases";

export const listQueries: Readonly<Record<ListKind, string>> = {
  tables: `
select n.nspname::text as schema, c.relname::text as name,
       case c.relkind when 'r' then 'table' when 'p' then 'partitioned table' when 'm' then 'materialized view'
                      else 'foreign table' end as kind,
       pg_catalog.pg_get_userbyid(c.relowner)::text as owner,
       nullif(c.reltuples, -1)::float8 as "estimatedRows",
       pg_catalog.pg_table_size(c.oid)::float8 as bytes,
       pg_catalog.pg_indexes_size(c.oid)::float8 as "indexBytes"
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'm', 'f') and ${userObjects("c.oid", "n")}
order by bytes desc, 1, 2`,
  indexes: `
select n.nspname::text as schema, c.relname::text as name, t.relname::text as table,
       case when i.indisprimary then 'primary key' when k.contype = 'u' then 'unique constraint'
            when k.contype = 'x' then 'exclusion constraint' when i.indisunique then 'unique index' else 'index' end as kind,
       a.amname::text as method, i.indisvalid as valid,
       case when c.relkind = 'I' then 0 else pg_catalog.pg_relation_size(c.oid) end::float8 as bytes
from pg_catalog.pg_index i
join pg_catalog.pg_class c on c.oid = i.indexrelid
join pg_catalog.pg_class t on t.oid = i.indrelid
join pg_catalog.pg_am a on a.oid = c.relam
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
left join pg_catalog.pg_constraint k on k.conindid = c.oid and k.conrelid = t.oid and k.contype in ('p', 'u', 'x')
where ${userObjects("t.oid", "n")}
order by bytes desc, 1, 2`,
  sequences: `
select n.nspname::text as schema, c.relname::text as name, pg_catalog.format_type(s.seqtypid, null) as type,
       case when pg_catalog.has_sequence_privilege(c.oid, 'select') then pg_catalog.pg_sequence_last_value(c.oid)::text end as "lastValue",
       s.seqincrement::text as increment,
       (select o.relname || '.' || t.attname
        from pg_catalog.pg_depend d
        join pg_catalog.pg_class o on o.oid = d.refobjid
        join pg_catalog.pg_attribute t on t.attrelid = d.refobjid and t.attnum = d.refobjsubid
        where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.objid = c.oid and d.deptype in ('a', 'i')
        limit 1) as "ownedBy"
from pg_catalog.pg_sequence s
join pg_catalog.pg_class c on c.oid = s.seqrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where ${userObjects("c.oid", "n")}
order by 1, 2`,
  extensions: `
select e.extname::text as name, e.extversion as version, n.nspname::text as schema,
       a.default_version as "defaultVersion"
from pg_catalog.pg_extension e
join pg_catalog.pg_namespace n on n.oid = e.extnamespace
left join pg_catalog.pg_available_extensions a on a.name = e.extname
order by 1`,
  databases: `
select d.datname::text as name, pg_catalog.pg_get_userbyid(d.datdba)::text as owner,
       pg_catalog.pg_encoding_to_char(d.encoding)::text as encoding, d.datcollate::text as collate,
       case when pg_catalog.has_database_privilege(d.oid, 'connect') then pg_catalog.pg_database_size(d.oid)::float8 end as bytes,
       s.numbackends::float8 as connections
from pg_catalog.pg_database d
left join pg_catalog.pg_stat_database s on s.datid = d.oid
where d.datallowconn and not d.datistemplate
order by bytes desc nulls last, 1`,
};
