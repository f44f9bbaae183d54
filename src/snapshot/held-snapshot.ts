/**
 * One consistent view of the source. A session exports its snapshot and stays in its transaction
 * for as long as others must be able to import it; every reader imports the same id, so that all
 * of them see the database as it was at one moment, however long the copy takes.
 */

import { PgCopyError } from "../errors.js";
import type { Connection } from "../postgres/connection.js";
import { quoteLiteral } from "../postgres/quote.js";
import { failpoint } from "../run/failpoints.js";

const beginReadOnly = "begin isolation level repeatable read read only";
const exportSnapshot = "select pg_catalog.pg_export_snapshot() as id";

/** A snapshot that a session of ours keeps alive. */
export interface HeldSnapshot {
  /** What `set transaction snapshot` takes. */
  readonly id: string;
  /** The session that holds it; further reads on it see the same snapshot. */
  readonly connection: Connection;
  /** Lets go of it: the source may vacuum again. */
  release(): Promise<void>;
}

/**
 * Exports a snapshot and holds it. With `id`, that snapshot (exported by another session) is
 * imported and exported again, so that it outlives its first holder.
 *
 * @throws PgCopyError `source_unfit` when `id` is no living snapshot of this server.
 */
export async function holdSnapshot(connection: Connection, id?: string): Promise<HeldSnapshot> {
  if (id === undefined) await connection.execute("exporting a snapshot", beginReadOnly);
  else await importSnapshot(connection, id);
  const rows = await connection.query<{ id: string }>("exporting a snapshot", exportSnapshot);
  await failpoint("snapshot.exported", connection.signal);
  return {
    id: (rows[0] as { id: string }).id,
    connection,
    release: () => connection.execute("letting go of the snapshot", "commit"),
  };
}

/** Begins a read-only transaction that sees what the snapshot's holder sees. */
export async function importSnapshot(connection: Connection, id: string): Promise<void> {
  await withImport(id, () => connection.execute("importing a snapshot", importScript(id)));
}

/**
 * The same, with the first of these ids that can be imported, and exports it again: the new id is good
 * for as long as this session is in its transaction, whatever becomes of the others.
 *
 * @param identity what it must see (see `snapshotIdentity`): a server that was restarted gives ids once more.
 * @returns the new id.
 * @throws PgCopyError `source_unfit` when none of them can be.
 */
export async function shareSnapshot(
  connection: Connection,
  ids: readonly string[],
  identity?: string,
): Promise<string> {
  for (const [i, id] of ids.entries()) {
    try {
      const rows = await withImport(id, () =>
        connection.query<{ id: string; identity: string }>(
          "importing a snapshot",
          `${importScript(id)}; ${exportSnapshot}, pg_catalog.txid_current_snapshot()::text as identity`,
        ),
      );
      const shared = rows[0] as { id: string; identity: string };
      if (identity !== undefined && shared.identity !== identity) throw anotherSnapshot(id);
      return shared.id;
    } catch (error) {
      const isLast = i === ids.length - 1;
      if (isLast || !(error instanceof PgCopyError) || error.code !== "source_unfit") throw error;
      await connection.execute("importing a snapshot", "rollback");
    }
  }
  throw new PgCopyError("there is no snapshot to import", { code: "internal" });
}

function anotherSnapshot(id: string): PgCopyError {
  return new PgCopyError(`snapshot ${id} is another one now: the source was restarted`, {
    code: "source_unfit",
    side: "source",
  });
}

function importScript(id: string): string {
  return `${beginReadOnly}; set transaction snapshot ${quoteLiteral(id)}`;
}

async function withImport<T>(id: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    // 22023: the id is none; 42704: no session exported it; 55000: its session is gone; 0A000: it
    // is of another database.
    if (
      error instanceof PgCopyError &&
      /^(22023|42704|55000|0A000)$/.test(error.server?.sqlstate ?? "")
    ) {
      throw new PgCopyError(
        `snapshot ${id} can't be used on the source: ${error.server?.message}`,
        {
          code: "source_unfit",
          side: "source",
          advice:
            "the session that exported it must still be in its transaction, in the same database",
          ...(error.server === undefined ? {} : { server: error.server }),
          cause: error,
        },
      );
    }
    throw error;
  }
}
