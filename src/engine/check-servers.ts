/** What must be true of the two servers, looked at before anything is read or changed. */

import type { Catalog } from "../catalog/catalog.js";
import { PgCopyError, type Side } from "../errors.js";
import { relationName } from "../plan/task.js";
import type { Connection } from "../postgres/connection.js";
import type { Run } from "./run.js";

const OLDEST = 120_000;
/** The next major version: pg_dump, the parser and the binary formats are known up to here. */
const TOO_NEW = 190_000;

interface ServerFacts extends Record<string, unknown> {
  readonly started: string;
  readonly database: string;
  readonly inRecovery: boolean;
  readonly backendPid: number;
  readonly free: number;
  readonly max: number;
}

const factsQuery = `
select pg_catalog.pg_postmaster_start_time()::text as started, pg_catalog.current_database()::text as database,
       pg_catalog.pg_is_in_recovery() as "inRecovery", pg_catalog.pg_backend_pid() as "backendPid",
       current_setting('max_connections')::int as max,
       least(
         current_setting('max_connections')::int - case when current_setting('is_superuser') = 'on' then 0 else
           current_setting('superuser_reserved_connections')::int + coalesce(current_setting('reserved_connections', true), '0')::int end
           - (select coalesce(sum(numbackends), 0) from pg_catalog.pg_stat_database),
         case when r.rolconnlimit < 0 or r.rolsuper then 1000000 else r.rolconnlimit
           - (select count(*) from pg_catalog.pg_stat_activity a where a.usesysid = r.oid) end,
         case when d.datconnlimit < 0 or r.rolsuper then 1000000 else d.datconnlimit
           - (select numbackends from pg_catalog.pg_stat_database s where s.datid = d.oid) end
       )::int as free
from pg_catalog.pg_database d, pg_catalog.pg_roles r
where d.datname = pg_catalog.current_database() and r.rolname = current_user`;

/**
 * Refuses servers that a clone can't work with.
 *
 * @param probe opens a further session on the same side, to tell a pooler from a server.
 * @returns what else is good to know of the server.
 * @throws PgCopyError `source_unfit` or `target_unfit`.
 */
export async function checkServer(
  connection: Connection,
  probe: () => Promise<Connection>,
): Promise<ServerFacts> {
  const { side, serverVersion } = connection;
  if (serverVersion < OLDEST || serverVersion >= TOO_NEW) {
    throw unfit(
      side,
      `the ${side} is PostgreSQL ${versionName(serverVersion)}; pgcopy copies between 12 and 18`,
      {
        advice:
          serverVersion < OLDEST
            ? "upgrade it, or use pg_dump"
            : "look for a newer release of pgcopy",
      },
    );
  }
  const [facts] = await connection.query<ServerFacts>(`looking at the ${side}`, factsQuery);
  if (facts === undefined) throw unfit(side, `the ${side} doesn't know its own database`, {});
  if (facts.backendPid !== connection.processId) await refuseTransactionPooler(connection, probe);
  if (side === "target" && facts.inRecovery) {
    throw unfit(side, "the target is a standby (in recovery): nothing can be written to it", {
      advice: "give its primary as the target, or promote it",
    });
  }
  return facts;
}

/** Two names for one database: a clone onto itself would drop what it reads. */
export function refuseSameDatabase(source: ServerFacts, target: ServerFacts): void {
  if (source.started !== target.started || source.database !== target.database) return;
  throw unfit(
    "target",
    `source and target are the same database, ${source.database}, on the same server`,
    {
      advice: "give another database as the target",
    },
  );
}

/**
 * A pooler shows process ids of its own. That alone does no harm; but one that pools transactions
 * hands a server session that we think is ours to somebody else between two transactions. So ask:
 * does a second session get the server process that the first one still thinks it has?
 */
async function refuseTransactionPooler(
  first: Connection,
  probe: () => Promise<Connection>,
): Promise<void> {
  const pid = async (connection: Connection) =>
    (
      await connection.query<{ pid: number }>(
        "looking for a pooler",
        "select pg_catalog.pg_backend_pid() as pid",
      )
    )[0]?.pid;
  const before = await pid(first);
  await using second = await probe();
  if (before !== (await pid(second))) return;
  const { side } = first;
  throw unfit(
    side,
    `the ${side} is reached through a transaction pooler, which can't hold a snapshot or a session's settings`,
    {
      advice: "give a direct connection to the server, or one through a session pool",
    },
  );
}

/**
 * Fits the jobs to the free connections of both servers, and says so when there are not enough.
 *
 * @throws PgCopyError when not even one job of each kind has a connection.
 */
export function fitJobs(
  wanted: { readonly tableJobs: number; readonly indexJobs: number },
  source: ServerFacts,
  target: ServerFacts,
  run: Run,
): { tableJobs: number; indexJobs: number } {
  // The source: pg_dump's session is gone when copying begins; ours that holds the snapshot is open already.
  if (source.free < 1) throw tooFew("source", source, 1);
  if (target.free < 2) throw tooFew("target", target, 2);
  let { tableJobs, indexJobs } = wanted;
  tableJobs = Math.min(tableJobs, source.free);
  while (tableJobs + indexJobs > target.free) {
    if (indexJobs >= tableJobs) indexJobs--;
    else tableJobs--;
  }
  if (tableJobs < wanted.tableJobs || indexJobs < wanted.indexJobs) {
    run.warn(
      `not enough free connections (source ${source.free} of ${source.max}, target ${target.free} of ${target.max}): ` +
        `going on with ${tableJobs} table jobs and ${indexJobs} index jobs in place of ${wanted.tableJobs} and ${wanted.indexJobs}`,
    );
  }
  return { tableJobs, indexJobs };
}

function tooFew(side: Side, facts: ServerFacts, needed: number): PgCopyError {
  return unfit(
    side,
    `the ${side} has ${facts.free} free connections of ${facts.max}; at least ${needed} more are needed`,
    {
      advice: "close sessions, or raise max_connections or the role's connection limit",
    },
  );
}

/** @throws PgCopyError `source_unfit`, listing tables that the role may not read, or not read whole. */
export function refuseUnreadableTables(catalog: Catalog): void {
  const unreadable = catalog.tables.filter((table) => !table.readable && table.kind !== "foreign");
  if (unreadable.length > 0) {
    throw unfit("source", `the source's role may not read ${countOf(unreadable.length)}`, {
      items: unreadable.map(relationName),
      advice: "grant select on them (and usage on their schemas), or connect as a role that has it",
    });
  }
  const hidden = catalog.tables.filter((table) => table.rowSecurityApplies);
  if (hidden.length > 0) {
    throw unfit(
      "source",
      `row security would hide rows of ${countOf(hidden.length)} from the source's role`,
      {
        items: hidden.map(relationName),
        advice: "connect as their owner, or as a role with bypassrls",
      },
    );
  }
}

function countOf(tables: number): string {
  return tables === 1 ? "a table" : `${tables} tables`;
}

function unfit(
  side: Side,
  message: string,
  fields: { readonly advice?: string; readonly items?: readonly string[] },
): PgCopyError {
  return new PgCopyError(message, {
    code: side === "source" ? "source_unfit" : "target_unfit",
    side,
    ...fields,
  });
}

/** 150004 → `15.4`. */
export function versionName(serverVersion: number): string {
  return `${Math.floor(serverVersion / 10_000)}.${serverVersion % 10_000}`;
}
