/**
 * The rows of extensions' configuration tables, all in one transaction: what the target has of the
 * user's rows goes first (an extension's script may have put some there), in the order in which
 * foreign keys allow it; then the source's come.
 */

import type { ExtensionTable } from "../catalog/catalog.js";
import { userRowsOf } from "../catalog/read-extensions.js";
import { PgCopyError } from "../errors.js";
import { relationName } from "../plan/task.js";
import type { Connection } from "../postgres/connection.js";
import { type CopyResult, relayCopy } from "../postgres/copy.js";
import { quoteLiteral, quoteName, quoteQualified } from "../postgres/quote.js";
import { failpoint } from "../run/failpoints.js";
import type { TaskRecord } from "./recorder.js";

export interface CopyExtensionRowsOptions {
  /** In a transaction that imported the snapshot. */
  readonly source: Connection;
  readonly target: Connection;
  readonly onBytes: (bytes: number) => void;
  readonly signal: AbortSignal;
  readonly record: TaskRecord;
  /** Told of each table that was left as it is. */
  readonly warn: (message: string) => void;
}

/**
 * Copies the rows, and sets the sequences.
 *
 * @throws PgCopyError `task_failed` or `interrupted`; the target then holds nothing of it once its
 *   session is closed.
 */
export async function copyExtensionRows(
  tables: readonly ExtensionTable[],
  options: CopyExtensionRowsOptions,
): Promise<CopyResult> {
  const { source, target, warn } = options;
  const places = await findOnTarget(target, tables);
  const ready: PlacedTable[] = [];
  for (const [i, table] of tables.entries()) {
    const { schema, obstacle } = places[i] as Place;
    if (obstacle === undefined && schema !== undefined) ready.push({ table, schema });
    else
      warn(
        `the rows of ${relationName(table)} of extension ${table.extension} are not copied: ${obstacle}`,
      );
  }
  const rowTables = ready.filter(({ table }) => table.kind === "table");
  await target.execute(
    "replacing the rows of extensions' tables",
    ["begin", ...rowTables.toReversed().map(deleteStatement)].join(";\n"),
  );
  const total = { rows: 0, bytes: 0 };
  for (const one of rowTables) {
    const { rows, bytes } = await copyRows(one, options);
    total.rows += rows;
    total.bytes += bytes;
  }
  await refuseRewritten(rowTables, source);
  await setSequences(
    ready.filter(({ table }) => table.kind === "sequence"),
    source,
    target,
  );
  await failpoint("extension_rows.copied", options.signal);
  await options.record.commit(target, [], total);
  await failpoint("extension_rows.committed", options.signal);
  return total;
}

interface PlacedTable {
  readonly table: ExtensionTable;
  /** On the target, where the extension may be in another schema. */
  readonly schema: string;
}

interface Place extends Record<string, unknown> {
  readonly schema: string | undefined;
  readonly obstacle: string | undefined;
}

/** The table of that name among the members of that extension, and why its rows can't be replaced. */
const placesQuery = `
select n.nspname as schema,
       case when c.oid is null then 'the target''s version of the extension has no such table'
            when not pg_catalog.has_schema_privilege(n.oid, 'usage')
              or not pg_catalog.has_table_privilege(c.oid, case c.relkind when 'S' then 'update' else 'insert' end)
              or (c.relkind = 'r' and not (pg_catalog.has_table_privilege(c.oid, 'delete')
                  and pg_catalog.has_table_privilege(c.oid, 'select')))
              then 'the target''s role may not write it'
            when c.relrowsecurity and pg_catalog.row_security_active(c.oid)
              then 'the target''s row security applies to the role'
       end as obstacle
from unnest($1::text[], $2::text[]) with ordinality as w (extension, name, n)
left join lateral (
  select c.* from pg_catalog.pg_extension e
  join pg_catalog.pg_depend d on d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass and d.refobjid = e.oid
   and d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.deptype = 'e'
  join pg_catalog.pg_class c on c.oid = d.objid and c.relkind in ('r', 'S')
  where e.extname = w.extension and c.relname = w.name limit 1) as c on true
left join pg_catalog.pg_namespace n on n.oid = c.relnamespace
order by w.n`;

async function findOnTarget(
  target: Connection,
  tables: readonly ExtensionTable[],
): Promise<Place[]> {
  const rows = await target.query("looking for the extensions' tables", placesQuery, [
    tables.map(({ extension }) => extension),
    tables.map(({ name }) => name),
  ]);
  return rows.map(({ schema, obstacle }) => ({
    schema: (schema as string | null) ?? undefined,
    obstacle: (obstacle as string | null) ?? undefined,
  }));
}

function deleteStatement({ table, schema }: PlacedTable): string {
  return `delete ${userRowsOf(table, schema)}`;
}

/** As text, whose meaning does not change from one version of an extension to the next. */
async function copyRows(
  { table, schema }: PlacedTable,
  { source, target, onBytes, signal }: CopyExtensionRowsOptions,
): Promise<CopyResult> {
  const columns = table.columns.map(quoteName).join(", ");
  return await relayCopy({
    attempted: `COPY ${relationName(table)}`,
    source,
    target,
    copyOut: `copy (select ${columns} ${userRowsOf(table, table.schema)}) to stdout`,
    copyIn: `copy ${quoteQualified(schema, table.name)} (${columns}) from stdin`,
    onBytes,
    signal,
  });
}

/** See refuse-rewritten.ts: after a TRUNCATE or a rewrite the snapshot reads no rows, and no error. */
async function refuseRewritten(tables: readonly PlacedTable[], source: Connection): Promise<void> {
  const rows = await source.query<{ n: number; node: number | null }>(
    "looking at the extensions' tables",
    `select w.n::int as n, pg_catalog.pg_relation_filenode(w.oid)::bigint::float8 as node
     from unnest($1::oid[]) with ordinality as w (oid, n)`,
    [tables.map(({ table }) => table.oid)],
  );
  for (const { n, node } of rows) {
    const { table } = tables[n - 1] as PlacedTable;
    if (node === table.fileNode) continue;
    const attempted = `COPY ${relationName(table)}`;
    throw new PgCopyError(
      `${attempted} failed: it was truncated or rewritten on the source after the snapshot was taken`,
      {
        code: "task_failed",
        attempted,
        side: "source",
        advice:
          "start over, with nothing that truncates or rewrites tables on the source meanwhile",
      },
    );
  }
}

/** After the rows, as with all sequences: none may end below a value that was copied. */
async function setSequences(
  sequences: readonly PlacedTable[],
  source: Connection,
  target: Connection,
): Promise<void> {
  if (sequences.length === 0) return;
  const states = await source.query<{ n: number; last: string; called: boolean }>(
    "reading the extensions' sequences",
    sequences
      .map(
        ({ table }, n) =>
          `select ${n} as n, last_value::text as last, is_called as called from ${quoteQualified(table.schema, table.name)}`,
      )
      .join(" union all "),
  );
  const statements = states.map(({ n, last, called }) => {
    const { table, schema } = sequences[n] as PlacedTable;
    return `select pg_catalog.setval(${quoteLiteral(quoteQualified(schema, table.name))}::pg_catalog.regclass, ${last}, ${called})`;
  });
  await target.execute("setting the extensions' sequences", statements.join("; "));
}
