/**
 * How many bytes there are to copy. The catalog knows the sizes of tables, not of their rows on the
 * wire: a narrow table is sent in less, one with compressed values in several times as much. So what
 * is left is scaled by what the finished ones came to, and a running one that turns out much larger
 * is judged by its rows.
 */

import type { CloneTask } from "../plan/task.js";

/** A copy that runs. */
export interface RunningCopy {
  readonly task: CloneTask;
  readonly bytes: number;
  /** Rows that the target has stored; 0 while that is not known. */
  readonly rows: number;
}

/** The sizes in the catalog stand for themselves until so much of them is copied. */
const TRUSTED_SHARE = 0.05;
/** A running table's rows are counted where they are stored, a few MB behind the bytes at first. */
const TELLING_SHARE_OF_ROWS = 0.2;
const MUCH_LARGER = 1.5;
/** A task that runs is never said to be done: both its bytes and its rows are estimates. */
const MOST_OF_A_TASK = 0.99;

export class CopyEstimate {
  readonly #trusted: number;
  /** The catalog's sizes of what has not begun, and of what is done. */
  #sizeLeft: number;
  #sizeDone = 0;
  #bytesDone = 0;

  constructor(tasks: readonly CloneTask[]) {
    this.#sizeLeft = tasks.reduce((sum, task) => sum + task.bytes, 0);
    this.#trusted = this.#sizeLeft * TRUSTED_SHARE;
  }

  start(task: CloneTask): void {
    this.#sizeLeft -= task.bytes;
  }

  finish(task: CloneTask, bytes: number): void {
    this.#sizeDone += task.bytes;
    this.#bytesDone += bytes;
  }

  get bytesDone(): number {
    return this.#bytesDone;
  }

  /** Bytes of the whole, never fewer than are copied. */
  total(running: readonly RunningCopy[]): number {
    const expected = running.reduce((sum, copy) => sum + this.#expected(copy), 0);
    return Math.round(this.#bytesDone + expected + this.#sizeLeft * this.#bytesPerSize);
  }

  /** 0 to 0.99; undefined for a task that copies nothing. */
  fraction(copy: RunningCopy): number | undefined {
    const expected = copy.task.bytes * this.#bytesPerSize;
    if (expected === 0) return undefined;
    return Math.min(shareOfRows(copy) ?? copy.bytes / expected, MOST_OF_A_TASK);
  }

  get #bytesPerSize(): number {
    const size = this.#sizeDone + this.#trusted;
    return size === 0 ? 1 : (this.#bytesDone + this.#trusted) / size;
  }

  #expected(copy: RunningCopy): number {
    const bySize = copy.task.bytes * this.#bytesPerSize;
    const share = Math.min(shareOfRows(copy) ?? 0, 1);
    const byRows = share > TELLING_SHARE_OF_ROWS ? copy.bytes / share : 0;
    return Math.max(copy.bytes, byRows > bySize * MUCH_LARGER ? byRows : bySize);
  }
}

/** The part of the table's estimated rows that is stored; may be above 1. */
function shareOfRows({ task: { work }, rows }: RunningCopy): number | undefined {
  if (work.do !== "copy" || rows === 0) return undefined;
  const { table, parts } = work.table;
  return table.estimatedRows > 0 ? (rows * parts.length) / table.estimatedRows : undefined;
}
