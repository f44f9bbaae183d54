/**
 * The data path: COPY … TO STDOUT on one session, streamed into COPY … FROM STDIN on another.
 * A copy is done when both servers say ReadyForQuery, not when a stream ends; if the source fails,
 * the target is told so with CopyFail; if the target fails, the source is cancelled on its server.
 */

import type pg from "pg";
import { asPgCopyError, PgCopyError, type Side } from "../errors.js";
import { interruptedError, throwIfAborted } from "../run/abort.js";
import { type Failpoint, failpoint } from "../run/failpoints.js";
import { withoutWords } from "./confidential.js";
import type { Connection } from "./connection.js";
import { CopyIn } from "./copy-in.js";
import { CopyOut } from "./copy-out.js";
import { brokenConnection, statementError } from "./server-error.js";
import { StallWatch } from "./stall-watch.js";

export interface CopyRelay {
  /** For messages: `COPY public.orders (part 3 of 8)`. */
  readonly attempted: string;
  readonly source: Connection;
  readonly target: Connection;
  readonly copyOut: string;
  readonly copyIn: string;
  /** Whether what the source says of a failure is kept back, from the target's log too. */
  readonly confidential?: boolean;
  /** Called with the size of each chunk, in bytes, as it is handed to the target. */
  readonly onBytes: (bytes: number) => void;
  readonly signal: AbortSignal;
  /** Where in the middle of the data it may be made to fail. */
  readonly failpoint?: Failpoint;
}

export interface CopyResult {
  readonly rows: number;
  readonly bytes: number;
}

/**
 * Streams one COPY into another.
 *
 * @throws PgCopyError `task_failed`, with the side that failed first; `interrupted`. In both cases
 *   neither server is still working on it when the error leaves, and both sessions are in a failed
 *   transaction or lost.
 */
export async function relayCopy(relay: CopyRelay): Promise<CopyResult> {
  return await relay.source.exclusively((out) =>
    relay.target.exclusively(async (into) => {
      throwIfAborted(relay.signal, relay.attempted);
      return await new Relay(relay).run(out, into);
    }),
  );
}

type Client = Parameters<Parameters<Connection["exclusively"]>[0]>[0];

class Relay {
  readonly #relay: CopyRelay;
  readonly #out: CopyOut;
  readonly #into: CopyIn;
  #bytes = 0;
  #failure: PgCopyError | undefined;
  /** By a failpoint: nothing is read. */
  #held = false;
  /** Until the target has taken what waits for it. */
  #isPaused = false;
  /** Whether the source has nothing more to send. */
  #isRead = false;

  constructor(relay: CopyRelay) {
    this.#relay = relay;
    this.#out = new CopyOut(relay.copyOut, {
      onRows: (message, bytes, release) => {
        this.#passOn(message, bytes, release);
      },
      onError: (error) => this.#sourceFailed(error),
    });
    this.#into = new CopyIn(relay.copyIn, {
      onDrain: () => {
        this.#isPaused = false;
        if (!this.#held) this.#out.resume();
      },
      onError: (error) => this.#fail(statementError(error, relay.attempted, "target"), "target"),
    });
  }

  async run(sourceClient: Client, targetClient: Client): Promise<CopyResult> {
    const { source, target, signal, attempted } = this.#relay;
    const sourceReady = source.readyForQuery().then(() => this.#sourceIsReady());
    const targetReady = target.readyForQuery();
    const stop = () => this.#fail(interruptedError(attempted), undefined);
    signal.addEventListener("abort", stop, { once: true });
    const watch = new StallWatch(
      [source, target],
      () => attempted,
      (stall) => this.#fail(stall, undefined),
      () => (this.#isPaused || this.#isRead ? "target" : "source"),
    );
    try {
      targetClient.query(this.#into as unknown as pg.Submittable);
      sourceClient.query(this.#out as unknown as pg.Submittable);
      await Promise.all([sourceReady, targetReady]);
    } finally {
      watch.end();
      signal.removeEventListener("abort", stop);
    }
    if (this.#failure !== undefined) throw this.#failure;
    return this.#result();
  }

  #passOn(message: readonly Buffer[], bytes: number, release: () => void): void {
    if (this.#failure !== undefined) {
      release(); // drained, so that the server gets to read our cancel
      return;
    }
    this.#bytes += bytes;
    this.#relay.onBytes(bytes);
    if (!this.#into.write(message, release)) {
      this.#isPaused = true;
      this.#out.pause();
    }
    const { failpoint: name, signal } = this.#relay;
    if (name !== undefined) this.#hold(failpoint(name, signal));
  }

  #hold(reached: Promise<void> | undefined): void {
    if (reached === undefined) return;
    this.#held = true;
    this.#out.pause();
    reached.catch((error) => this.#fail(asPgCopyError(error, this.#relay.attempted), undefined));
  }

  #sourceFailed(error: Error): void {
    const { attempted, confidential } = this.#relay;
    const failure = statementError(error, attempted, "source");
    this.#fail(confidential ? withoutWords(failure) : failure, "source");
  }

  /**
   * ReadyForQuery means that the source meant the stream's end: only now may the target be told that
   * there are no more rows.
   */
  #sourceIsReady(): void {
    this.#isRead = true;
    if (this.#failure !== undefined || this.#held) return;
    if (this.#relay.source.usable) this.#into.end();
    else this.#fail(lostConnection(this.#relay.attempted, "source"), "source");
  }

  /**
   * The first failure wins; the other side is stopped on its server. The target is told the reason
   * with CopyFail, and cancelled too: a trigger that sleeps, or waits for a lock, doesn't read it.
   */
  #fail(error: PgCopyError, side: Side | undefined): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    if (side !== "source") void this.#relay.source.stop();
    if (side !== "target") void this.#relay.target.stop();
    if (side !== "target") this.#into.fail(`pgcopy: ${error.message}`);
    this.#out.resume();
  }

  /** The two servers count the rows independently: a difference is a loss that must not pass. */
  #result(): CopyResult {
    const rows = this.#into.rowCount;
    const sent = this.#out.rowCount;
    const { attempted, target } = this.#relay;
    if (!target.usable) throw lostConnection(attempted, "target");
    if (rows !== sent) {
      throw new PgCopyError(
        `${attempted} failed: the source sent ${sent} rows, the target stored ${rows}`,
        {
          code: "task_failed",
          attempted,
          side: "target",
        },
      );
    }
    return { rows, bytes: this.#bytes };
  }
}

export function lostConnection(attempted: string, side: Side, cause?: unknown): PgCopyError {
  return new PgCopyError(`${attempted} failed on ${side}: the connection was lost`, {
    code: "task_failed",
    attempted,
    side,
    retrySafe: true,
    ...brokenConnection,
    ...(cause === undefined ? {} : { cause }),
  });
}
