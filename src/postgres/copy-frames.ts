/**
 * CopyData on its way from one server to another. PostgreSQL sends a message for each row; the other
 * server may get them cut in any way (protocol documentation, "COPY Operations"), and takes a few
 * large ones in less time than many small ones. So the rows of a chunk become one message, in
 * place: each is moved left over the header before it, and the first header gets the new length.
 */

const HEADER_BYTES = 5;
const COPY_DATA = 0x64; // d
/** What may come in between: CopyOutResponse, NoticeResponse, ParameterStatus, NotificationResponse. */
const BETWEEN: ReadonlySet<number> = new Set([0x48, 0x4e, 0x53, 0x41]); // H, N, S, A
const NONE = Buffer.alloc(0);

/** What has become of a chunk, which has been overwritten. */
export interface MergedChunk {
  /** One whole CopyData message, in one piece or two; empty where the chunk holds nothing of a row. */
  readonly message: readonly Buffer[];
  /** How much of rows is in it. */
  readonly bytes: number;
  /** Present when the copy is over: CopyDone or an error, and all that follows; a copy. */
  readonly rest?: Buffer;
}

/** Takes what a server sends during COPY … TO STDOUT, in chunks that are cut anywhere. */
export class CopyFrames {
  readonly #between: (bytes: Buffer) => void;
  /** The first bytes of a header whose others are in the next chunk. */
  #cutHeader: Buffer = NONE;
  /** Bytes of the current message that are still to come, and whether they are rows. */
  #left = 0;
  #isData = false;

  /** @param between is given copies of the messages that are no rows, in pieces as they come. */
  constructor(between: (bytes: Buffer) => void) {
    this.#between = between;
  }

  merge(chunk: Buffer): MergedChunk {
    const rows = new RowsOfChunk(chunk);
    let at = 0;
    if (this.#cutHeader.length > 0) {
      at = HEADER_BYTES - this.#cutHeader.length;
      const header = Buffer.concat([this.#cutHeader, chunk.subarray(0, at)]);
      this.#cutHeader = NONE;
      const over = this.#begin(header);
      if (over) return { ...rows.message(), rest: Buffer.concat([header, chunk.subarray(at)]) };
    }
    while (at < chunk.length) {
      if (this.#left > 0) {
        at = this.#goOn(chunk, at, rows);
      } else {
        at = rows.addWhole(at);
        if (at === chunk.length) break;
        const over = this.#begin(chunk.subarray(at, at + HEADER_BYTES));
        if (over) return { ...rows.message(), rest: Buffer.from(chunk.subarray(at)) };
        at += HEADER_BYTES;
      }
    }
    return rows.message();
  }

  /** @returns whether the message is none that comes during a copy. */
  #begin(header: Buffer): boolean {
    if (header.length < HEADER_BYTES) {
      this.#cutHeader = Buffer.from(header);
      return false;
    }
    const code = header[0] as number;
    this.#isData = code === COPY_DATA;
    if (!this.#isData && !BETWEEN.has(code)) return true;
    this.#left = header.readUInt32BE(1) - 4;
    if (!this.#isData) this.#between(Buffer.from(header));
    return false;
  }

  /** What the chunk has of the current message. */
  #goOn(chunk: Buffer, at: number, rows: RowsOfChunk): number {
    const end = Math.min(chunk.length, at + this.#left);
    if (this.#isData) rows.add(at, end);
    else this.#between(Buffer.from(chunk.subarray(at, end)));
    this.#left -= end - at;
    return end;
  }
}

/** The rows of one chunk, gathered in place. */
class RowsOfChunk {
  readonly #chunk: Buffer;
  #start = 0;
  #end = 0;

  constructor(chunk: Buffer) {
    this.#chunk = chunk;
  }

  /** Behind the first row there is always a header, and with it room for the one that is to be written. */
  add(from: number, to: number): void {
    if (this.#end === 0) {
      this.#start = from;
      this.#end = to;
      return;
    }
    if (this.#start < HEADER_BYTES) {
      this.#chunk.copyWithin(HEADER_BYTES, this.#start, this.#end);
      this.#end += HEADER_BYTES - this.#start;
      this.#start = HEADER_BYTES;
    }
    this.#chunk.copyWithin(this.#end, from, to);
    this.#end += to - from;
  }

  /**
   * Adds the whole CopyData messages that follow each other: all that is done for most rows.
   *
   * @returns where they end.
   */
  addWhole(at: number): number {
    const chunk = this.#chunk;
    const last = chunk.length - HEADER_BYTES;
    let begin = at;
    while (begin <= last && chunk[begin] === COPY_DATA) {
      const end = begin + 1 + chunk.readUInt32BE(begin + 1);
      if (end > chunk.length) break;
      this.add(begin + HEADER_BYTES, end);
      begin = end;
    }
    return begin;
  }

  message(): MergedChunk {
    const bytes = this.#end - this.#start;
    if (bytes === 0) return { message: [], bytes };
    const inFront = this.#start >= HEADER_BYTES;
    const header = inFront ? this.#chunk : Buffer.allocUnsafe(HEADER_BYTES);
    const at = inFront ? this.#start - HEADER_BYTES : 0;
    header[at] = COPY_DATA;
    header.writeUInt32BE(bytes + 4, at + 1);
    const rows = this.#chunk.subarray(inFront ? at : this.#start, this.#end);
    return { message: inFront ? [rows] : [header, rows], bytes };
  }
}
