/** One table on both ends: counted and hashed; and where that differs, the rows that do. */

import { PgCopyError } from "../errors.js";
import type { Connection } from "../postgres/connection.js";
import { displayName } from "../postgres/quote.js";
import { all } from "../run/abort.js";
import { type DifferingRow, describeRows } from "./describe-rows.js";
import { type DifferingRows, findDifferingRows } from "./differing-rows.js";
import { type OrderColumn, orderOf } from "./key-order.js";
import type { RowsOfEnd, Search } from "./key-ranges.js";
import { orderedEncoding, type RowHashing, rowHash, rowText } from "./row-hash.js";
import type { PairedRelation, TablePair } from "./table-pairs.js";

export interface CompareRowsOptions {
  /** Both in the transaction of their snapshot. */
  readonly source: Connection;
  readonly target: Connection;
  readonly hashing: RowHashing;
  readonly signal: AbortSignal;
  /** How many rows of the table are told. */
  readonly limit: number;
  readonly showValues: boolean;
}

/** How many rows, and the sum of their hashes as a decimal number. */
export interface RowsDigest {
  readonly rows: number;
  readonly checksum: string;
}

export interface RowsComparison {
  readonly pair: TablePair;
  readonly source: RowsDigest;
  readonly target: RowsDigest;
  /** Absent where all rows are the same. */
  readonly differing?: DifferingRows & { readonly rows: readonly DifferingRow[] };
}

/**
 * Compares the rows of a table. A difference is no error: see `differing`.
 *
 * @throws PgCopyError `task_failed` with the side whose query failed, or where a table was truncated
 *   or rewritten after the snapshot was taken; `interrupted`.
 */
export async function compareRows(
  pair: TablePair,
  options: CompareRowsOptions,
): Promise<RowsComparison> {
  const attempted = `compare ${displayName(pair.schema, pair.name)}`;
  const ends = { source: endOf(pair, "source", options), target: endOf(pair, "target", options) };
  const [source, target] = await all<[RowsDigest, RowsDigest]>(options.signal, [
    (signal) => options.source.under(signal, () => digest(ends.source, pair.source, attempted)),
    (signal) => options.target.under(signal, () => digest(ends.target, pair.target, attempted)),
  ]);
  const counted = { pair, source, target };
  if (source.rows === target.rows && source.checksum === target.checksum) return counted;
  const search: Search = {
    ...ends,
    keyed: pair.source.key !== undefined,
    indexed: pair.source.key?.[0]?.ordered === true && pair.target.key?.[0]?.ordered === true,
    attempted,
    signal: options.signal,
    limit: options.limit,
  };
  const found = await findDifferingRows(search, { source: source.rows, target: target.rows });
  const rows = await describeRows(found.keys, {
    search,
    keyNames: pair.source.key?.map(({ name }) => name) ?? [],
    columns: pair.columns,
    hashing: options.hashing,
    showValues: options.showValues,
  });
  return { ...counted, differing: { ...found, rows } };
}

function endOf(
  pair: TablePair,
  side: "source" | "target",
  { source, target, hashing }: CompareRowsOptions,
): RowsOfEnd {
  const [connection, other] = side === "source" ? [source, target] : [target, source];
  const { from, key } = pair[side];
  const otherKey = pair[side === "source" ? "target" : "source"].key;
  const hash = rowHash(rowText(pair.columns), hashing, connection);
  const order =
    key === undefined || otherKey === undefined
      ? [byHash(hash)]
      : orderOf(key, otherKey, orderedEncoding(connection, other));
  return { connection, from, hash, order };
}

/** Rows without a key are found by their hash: no index helps, and equal rows stay together. */
function byHash(hash: string): OrderColumn {
  return {
    sql: hash,
    literal: (value) => `'${value}'::pg_catalog.int8`,
    shown: (value) => value,
  };
}

interface DigestRow extends Record<string, unknown> {
  readonly rows: string;
  readonly checksum: string;
  readonly files: string | null;
}

async function digest(
  end: RowsOfEnd,
  { files, table }: PairedRelation,
  attempted: string,
): Promise<RowsDigest> {
  const oids = files.map(({ oid }) => oid);
  const [row] = await end.connection.query<DigestRow>(
    attempted,
    `select count(*)::text as rows, coalesce(sum(${end.hash}), 0)::text as checksum,
            (select string_agg(pg_catalog.pg_relation_filenode(o)::text, ' ' order by o)
             from unnest('{${oids.join(",")}}'::oid[]) as f (o)) as files
     from ${end.from}`,
  );
  const rows = Number(row?.rows ?? 0);
  const expected = [...files]
    .sort((a, b) => a.oid - b.oid)
    .map(({ fileNode }) => fileNode)
    .join(" ");
  // VACUUM FULL and CLUSTER give a table another file, too, and keep the rows that the snapshot sees.
  if ((row?.files ?? "") !== expected && (rows === 0 || files.length > 1)) {
    throw rewritten(displayName(table.schema, table.name), end.connection, attempted);
  }
  return { rows, checksum: row?.checksum ?? "0" };
}

/** A snapshot does not cover TRUNCATE: after one it reads no rows, and no error. */
function rewritten(name: string, { side }: Connection, attempted: string): PgCopyError {
  return new PgCopyError(
    `${attempted} failed: ${name} was truncated or rewritten on the ${side} after the snapshot was taken, which no longer shows its rows`,
    {
      code: "task_failed",
      attempted,
      side,
      ...(side === "source" ? { reason: "source_changed" as const } : {}),
      advice: "compare again, with nothing that truncates or rewrites tables meanwhile",
      retrySafe: true,
    },
  );
}
