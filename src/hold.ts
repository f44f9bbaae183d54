/**
 * A snapshot that outlives the commands that read from it: exported, held, and let go when the caller
 * says so. `clone` takes its id, again and again: what it copies in several runs is then of one moment.
 */

import type { ServerEndpoint } from "./endpoint/endpoint.js";
import { describeEndpoint } from "./endpoint/endpoint.js";
import { parseEndpoint } from "./endpoint/parse-endpoint.js";
import { checkServer, versionName } from "./engine/check-servers.js";
import { HeldSource } from "./engine/hold-source.js";
import { openSession } from "./engine/open-session.js";
import { Run } from "./engine/run.js";
import { warnOfStandby } from "./engine/standby.js";
import { tellSourceDatabase } from "./engine/unnamed-database.js";
import { PgCopyError, withPgCopyErrors } from "./errors.js";
import {
  type HoldOptions,
  type ResolvedHoldOptions,
  resolveHoldOptions,
} from "./options/hold-options.js";
import { anySignal, throwIfAborted } from "./run/abort.js";
import { Pulse } from "./run/pulse.js";

/** The system's own is two hours, mostly; routers forget a connection sooner. */
const KEEP_ALIVE_IDLE_MS = 60_000;

/** A snapshot that is held; let go at the end of an `await using` scope, or when the signal is aborted. */
export interface Hold extends AsyncDisposable {
  /** What `clone` takes as `snapshot`. If the session that exported it is lost, another id for the same snapshot. */
  readonly snapshot: string;
  /** How many tables are fenced; undefined without a fence, or once it is gone. */
  readonly tables: number | undefined;
  /**
   * Fulfilled when the snapshot was let go. Rejected with a PgCopyError `task_failed` when it is gone, because
   * all sessions that held it were lost.
   */
  readonly ended: Promise<void>;
  /** Lets go of it. Never throws. */
  release(): Promise<void>;
}

/**
 * Exports a snapshot of the source and holds it in two sessions, each of which is replaced when it is lost.
 * The observer is told `snapshot_held` and, time and again, `snapshot_pins`.
 *
 * @throws PgCopyError `usage`, `connection_failed`, `source_unfit`, `interrupted`.
 */
export async function hold(options: HoldOptions): Promise<Hold> {
  return await withPgCopyErrors(async () => {
    const resolved = resolveHoldOptions(options);
    const letGo = new AbortController();
    const run = new Run(anySignal(resolved.signal, letGo.signal), resolved.observer);
    const server = await runningServer(resolved, run);
    const pulse = new Pulse(resolved.progressIntervalMs);
    const held = await run.step("hold the snapshot", () =>
      takeSnapshot(server, resolved, { run, lost: () => pulse.now() }),
    );
    return keep(held, pulse, { run, letGo: () => letGo.abort() });
  });
}

async function runningServer(
  { source, environment }: ResolvedHoldOptions,
  run: Run,
): Promise<ServerEndpoint> {
  const endpoint = await parseEndpoint(source, environment, "source");
  if (endpoint.kind !== "server") {
    throw new PgCopyError(
      `${describeEndpoint(endpoint)} is a data directory, whose server nobody else could read from`,
      { code: "usage", side: "source", advice: "give the postgres:// URI of a running server" },
    );
  }
  tellSourceDatabase(endpoint, run);
  // What lies between must not take a session for dead because it is idle, whatever is set for short commands.
  const keepAliveIdleMs = endpoint.keepAliveIdleMs || KEEP_ALIVE_IDLE_MS;
  return { ...endpoint, keepAlive: true, keepAliveIdleMs };
}

async function takeSnapshot(
  server: ServerEndpoint,
  { fence, lockTimeoutMs }: ResolvedHoldOptions,
  { run, lost }: { readonly run: Run; readonly lost: () => void },
): Promise<HeldSource> {
  const first = await openSession(server, "source", "hold", run.signal);
  const opened = [first];
  // The very server that was found, where several hosts were given.
  const open = (purpose: string) => openSession(first.endpoint, "source", purpose, run.signal);
  try {
    await checkServer(first, () => open("probe"), "reads");
    run.tell({
      type: "connected",
      side: "source",
      endpoint: describeEndpoint(server),
      serverVersion: versionName(first.serverVersion),
    });
    await warnOfStandby(first, fence, run);
    const watcher = await open("hold watch");
    opened.push(watcher);
    const held = new HeldSource(watcher, { run, open, fenced: fence, lockTimeoutMs, lost });
    await held.take(first);
    return held;
  } catch (error) {
    await Promise.all(opened.map((session) => session.close()));
    throwIfAborted(run.signal, "exporting the snapshot");
    throw error;
  }
}

/** Looks after it until it is let go, the signal is aborted, or it is lost. */
function keep(
  held: HeldSource,
  pulse: Pulse,
  { run, letGo }: { readonly run: Run; readonly letGo: () => void },
): Hold {
  const stop = () => pulse.stop();
  run.signal.addEventListener("abort", stop, { once: true });
  if (run.signal.aborted) stop();
  const ended = (async () => {
    try {
      await look(held, pulse, run);
    } finally {
      run.signal.removeEventListener("abort", stop);
      await held.release();
    }
  })();
  const release = async () => {
    letGo();
    await ended.catch(() => {});
  };
  // Whoever wants to know asks for it; nobody has to.
  ended.catch(() => {});
  return {
    get snapshot() {
      return held.id;
    },
    get tables() {
      return held.tables;
    },
    ended,
    release,
    [Symbol.asyncDispose]: release,
  };
}

async function look(held: HeldSource, pulse: Pulse, run: Run): Promise<void> {
  while (!pulse.stopped) {
    try {
      const pins = await held.look();
      if (pins !== undefined) run.tell({ type: "snapshot_pins", ...pins });
    } catch (error) {
      // Whatever fails while it is being let go is no loss.
      if (!pulse.stopped) throw error;
    }
    await pulse.next();
  }
}
