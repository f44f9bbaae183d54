/**
 * Which of a chunk's rows to try next, until each of them is stored or was refused alone. Pure: it is
 * told how the last try went. A try that fails stored nothing.
 *
 * Where the server says which line failed, the rows before it are tried next, and then that row alone:
 * a word that turns out wrong costs a try, and never a row. Without it the rows are halved. After a
 * refused row as many are tried as went well before it, so that of bad rows that follow each other
 * each costs one try, and no longer the rest of the chunk.
 */

/** Rows from `from` to before `to`. */
export interface RowRange {
  readonly from: number;
  readonly to: number;
}

export class RowSearch {
  #count = 0;
  #at = 0;
  /** How many rows are tried at a time where nothing is known of them. */
  #window = Number.POSITIVE_INFINITY;
  #stored = 0;
  /** The row that the server named. */
  #named: number | undefined;
  /** The rows up to here were refused together. */
  #refusedTo: number | undefined;

  /** Begins with a chunk of so many rows. */
  begin(count: number): void {
    this.#count = count;
    this.#at = 0;
    this.#named = undefined;
    this.#refusedTo = undefined;
  }

  /** The rows to try; undefined once the chunk is done. */
  next(): RowRange | undefined {
    const from = this.#at;
    return from >= this.#count ? undefined : { from, to: from + this.#size() };
  }

  #size(): number {
    if (this.#named !== undefined) return Math.max(1, this.#named - this.#at);
    if (this.#refusedTo !== undefined) return Math.max(1, (this.#refusedTo - this.#at) >> 1);
    return Math.min(this.#window, this.#count - this.#at);
  }

  /** They are in. */
  succeeded(): void {
    const size = this.#size();
    this.#at += size;
    this.#stored += size;
    this.#window = Math.max(this.#window, this.#stored);
    if (this.#named !== undefined && this.#named < this.#at) this.#named = undefined;
    if (this.#refusedTo !== undefined && this.#refusedTo <= this.#at) this.#refusedTo = undefined;
  }

  /**
   * They were refused.
   *
   * @param line the one that the server named, counted from 1.
   * @returns the row, if it was tried alone: it is the one to set aside.
   */
  failed(line?: number): number | undefined {
    const size = this.#size();
    if (size > 1) {
      this.#refusedTo = this.#at + size;
      this.#named =
        line !== undefined && line >= 1 && line <= size ? this.#at + line - 1 : undefined;
      return undefined;
    }
    this.#named = undefined;
    this.#refusedTo = undefined;
    this.#window = Math.max(1, this.#stored);
    this.#stored = 0;
    return this.#at++;
  }
}
