/**
 * From "these tables differ" to the rows that do. The table is cut into ranges of its key, each end
 * sums up the hashes of each range, and only ranges whose sums differ are cut further, until one is
 * small enough to be read: key and hash of each row. Bounds come from a sample of the keys, so ranges
 * hold about as many rows each, however the keys are spread. Depth first, lowest keys first: memory
 * holds a few ranges, whatever the size of the table.
 */

import type { Connection } from "../postgres/connection.js";
import { all } from "../run/abort.js";
import {
  cutRange,
  inRange,
  type KeyRange,
  type KeyValues,
  type OrderColumn,
  partNumber,
} from "./key-order.js";

/** A table on one end, as the search sees it. */
export interface RowsOfEnd {
  /** In the transaction of the snapshot. */
  readonly connection: Connection;
  /** What follows FROM. */
  readonly from: string;
  /** The SQL of a row's hash. */
  readonly hash: string;
  readonly order: readonly OrderColumn[];
}

export interface Search {
  readonly source: RowsOfEnd;
  readonly target: RowsOfEnd;
  /** Whether the order is by a key of the table; else it is by the hash of the row. */
  readonly keyed: boolean;
  /** For errors: `compare public.orders`. */
  readonly attempted: string;
  readonly signal: AbortSignal;
  /** How many differing rows are wanted. */
  readonly limit: number;
}

/** A key whose rows differ. Of a table without a key, the row's hash stands for it. */
export interface DifferingKey {
  readonly values: KeyValues;
  readonly onSource: number;
  readonly onTarget: number;
}

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

interface Counted extends KeyRange {
  readonly sourceRows: number;
  readonly targetRows: number;
}

/** Into how many ranges one is cut. */
const PARTS = 32;
/** A range of no more rows is read. */
const READ_ROWS = 1_000;
/** So many rows are read on each end before ranges are left unexamined: a second or so. */
const ENOUGH_ROWS = 100_000;
/** Keys of a sample for each bound. */
const SAMPLED = 50;

/** Finds the rows that differ. Neither end's rows are all read, unless they are few. */
export async function findDifferingRows(
  search: Search,
  rows: { readonly source: number; readonly target: number },
): Promise<DifferingRows> {
  const found = new Found(search);
  const pending: Counted[] = [
    { from: undefined, below: undefined, sourceRows: rows.source, targetRows: rows.target },
  ];
  let read = 0;
  for (let range = pending.pop(); range !== undefined; range = pending.pop()) {
    if (found.enough && read >= ENOUGH_ROWS) {
      pending.push(range);
      break;
    }
    const size = Math.max(range.sourceRows, range.targetRows);
    const bounds = size <= READ_ROWS ? [] : await boundsWithin(search, range);
    if (bounds.length === 0) {
      await readRange(search, range, found);
      read += size;
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

/** Keys between which about as many rows lie each, of the end that has more of them. */
async function boundsWithin(search: Search, range: Counted): Promise<KeyValues[]> {
  const end = range.sourceRows >= range.targetRows ? search.source : search.target;
  const rows = Math.max(range.sourceRows, range.targetRows);
  const keys = end.order.map((_, at) => `k${at}`).join(", ");
  const selected = end.order.map(({ sql }, at) => `${sql} as k${at}`).join(", ");
  const every = Math.max(1, Math.floor(rows / (PARTS * SAMPLED)));
  // By a hash of the key: a sample of the whole range, without sorting all of it.
  const sampled = `pg_catalog.hashtextextended(row(${end.order.map(({ sql }) => sql).join(", ")})::text, 1) % ${every} = 0`;
  const sql = `
with sample as materialized (select ${selected} from ${end.from} where ${inRange(end.order, range)} and ${sampled})
select array[${end.order.map((_, at) => `k${at}::text`).join(", ")}] as key
from (select ${keys}, row_number() over (order by ${keys}) as n, count(*) over () as total from sample) as s
where n > 1 and (n - 1) % greatest(total / ${PARTS}, 1) = 0 order by n`;
  const found = await end.connection.under(search.signal, () =>
    end.connection.query<{ key: string[] }>(search.attempted, sql),
  );
  const distinct = new Map(found.map(({ key }) => [JSON.stringify(key), key]));
  // A bound at the range's own lower end would leave a part of it empty, and the rest as it was.
  distinct.delete(JSON.stringify(range.from));
  return [...distinct.values()];
}

/** The parts of a range whose sums differ. */
async function differingParts(
  search: Search,
  range: KeyRange,
  bounds: readonly KeyValues[],
): Promise<Counted[]> {
  const [source, target] = await bothEnds(search, (end) => sumUp(end, search, range, bounds));
  return cutRange(range, bounds).flatMap((part, at) => {
    const [here, there] = [source.get(at), target.get(at)];
    if (here?.rows === there?.rows && here?.sum === there?.sum) return [];
    return [{ ...part, sourceRows: here?.rows ?? 0, targetRows: there?.rows ?? 0 }];
  });
}

async function sumUp(
  end: RowsOfEnd,
  { attempted }: Search,
  range: KeyRange,
  bounds: readonly KeyValues[],
): Promise<Map<number, { rows: number; sum: string }>> {
  const sql = `
select part, count(*)::text as rows, sum(hash)::text as sum
from (select ${partNumber(end.order, bounds)} as part, ${end.hash} as hash
      from ${end.from} where ${inRange(end.order, range)}) as r
group by part`;
  const rows = await end.connection.query<{ part: number; rows: string; sum: string }>(
    attempted,
    sql,
  );
  return new Map(rows.map(({ part, rows: count, sum }) => [part, { rows: Number(count), sum }]));
}

/** Reads key and hash of each row of a range, and keeps what the ends don't share. */
async function readRange(search: Search, range: KeyRange, found: Found): Promise<void> {
  const [source, target] = await bothEnds(search, (end) => readKeys(end, search, range));
  for (const key of inOrder(source, target)) {
    const here = source.get(key)?.hashes ?? new Map<string, number>();
    const there = target.get(key)?.hashes ?? new Map<string, number>();
    if (sameCounts(here, there)) continue;
    found.add({
      values: JSON.parse(key) as string[],
      onSource: total(here),
      onTarget: total(there),
    });
  }
}

interface RowsOfKey {
  readonly place: number;
  /** How many rows have each hash. */
  readonly hashes: Map<string, number>;
}

/** By key, in the key's order. */
async function readKeys(
  end: RowsOfEnd,
  { attempted }: Search,
  range: KeyRange,
): Promise<Map<string, RowsOfKey>> {
  const keys = end.order.map((_, at) => `k${at}`).join(", ");
  const sql = `
select array[${end.order.map((_, at) => `k${at}::text`).join(", ")}] as key, hash::text as hash, count(*)::text as rows
from (select ${end.order.map(({ sql: one }, at) => `${one} as k${at}`).join(", ")}, ${end.hash} as hash
      from ${end.from} where ${inRange(end.order, range)}) as r
group by ${keys}, hash order by ${keys}`;
  const rows = await end.connection.query<{ key: string[]; hash: string; rows: string }>(
    attempted,
    sql,
  );
  const found = new Map<string, RowsOfKey>();
  for (const { key, hash, rows: count } of rows) {
    const name = JSON.stringify(key);
    const known = found.get(name) ?? { place: found.size, hashes: new Map() };
    known.hashes.set(hash, Number(count));
    found.set(name, known);
  }
  return found;
}

/** The keys of both ends; those that one end lacks come near their place. */
function inOrder(
  source: ReadonlyMap<string, RowsOfKey>,
  target: ReadonlyMap<string, RowsOfKey>,
): string[] {
  const keys = [...source.keys()];
  let after = 0;
  const inserted: { at: number; key: string }[] = [];
  for (const key of target.keys()) {
    const place = source.get(key)?.place;
    if (place !== undefined) after = place + 1;
    else inserted.push({ at: after, key });
  }
  for (const { at, key } of inserted.reverse()) keys.splice(at, 0, key);
  return keys;
}

function sameCounts(
  here: ReadonlyMap<string, number>,
  there: ReadonlyMap<string, number>,
): boolean {
  return here.size === there.size && [...here].every(([hash, rows]) => there.get(hash) === rows);
}

function total(hashes: ReadonlyMap<string, number>): number {
  return [...hashes.values()].reduce((sum, rows) => sum + rows, 0);
}

async function bothEnds<T>(
  { source, target, signal }: Search,
  ask: (end: RowsOfEnd) => Promise<T>,
): Promise<[T, T]> {
  return await all<[T, T]>(signal, [
    (own) => source.connection.under(own, () => ask(source)),
    (own) => target.connection.under(own, () => ask(target)),
  ]);
}
