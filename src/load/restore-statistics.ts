/** Giving the target's planner the source's statistics, in place of ANALYZE. PostgreSQL 18 and newer. */

import { relationName, type TableStatistics } from "../plan/task.js";
import type { Connection } from "../postgres/connection.js";
import { analyzeTables } from "./analyze.js";
import type { TaskRecord } from "./recorder.js";

/** Calls in one query: its parts are nested as deep as they are many. */
const CALLS_PER_QUERY = 200;

/**
 * Restores the statistics. A table of which the server took only a part (it says so and goes on) is
 * analyzed instead.
 *
 * @returns the tables that were analyzed.
 * @throws PgCopyError `task_failed`.
 */
export async function restoreStatistics(
  target: Connection,
  tables: readonly TableStatistics[],
  record: TaskRecord,
): Promise<TableStatistics[]> {
  const [first] = tables;
  const attempted =
    tables.length === 1 && first !== undefined
      ? `statistics of ${relationName(first.table)}`
      : `statistics of ${tables.length} tables`;
  const calls = tables.flatMap(({ relations }, table) =>
    relations.flatMap(({ statements }) => statements.map((sql) => ({ table, sql }))),
  );
  const refused = new Set<number>();
  await target.execute(attempted, "begin");
  for (let i = 0; i < calls.length; i += CALLS_PER_QUERY) {
    const parts = calls
      .slice(i, i + CALLS_PER_QUERY)
      .map(({ table, sql }) => `select ${table} as n, r.taken from (${sql}) as r (taken)`);
    const rows = await target.query<{ n: number }>(
      attempted,
      `select distinct n from (${parts.join("\nunion all ")}) as calls where not taken`,
    );
    for (const { n } of rows) refused.add(n);
  }
  await setPages(target, tables, attempted);
  const analyzed = tables.filter((_, n) => refused.has(n));
  if (analyzed.length === 0) {
    await record.commit(target, []);
    return analyzed;
  }
  await target.execute(attempted, "commit");
  await analyzeTables(
    target,
    analyzed.map(({ table }) => table),
    true,
    record,
  );
  return analyzed;
}

/**
 * The planner takes rows per page from the statistics, and pages from the file. A table with much
 * free space on the source has none here, and would be taken for a fraction of its rows; so the
 * pages are those of the target's files. Pages that are all visible stay the share that they were.
 */
const setPagesQuery = `
select pg_catalog.pg_restore_relation_stats(
         'schemaname', n.nspname::text, 'relname', c.relname::text, 'relpages', size.pages,
         'relallvisible', round(c.relallvisible::float8 * size.pages / c.relpages)::int)
from unnest($1::text[], $2::text[]) as w (schema, name)
join pg_catalog.pg_namespace n on n.nspname = w.schema
join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = w.name
cross join lateral (select (pg_catalog.pg_relation_size(c.oid) / current_setting('block_size')::int)::int as pages) as size
where c.relkind in ('r', 'm', 'i') and c.relpages > 0 and c.relpages <> size.pages`;

async function setPages(
  target: Connection,
  tables: readonly TableStatistics[],
  attempted: string,
): Promise<void> {
  const relations = tables.flatMap((table) => table.relations.map(({ relation }) => relation));
  await target.query(attempted, setPagesQuery, [
    relations.map(({ schema }) => schema),
    relations.map(({ name }) => name),
  ]);
}
