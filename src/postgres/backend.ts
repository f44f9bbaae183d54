/**
 * The server's process behind a session. When a connection is lost, the server may not know it yet: a
 * statement may still run there, or a COMMIT be on its way to the disk. Whoever does the work again has
 * to see the process end first; then it is known what has come of its transaction.
 */

import { PgCopyError } from "../errors.js";
import { pause } from "../run/pause.js";
import type { Connection } from "./connection.js";
import { quoteLiteral } from "./quote.js";

/** One of a server's processes; another that gets the same id later began at another time. */
export interface Backend {
  readonly processId: number;
  /** As the server writes it, with its offset from UTC. */
  readonly startedAt: string;
}

/** Run by each session about itself; a pooler would show a process id of its own. */
export const ownBackendQuery = `
select a.pid as "processId", a.backend_start::text as "startedAt"
from pg_catalog.pg_stat_get_activity(pg_catalog.pg_backend_pid()) a`;

const FIRST_LOOK_MS = 5;
const LONGEST_LOOK_MS = 250;
/** One that is writing to a disk that hangs, or shutting down with much to clean up, takes long to end. */
const LONGEST_END_MS = 60_000;

/**
 * Tells the server to end these processes, if they are there still; what they had not committed is
 * rolled back. Another role's are left alone.
 *
 * @param connection another session on the same server; it may be in a transaction.
 * @returns those that are there.
 */
export async function terminateBackends(
  connection: Connection,
  backends: readonly Backend[],
): Promise<Backend[]> {
  if (backends.length === 0) return [];
  const list = backends.map(
    ({ processId, startedAt }) =>
      `(${Number(processId)}, ${quoteLiteral(startedAt)}::timestamptz, ${quoteLiteral(startedAt)})`,
  );
  // Within a transaction the server would answer with what it saw first.
  return await connection.query<Backend & Record<string, unknown>>(
    "ending lost sessions",
    `select pg_catalog.pg_stat_clear_snapshot();
     select a.pid as "processId", b.words as "startedAt",
            case when pg_catalog.pg_has_role(a.usesysid, 'usage') then pg_catalog.pg_terminate_backend(a.pid) end
     from (values ${list.join(", ")}) as b (pid, began, words)
     join pg_catalog.pg_stat_activity a on a.pid = b.pid and a.backend_start = b.began
     where a.pid <> pg_catalog.pg_backend_pid()`,
  );
}

/**
 * Ends these processes and waits until they are gone: from then on what they committed is there, and
 * nothing else of theirs will be.
 *
 * @throws PgCopyError `task_failed` if one does not end.
 */
export async function endBackends(
  connection: Connection,
  backends: readonly Backend[],
  signal: AbortSignal,
): Promise<void> {
  const began = performance.now();
  for (let waitMs = FIRST_LOOK_MS; ; waitMs = Math.min(2 * waitMs, LONGEST_LOOK_MS)) {
    const there = await terminateBackends(connection, backends);
    if (there.length === 0) return;
    if (performance.now() - began > LONGEST_END_MS) throw stillThere(there, connection);
    await pause(waitMs, signal);
  }
}

function stillThere(there: readonly Backend[], { side }: Connection): PgCopyError {
  const pids = there.map(({ processId }) => processId).join(", ");
  return new PgCopyError(
    `the ${side}'s server does not end the process ${pids} of a connection that was lost`,
    {
      code: "task_failed",
      attempted: "ending lost sessions",
      side,
      advice: `look at it in pg_stat_activity, and what it waits for`,
    },
  );
}
