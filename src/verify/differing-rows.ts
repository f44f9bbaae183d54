/**
 * From "these tables differ" to the rows that do. The table is cut into ranges of its key, each end
 * sums up the hashes of each range, and only ranges whose sums differ are cut further, until one is
 * small enough to be read: key and hash of each row. Bounds come from a sample of the keys, so ranges
 * hold about as many rows each, however the keys are spread. Depth first, lowest keys first: memory
 * holds a few ranges, whatever the size of the table.
 */

import { boundsWithin, type Counted, differingParts, type Search } from "./key-ranges.js";
import { type DifferingKey, readRange } from "./read-range.js";

export interface DifferingRows {
  /** The first ones, by key. */
  readonly keys: readonly DifferingKey[];
  /** Rows whose key the other end lacks, and keys that both have with different rows, of all that was looked at. */
  readonly onlyOnSource: number;
  readonly onlyOnTarget: number;
  readonly different: number;
  /** Ranges that differ, and were not looked into because there is enough to show. */
  readonly unexamined: Unexamined | undefined;
}

export interface Unexamined {
  readonly ranges: number;
  /** All rows of these ranges, those that are the same too. */
  readonly sourceRows: number;
  readonly targetRows: number;
}

/** A range of no more rows is read. */
const READ_ROWS = 1_000;
/**
 * With enough to show, ranges are left unexamined once each end has gone through so many rows for the
 * ranges that were read: some seconds. Without an index each range costs a scan of the table.
 */
const ENOUGH_ROWS = { indexed: 100_000, scanned: 5_000_000 };

/** Finds the rows that differ. Neither end's rows are all read, unless they are few. */
export async function findDifferingRows(
  search: Search,
  rows: { readonly source: number; readonly target: number },
): Promise<DifferingRows> {
  const found = new Found(search);
  const pending: Counted[] = [
    { from: undefined, below: undefined, sourceRows: rows.source, targetRows: rows.target },
  ];
  const enough = search.indexed ? ENOUGH_ROWS.indexed : ENOUGH_ROWS.scanned;
  let passed = 0;
  for (let range = pending.pop(); range !== undefined; range = pending.pop()) {
    if (found.enough && passed >= enough) {
      pending.push(range);
      break;
    }
    const size = Math.max(range.sourceRows, range.targetRows);
    const bounds = size <= READ_ROWS ? [] : await boundsWithin(search, range);
    if (bounds.length === 0) {
      for (const key of await readRange(search, range)) found.add(key);
      passed += search.indexed ? size : Math.max(rows.source, rows.target);
    } else pending.push(...(await differingParts(search, range, bounds)).reverse());
  }
  return found.result(pending);
}

class Found {
  readonly #limit: number;
  readonly #keyed: boolean;
  readonly #keys: DifferingKey[] = [];
  #onlyOnSource = 0;
  #onlyOnTarget = 0;
  #different = 0;

  constructor({ limit, keyed }: Search) {
    this.#limit = limit;
    this.#keyed = keyed;
  }

  get enough(): boolean {
    return this.#keys.length >= this.#limit;
  }

  add(key: DifferingKey): void {
    if (this.#keyed && key.onSource > 0 && key.onTarget > 0) this.#different++;
    else {
      this.#onlyOnSource += Math.max(0, key.onSource - key.onTarget);
      this.#onlyOnTarget += Math.max(0, key.onTarget - key.onSource);
    }
    if (!this.enough) this.#keys.push(key);
  }

  result(left: readonly Counted[]): DifferingRows {
    const sum = (rows: "sourceRows" | "targetRows") =>
      left.reduce((total, range) => total + range[rows], 0);
    return {
      keys: this.#keys,
      onlyOnSource: this.#onlyOnSource,
      onlyOnTarget: this.#onlyOnTarget,
      different: this.#different,
      unexamined:
        left.length === 0
          ? undefined
          : {
              ranges: left.length,
              sourceRows: sum("sourceRows"),
              targetRows: sum("targetRows"),
            },
    };
  }
}
