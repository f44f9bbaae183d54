/** COPY … FROM STDIN as a query object of node-postgres, to which CopyData messages are written as they are. */

import type { Socket } from "node:net";
import { copiedRows, type ProtocolConnection } from "./script-query.js";

/** More than a socket takes at once, so that the other side need not be stopped for each message. */
const BUFFER_BYTES = 256 * 1024;
const COPY_DONE = Buffer.from([0x63, 0, 0, 0, 4]);

export interface CopyInHandlers {
  readonly onError: (error: Error) => void;
  /** The server has taken what made `write` return false. */
  readonly onDrain: () => void;
}

export class CopyIn {
  readonly #statement: string;
  readonly #handlers: CopyInHandlers;
  #stream: Socket | undefined;
  #rowCount = 0;

  constructor(statement: string, handlers: CopyInHandlers) {
    this.#statement = statement;
    this.#handlers = handlers;
  }

  /** What the server said it has stored. */
  get rowCount(): number {
    return this.#rowCount;
  }

  submit(connection: ProtocolConnection): void {
    this.#stream = connection.stream;
    connection.query(this.#statement);
  }

  /**
   * Writes one CopyData message. There is no need to wait for CopyInResponse: the server reads it when
   * it comes to it, and skips it after an error (protocol documentation, "COPY Operations").
   *
   * @param written is called once the message is of no use any more.
   * @returns whether it can take more; if not, `onDrain` will be called.
   */
  write(message: readonly Buffer[], written: () => void): boolean {
    const stream = this.#stream;
    const [first, second] = message;
    if (!stream?.writable || first === undefined) {
      written();
      return true;
    }
    if (second === undefined) {
      stream.write(first, written);
    } else {
      stream.cork();
      stream.write(first);
      stream.write(second, written);
      stream.uncork();
    }
    if (stream.writableLength < BUFFER_BYTES) return true;
    stream.once("drain", this.#handlers.onDrain);
    return false;
  }

  /** There are no more rows. */
  end(): void {
    if (this.#stream?.writable) this.#stream.write(COPY_DONE);
  }

  /** There will be no more rows, and none of them may stay. */
  fail(reason: string): void {
    if (this.#stream?.writable) this.#stream.write(copyFail(reason));
  }

  handleCommandComplete(message: { readonly text: string }): void {
    this.#rowCount = copiedRows(message.text) ?? 0;
  }

  handleError(error: Error): void {
    this.#handlers.onError(error);
  }

  handleCopyInResponse(): void {}

  handleReadyForQuery(): void {}
}

function copyFail(reason: string): Buffer {
  const text = Buffer.from(`${reason.replaceAll("\0", "")}\0`);
  const header = Buffer.from([0x66, 0, 0, 0, 0]);
  header.writeUInt32BE(text.length + 4, 1);
  return Buffer.concat([header, text]);
}
