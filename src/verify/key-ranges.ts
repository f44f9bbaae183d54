/** Ranges of a table's key: cutting one into parts of about as many rows, and summing up each on both ends. */

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
  /** Whether an index can find a range of that order. */
  readonly indexed: boolean;
  /** For errors: `compare public.orders`. */
  readonly attempted: string;
  readonly signal: AbortSignal;
  /** How many differing rows are wanted. */
  readonly limit: number;
}

/** A range, and how many rows each end has in it. */
export interface Counted extends KeyRange {
  readonly sourceRows: number;
  readonly targetRows: number;
}

/** Into how many ranges one is cut. */
const PARTS = 32;
/** Keys of a sample for each bound. */
const SAMPLED = 50;

/** Keys between which about as many rows lie each, of the end that has more of them; none for a single key. */
export async function boundsWithin(search: Search, range: Counted): Promise<KeyValues[]> {
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
export async function differingParts(
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

/** Asks both ends at the same time. */
export async function bothEnds<T>(
  { source, target, signal }: Search,
  ask: (end: RowsOfEnd) => Promise<T>,
): Promise<[T, T]> {
  return await all<[T, T]>(signal, [
    (own) => source.connection.under(own, () => ask(source)),
    (own) => target.connection.under(own, () => ask(target)),
  ]);
}
