/** The extensions, and the tables of theirs in which the user keeps rows (pg_extension_config_dump). */

import type { Connection } from "../postgres/connection.js";
import { quoteQualified } from "../postgres/quote.js";
import type { Catalog, Extension, ExtensionTable } from "./catalog.js";
import { withNumbers } from "./user-objects.js";

const doing = "reading the source's extensions";

const extensionsQuery = `
select e.oid::bigint::float8 as oid, e.extname as name, e.extversion as version, n.nspname as schema,
       n.oid::bigint::float8 as "schemaOid", pg_catalog.obj_description(e.oid, 'pg_extension') as comment
from pg_catalog.pg_extension e
join pg_catalog.pg_namespace n on n.oid = e.extnamespace
order by e.extname`;

/** Views, foreign and partitioned tables hold no rows of their own: pg_dump leaves them out as well. */
const tablesQuery = `
select c.oid::bigint::float8 as oid, n.nspname as schema, c.relname as name, e.extname as extension,
       case c.relkind when 'S' then 'sequence' else 'table' end as kind,
       coalesce(e.extcondition[k.n], '') as condition,
       array(select t.attname::text from pg_catalog.pg_attribute t
             where t.attrelid = c.oid and t.attnum > 0 and not t.attisdropped and t.attgenerated = ''
             order by t.attnum) as columns,
       array(select distinct f.confrelid::bigint::float8 from pg_catalog.pg_constraint f
             where f.conrelid = c.oid and f.contype = 'f' and f.confrelid <> c.oid) as references,
       pg_catalog.pg_relation_size(c.oid)::float8 as bytes,
       case when not (pg_catalog.has_schema_privilege(n.oid, 'usage') and pg_catalog.has_table_privilege(c.oid, 'select'))
              then 'the role may not read it'
            when c.relrowsecurity and pg_catalog.row_security_active(c.oid) then 'row security would hide rows'
            when c.relpersistence = 'u' and pg_catalog.pg_is_in_recovery() then 'it is unlogged, and the source a standby'
       end as unreadable,
       c.relfilenode::bigint::float8 as "fileNode",
       c.relkind = 'r' and c.relfilenode is distinct from pg_catalog.pg_relation_filenode(c.oid) as rewritten
from pg_catalog.pg_extension e
cross join lateral unnest(e.extconfig) with ordinality as k (oid, n)
join pg_catalog.pg_class c on c.oid = k.oid and c.relkind in ('r', 'S')
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where e.oid >= 16384
order by c.oid`;

/** Reads both; of the tables those that hold rows of the user's, as far as the role can tell. */
export async function readExtensions(
  connection: Connection,
): Promise<Pick<Catalog, "extensions" | "extensionTables">> {
  const extensions = (await connection.query(doing, extensionsQuery)).map(withNumbers);
  const listed = (await connection.query(doing, tablesQuery)).map(
    withNumbers,
  ) as unknown as ExtensionTable[];
  const withBlocks = listed.filter(
    ({ kind, bytes, rewritten }) => kind === "sequence" || bytes > 0 || rewritten,
  );
  const empty = await withoutRows(
    connection,
    withBlocks.filter(
      ({ kind, unreadable, rewritten }) =>
        kind === "table" && unreadable === undefined && !rewritten,
    ),
  );
  return {
    extensions: extensions as unknown as Extension[],
    extensionTables: withBlocks.filter((table) => !empty.has(table.oid)),
  };
}

async function withoutRows(
  connection: Connection,
  tables: readonly ExtensionTable[],
): Promise<ReadonlySet<number>> {
  if (tables.length === 0) return new Set();
  const questions = tables.map(
    (table) =>
      `select ${table.oid}::float8 as oid where not exists (select ${userRowsOf(table, table.schema)})`,
  );
  const rows = await connection.query<{ oid: number }>(doing, questions.join("\nunion all "));
  return new Set(rows.map(({ oid }) => oid));
}

/**
 * `from only "schema"."table" where …`: the rows that are the user's. The extension's condition goes
 * on a line of its own, as it may end in a comment.
 *
 * @param schema that of the extension on the server that is asked.
 */
export function userRowsOf(
  table: Pick<ExtensionTable, "name" | "condition">,
  schema: string,
): string {
  return `from only ${quoteQualified(schema, table.name)} ${table.condition}\n`;
}
