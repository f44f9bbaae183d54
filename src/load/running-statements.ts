/**
 * What a run's sessions are doing in its target, as another session sees it: pg_stat_activity, and
 * pg_stat_progress_* for those statements of which the server says how far they are.
 */

import type { Connection } from "../postgres/connection.js";
import { readServerProgress, type StatementProgress } from "./server-progress.js";

export interface RunningStatement {
  readonly pid: number;
  /** `COPY public.orders`, `CREATE INDEX orders_at_idx ON public.orders`: never a value of a statement. */
  readonly label: string;
  readonly durationMs: number;
  /** Of a COPY, from PostgreSQL 14 on. */
  readonly rows?: number;
  readonly bytes?: number;
  /** Of an index build. */
  readonly phase?: string;
  /** 0 to 1. */
  readonly fraction?: number;
  /** Process ids of the sessions whose locks it waits for. */
  readonly waitsFor?: readonly number[];
}

export interface RunningStatements {
  readonly statements: readonly RunningStatement[];
  /** Whether there are sessions of which this role may not see what they do. */
  readonly hidden: boolean;
}

/** Which table a COPY is at is told from PostgreSQL 14 on. */
function activityQuery(serverVersion: number): string {
  const [copy, from] =
    serverVersion < 140_000
      ? [`null::text as "copyTable", null::float8 as bytes`, ""]
      : [
          `c.relid::pg_catalog.regclass::text as "copyTable", c.bytes_processed::float8 as bytes`,
          "left join pg_catalog.pg_stat_progress_copy c on c.pid = a.pid",
        ];
  return `
select a.pid, a.state, a.backend_start is null as hidden, left(a.query, 2000) as query,
       (extract(epoch from pg_catalog.clock_timestamp() - a.query_start) * 1000)::float8 as "durationMs",
       case when a.wait_event_type = 'Lock' then pg_catalog.pg_blocking_pids(a.pid) end as "waitsFor",
       i.relid::pg_catalog.regclass::text as "indexTable", ${copy}
from pg_catalog.pg_stat_activity a
left join pg_catalog.pg_stat_progress_create_index i on i.pid = a.pid ${from}
where a.datname = pg_catalog.current_database() and a.application_name in ('pgcopy job', 'pgcopy control')
order by a.query_start, a.pid`;
}

interface ActivityRow extends Record<string, unknown> {
  readonly pid: number;
  readonly state: string | null;
  readonly hidden: boolean;
  readonly query: string;
  readonly durationMs: number;
  readonly waitsFor: readonly number[] | null;
  readonly indexTable: string | null;
  readonly copyTable: string | null;
  readonly bytes: number | null;
}

/** The statements that run for a run whose target is the session's database, the oldest first. */
export async function readRunningStatements(target: Connection): Promise<RunningStatements> {
  const sessions = await target.query<ActivityRow>(
    "looking at the run's sessions",
    activityQuery(target.serverVersion),
  );
  const progress = await readServerProgress(target);
  return {
    statements: sessions
      .filter(({ state }) => state === "active")
      .map((session) => describe(session, progress.get(session.pid))),
    hidden: sessions.some(({ hidden }) => hidden),
  };
}

function describe(session: ActivityRow, progress: StatementProgress | undefined): RunningStatement {
  const { pid, durationMs, waitsFor, bytes } = session;
  return {
    pid,
    label: labelOf(session),
    durationMs: Math.max(0, Math.round(durationMs)),
    ...progress,
    ...(bytes === null ? {} : { bytes }),
    ...(waitsFor === null ? {} : { waitsFor }),
  };
}

const INDEX_BUILD = /\b(create\s+(unique\s+)?index|add\s+constraint)\b/gi;

/** Of a script that builds several indexes nobody can see which one it is at, only on which table. */
function labelOf({ query, copyTable, indexTable }: ActivityRow): string {
  if (copyTable !== null) return `COPY ${copyTable}`;
  const several = indexTable !== null && query.match(INDEX_BUILD)?.length !== 1;
  return several ? `CREATE INDEX ON ${indexTable}` : statementLabel(query);
}

/** What leads up to the statement that takes the time. */
const PREAMBLE = /^(begin|set|truncate|savepoint|select pg_catalog\.set_config)\b[^;]*(;\s*|$)/i;
const LABEL_CHARACTERS = 100;

/**
 * A script's first statement that does something, up to its first parenthesis or literal: what comes
 * after it may be a password (of a user mapping, of a subscription).
 */
export function statementLabel(script: string): string {
  let rest = script.trim();
  for (;;) {
    const next = rest.replace(PREAMBLE, "");
    if (next === rest || next === "") break;
    rest = next;
  }
  const [first = ""] = rest.split(/[;($']/, 1);
  const label = first.replace(/\s+/g, " ").trim();
  return label.length > LABEL_CHARACTERS ? `${label.slice(0, LABEL_CHARACTERS)}…` : label;
}
