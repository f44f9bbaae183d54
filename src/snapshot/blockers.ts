/** Who keeps a session of ours from its lock. */

import type { Connection } from "../postgres/connection.js";

export interface Blocked {
  /** What is waited for: a table's name. */
  readonly table: string;
  /** Who is in the way, one phrase each. */
  readonly blockers: readonly string[];
}

/** A prepared transaction has no process: it is process 0. */
const blockersQuery = `
select l.relation::pg_catalog.regclass::text as "table", b.pid, a.usename::text as role,
       nullif(a.application_name, '') as application, a.state,
       (extract(epoch from pg_catalog.clock_timestamp() - a.xact_start))::float8 as seconds
from pg_catalog.pg_locks l
cross join lateral unnest(pg_catalog.pg_blocking_pids(l.pid)) as b (pid)
left join pg_catalog.pg_stat_activity a on a.pid = b.pid
where l.pid = $1 and not l.granted
order by b.pid`;

interface BlockerRow extends Record<string, unknown> {
  readonly table: string | null;
  readonly pid: number;
  readonly role: string | null;
  readonly application: string | null;
  readonly state: string | null;
  readonly seconds: number | null;
}

/** What the session with that process id waits for; undefined: nothing. */
export async function findBlockers(
  watcher: Connection,
  processId: number,
): Promise<Blocked | undefined> {
  const rows = await watcher.query<BlockerRow>("looking who is in the way", blockersQuery, [
    processId,
  ]);
  const [first] = rows;
  if (first === undefined) return undefined;
  return { table: first.table ?? "a table", blockers: [...new Set(rows.map(describe))] };
}

function describe({ pid, role, application, state, seconds }: BlockerRow): string {
  if (pid === 0) return "a prepared transaction";
  const facts = [
    ...(role === null ? [] : [role]),
    ...(application === null ? [] : [application]),
    ...(state === null ? [] : [state]),
    ...(seconds === null ? [] : [`its transaction ${Math.round(seconds)} s old`]),
  ];
  return `process ${pid}${facts.length === 0 ? "" : ` (${facts.join(", ")})`}`;
}
