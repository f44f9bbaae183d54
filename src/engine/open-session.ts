/** The sessions of a run, each with its purpose and its settings. */

import type { ServerEndpoint } from "../endpoint/endpoint.js";
import { PgCopyError, type Side } from "../errors.js";
import { type CrashMark, isUnbroken } from "../load/crash-mark.js";
import { markJobSession } from "../load/job-sessions.js";
import { connect } from "../postgres/connect.js";
import type { Connection } from "../postgres/connection.js";
import { quoteLiteral } from "../postgres/quote.js";
import { pinnedSettings } from "../postgres/session-settings.js";
import { shareSnapshot } from "../snapshot/held-snapshot.js";
import { isMissingDatabase } from "./open-endpoint.js";
import { reworded } from "./reworded-error.js";

/**
 * Sessions that pgcopy writes through: nothing they write has to reach the disk before the end. A database that
 * is read-only by its own settings is refused, unless a run gave it these that is to be gone on with.
 */
const targetSettings = {
  ...pinnedSettings,
  synchronous_commit: "off",
  default_transaction_read_only: "off",
};

/**
 * Opens a session for one of the run's purposes.
 *
 * @param server that of the side's first session (`connection.endpoint`) for all later ones: it is
 *   the very server that one found, where several hosts were given.
 */
export async function openSession(
  server: ServerEndpoint,
  side: Side,
  purpose: string,
  signal: AbortSignal,
): Promise<Connection> {
  return await connect(server, {
    side,
    purpose,
    signal,
    ...(side === "target" ? { settings: targetSettings } : {}),
  });
}

/** The only session of a run that has done nothing yet: a database that isn't there was not dropped meanwhile. */
export async function openOnlySession(
  server: ServerEndpoint,
  purpose: string,
  signal: AbortSignal,
): Promise<Connection> {
  try {
    return await openSession(server, "source", purpose, signal);
  } catch (error) {
    throw isMissingDatabase(error) ? reworded(error, { reason: undefined }) : error;
  }
}

/** A session that jobs use, as plain data: it may be opened in another thread. */
export type JobSession =
  | {
      readonly side: "source";
      readonly server: ServerEndpoint;
      /** Ids of one and the same snapshot; one of them can be imported. */
      readonly snapshotIds: readonly string[];
      /** What it sees, where that is known. */
      readonly snapshotIdentity?: string | undefined;
    }
  | {
      readonly side: "target";
      readonly server: ServerEndpoint;
      /** Of a database that the run creates: the source's, where the server knows it. */
      readonly timeZone: string | undefined;
      readonly mark: CrashMark;
    };

export interface OpenJobSession {
  readonly session: Connection;
  /** On the source: what the session has exported the snapshot as. */
  readonly snapshotId?: string;
}

/** Opens a session that sees what the snapshot's holder sees, or one on the target. */
export async function openJobSession(
  wanted: JobSession,
  signal: AbortSignal,
): Promise<OpenJobSession> {
  const { side, server } = wanted;
  const session = await openSession(server, side, side === "source" ? "copy" : "job", signal);
  try {
    if (wanted.side === "source") {
      const { snapshotIds, snapshotIdentity } = wanted;
      return { session, snapshotId: await shareSnapshot(session, snapshotIds, snapshotIdentity) };
    }
    await followTimeZone(session, wanted.timeZone);
    await markJobSession(session);
    if (!(await isUnbroken(session, wanted.mark))) throw brokenTarget();
    return { session };
  } catch (error) {
    await session.close();
    throw error;
  }
}

/** What was committed last may be gone: nothing may be built on it before that is known. */
function brokenTarget(): PgCopyError {
  return new PgCopyError("the target's server was restarted after a crash", {
    code: "task_failed",
    attempted: "connecting to the target",
    side: "target",
    retrySafe: true,
  });
}

/**
 * A materialized view may ask for the session's time zone, and is refreshed before the settings of a
 * database that the run created are in force: without this it would hold other rows than the source's.
 * One that was there has a time zone of its own, by which it will go on to be refreshed.
 */
async function followTimeZone(target: Connection, zone: string | undefined): Promise<void> {
  if (zone === undefined || zone === target.parameters.get("TimeZone")) return;
  try {
    await target.execute("setting the time zone", `set timezone = ${quoteLiteral(zone)}`);
  } catch (error) {
    // Another system may not know the zone; then its own has to do.
    if (!(error instanceof PgCopyError) || error.server?.sqlstate !== "22023") throw error;
  }
}
