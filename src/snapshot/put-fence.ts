/** Putting the fence up, and saying who is in the way for as long as somebody is. */

import { PgCopyError } from "../errors.js";
import type { Connection } from "../postgres/connection.js";
import { type Blocked, findBlockers } from "./blockers.js";
import { listTables, lockTables, refuseUnreadable, unlockedTables } from "./fence.js";

export interface FenceOptions {
  /** A session outside any transaction. */
  readonly watcher: Connection;
  /** In milliseconds; Infinity for as long as it takes. */
  readonly lockTimeoutMs: number;
  /** Called when it waits, and whenever others are in the way than before. */
  readonly waiting: (blocked: Blocked) => void;
}

/** Tables may be dropped or created while they are locked; so many times all begins anew. */
const ATTEMPTS = 20;
const LOOK_EVERY_MS = 500;

/**
 * Locks all tables for the session, whose transaction has no snapshot then, has `takeSnapshot` give it one,
 * and gives the number of tables and what that gave.
 *
 * @throws PgCopyError `source_unfit`: the role may not lock a table, or somebody was in the way for too long.
 */
export async function fence<T>(
  session: Connection,
  options: FenceOptions,
  takeSnapshot: () => Promise<T>,
): Promise<{ readonly tables: number; readonly result: T }> {
  const endMs = performance.now() + options.lockTimeoutMs;
  const leftMs = () => endMs - performance.now();
  for (let attempt = 1; ; attempt++) {
    const tables = await listTables(options.watcher);
    refuseUnreadable(tables);
    if (await succeeds(watched(options, session, () => lockTables(session, tables, leftMs)))) {
      const result = await takeSnapshot();
      if ((await unlockedTables(session)).length === 0) return { tables: tables.length, result };
    }
    await session.execute("beginning anew", "rollback");
    if (attempt === ATTEMPTS || leftMs() <= 0) throw restlessError(attempt);
  }
}

/** False: a table was dropped before it was locked, or others and we waited for each other. */
async function succeeds(locking: Promise<void>): Promise<boolean> {
  try {
    await locking;
    return true;
  } catch (error) {
    const sqlstate = error instanceof PgCopyError ? error.server?.sqlstate : undefined;
    if (!/^(42P01|3F000|40P01)$/.test(sqlstate ?? "")) throw error;
    return false;
  }
}

/** Does `work` on the session, and looks who is in its way. */
async function watched(
  { watcher, waiting }: FenceOptions,
  session: Connection,
  work: () => Promise<void>,
): Promise<void> {
  let last: Blocked | undefined;
  let looking = Promise.resolve();
  const look = async () => {
    const blocked = await findBlockers(watcher, session.processId);
    if (blocked === undefined) return;
    if (JSON.stringify(who(blocked)) !== JSON.stringify(last && who(last))) waiting(blocked);
    last = blocked;
  };
  const timer = setInterval(() => {
    looking = looking.then(look).catch(() => {});
  }, LOOK_EVERY_MS);
  try {
    await work();
  } catch (error) {
    throw explained(error, last);
  } finally {
    clearInterval(timer);
    await looking;
  }
}

/** Without the time, which goes on. */
function who({ table, blockers }: Blocked): unknown {
  return [table, blockers.map((one) => one.replace(/, its transaction \d+ s old/, ""))];
}

function explained(error: unknown, blocked: Blocked | undefined): unknown {
  if (!(error instanceof PgCopyError) || error.server === undefined) return error;
  const { server } = error;
  const fields = { code: "source_unfit", side: "source", server, cause: error } as const;
  if (server.sqlstate === "55P03") {
    const table = blocked === undefined ? "" : ` on ${blocked.table}`;
    return new PgCopyError(`the fence waited too long for a lock${table}`, {
      ...fields,
      items: blocked?.blockers ?? [],
      advice:
        "wait until they have ended their transactions, end them, or let the fence wait for longer",
    });
  }
  if (server.sqlstate === "53200") {
    return new PgCopyError("the source has too few slots for locks on all its tables", {
      ...fields,
      advice:
        "raise max_locks_per_transaction there (and restart it), or hold the snapshot without a fence",
    });
  }
  return error;
}

function restlessError(attempts: number): PgCopyError {
  return new PgCopyError(
    `tables of the source came and went while they were locked, ${attempts} times`,
    {
      code: "source_unfit",
      side: "source",
      advice: "try again when nobody creates or drops tables there",
    },
  );
}
