/** TimescaleDB and Citus: what their own documentation says of a restore. Neither is tested here. */

import { quoteLiteral, quoteQualified } from "../postgres/quote.js";
import type { ExtensionHook, HookRow } from "./extension-hooks.js";

/**
 * TimescaleDB restores into a database in which its triggers and workers stand still. The first
 * function sets that for the session and for the database, so sessions opened later have it too.
 * https://www.tigerdata.com/docs/api/latest/administration
 */
const timescaleDb: ExtensionHook = {
  extension: "timescaledb",
  steps: ({ schema }) => ({
    afterCreate: [`select ${quoteQualified(schema, "timescaledb_pre_restore")}()`],
    finish: [`select ${quoteQualified(schema, "timescaledb_post_restore")}()`],
  }),
};

/**
 * Citus keeps rows on its workers; what the coordinator knows of them means nothing elsewhere. So
 * tables are distributed anew before the data, and COPY then sends rows to where they belong.
 * https://docs.citusdata.com/en/stable/develop/api_metadata.html (pg_dist_partition: partmethod `h`
 * is distributed by hash, `n` with repmodel `t` a reference table).
 */
const citus: ExtensionHook = {
  extension: "citus",
  sourceQuery: () => `
select p.logicalrelid::oid::bigint::float8 as oid, n.nspname as schema, c.relname as name,
       p.partmethod::text as method, p.repmodel::text as model, p.colocationid::float8 as colocation,
       case when p.partmethod = 'h' then pg_catalog.column_to_column_name(p.logicalrelid, p.partkey) end as column,
       l.shardcount::int as shards, pg_catalog.citus_table_size(p.logicalrelid)::float8 as bytes
from pg_catalog.pg_dist_partition p
join pg_catalog.pg_class c on c.oid = p.logicalrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
left join pg_catalog.pg_dist_colocation l on l.colocationid = p.colocationid
where not c.relispartition and (p.partmethod = 'h' or (p.partmethod = 'n' and p.repmodel = 't'))
order by p.partmethod desc, p.colocationid, p.logicalrelid`,
  steps: (_, rows) => ({
    beforeData: citusStatements(rows as readonly CitusTable[]),
    ownRows: true,
    remoteTables: new Map((rows as readonly CitusTable[]).map(({ oid, bytes }) => [oid, bytes])),
  }),
};

interface CitusTable extends HookRow {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly method: string;
  readonly colocation: number;
  readonly column: string | null;
  readonly shards: number | null;
  readonly bytes: number;
}

/** The first table of a co-location group makes it, with as many shards; the others join it. */
function citusStatements(tables: readonly CitusTable[]): string[] {
  const first = new Map<number, string>();
  return tables.map(({ schema, name, method, colocation, column, shards }) => {
    const table = quoteLiteral(quoteQualified(schema, name));
    if (method === "n") return `select pg_catalog.create_reference_table(${table})`;
    const group = first.get(colocation);
    first.set(colocation, group ?? table);
    const place =
      group === undefined
        ? `colocate_with => 'none'${shards === null ? "" : `, shard_count => ${shards}`}`
        : `colocate_with => ${group}`;
    return `select pg_catalog.create_distributed_table(${table}, ${quoteLiteral(column ?? "")}, ${place})`;
  });
}

/** The hooks that pgcopy knows. */
export const extensionHooks: readonly ExtensionHook[] = [timescaleDb, citus];
