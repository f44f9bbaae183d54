/**
 * Between a server that may be anything and the driver. Before a session is open it is looked at what comes:
 * the driver waits for as many bytes as a message
 * announces: to it, the `SSH-2.0` of a wrong port begins a message of 1.4 GB, and it would wait for
 * ever. libpq doubts such lengths, too (fe-connect.c, "Validate message type and length").
 */

import type { Socket } from "node:net";

/** ErrorResponse and NoticeResponse hold the server's words, maybe a long list of names. */
const MOST_BYTES = 64 * 1024;
/** An ErrorResponse, and all that comes before ReadyForQuery; N is a notice, v a protocol version. */
const EXPECTED = new Set([..."RSKENvZ"].map((letter) => letter.charCodeAt(0)));
const READY_FOR_QUERY = "Z".charCodeAt(0);
/** Its type and its length. */
const HEADER_BYTES = 5;

/** Something answers, and it is no PostgreSQL server. */
export class ForeignProtocol extends Error {
  override readonly name = "ForeignProtocol";
}

/** Reads the headers of the messages as they arrive, in whatever pieces. */
export class StartupGuard {
  #header: number[] = [];
  #skip = 0;
  #done = false;

  /** @throws ForeignProtocol at a message that no server sends here. */
  take(chunk: Buffer): "starting" | "session open" {
    let at = 0;
    while (at < chunk.length && !this.#done) {
      if (this.#skip > 0) {
        const skipped = Math.min(this.#skip, chunk.length - at);
        this.#skip -= skipped;
        at += skipped;
        continue;
      }
      this.#header.push(chunk[at++]!);
      if (this.#header.length === HEADER_BYTES) this.#message(this.#header.splice(0));
    }
    return this.#done ? "session open" : "starting";
  }

  #message(header: readonly number[]): void {
    const [type = 0] = header;
    const length = Buffer.from(header).readUInt32BE(1);
    if (!EXPECTED.has(type) || length < 4 || length > MOST_BYTES)
      throw new ForeignProtocol("it does not speak PostgreSQL's protocol");
    this.#skip = length - 4;
    this.#done = type === READY_FOR_QUERY;
  }
}

/** The driver's connection, as far as the guard needs it. */
interface GuardedConnection {
  /** With TLS it becomes another one. */
  readonly stream: Socket;
  once(event: "sslconnect", listener: () => void): unknown;
}

/**
 * Cuts the connection as soon as what answers can't be a PostgreSQL server, and where the driver can't read a
 * message: it throws then, where nobody could catch it.
 *
 * @returns what tells whether no session came about for that.
 */
export function guardProtocol(
  connection: GuardedConnection,
  withTls: boolean,
): () => ForeignProtocol | undefined {
  let found: ForeignProtocol | undefined;
  const guard = () => {
    const { stream } = connection;
    const startup = new StartupGuard();
    // In place of emit: a listener could not keep a chunk from the driver's.
    const emit = stream.emit.bind(stream) as (
      event: string | symbol,
      ...given: unknown[]
    ) => boolean;
    let state: ReturnType<StartupGuard["take"]> = "starting";
    stream.emit = (event: string | symbol, ...given: unknown[]): boolean => {
      if (event !== "data") return emit(event, ...given);
      try {
        if (state === "starting") state = startup.take(given[0] as Buffer);
        return emit(event, ...given);
      } catch (error) {
        const words = error instanceof ForeignProtocol ? error : unreadable(error);
        if (state === "starting") found = words;
        stream.destroy(words);
        return false;
      }
    };
  };
  if (withTls) connection.once("sslconnect", guard);
  else guard();
  return () => found;
}

function unreadable(cause: unknown): ForeignProtocol {
  return new ForeignProtocol("a message of the server can't be read", { cause });
}
