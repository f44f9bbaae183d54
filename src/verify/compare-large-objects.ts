/**
 * Whether large objects are the same on both ends: there at all, and with `checksum` also as long,
 * and with the same bytes. Contents are hashed piece by piece, and pieces of zeros left out, so
 * neither the size of a page nor what is a hole makes a difference.
 */

import {
  accessWith,
  type LargeObjectAccess,
  type LargeObjectRights,
  largeObjectRightsQuery,
} from "../catalog/large-objects.js";
import {
  type LargeObjectSelection,
  largeObjectCondition,
  largeObjectRows,
} from "../plan/large-object-rows.js";
import type { Connection } from "../postgres/connection.js";
import { all } from "../run/abort.js";

export interface LargeObjectDigest {
  /** Both are absent where objects were only counted. */
  readonly bytes: number | undefined;
  /** A decimal number. */
  readonly checksum: string | undefined;
}

/** An object that is not the same on both ends. */
export interface LargeObjectDifference {
  readonly oid: number;
  readonly source: LargeObjectDigest;
  /** Undefined if it isn't there. */
  readonly target: LargeObjectDigest | undefined;
}

export interface LargeObjectComparison {
  /** How many were compared. */
  readonly objects: number;
  readonly differences: readonly LargeObjectDifference[];
}

export interface CompareLargeObjectsOptions {
  /** For messages: `verify large objects 16401 to 26400`. */
  readonly attempted: string;
  /** In the transaction of the snapshot. */
  readonly source: Connection;
  readonly target: Connection;
  /** How the source's are read. */
  readonly access: LargeObjectAccess;
  readonly mode: "count" | "checksum";
  readonly signal: AbortSignal;
}

/**
 * Compares the selected objects. What the target has besides them is not looked at. A difference is
 * no error: see `differences`.
 *
 * @throws PgCopyError `task_failed`, with the side whose query failed; `interrupted`.
 */
export async function compareLargeObjects(
  objects: LargeObjectSelection,
  options: CompareLargeObjectsOptions,
): Promise<LargeObjectComparison> {
  const { attempted, source, target, mode, signal } = options;
  const listed = await digests(source, attempted, listQuery(objects));
  const copied: LargeObjectSelection = { by: "oid", oids: [...listed.keys()] };
  if (mode === "count") {
    return comparison(listed, await digests(target, attempted, listQuery(copied)));
  }
  const [here, there] = [await rightsOf(source, attempted), await rightsOf(target, attempted)];
  const piece = Math.min(LARGEST_PIECE_BYTES, here.pageBytes, there.pageBytes);
  const access = accessWith(there.mayReadPages, there.mayOpenAll) ?? "functions";
  const [ours, theirs] = await all<[Digests, Digests]>(signal, [
    (own) =>
      source.under(own, () =>
        digests(source, attempted, digestQuery(options.access, objects, piece)),
      ),
    (own) =>
      target.under(own, () => digests(target, attempted, digestQuery(access, copied, piece))),
  ]);
  return comparison(ours, theirs);
}

type Digests = ReadonlyMap<number, LargeObjectDigest>;

/** Not more than the usual page: in the pages of one end the other end's have to be found. */
const LARGEST_PIECE_BYTES = 2048;

async function rightsOf(connection: Connection, attempted: string): Promise<LargeObjectRights> {
  const [rights] = await connection.query<LargeObjectRights>(attempted, largeObjectRightsQuery);
  return rights as LargeObjectRights;
}

async function digests(connection: Connection, attempted: string, sql: string): Promise<Digests> {
  const rows = await connection.query<{ oid: number; bytes?: number; checksum?: string }>(
    attempted,
    sql,
  );
  return new Map(rows.map(({ oid, bytes, checksum }) => [oid, { bytes, checksum }]));
}

function comparison(source: Digests, target: Digests): LargeObjectComparison {
  const differences: LargeObjectDifference[] = [];
  for (const [oid, here] of source) {
    const there = target.get(oid);
    if (here.bytes === there?.bytes && here.checksum === there?.checksum && there !== undefined)
      continue;
    differences.push({ oid, source: here, target: there });
  }
  return { objects: source.size, differences };
}

function listQuery(objects: LargeObjectSelection): string {
  return `
select m.oid::bigint::float8 as oid from pg_catalog.pg_largeobject_metadata m
where ${largeObjectCondition(objects, "m.oid")}`;
}

/**
 * hashtextextended takes a seed: where the piece is. So the sum over an object depends on what
 * stands where, and not on the order in which it was read.
 */
function digestQuery(
  access: LargeObjectAccess,
  objects: LargeObjectSelection,
  piece: number,
): string {
  const zeros = `pg_catalog.decode(pg_catalog.repeat('00', ${piece}), 'hex')`;
  return `
select m.oid::bigint::float8 as oid, coalesce(d.bytes, 0)::float8 as bytes,
       coalesce(d.checksum, 0)::text as checksum
from pg_catalog.pg_largeobject_metadata m
left join (
  select r.oid, max(r.position + pg_catalog.octet_length(r.data)) as bytes, sum(hashed.sum) as checksum
  from (${largeObjectRows(access, objects)}) as r,
       lateral (
         select sum(pg_catalog.hashtextextended(pg_catalog.encode(padded.piece, 'hex'), cut.position)) as sum
         from pg_catalog.generate_series(r.position, r.position + pg_catalog.octet_length(r.data) - 1, ${piece}) as cut (position),
              lateral (select pg_catalog.substr(
                         pg_catalog.substr(r.data, (cut.position - r.position)::int + 1, ${piece}) || ${zeros},
                         1, ${piece})) as padded (piece)
         where padded.piece <> ${zeros}) as hashed
  group by r.oid) as d on d.oid = m.oid
where ${largeObjectCondition(objects, "m.oid")}`;
}

/** `large object 16401: missing on the target`. */
export function describeLargeObjectDifference(difference: LargeObjectDifference): string {
  const { oid, source, target } = difference;
  if (target === undefined) return `large object ${oid}: missing on the target`;
  return source.bytes === target.bytes
    ? `large object ${oid}: ${source.bytes} bytes on both ends, different contents`
    : `large object ${oid}: ${source.bytes} bytes on the source, ${target.bytes} on the target`;
}
