/**
 * A snapshot that outlives the loss of a session. A session that imports a snapshot can export it
 * again, and each of the two ids is good for as long as its own session is. So two sessions hold it, which
 * do nothing else, and all that read export it, too: as long as one of them lives it can be imported. A
 * holder that is lost is replaced by one that imports it from any of the others.
 */

import { PgCopyError } from "../errors.js";
import type { Connection } from "../postgres/connection.js";
import { errorCode } from "../postgres/connection-failures.js";
import { errorWords, statementError } from "../postgres/server-error.js";
import { anySignal } from "../run/abort.js";
import { Halt } from "../run/halt.js";
import { pause, pauseMs, type RetryPolicy, unlessAborted } from "../run/pause.js";
import { type HeldSnapshot, shareSnapshot } from "./held-snapshot.js";
import { snapshotIdentity } from "./identity.js";

/** A session that exported it; its id is good for as long as it lives. */
interface Exporter {
  readonly id: string;
  readonly session: { readonly usable: boolean };
}

interface Holder extends Exporter {
  readonly session: Connection;
}

export interface KeepOptions {
  /** Opens a session on the source. */
  readonly open: () => Promise<Connection>;
  /** Whether there is room for a second holder. */
  readonly twice: boolean;
  readonly retry: RetryPolicy;
  readonly signal: AbortSignal;
  readonly tell: { info(message: string): void; warn(message: string): void };
}

const serverStartQuery = "select pg_catalog.pg_postmaster_start_time()::text as started";

/** Closes what it has opened itself at the end of an `await using` scope. */
export class KeptSnapshot implements HeldSnapshot, AsyncDisposable {
  /** Stopped when the snapshot is gone. */
  readonly halt = new Halt();
  readonly #first: HeldSnapshot;
  readonly #options: KeepOptions;
  #holders: Holder[];
  #readers = new Set<Exporter>();
  /** Of sessions that are lost; the server may not know it yet. */
  #lostIds: string[] = [];
  /** Why a holder was lost first. */
  #loss: PgCopyError | undefined;
  #replacing: Promise<void> | undefined;
  #serverStarted: string | undefined;
  #identity: string | undefined;
  #state: "held" | "gone" | "released" = "held";
  /** Aborted when nothing needs it any more. */
  readonly #released = new AbortController();

  private constructor(first: HeldSnapshot, options: KeepOptions) {
    this.#first = first;
    this.#options = options;
    this.#holders = [{ id: first.id, session: first.connection }];
    this.#watch(first.connection);
  }

  /** Takes over what `first` holds. */
  static async keep(first: HeldSnapshot, options: KeepOptions): Promise<KeptSnapshot> {
    const kept = new KeptSnapshot(first, options);
    const [row] = await first.connection.query<{ started: string }>(
      "looking at the source",
      serverStartQuery,
    );
    kept.#serverStarted = row?.started;
    kept.#identity = await snapshotIdentity(first.connection);
    if (options.twice) await kept.#addHolder().catch((error) => kept.#goOnWithOne(error));
    return kept;
  }

  /** One that can be imported now. */
  get id(): string {
    return this.ids[0] ?? this.#first.id;
  }

  /** All that can be imported now; where none is known to, those that could. */
  get ids(): string[] {
    this.#dropLost();
    const living = this.#living.map(({ id }) => id);
    return living.length > 0 ? living : [...this.#lostIds];
  }

  /** Which rows it sees: an id may be another snapshot's once the server was restarted. */
  get identity(): string | undefined {
    return this.#identity;
  }

  get isReleased(): boolean {
    return this.#state === "released";
  }

  get connection(): Connection {
    return this.#holders.find(({ session }) => session.usable)?.session ?? this.#first.connection;
  }

  /** A session that has imported it has exported it again. */
  join(session: Exporter["session"], id: string): void {
    this.#readers.add({ id, session });
  }

  /**
   * Waits until there is a session that holds it.
   *
   * @throws PgCopyError `task_failed` when it is gone.
   */
  async secure(signal: AbortSignal): Promise<void> {
    if (this.#state === "released") return;
    if (this.#living.length === 0) await unlessAborted(signal, this.#replace());
    if (this.halt.reason !== undefined) throw this.halt.reason;
  }

  /** Runs something on a session on the source that has time for it, if there is one. Never throws. */
  async asHolder(use: (session: Connection) => Promise<unknown>): Promise<void> {
    const holder = this.#holders.findLast(({ session }) => session.usable);
    await Promise.resolve(holder && use(holder.session)).catch(() => {});
  }

  /** A session on the source to read with: one that sees the snapshot, while it is held. */
  async reader(signal: AbortSignal): Promise<Connection> {
    await this.secure(signal);
    if (!this.connection.usable) {
      const session = await this.#options.open();
      this.#holders = [{ id: "", session }];
    }
    return this.connection;
  }

  /** Lets go of it, wherever it is held. Never throws: a session that is lost has let go of it already. */
  async release(): Promise<void> {
    if (this.#state !== "held") return;
    await this.#letGo();
    const [first, ...others] = this.#holders.filter(({ session }) => session.usable);
    await Promise.all([
      first?.session.execute("letting go of the snapshot", "commit").catch(() => {}),
      ...others.map(({ session }) => session.close()),
    ]);
    this.#holders = first === undefined ? [] : [first];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#letGo();
    const own = this.#holders.filter(({ session }) => session !== this.#first.connection);
    await Promise.all(own.map(({ session }) => session.close()));
  }

  async #letGo(): Promise<void> {
    this.#state = "released";
    this.#released.abort();
    await this.#replacing?.catch(() => {});
  }

  get #living(): Exporter[] {
    return [...this.#holders, ...this.#readers].filter(({ session }) => session.usable);
  }

  #watch(session: Connection): void {
    session.onEnd(() => {
      if (this.#state !== "held") return;
      if (session.loss !== undefined)
        this.#loss ??= statementError(session.loss, KEEPING, "source");
      // It rejects for whoever waits for it; that it is gone is told by `halt`.
      this.#replace().catch(() => {});
    });
  }

  #dropLost(): void {
    const all: Exporter[] = [...this.#holders, ...this.#readers];
    for (const { id, session } of all) if (!session.usable) this.#lostIds.unshift(id);
    this.#lostIds.length = Math.min(this.#lostIds.length, 20);
    this.#holders = this.#holders.filter(({ session }) => session.usable);
    for (const reader of this.#readers) if (!reader.session.usable) this.#readers.delete(reader);
  }

  #replace(): Promise<void> {
    this.#replacing ??= this.#replaceLost().finally(() => {
      this.#replacing = undefined;
    });
    return this.#replacing;
  }

  /** Until there are as many holders again as there were, or none can be had any more. */
  async #replaceLost(): Promise<void> {
    const { twice, retry, signal, tell } = this.#options;
    const wanted = twice ? 2 : 1;
    const beganMs = performance.now();
    for (let failures = 1; this.#state === "held"; failures++) {
      this.#dropLost();
      try {
        if (this.#holders.length >= wanted) return;
        while (this.#holders.length < wanted) await this.#addHolder();
        tell.info("a session that held the snapshot was lost; another one holds it now");
        return;
      } catch (thrown) {
        const error = thrown as PgCopyError;
        const lives = this.#living.length > 0;
        if (!lives && isFinal(error)) return await this.#give(error);
        if (retry.retries === 0 || performance.now() - beganMs > retry.timeoutMs) {
          if (!lives) return await this.#give(error);
          tell.warn(`the snapshot is held by fewer sessions than it was: ${error.message}`);
          return;
        }
        if (failures === 2 && !lives) tell.warn(`${error.message}; waiting for the source`);
        await pause(pauseMs(failures), anySignal(signal, this.#released.signal));
      }
    }
  }

  /** What the second one is for may never come to pass. */
  #goOnWithOne(error: PgCopyError): void {
    if (this.#options.signal.aborted) throw error;
    this.#options.tell.warn(`the snapshot is held by one session only: ${error.message}`);
  }

  async #addHolder(): Promise<void> {
    const session = await this.#options.open();
    try {
      const id = await shareSnapshot(session, this.ids, this.#identity);
      this.#holders.push({ id, session });
      this.#watch(session);
    } catch (error) {
      await session.close();
      throw error;
    }
  }

  /** Nothing holds it any more, and nothing can. */
  async #give(error: PgCopyError): Promise<void> {
    this.#state = "gone";
    this.halt.stop(goneError(error, await this.#cause(error), this.#loss));
  }

  async #cause(error: PgCopyError): Promise<string> {
    if (error.code === "connection_failed") return error.message;
    const restarted = await this.#hasRestarted().catch(() => false);
    if (restarted) return "its server was restarted";
    const words = this.#loss === undefined ? "" : ` (${errorWords(this.#loss.cause)})`;
    return `the sessions that held it were lost${words}`;
  }

  async #hasRestarted(): Promise<boolean> {
    await using session = await this.#options.open();
    const [row] = await session.query<{ started: string }>(
      "looking at the source",
      serverStartQuery,
    );
    return row?.started !== this.#serverStarted;
  }
}

/** The server is not there, or knows none of the ids: what it held is gone. A network that fails may heal. */
function isFinal({ code, server, cause }: PgCopyError): boolean {
  if (code === "connection_failed")
    return server?.sqlstate === "57P03" || /^(ECONNREFUSED|ENOENT)$/.test(errorCode(cause));
  return code === "source_unfit";
}

const KEEPING = "keeping the snapshot";

/** @param loss what the server said when it ended a holder: a standby's recovery conflict, for one. */
function goneError(cause: PgCopyError, words: string, loss: PgCopyError | undefined): PgCopyError {
  const said = loss?.server === undefined ? undefined : loss;
  const gone =
    "what is in the target is of a moment that can't be read any more, so nothing that is copied later can be consistent with it";
  return new PgCopyError(`the source's snapshot is gone: ${words}`, {
    code: "task_failed",
    attempted: KEEPING,
    side: "source",
    ...(cause.server === undefined ? {} : { server: cause.server }),
    ...(said?.server === undefined ? {} : { server: said.server }),
    ...(said?.reason === undefined ? {} : { reason: said.reason }),
    advice: said?.advice === undefined ? gone : `${said.advice}; ${gone}`,
    cause,
  });
}
