/**
 * The data path: COPY … TO STDOUT on one session, streamed into COPY … FROM STDIN on another.
 * A copy is done when both servers say ReadyForQuery, not when a stream ends; if the source fails,
 * the target is told so with CopyFail; if the target fails, the source is cancelled on its server.
 */

import { from as copyFrom, to as copyTo } from "pg-copy-streams";
import { PgCopyError, type Side } from "../errors.js";
import { interruptedError, throwIfAborted } from "../run/abort.js";
import { withoutWords } from "./confidential.js";
import type { Connection } from "./connection.js";
import { statementError } from "./server-error.js";

/** Large enough that neither stream pauses for every 64 kB chunk. */
const BUFFER_BYTES = 256 * 1024;

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
      return await new Relay(
        relay,
        copyTo(relay.copyOut),
        copyFrom(relay.copyIn, { highWaterMark: BUFFER_BYTES }),
      ).run(out, into);
    }),
  );
}

type CopyOutStream = ReturnType<typeof copyTo>;
type CopyInStream = ReturnType<typeof copyFrom>;
type Client = Parameters<Parameters<Connection["exclusively"]>[0]>[0];

class Relay {
  readonly #relay: CopyRelay;
  readonly #out: CopyOutStream;
  readonly #into: CopyInStream;
  #bytes = 0;
  #failure: PgCopyError | undefined;
  #sourceEnded = false;

  constructor(relay: CopyRelay, out: CopyOutStream, into: CopyInStream) {
    this.#relay = relay;
    this.#out = out;
    this.#into = into;
  }

  async run(sourceClient: Client, targetClient: Client): Promise<CopyResult> {
    const { source, target, signal, attempted } = this.#relay;
    const sourceReady = source.readyForQuery().then(() => this.#sourceIsReady());
    const targetReady = target.readyForQuery();
    const stop = () => this.#fail(interruptedError(attempted), undefined);
    signal.addEventListener("abort", stop, { once: true });
    try {
      this.#connectStreams();
      sourceClient.query(this.#out);
      targetClient.query(this.#into);
      await Promise.all([sourceReady, targetReady]);
    } finally {
      signal.removeEventListener("abort", stop);
    }
    if (this.#failure !== undefined) throw this.#failure;
    return this.#result();
  }

  #connectStreams(): void {
    const { attempted } = this.#relay;
    this.#out.on("data", (chunk: Buffer) => {
      if (this.#failure !== undefined) return; // drained, so that the server gets to read our cancel
      this.#bytes += chunk.length;
      this.#relay.onBytes(chunk.length);
      if (this.#into.write(chunk)) return;
      this.#out.pause();
      this.#into.once("drain", () => this.#out.resume());
    });
    this.#out.once("error", (error) => {
      const failure = statementError(error, attempted, "source");
      this.#fail(this.#relay.confidential ? withoutWords(failure) : failure, "source");
    });
    this.#out.once("end", () => {
      this.#sourceEnded = true;
    });
    // destroy() makes a second error out of the first; only the first counts.
    this.#into.on("error", (error) =>
      this.#fail(statementError(error, attempted, "target"), "target"),
    );
  }

  /**
   * ReadyForQuery after the stream's end means that the source meant it: only now may the target be
   * told that there are no more rows.
   */
  #sourceIsReady(): void {
    if (this.#failure !== undefined) return;
    if (!this.#relay.source.usable) {
      this.#fail(lostConnection(this.#relay.attempted, "source"), "source");
    } else if (this.#sourceEnded) {
      this.#into.end();
    } else {
      // The last chunks still wait for the target to take them.
      this.#out.once("end", () => this.#failure === undefined && this.#into.end());
    }
  }

  /**
   * The first failure wins; the other side is stopped on its server. The target is told the reason
   * with CopyFail, and cancelled too: a trigger that sleeps, or waits for a lock, doesn't read it.
   */
  #fail(error: PgCopyError, side: Side | undefined): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    if (side !== "source") void this.#cancel(this.#relay.source);
    if (side !== "target") void this.#cancel(this.#relay.target);
    // Also when the target itself failed: what it still has to write would be written to nobody.
    this.#into.destroy(new Error(`pgcopy: ${error.message}`));
    this.#out.resume();
  }

  async #cancel(connection: Connection): Promise<void> {
    const settled = connection.readyForQuery();
    const cut = setTimeout(() => connection.destroy(), 1_500);
    await connection.cancel();
    await settled;
    clearTimeout(cut);
  }

  /** The two servers count the rows independently: a difference is a loss that must not pass. */
  #result(): CopyResult {
    const rows = this.#into.rowCount ?? 0;
    const sent = (this.#out as unknown as { rowCount: number }).rowCount;
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

function lostConnection(attempted: string, side: Side): PgCopyError {
  return new PgCopyError(`${attempted} failed on ${side}: the connection was lost`, {
    code: "task_failed",
    attempted,
    side,
    retrySafe: true,
  });
}
