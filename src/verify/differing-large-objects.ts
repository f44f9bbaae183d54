/**
 * Large objects on both ends, by their OIDs. pg_largeobject holds them in pages of 2 kB; where it may
 * be read, all contents are compared like a table's rows. Trailing zeros of a page don't count: an
 * object written in another way may store them, or leave them out.
 */

import type { Connection } from "../postgres/connection.js";
import { all } from "../run/abort.js";
import { findDifferingRows } from "./differing-rows.js";
import type { OrderColumn } from "./key-order.js";
import type { RowsOfEnd } from "./key-ranges.js";
import type { DifferingKey } from "./read-range.js";
import { type RowHashing, rowHash } from "./row-hash.js";

export interface LargeObjectsComparison {
  /** How many there are on each end. */
  readonly source: number;
  readonly target: number;
  /** Why their contents were not compared; absent if they were. */
  readonly contentsNotCompared?: string;
  /** OIDs of those that differ: the first ones. */
  readonly onlyOnSource: readonly number[];
  readonly onlyOnTarget: readonly number[];
  readonly different: readonly number[];
  /** Whether there may be more than these. */
  readonly more: boolean;
}

export interface LargeObjectsOptions {
  readonly source: Connection;
  readonly target: Connection;
  readonly hashing: RowHashing;
  readonly signal: AbortSignal;
  readonly limit: number;
}

const ATTEMPTED = "compare large objects";

const accessQuery = `
select (select count(*)::int from pg_catalog.pg_largeobject_metadata) as count,
       pg_catalog.has_table_privilege('pg_catalog.pg_largeobject', 'select') as readable,
       current_setting('block_size') as "blockSize"`;

interface Access extends Record<string, unknown> {
  readonly count: number;
  readonly readable: boolean;
  readonly blockSize: string;
}

/** Page -1 stands for the object itself, page -2 for its length. */
const pages = `(
  select oid as loid, -1 as pageno, '' as data from pg_catalog.pg_largeobject_metadata
  union all
  select loid, pageno, trimmed from (
    select loid, pageno, pg_catalog.rtrim(pg_catalog.encode(data, 'hex'), '0') as trimmed from pg_catalog.pg_largeobject) as p
  where trimmed <> ''
  union all
  select loid, -2, max(pageno * (current_setting('block_size')::bigint / 4) + pg_catalog.length(data))::text
  from pg_catalog.pg_largeobject group by loid having max(pageno * (current_setting('block_size')::bigint / 4) + pg_catalog.length(data)) > 0
) as r`;
const objects =
  "(select oid as loid, -1 as pageno, '' as data from pg_catalog.pg_largeobject_metadata) as r";

const order: readonly OrderColumn[] = [ordered("loid", "oid"), ordered("pageno", "int4")];

function ordered(sql: string, type: string): OrderColumn {
  return { sql, literal: (value) => `'${value}'::pg_catalog.${type}`, shown: (value) => value };
}

/** Compares them; undefined where neither end has any. */
export async function findDifferingLargeObjects(
  options: LargeObjectsOptions,
): Promise<LargeObjectsComparison | undefined> {
  const { source, target, hashing, signal } = options;
  const [here, there] = await onBoth(options, (end) => access(end));
  if (here.count === 0 && there.count === 0) return undefined;
  const reason = reasonAgainst(here, there);
  const end = (connection: Connection): RowsOfEnd => ({
    connection,
    from: reason === undefined ? pages : objects,
    hash: rowHash("row(loid, pageno, data)::text", hashing, connection),
    order,
  });
  const ends = { source: end(source), target: end(target) };
  const [sums, others] = await onBoth(options, (connection) =>
    sumUp(connection === source ? ends.source : ends.target),
  );
  const counts = {
    source: here.count,
    target: there.count,
    ...(reason === undefined ? {} : { contentsNotCompared: reason }),
  };
  if (sums.rows === others.rows && sums.sum === others.sum) {
    return { ...counts, onlyOnSource: [], onlyOnTarget: [], different: [], more: false };
  }
  // A large object is many rows here, all of which may differ.
  const limit = options.limit * 50;
  const search = { ...ends, keyed: true, indexed: false, attempted: ATTEMPTED, signal, limit };
  const found = await findDifferingRows(search, {
    source: Number(sums.rows),
    target: Number(others.rows),
  });
  const more = found.keys.length >= limit || found.unexamined !== undefined;
  return { ...counts, ...byObject(found.keys), more };
}

function reasonAgainst(here: Access, there: Access): string | undefined {
  if (!here.readable) return "the source's role may not read pg_largeobject";
  if (!there.readable) return "the target's role may not read pg_largeobject";
  return here.blockSize === there.blockSize ? undefined : "the servers have different block sizes";
}

function byObject(
  keys: readonly DifferingKey[],
): Pick<LargeObjectsComparison, "onlyOnSource" | "onlyOnTarget" | "different"> {
  const alone = { source: new Set<number>(), target: new Set<number>() };
  const different = new Set<number>();
  for (const { values, onSource, onTarget } of keys) {
    const [oid, page] = values.map(Number) as [number, number];
    if (page !== -1) different.add(oid);
    else if (onTarget === 0) alone.source.add(oid);
    else if (onSource === 0) alone.target.add(oid);
  }
  const inBoth = [...different].filter((oid) => !alone.source.has(oid) && !alone.target.has(oid));
  return { onlyOnSource: [...alone.source], onlyOnTarget: [...alone.target], different: inBoth };
}

async function access(end: Connection): Promise<Access> {
  return (await end.query<Access>(ATTEMPTED, accessQuery))[0] as Access;
}

async function sumUp({
  connection,
  hash,
  from,
}: RowsOfEnd): Promise<{ rows: string; sum: string }> {
  const [row] = await connection.query<{ rows: string; sum: string }>(
    ATTEMPTED,
    `select count(*)::text as rows, coalesce(sum(${hash}), 0)::text as sum from ${from}`,
  );
  return row ?? { rows: "0", sum: "0" };
}

async function onBoth<T>(
  { source, target, signal }: LargeObjectsOptions,
  ask: (end: Connection) => Promise<T>,
): Promise<[T, T]> {
  return await all<[T, T]>(signal, [
    (own) => source.under(own, () => ask(source)),
    (own) => target.under(own, () => ask(target)),
  ]);
}
