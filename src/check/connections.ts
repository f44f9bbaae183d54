/** Free connections, and slots for locks. */

import { besideNewDatabase, fitJobs } from "../engine/fit-jobs.js";
import { Run } from "../engine/run.js";
import { quoteName } from "../postgres/quote.js";
import type { Check, ServerContext } from "./context.js";
import { found } from "./finding.js";

/** In the words of the clone, which goes on with fewer jobs. */
export const connections: Check<ServerContext> = ({
  options,
  servers,
  sourceFacts,
  targetFacts,
}) => {
  const run = new Run(options.signal, undefined);
  const inTarget = servers.targetExists ? targetFacts : besideNewDatabase(targetFacts);
  fitJobs(options, sourceFacts, inTarget, run);
  return run.warnings.map((warning) =>
    found("warning", "target", warning, {
      advice:
        "close sessions, raise max_connections or the role's or database's connection limit, or ask for fewer --jobs",
    }),
  );
};

const lockSlotsQuery = `
select current_setting('max_locks_per_transaction')::int as "perTransaction",
       current_setting('max_connections')::int + current_setting('max_prepared_transactions')::int as sessions,
       current_setting('max_worker_processes')::int + current_setting('max_wal_senders')::int
         + coalesce(current_setting('autovacuum_worker_slots', true), current_setting('autovacuum_max_workers'))::int as others,
       (select count(*) from pg_catalog.pg_locks)::int as taken`;

interface LockSlots extends Record<string, unknown> {
  readonly perTransaction: number;
  readonly sessions: number;
  readonly others: number;
  readonly taken: number;
}

/**
 * pg_dump locks all tables in one transaction, and the sessions that copy keep theirs until the end.
 * The documented number of slots is max_locks_per_transaction × (max_connections +
 * max_prepared_transactions); background processes bring as many each, and shared memory has some
 * 10 % to spare (src/backend/storage/lmgr/lock.c).
 */
export const lockSlots: Check = async ({ servers, catalog }) => {
  const [row] = await servers.source.query<LockSlots>("looking at lock slots", lockSlotsQuery);
  if (row === undefined) return [];
  const needed =
    row.taken + catalog.tables.filter(({ kind }) => /^(table|partitioned)$/.test(kind)).length;
  const promised = row.perTransaction * row.sessions;
  if (needed <= promised) return [];
  const atMost = 1.1 * row.perTransaction * (row.sessions + row.others);
  const wanted = 2 ** Math.ceil(Math.log2((1.2 * needed) / row.sessions));
  return [
    found(
      needed > atMost ? "error" : "warning",
      "source",
      `pg_dump needs a lock on each table at once, ${needed} in all; the server has room for ${promised}`,
      {
        advice:
          "raise max_locks_per_transaction, which needs a restart (and a larger value on standbys first)",
        statements: [`alter system set max_locks_per_transaction = ${wanted}`],
      },
    ),
  ];
};

const spectatorQuery = `
select current_setting('is_superuser') = 'on' or pg_catalog.pg_has_role('pg_read_all_stats', 'usage') as sees`;

/** Without it the checks of sessions find nothing, which would look like a good sign. */
export const visibleSessions: Check<ServerContext> = async ({ servers, sourceFacts }) => {
  const [row] = await servers.source.query<{ sees: boolean }>(
    "looking up what can be seen",
    spectatorQuery,
  );
  if (row?.sees !== false) return [];
  return [
    found(
      "info",
      "source",
      "sessions of other roles can't be seen: how long they have been open is not known",
      {
        advice: "let the role see them, and check again",
        statements: [`grant pg_read_all_stats to ${quoteName(sourceFacts.role)}`],
      },
    ),
  ];
};
