/** How far our statements on the target are, as the target itself says (pg_stat_progress_*). */

import type { Connection } from "../postgres/connection.js";

export interface StatementProgress {
  /** An index build's present phase. */
  readonly phase?: string;
  /** 0 to 1; absent while the server doesn't know. */
  readonly fraction?: number;
  /** Rows that a COPY has stored so far (PostgreSQL 14 and newer). */
  readonly rows?: number;
}

const indexesQuery = `
select p.pid, p.phase, p.blocks_done::float8 as "blocksDone", p.blocks_total::float8 as "blocksTotal",
       p.tuples_done::float8 as "tuplesDone", p.tuples_total::float8 as "tuplesTotal", null::float8 as rows
from pg_catalog.pg_stat_progress_create_index p
where p.datname = pg_catalog.current_database()`;

const copiesQuery = `
union all
select c.pid, null, null, null, null, null, c.tuples_processed::float8
from pg_catalog.pg_stat_progress_copy c
where c.datname = pg_catalog.current_database()`;

interface ProgressRow extends Record<string, unknown> {
  pid: number;
  phase: string | null;
  blocksDone: number;
  blocksTotal: number;
  tuplesDone: number;
  tuplesTotal: number;
  rows: number | null;
}

/** The state of each running CREATE INDEX and COPY, by its session's process id. */
export async function readServerProgress(
  target: Connection,
): Promise<Map<number, StatementProgress>> {
  const sql = target.serverVersion >= 140_000 ? indexesQuery + copiesQuery : indexesQuery;
  const rows = await target.query<ProgressRow>("reading the target's progress", sql);
  return new Map(rows.map((row) => [row.pid, progressOf(row)]));
}

function progressOf(row: ProgressRow): StatementProgress {
  if (row.rows !== null) return { rows: row.rows };
  const fraction = fractionOf(row);
  const phase = (row.phase ?? "").replace(/^building index: /, "");
  return { phase, ...(fraction === undefined ? {} : { fraction }) };
}

/** A build scans the table, then sorts, then loads the tree: each of the two that count is half. */
function fractionOf(row: ProgressRow): number | undefined {
  if (row.tuplesTotal > 0) return 0.5 + row.tuplesDone / row.tuplesTotal / 2;
  if (row.blocksTotal > 0) return row.blocksDone / row.blocksTotal / 2;
  return undefined;
}
