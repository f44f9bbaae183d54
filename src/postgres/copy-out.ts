/** COPY … TO STDOUT as a query object of node-postgres, which takes the session's socket over while rows come. */

import type { Socket } from "node:net";
import { CopyFrames } from "./copy-frames.js";
import { takeChunks } from "./copy-socket.js";
import { copiedRows, type ProtocolConnection } from "./script-query.js";

export interface CopyOutHandlers {
  /**
   * Called with one CopyData message, in one piece or two, and the bytes of rows in it. It may be kept until `release`
   * is called, which has to be.
   */
  readonly onRows: (message: readonly Buffer[], bytes: number, release: () => void) => void;
  readonly onError: (error: Error) => void;
}

export class CopyOut {
  readonly #statement: string;
  readonly #handlers: CopyOutHandlers;
  #stream: Socket | undefined;
  #rowCount = 0;

  constructor(statement: string, handlers: CopyOutHandlers) {
    this.#statement = statement;
    this.#handlers = handlers;
  }

  /** What the server said it has sent. */
  get rowCount(): number {
    return this.#rowCount;
  }

  submit(connection: ProtocolConnection): void {
    this.#takeOver(connection.stream);
    connection.query(this.#statement);
  }

  /** Stops reading from the server until `resume`; without effect once it has sent everything. */
  pause(): void {
    this.#stream?.pause();
  }

  resume(): void {
    this.#stream?.resume();
  }

  /** node-postgres would make an object of each row; it gets what is no row, and everything after the last one. */
  #takeOver(stream: Socket): void {
    const [parse] = stream.listeners("data") as ((chunk: Buffer) => void)[];
    if (parse === undefined) throw new Error("nothing listens to the connection");
    const frames = new CopyFrames(parse);
    const giveBack = takeChunks(stream, parse, (chunk, release) => {
      const { message, bytes, rest } = frames.merge(chunk);
      if (rest !== undefined) {
        // Before the rows are handed on: it must not be paused any more.
        this.#stream = undefined;
        giveBack();
      }
      if (bytes > 0) this.#handlers.onRows(message, bytes, release);
      else release();
      if (rest !== undefined) parse(rest);
    });
    this.#stream = stream;
  }

  handleCommandComplete(message: { readonly text: string }): void {
    this.#rowCount = copiedRows(message.text) ?? 0;
  }

  /** The rows were handed to node-postgres after all: its parser was in the middle of a message. */
  handleCopyData(): void {
    this.#handlers.onError(new Error("the server's answer was cut in the middle of a message"));
  }

  handleError(error: Error): void {
    this.#handlers.onError(error);
  }

  handleReadyForQuery(): void {}
}
