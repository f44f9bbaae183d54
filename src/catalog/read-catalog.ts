/** Reading the catalog: see `catalog.ts` for what each field means. */

import type { Connection } from "../postgres/connection.js";
import type { Catalog, Constraint, Index, RefreshDependency, Sequence } from "./catalog.js";
import { readDatabaseProperties } from "./database-properties.js";
import { readHiddenSubscriptions } from "./hidden-subscriptions.js";
import { readLargeObjects } from "./large-objects.js";
import { readExtensions } from "./read-extensions.js";
import { readTables } from "./read-tables.js";
import { readColumnTypes } from "./read-types.js";
import { refreshOrder } from "./refresh-order.js";
import { userObjects, withNumbers } from "./user-objects.js";

const indexesQuery = `
select i.indexrelid::bigint as oid, n.nspname as schema, c.relname as name,
       i.indrelid::bigint as "tableOid", i.indisunique as unique, a.amname as method,
       i.indisvalid as valid, c.relkind = 'I' as partitioned,
       case when k.oid is null then '' else pg_catalog.pg_get_indexdef(i.indexrelid) end as definition,
       case when c.relkind = 'I' then 0 else pg_catalog.pg_relation_size(c.oid) end as bytes,
       k.oid::bigint as "constraintOid",
       i.indpred is null and i.indexprs is null as "plainColumns",
       case when i.indisunique and i.indimmediate and i.indpred is null and i.indexprs is null
            then (select array_agg(c.n) from unnest(i.indkey::int[]) with ordinality as c (n, at) where c.at <= i.indnkeyatts)
       end as "keyColumns"
from pg_catalog.pg_index i
join pg_catalog.pg_class c on c.oid = i.indexrelid
join pg_catalog.pg_am a on a.oid = c.relam
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
left join pg_catalog.pg_constraint k on k.conindid = i.indexrelid and k.conrelid = i.indrelid and k.contype in ('p', 'u', 'x')
where ${userObjects("i.indrelid", "n")}
order by c.oid`;

const constraintsQuery = `
select k.oid::bigint as oid, k.conrelid::bigint as "tableOid",
       nullif(k.confrelid, 0)::bigint as "referencedTableOid", case when k.contype = 'f' then k.conindid::bigint end as "referencedIndexOid"
from pg_catalog.pg_constraint k
join pg_catalog.pg_namespace n on n.oid = k.connamespace
where k.conrelid <> 0 and ${userObjects("k.conrelid", "n")}`;

const sequencesQuery = `
select c.oid::bigint as oid, n.nspname as schema, c.relname as name,
       pg_catalog.has_schema_privilege(n.oid, 'usage') and pg_catalog.has_sequence_privilege(c.oid, 'select') as readable
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind = 'S' and ${userObjects("c.oid", "n")}
order by c.oid`;

/** Which views and materialized views read which relations, or call which user functions. */
const viewDependenciesQuery = `
select distinct r.ev_class::bigint as dependent, d.refobjid::bigint as referenced,
       d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass as "isFunction"
from pg_catalog.pg_rewrite r
join pg_catalog.pg_class v on v.oid = r.ev_class and v.relkind in ('v', 'm')
join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass and d.objid = r.oid
 and d.refobjid <> r.ev_class
where d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
   or (d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass and d.refobjid >= 16384)`;

/**
 * Reads everything that the plan needs to know of the source. The connection should be in the
 * transaction that holds, or has imported, the snapshot.
 *
 * @param options.largeObjects false if they will not be copied: then they are only counted.
 * @throws PgCopyError `task_failed` if the server rejects a query.
 */
export async function readCatalog(
  connection: Connection,
  options: { readonly largeObjects: boolean } = { largeObjects: true },
): Promise<Catalog> {
  const read = <R extends object>(sql: string) =>
    connection
      .query<R & Record<string, unknown>>("reading the source's catalog", sql)
      .then((rows) => rows.map(withNumbers) as unknown as R[]);
  const database = await readDatabaseProperties(connection);
  const tables = await readTables(connection);
  const indexes = await read<Index>(indexesQuery);
  const dependencies = await read<RefreshDependency & { isFunction: boolean }>(
    viewDependenciesQuery,
  );
  const materialized = tables
    .filter((table) => table.kind === "materialized_view")
    .map((table) => table.oid);
  return {
    serverVersion: connection.serverVersion,
    database,
    tables,
    indexes,
    constraints: await read<Constraint>(constraintsQuery),
    sequences: await read<Sequence>(sequencesQuery),
    types: await readColumnTypes(connection),
    refreshDependencies: refreshOrder(materialized, dependencies),
    hiddenSubscriptions: await readHiddenSubscriptions(connection),
    largeObjects: await readLargeObjects(connection, { ranges: options.largeObjects }),
    ...(await readExtensions(connection)),
  };
}
