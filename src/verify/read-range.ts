/** A small range of keys, row by row: what the two ends don't share. */

import { inRange, type KeyRange, type KeyValues } from "./key-order.js";
import { bothEnds, type RowsOfEnd, type Search } from "./key-ranges.js";

/** A key whose rows differ. Of a table without a key, the row's hash stands for it. */
export interface DifferingKey {
  readonly values: KeyValues;
  readonly onSource: number;
  readonly onTarget: number;
}

/** Reads key and hash of each row of a range, and gives the keys whose rows differ, in their order. */
export async function readRange(search: Search, range: KeyRange): Promise<DifferingKey[]> {
  const [source, target] = await bothEnds(search, (end) => readKeys(end, search, range));
  return inOrder(source, target).flatMap((key) => {
    const here = source.get(key)?.hashes ?? new Map<string, number>();
    const there = target.get(key)?.hashes ?? new Map<string, number>();
    if (sameCounts(here, there)) return [];
    const values = JSON.parse(key) as string[];
    return [{ values, onSource: total(here), onTarget: total(there) }];
  });
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
