/**
 * The sessions of a run's jobs on the target. A server goes on for a while after its client was killed: it
 * finishes the statement, and may even commit. So a run that has taken the target first ends what is left of
 * the one before; each job's session says with a lock of its own that it is one.
 */

import { PgCopyError } from "../errors.js";
import type { Connection } from "../postgres/connection.js";

/** The next after the run's own: see target-lock.ts. */
const JOB_LOCK = "123589352190074";

/** How long a session that was told to end has for it, in seconds. */
const GONE_WITHIN_S = 30;

/** Marks a session as one of the run's jobs, for as long as it lasts. */
export async function markJobSession(target: Connection): Promise<void> {
  await target.execute(
    "marking a session",
    `select pg_catalog.pg_advisory_lock_shared(${JOB_LOCK})`,
  );
}

const endQuery = `
select l.pid, pg_catalog.pg_terminate_backend(l.pid) as told
from pg_catalog.pg_locks l
where l.locktype = 'advisory' and l.granted and l.objsubid = 1 and l.pid <> pg_catalog.pg_backend_pid()
  and l.database = (select d.oid from pg_catalog.pg_database d where d.datname = pg_catalog.current_database())
  and (l.classid::bigint << 32) + l.objid::bigint = ${JOB_LOCK}`;

/**
 * Ends the job sessions that an earlier run has left on the server, and waits until they are gone.
 *
 * @param target a session that holds the run's lock, so that they are of no living run.
 * @throws PgCopyError `target_unfit` if one does not end.
 */
export async function endLeftSessions(target: Connection): Promise<void> {
  const attempted = "ending the sessions of an earlier run";
  const left = await target.query<{ pid: number }>(attempted, endQuery);
  if (left.length === 0) return;
  await target.execute(attempted, `set lock_timeout = '${GONE_WITHIN_S}s'`);
  try {
    // It is granted when the last of them is gone.
    await target.execute(
      attempted,
      `select pg_catalog.pg_advisory_lock(${JOB_LOCK}); select pg_catalog.pg_advisory_unlock(${JOB_LOCK})`,
    );
  } catch (error) {
    if (!(error instanceof PgCopyError) || error.server?.sqlstate !== "55P03") throw error;
    const pids = left.map(({ pid }) => pid).join(", ");
    throw new PgCopyError(
      `sessions of an earlier run still work on the target after ${GONE_WITHIN_S} s: processes ${pids}`,
      {
        code: "target_unfit",
        side: "target",
        advice: "end them with pg_terminate_backend, or wait until their statements are done",
        cause: error,
      },
    );
  } finally {
    if (target.usable) await target.execute(attempted, "set lock_timeout = 0");
  }
}
