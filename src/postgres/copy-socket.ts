/**
 * A socket whose reads fill the same memory over and over. node's own way is a new buffer for each read: while rows
 * stream, allocating these and collecting them again cost the client a sixth of its CPU or more. Who takes chunks
 * while rows come says when he is done with each; everything else gets a copy of its own.
 */

import { type OnReadOpts, Socket, type SocketConstructorOpts } from "node:net";

/** What one piece of memory holds, and the least that is read at once. */
const MEMORY_BYTES = 256 * 1024;
const LEAST_READ_BYTES = 64 * 1024;
/** Unused pieces beyond these are left to the garbage collector. */
const MOST_UNUSED = 32;

/** Given a chunk, and what to call once it is of no use any more. */
export type TakeChunk = (chunk: Buffer, release: () => void) => void;

/** Chunks lie in it one behind the other; it may be filled again when all of them were released. */
class ReadMemory {
  readonly bytes = Buffer.allocUnsafeSlow(MEMORY_BYTES);
  readonly release = () => {
    this.#held--;
    if (this.#held === 0 && this.#isFull && unused.length < MOST_UNUSED) unused.push(this);
  };
  #held = 0;
  #isFull = false;
  #end = 0;

  static take(): ReadMemory {
    const memory = unused.pop() ?? new ReadMemory();
    memory.#isFull = false;
    memory.#end = 0;
    return memory;
  }

  hold(bytes: number): void {
    this.#held++;
    this.#end += bytes;
  }

  /** Where the next read goes; undefined if there is too little room left, and the memory is given up. */
  room(): Buffer | undefined {
    if (this.#held === 0) this.#end = 0;
    if (MEMORY_BYTES - this.#end >= LEAST_READ_BYTES) return this.bytes.subarray(this.#end);
    this.#isFull = true;
    return undefined;
  }
}

/** Of this thread, for all its sockets. */
const unused: ReadMemory[] = [];

export class CopySocket extends Socket {
  #memory: ReadMemory | undefined;
  #take: TakeChunk | undefined;

  constructor() {
    const onread: OnReadOpts = {
      buffer: () => this.#room(),
      callback: (bytes, room) => {
        this.#received(Buffer.from(room.buffer, room.byteOffset, bytes));
        return true;
      },
    };
    // The types know the option for `connect` only, which ignores it.
    super({ onread } as SocketConstructorOpts);
  }

  /**
   * Gives `take` all that comes from now on.
   *
   * @returns what ends that: then there are `data` events again.
   */
  takeChunks(take: TakeChunk): () => void {
    this.#take = take;
    return () => {
      this.#take = undefined;
    };
  }

  #received(chunk: Buffer): void {
    if (this.#take === undefined || this.#memory === undefined) {
      this.emit("data", Buffer.from(chunk));
      return;
    }
    this.#memory.hold(chunk.length);
    this.#take(chunk, this.#memory.release);
  }

  #room(): Buffer {
    const room = this.#memory?.room();
    if (room !== undefined) return room;
    this.#memory = ReadMemory.take();
    return this.#memory.bytes;
  }
}

/**
 * Gives `take` what a session's server sends in place of `parse`, which listens to its socket.
 *
 * @returns what gives it to `parse` again.
 */
export function takeChunks(
  stream: Socket,
  parse: (chunk: Buffer) => void,
  take: TakeChunk,
): () => void {
  if (stream instanceof CopySocket) return stream.takeChunks(take);
  const listener = (chunk: Buffer) => take(chunk, () => {});
  stream.removeListener("data", parse);
  stream.on("data", listener);
  return () => {
    stream.removeListener("data", listener);
    stream.on("data", parse);
  };
}
