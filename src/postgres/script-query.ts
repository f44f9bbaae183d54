/**
 * A script of many statements as one message of the simple protocol, COPY among them. The server
 * completes statement after statement and reports an error without saying whose it is: whoever
 * counts them knows. node-postgres runs it as it runs any query object.
 */

import type { Socket } from "node:net";

/** What node-postgres gives a query object to write to. */
export interface ProtocolConnection {
  readonly stream: Socket;
  query(text: string): void;
}

export interface ScriptHandlers {
  /** Sent right behind the script: the data of its COPY … FROM STDIN statements, as CopyData and CopyDone. */
  readonly copyIn?: Buffer;
  /** Called at the end of each statement with its command tag, such as `COPY 17`. */
  readonly onCompleted?: (tag: string) => void;
  /** Called with each CopyData message of a COPY … TO STDOUT. The chunk is valid during the call only. */
  readonly onCopyData?: (chunk: Buffer) => void;
}

export class ScriptQuery {
  /** Settles when the server says ReadyForQuery, or has reported an error. */
  readonly done: Promise<void>;
  readonly #script: string;
  readonly #handlers: ScriptHandlers;
  #resolve: () => void = () => {};
  #reject: (error: Error) => void = () => {};

  constructor(script: string, handlers: ScriptHandlers = {}) {
    this.#script = script;
    this.#handlers = handlers;
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  submit(connection: ProtocolConnection): void {
    connection.query(this.#script);
    // The server reads it when it comes to the COPY; after an error it skips it (protocol
    // documentation, "COPY Operations"), so there is no need to wait for its CopyInResponse.
    if (this.#handlers.copyIn !== undefined) connection.stream.write(this.#handlers.copyIn);
  }

  handleCommandComplete(message: { readonly text: string }): void {
    this.#handlers.onCompleted?.(message.text);
  }

  handleCopyData(message: { readonly chunk: Buffer }): void {
    this.#handlers.onCopyData?.(message.chunk);
  }

  handleError(error: Error): void {
    this.#reject(error);
  }

  handleReadyForQuery(): void {
    this.#resolve();
  }

  // The rest of what node-postgres may tell a query: results that a script's caller does not want.
  handleRowDescription(): void {}
  handleDataRow(): void {}
  handleEmptyQuery(): void {}
  handlePortalSuspended(): void {}
  handleCopyInResponse(): void {}
}

/** The data of one COPY … FROM STDIN as protocol messages. */
export function copyInMessages(chunks: readonly Buffer[]): Buffer[] {
  const bytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  const header = Buffer.from([0x64, 0, 0, 0, 0]); // CopyData
  header.writeUInt32BE(bytes + 4, 1);
  const done = Buffer.from([0x63, 0, 0, 0, 4]); // CopyDone
  return bytes === 0 ? [done] : [header, ...chunks, done];
}

/** `COPY 17` → 17. */
export function copiedRows(commandTag: string): number | undefined {
  const match = /^COPY (\d+)/.exec(commandTag);
  return match === null ? undefined : Number(match[1]);
}
