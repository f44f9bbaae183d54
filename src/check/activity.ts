/** What others do on the source at this moment that would hold a clone up, or is held up by it. */

import { userObjects } from "../catalog/user-objects.js";
import { relationName } from "../plan/task.js";
import { quoteLiteral } from "../postgres/quote.js";
import type { Check, ServerContext } from "./context.js";
import { type Found, found, numberOf } from "./finding.js";

/** A prepared transaction's locks have no process; the one on its own id tells which it is. */
const lockedQuery = `
select n.nspname::text as schema, c.relname::text as name, l.pid, l.granted, p.gid,
       a.usename::text as role, a.application_name as application
from pg_catalog.pg_locks l
join pg_catalog.pg_class c on c.oid = l.relation
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
left join pg_catalog.pg_stat_activity a on a.pid = l.pid
left join pg_catalog.pg_locks x on l.pid is null and x.pid is null and x.locktype = 'transactionid'
  and x.virtualtransaction = l.virtualtransaction
left join pg_catalog.pg_prepared_xacts p on p.transaction = x.transactionid
where l.locktype = 'relation' and l.mode = 'AccessExclusiveLock'
  and l.database = (select d.oid from pg_catalog.pg_database d where d.datname = pg_catalog.current_database())
  and l.pid is distinct from pg_catalog.pg_backend_pid()
  and c.relkind in ('r', 'p') and ${userObjects("c.oid", "n")}
order by 1, 2`;

interface LockedRow extends Record<string, unknown> {
  readonly schema: string;
  readonly name: string;
  readonly pid: number | null;
  readonly granted: boolean;
  /** Of the prepared transaction that holds it. */
  readonly gid: string | null;
  readonly role: string | null;
  readonly application: string | null;
}

/** pg_dump and every COPY wait for these: nobody can read such a table. */
export const lockedTables: Check<ServerContext> = async ({ servers }) => {
  const rows = await servers.source.query<LockedRow>("looking for locks", lockedQuery);
  const prepared = rows.filter(({ gid }) => gid !== null);
  const live = rows.filter(({ gid }) => gid === null);
  return [
    ...lockFound("error", prepared, "by prepared transactions: a clone would wait for ever", {
      advice: "commit them, or roll them back: they end by nothing else",
      statements: distinct(
        prepared.map(({ gid }) => `rollback prepared ${quoteLiteral(gid ?? "")}`),
      ),
    }),
    ...lockFound("warning", live, "for others to read: a clone would wait for them", {
      advice: "wait until these sessions end their transactions, or end them",
      statements: distinct(live.map(({ pid }) => `select pg_terminate_backend(${pid})`)),
    }),
  ];
};

function lockFound(
  severity: "error" | "warning",
  rows: readonly LockedRow[],
  how: string,
  rest: { readonly advice: string; readonly statements: readonly string[] },
): Found[] {
  if (rows.length === 0) return [];
  const title = `${numberOf(new Set(rows.map(relationName)).size, "table")} of the source ${rows.length === 1 ? "is" : "are"} locked ${how}`;
  return [found(severity, "source", title, { items: rows.map(lockItem), ...rest })];
}

function lockItem(row: LockedRow): string {
  if (row.gid !== null) return `${relationName(row)}: prepared transaction ${row.gid}`;
  const who = [row.role, row.application].filter((word) => word !== null && word !== "");
  const holds = row.granted ? "held by" : "waited for by";
  return `${relationName(row)}: ${holds} process ${row.pid}${who.length === 0 ? "" : ` (${who.join(", ")})`}`;
}

/** One that is older than this is not about to end, in seconds. */
const LONG_S = 3600;

const longQuery = `
select a.pid, a.usename::text as role, a.application_name as application, a.state,
       extract(epoch from pg_catalog.clock_timestamp() - a.xact_start)::float8 as seconds
from pg_catalog.pg_stat_activity a
where a.backend_type = 'client backend' and a.pid <> pg_catalog.pg_backend_pid()
  and a.datname = pg_catalog.current_database()
  and a.xact_start < pg_catalog.clock_timestamp() - pg_catalog.make_interval(secs => ${LONG_S})
order by a.xact_start`;

interface LongRow extends Record<string, unknown> {
  readonly pid: number;
  readonly role: string;
  readonly application: string;
  readonly state: string;
  readonly seconds: number;
}

export const longTransactions: Check<ServerContext> = async ({ servers }) => {
  const rows = await servers.source.query<LongRow>("looking for long transactions", longQuery);
  if (rows.length === 0) return [];
  return [
    found(
      "warning",
      "source",
      `${numberOf(rows.length, "transaction")} on the source ${rows.length === 1 ? "has" : "have"} been open for more than an hour`,
      {
        items: rows.map(({ pid, role, application, state, seconds }) => {
          const who = [role, application, state].filter((word) => word !== "").join(", ");
          return `process ${pid} (${who}): ${hours(seconds)}`;
        }),
        advice:
          "vacuum keeps what they see, as it will what the clone's snapshot sees: end those that nobody needs",
        statements: rows.map(({ pid }) => `select pg_terminate_backend(${pid})`),
      },
    ),
  ];
};

const preparedQuery = `
select p.gid, extract(epoch from pg_catalog.clock_timestamp() - p.prepared)::float8 as seconds
from pg_catalog.pg_prepared_xacts p
where p.database = pg_catalog.current_database()
  and p.prepared < pg_catalog.clock_timestamp() - pg_catalog.make_interval(secs => ${LONG_S})
order by p.prepared`;

/** Whatever it did is not copied: it is not committed. */
export const preparedTransactions: Check<ServerContext> = async ({ servers }) => {
  const rows = await servers.source.query<{ gid: string; seconds: number }>(
    "looking for prepared transactions",
    preparedQuery,
  );
  if (rows.length === 0) return [];
  return [
    found(
      "warning",
      "source",
      `${numberOf(rows.length, "prepared transaction")} on the source ${rows.length === 1 ? "has" : "have"} waited for more than an hour to be committed`,
      {
        items: rows.map(({ gid, seconds }) => `${gid}: ${hours(seconds)}`),
        advice:
          "commit them or roll them back: what they did is not copied, and vacuum keeps what they see",
        statements: rows.map(({ gid }) => `rollback prepared ${quoteLiteral(gid)}`),
      },
    ),
  ];
};

function hours(seconds: number): string {
  const whole = Math.floor(seconds / 3600);
  return whole >= 48
    ? `${Math.floor(whole / 24)} days`
    : `${whole} h ${Math.floor((seconds % 3600) / 60)} min`;
}

function distinct(statements: readonly string[]): string[] {
  return [...new Set(statements)];
}
