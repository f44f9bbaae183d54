/** COPY … TO STDOUT in text format as chunks of whole rows, no faster than they are taken. */

import type pg from "pg";
import type { PgCopyError } from "../errors.js";
import { asPgCopyError } from "../errors.js";
import { interruptedError, throwIfAborted } from "../run/abort.js";
import { withoutWords } from "./confidential.js";
import { type CopyResult, lostConnection } from "./copy.js";
import { CopyOut } from "./copy-out.js";
import type { CopyReading } from "./discard-copy.js";
import { statementError } from "./server-error.js";
import { StallWatch } from "./stall-watch.js";

/** A chunk is full with so many bytes or rows; it holds at least one row, however large. */
const CHUNK_BYTES = 4 * 1024 * 1024;
const CHUNK_ROWS = 10_000;
const HEADER_BYTES = 5;
const NEWLINE = 0x0a;

/**
 * Reads all rows of one COPY.
 *
 * @param take is called with one chunk after another; a row is its line, with the line's end.
 * @throws PgCopyError `task_failed`, `interrupted`, or what `take` threw. The source is then no longer
 *   working on it.
 */
export async function copyInChunks(
  reading: CopyReading,
  take: (rows: readonly Buffer[]) => Promise<void>,
): Promise<CopyResult> {
  const { attempted, source, signal } = reading;
  return await source.exclusively(async (client) => {
    throwIfAborted(signal, attempted);
    return await new ChunkedCopy(reading, take).run(client);
  });
}

class ChunkedCopy {
  readonly #reading: CopyReading;
  readonly #take: (rows: readonly Buffer[]) => Promise<void>;
  readonly #out: CopyOut;
  readonly #rows = new GatheredRows();
  #bytes = 0;
  #waiting = 0;
  #isRead = false;
  #taken: Promise<void> = Promise.resolve();
  #failure: PgCopyError | undefined;
  #watch: StallWatch | undefined;

  constructor(reading: CopyReading, take: (rows: readonly Buffer[]) => Promise<void>) {
    this.#reading = reading;
    this.#take = take;
    this.#out = new CopyOut(reading.copyOut, {
      onRows: (message, bytes, release) => {
        if (this.#failure === undefined) this.#gather(message, bytes);
        release();
      },
      onError: (error) => this.#sourceFailed(error),
    });
  }

  async run(client: pg.Client): Promise<CopyResult> {
    const { source, signal, attempted } = this.#reading;
    const stop = () => this.#fail(interruptedError(attempted));
    signal.addEventListener("abort", stop, { once: true });
    try {
      const ready = source.readyForQuery();
      client.query(this.#out as unknown as pg.Submittable);
      this.#watchSource();
      await ready;
      this.#isRead = true;
      this.#watch?.end();
      this.#handOn();
      await this.#taken;
    } finally {
      this.#watch?.end();
      signal.removeEventListener("abort", stop);
    }
    if (this.#failure !== undefined) throw this.#failure;
    if (!source.usable) throw lostConnection(attempted, "source");
    return { rows: this.#out.rowCount, bytes: this.#bytes };
  }

  #gather(message: readonly Buffer[], bytes: number): void {
    this.#bytes += bytes;
    this.#reading.onBytes(bytes);
    // The memory is used again: a copy.
    this.#rows.add(Buffer.concat(message).subarray(HEADER_BYTES));
    if (this.#rows.isFull) this.#handOn();
  }

  #handOn(): void {
    const rows = this.#rows.takeAll();
    if (rows.length === 0 || this.#failure !== undefined) return;
    this.#waiting++;
    this.#out.pause();
    this.#watch?.end();
    this.#taken = this.#taken.then(async () => {
      try {
        if (this.#failure === undefined) await this.#take(rows);
      } catch (error) {
        this.#fail(asPgCopyError(error, this.#reading.attempted));
      }
      if (--this.#waiting > 0) return;
      this.#out.resume();
      this.#watchSource();
    });
  }

  /** Not while a chunk is being taken: then the source waits for us. */
  #watchSource(): void {
    if (this.#isRead) return;
    const { source, attempted } = this.#reading;
    this.#watch = new StallWatch(
      [source],
      () => attempted,
      (stall) => this.#fail(stall),
    );
  }

  #sourceFailed(error: Error): void {
    const { attempted, confidential } = this.#reading;
    const failed = statementError(error, attempted, "source");
    this.#failure ??= confidential ? withoutWords(failed) : failed;
  }

  #fail(error: PgCopyError): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    void this.#reading.source.stop();
    this.#out.resume();
  }
}

/** Rows from bytes that are cut anywhere. In text format a line's end is never part of a value. */
export class GatheredRows {
  #rows: Buffer[] = [];
  #bytes = 0;
  #begun: Buffer[] = [];

  get isFull(): boolean {
    return this.#bytes >= CHUNK_BYTES || this.#rows.length >= CHUNK_ROWS;
  }

  /** Keeps `bytes`. */
  add(bytes: Buffer): void {
    let from = 0;
    for (;;) {
      const end = bytes.indexOf(NEWLINE, from);
      if (end < 0) break;
      const line = bytes.subarray(from, end + 1);
      const row = this.#begun.length === 0 ? line : Buffer.concat([...this.#begun, line]);
      this.#begun = [];
      this.#rows.push(row);
      this.#bytes += row.length;
      from = end + 1;
    }
    if (from < bytes.length) this.#begun.push(bytes.subarray(from));
  }

  /** The whole rows; what is begun stays. */
  takeAll(): readonly Buffer[] {
    const rows = this.#rows;
    this.#rows = [];
    this.#bytes = 0;
    return rows;
  }
}
