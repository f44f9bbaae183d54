/** What is told of rows that differ: their keys, in which columns they differ, and, if asked for, their values. */

import { quoteName } from "../postgres/quote.js";
import { all } from "../run/abort.js";
import { hasKey } from "./key-order.js";
import type { RowsOfEnd, Search } from "./key-ranges.js";
import type { DifferingKey } from "./read-range.js";
import { type RowHashing, rowHash, rowText } from "./row-hash.js";

export interface DifferingValue {
  readonly column: string;
  /** As text, the first 200 characters; null for NULL; absent where that end has no such row. */
  readonly source?: string | null;
  readonly target?: string | null;
}

export interface DifferingRow {
  /** Its key; empty in a table without one. */
  readonly key: readonly { readonly column: string; readonly value: string }[];
  readonly status: "only_on_source" | "only_on_target" | "different";
  /** Without a key: the row's hash, and how many rows have it on each end. */
  readonly rowHash?: string;
  readonly onSource?: number;
  readonly onTarget?: number;
  /** With a key and a row on both ends: the columns that differ. */
  readonly columns?: readonly string[];
  /** Only if asked for. */
  readonly values?: readonly DifferingValue[];
}

export interface Description {
  readonly search: Search;
  readonly keyNames: readonly string[];
  readonly columns: readonly string[];
  readonly hashing: RowHashing;
  readonly showValues: boolean;
}

/** One query asks for this many rows. */
const PER_QUERY = 100;
/** Longer values are cut: a terminal is no place for a document. */
const SHOWN_CHARACTERS = 200;

/** Describes the rows of these keys, with two queries for every hundred of them at most. */
export async function describeRows(
  keys: readonly DifferingKey[],
  description: Description,
): Promise<DifferingRow[]> {
  const described: DifferingRow[] = [];
  for (let i = 0; i < keys.length; i += PER_QUERY) {
    const some = keys.slice(i, i + PER_QUERY);
    const [source, target] = await readBoth(some, description);
    for (const key of some) {
      const name = JSON.stringify(key.values);
      described.push(describeRow(key, description, [source.get(name), target.get(name)]));
    }
  }
  return described;
}

/** A row's columns, in the table's order. */
interface ReadRow {
  readonly hashes: readonly string[];
  readonly values: readonly (string | null)[] | undefined;
}

async function readBoth(
  keys: readonly DifferingKey[],
  description: Description,
): Promise<[Map<string, ReadRow>, Map<string, ReadRow>]> {
  const { search, showValues } = description;
  const wanted = showValues ? keys : keys.filter((key) => key.onSource > 0 && key.onTarget > 0);
  if (wanted.length === 0 || (!search.keyed && !showValues)) return [new Map(), new Map()];
  const { source, target } = search;
  return await all<[Map<string, ReadRow>, Map<string, ReadRow>]>(search.signal, [
    (signal) => source.connection.under(signal, () => readRows(source, wanted, description)),
    (signal) => target.connection.under(signal, () => readRows(target, wanted, description)),
  ]);
}

async function readRows(
  end: RowsOfEnd,
  keys: readonly DifferingKey[],
  { search, columns, hashing, showValues }: Description,
): Promise<Map<string, ReadRow>> {
  const { order, connection } = end;
  const hashes = columns.map(
    (column) => `${rowHash(rowText([column]), hashing, connection)}::text`,
  );
  const values = columns.map(
    (column) => `pg_catalog.left(${quoteName(column)}::text, ${SHOWN_CHARACTERS})`,
  );
  const sql = `
select array[${order.map(({ sql: one }) => `${one}::text`).join(", ")}] as key,
       array[${hashes.join(", ")}]::text[] as hashes, ${showValues ? `array[${values.join(", ")}]::text[]` : "null"} as values
from ${end.from} where ${keys.map((key) => `(${hasKey(order, key.values)})`).join(" or ")}`;
  const rows = await connection.query<{
    key: string[];
    hashes: string[];
    values: (string | null)[] | null;
  }>(search.attempted, sql);
  return new Map(
    rows.map(({ key, hashes: own, values: shown }) => [
      JSON.stringify(key),
      { hashes: own, values: shown ?? undefined },
    ]),
  );
}

function describeRow(
  key: DifferingKey,
  description: Description,
  [source, target]: readonly [ReadRow | undefined, ReadRow | undefined],
): DifferingRow {
  const { search, keyNames, columns } = description;
  if (!search.keyed) return describeHash(key, description, source ?? target);
  const status = statusOf(key, true);
  const differ = columns.flatMap((_, at) =>
    source?.hashes[at] === target?.hashes[at] ? [] : [at],
  );
  const values = differ.map((at) => ({
    column: columns[at] as string,
    ...(source?.values === undefined ? {} : { source: source.values[at] ?? null }),
    ...(target?.values === undefined ? {} : { target: target.values[at] ?? null }),
  }));
  const areShown = source?.values !== undefined || target?.values !== undefined;
  return {
    key: key.values.map((value, at) => ({
      column: keyNames[at] ?? "",
      value: search.source.order[at]?.shown(value) ?? value,
    })),
    status,
    ...(status === "different" ? { columns: differ.map((at) => columns[at] as string) } : {}),
    ...(areShown ? { values } : {}),
  };
}

/** Of a table without a key: rows of one hash are equal, on either end. */
function describeHash(
  key: DifferingKey,
  { columns }: Description,
  row: ReadRow | undefined,
): DifferingRow {
  const [hash = "0"] = key.values;
  const status = statusOf(key, false);
  const side = status === "only_on_target" ? "target" : "source";
  const values = columns.map((column, at) => ({ column, [side]: row?.values?.[at] ?? null }));
  return {
    key: [],
    status,
    rowHash: BigInt.asUintN(64, BigInt(hash)).toString(16).padStart(16, "0"),
    onSource: key.onSource,
    onTarget: key.onTarget,
    ...(row?.values === undefined ? {} : { values }),
  };
}

/** Without a key, equal rows are counted: the end that has more of them has some alone. */
function statusOf({ onSource, onTarget }: DifferingKey, keyed: boolean): DifferingRow["status"] {
  if (keyed && onSource > 0 && onTarget > 0) return "different";
  return onSource > onTarget ? "only_on_source" : "only_on_target";
}
