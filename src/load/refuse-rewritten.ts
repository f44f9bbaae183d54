/**
 * Tables that are not any more what the snapshot shows. A snapshot does not cover TRUNCATE or a
 * rewriting ALTER TABLE: after one, it reads no rows, and no error.
 */

import { PgCopyError } from "../errors.js";
import type { TablePlan } from "../plan/table-plan.js";
import { relationName } from "../plan/task.js";
import type { Connection } from "../postgres/connection.js";

export interface CopiedTable {
  readonly plan: TablePlan;
  /** Rows that were read. */
  readonly rows: number;
  readonly attempted: string;
}

const WITHOUT_REWRITES = "start over, with nothing that truncates or rewrites tables on the source";

const fileNodesQuery = `
select t.oid::bigint as oid, pg_catalog.pg_relation_filenode(t.oid)::bigint as node
from unnest($1::oid[]) as t (oid)`;

/**
 * To be called after the tables were read, in the same transaction: COPY's lock lasts as long as
 * that, so the file that it read is the one that the table has now. VACUUM FULL keeps the rows that
 * the snapshot sees, but moves them, so that ranges of ctid no longer fit together.
 *
 * @throws PgCopyError `task_failed`, naming the first such table.
 */
export async function refuseRewritten(
  tables: readonly CopiedTable[],
  source: Connection,
): Promise<void> {
  const [first] = tables;
  if (first === undefined) return;
  const rows = await source.query(first.attempted, fileNodesQuery, [
    tables.map(({ plan }) => plan.table.oid),
  ]);
  const nodes = new Map(rows.map(({ oid, node }) => [Number(oid), Number(node ?? 0)]));
  for (const { plan, rows: read, attempted } of tables) {
    const { table, parts } = plan;
    if (nodes.get(table.oid) === table.fileNode || (read > 0 && parts.length === 1)) continue;
    throw new PgCopyError(
      `${attempted} failed: ${relationName(table)} was truncated or rewritten on the source after the snapshot was taken, which no longer shows its rows`,
      {
        code: "task_failed",
        attempted,
        side: "source",
        reason: "source_changed",
        ...(parts.length === 1 || read === 0
          ? { advice: `${WITHOUT_REWRITES} meanwhile` }
          : {
              advice: `${WITHOUT_REWRITES} meanwhile, or with splitTablesLargerThan never: VACUUM FULL and CLUSTER leave a table that is copied whole as it was`,
              options: ["splitTablesLargerThan"],
            }),
      },
    );
  }
}
