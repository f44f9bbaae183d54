/**
 * A session's socket, taken over from the driver: raw bytes to the server, and its answers back,
 * each up to its last ReadyForQuery.
 */

import type { Socket } from "node:net";
import type pg from "pg";
import type { ServerReport } from "../errors.js";

const READY_FOR_QUERY = 0x5a;
const ERROR_RESPONSE = 0x45;
const HEADER_BYTES = 5;

type DataListener = (piece: Buffer) => void;

interface Exchange {
  readonly pieces: Buffer[];
  /** How many ReadyForQuery are still to come. */
  expected: number;
  sawError: boolean;
  readonly resolve: (answer: Uint8Array<ArrayBuffer>) => void;
  readonly reject: (error: Error) => void;
  /** Called after it was resolved or rejected. */
  readonly settled: (() => void)[];
}

/** Between its construction and `release` the driver sees nothing of what the server sends. */
export class ServerRelay {
  readonly #socket: Socket;
  readonly #driversListeners: readonly DataListener[];
  readonly #header = Buffer.alloc(HEADER_BYTES);
  #headerBytes = 0;
  #bodyBytes = 0;
  #exchange: Exchange | undefined;
  #lastError: ServerReport | undefined;

  constructor(client: pg.Client) {
    this.#socket = client.connection.stream as Socket;
    this.#driversListeners = this.#socket.listeners("data") as DataListener[];
    this.#socket.removeAllListeners("data");
    this.#socket.on("data", this.#receive);
    this.#socket.on("close", this.#closed);
  }

  /** Whether an answer is still to come. */
  get busy(): boolean {
    return this.#exchange !== undefined;
  }

  /** Waits for the answer that is still to come, and drops it; false if it takes longer than this. */
  async idle(timeoutMs: number): Promise<boolean> {
    const exchange = this.#exchange;
    if (exchange === undefined) return true;
    return await new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), timeoutMs);
      exchange.settled.push(() => {
        clearTimeout(timer);
        resolve(true);
      });
    });
  }

  /** The last ErrorResponse that the server sent. */
  get lastError(): ServerReport | undefined {
    return this.#lastError;
  }

  /**
   * Sends whole messages and gives all that the server answers, in an ArrayBuffer of its own.
   *
   * @param expected how many ReadyForQuery end the answer.
   * @throws Error when the connection is lost.
   */
  exchange(request: Uint8Array, expected: number): Promise<Uint8Array<ArrayBuffer>> {
    return new Promise((resolve, reject) => {
      this.#exchange = { pieces: [], expected, sawError: false, resolve, reject, settled: [] };
      if (this.#socket.destroyed) this.#closed();
      else this.#socket.write(request);
    });
  }

  /** Gives the socket back to the driver. */
  release(): void {
    this.#socket.removeListener("data", this.#receive);
    this.#socket.removeListener("close", this.#closed);
    for (const listener of this.#driversListeners) this.#socket.on("data", listener);
  }

  readonly #receive = (piece: Buffer): void => {
    const exchange = this.#exchange;
    if (exchange === undefined) return; // a notice or a changed parameter between two answers
    exchange.pieces.push(piece);
    this.#scan(piece, exchange);
    if (exchange.expected > 0) return;
    this.#exchange = undefined;
    const answer = joined(exchange.pieces);
    if (exchange.sawError) this.#lastError = lastErrorIn(answer) ?? this.#lastError;
    exchange.resolve(answer);
    for (const settled of exchange.settled) settled();
  };

  readonly #closed = (): void => {
    const exchange = this.#exchange;
    if (exchange === undefined) return;
    this.#exchange = undefined;
    const report = lastErrorIn(joined(exchange.pieces));
    if (report !== undefined) this.#lastError = report;
    exchange.reject(new Error(report?.message ?? "the server closed the connection"));
    for (const settled of exchange.settled) settled();
  };

  /** Walks over the headers of the messages, in whatever pieces they come. */
  #scan(piece: Buffer, exchange: Exchange): void {
    let at = 0;
    while (at < piece.length) {
      if (this.#bodyBytes > 0) {
        const skipped = Math.min(this.#bodyBytes, piece.length - at);
        this.#bodyBytes -= skipped;
        at += skipped;
      } else {
        const copied = piece.copy(
          this.#header,
          this.#headerBytes,
          at,
          at + HEADER_BYTES - this.#headerBytes,
        );
        this.#headerBytes += copied;
        at += copied;
        if (this.#headerBytes < HEADER_BYTES) return;
        this.#headerBytes = 0;
        this.#bodyBytes = this.#header.readInt32BE(1) - 4;
        if (this.#header[0] === ERROR_RESPONSE) exchange.sawError = true;
      }
      if (this.#bodyBytes === 0 && this.#header[0] === READY_FOR_QUERY) exchange.expected--;
    }
  }
}

function joined(pieces: readonly Buffer[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(pieces.reduce((bytes, piece) => bytes + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

/** The fields of the last ErrorResponse, by the letters of the protocol's "Error and Notice Message Fields". */
function lastErrorIn(answer: Uint8Array<ArrayBuffer>): ServerReport | undefined {
  const bytes = Buffer.from(answer.buffer);
  let report: ServerReport | undefined;
  for (let at = 0; at + HEADER_BYTES <= bytes.length; at += 1 + bytes.readInt32BE(at + 1)) {
    if (bytes[at] !== ERROR_RESPONSE) continue;
    const body = bytes.subarray(at + HEADER_BYTES, at + 1 + bytes.readInt32BE(at + 1));
    report = reportOf(body.toString("utf8"));
  }
  return report;
}

function reportOf(body: string): ServerReport {
  const fields = new Map(body.split("\0").map((field) => [field.charAt(0), field.slice(1)]));
  const optional = (name: "detail" | "hint" | "where", letter: string) => {
    const value = fields.get(letter);
    return value === undefined ? {} : { [name]: value };
  };
  return {
    severity: fields.get("V") ?? fields.get("S") ?? "ERROR",
    sqlstate: fields.get("C") ?? "",
    message: fields.get("M") ?? "",
    ...optional("detail", "D"),
    ...optional("hint", "H"),
    ...optional("where", "W"),
  };
}
