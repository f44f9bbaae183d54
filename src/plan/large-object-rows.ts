/**
 * How the contents of large objects are read: as rows of (oid, position, data), each some bytes at a
 * position. What an object has no bytes for is left out, so a hole stays one; a row without data is
 * the last of its object, which ends at its position.
 */

import { largeObjectSizes } from "../catalog/large-object-sizes.js";
import type { LargeObjectAccess } from "../catalog/large-objects.js";

/**
 * Bytes that `lo_get` and `lo_put` move at a time. 64 kB are half again as fast as single pages of 2
 * kB, and no slower than 256 kB (docs/performance.md).
 */
const CHUNK_BYTES = 64 * 1024;

/** Large objects by their OIDs; with `bytes`, a part of one. */
export type LargeObjectSelection =
  | {
      readonly by: "range";
      /** Both ends are in it. */
      readonly from: number;
      readonly to: number;
      readonly except: readonly number[];
    }
  | { readonly by: "oid"; readonly oids: readonly number[]; readonly bytes?: LargeObjectPart };

/** Half-open, and from and to a multiple of LARGE_OBJECT_PART_UNIT: no two parts share a page. */
export interface LargeObjectPart {
  readonly from: number;
  /** Undefined for the last part: it has the end, wherever that is. */
  readonly to: number | undefined;
}

/** A multiple of every page size and of a chunk, in bytes. */
export const LARGE_OBJECT_PART_UNIT = 1024 * 1024;

/** @param column an SQL expression of type oid. */
export function largeObjectCondition(selection: LargeObjectSelection, column: string): string {
  if (selection.by === "oid") return `${column} = any (${oidArray(selection.oids)})`;
  const { from, to, except } = selection;
  const range = `${column} >= ${oidLiteral(from)} and ${column} <= ${oidLiteral(to)}`;
  return except.length === 0 ? range : `${range} and ${column} <> all (${oidArray(except)})`;
}

export function oidArray(oids: readonly number[]): string {
  return `'{${oids.join(",")}}'::pg_catalog.oid[]`;
}

/** In quotes: half of all OIDs are no int4. */
function oidLiteral(oid: number): string {
  return `'${oid}'::pg_catalog.oid`;
}

/** The query that reads them. */
export function largeObjectRows(
  access: LargeObjectAccess,
  selection: LargeObjectSelection,
): string {
  switch (access) {
    case "chunks":
      return chunkRows(selection);
    case "functions":
      return functionRows(selection);
    case "pages":
      return pageRows(selection);
  }
}

const PAGE_BYTES = "(current_setting('block_size')::int / 4)";

/**
 * Reads only the chunks in which there is a page. A page that is alone in its chunk is taken as it
 * is, which costs a tenth of lo_get: most objects of most databases are such a page.
 */
function chunkRows(selection: LargeObjectSelection): string {
  return `
select c.oid, c.first * ${PAGE_BYTES} as position,
       coalesce((select p.data from pg_catalog.pg_largeobject p
                 where c.first = c.last and p.loid = c.oid and p.pageno = c.first
                   and pg_catalog.octet_length(p.data) > 0),
                pg_catalog.lo_get(c.oid, c.first * ${PAGE_BYTES}, (c.last - c.first + 1)::int * ${PAGE_BYTES})) as data
from (select m.oid, min(p.pageno)::bigint as first, max(p.pageno)::bigint as last
      ${pagesOf(selection)}
      group by m.oid, p.pageno::bigint * ${PAGE_BYTES} / ${CHUNK_BYTES}) as c`;
}

/**
 * A page may be empty: lo_truncate makes such a one where it ends an object at a page's border.
 * Only as the last one it means something.
 */
function pageRows(selection: LargeObjectSelection): string {
  return `
select m.oid, p.pageno::bigint * ${PAGE_BYTES} as position, p.data
${pagesOf(selection)}
  and (pg_catalog.octet_length(p.data) > 0
       or not exists (select from pg_catalog.pg_largeobject l where l.loid = p.loid and l.pageno > p.pageno))`;
}

/** The condition stands on both catalogs: an index of each can then be used. */
function pagesOf(selection: LargeObjectSelection): string {
  const conditions = [
    largeObjectCondition(selection, "m.oid"),
    largeObjectCondition(selection, "p.loid"),
  ];
  const part = selection.by === "oid" ? selection.bytes : undefined;
  if (part !== undefined) conditions.push(`p.pageno >= (${part.from} / ${PAGE_BYTES})::int`);
  if (part?.to !== undefined) conditions.push(`p.pageno < (${part.to} / ${PAGE_BYTES})::int`);
  return `from pg_catalog.pg_largeobject_metadata m
join pg_catalog.pg_largeobject p on p.loid = m.oid
where ${conditions.join(" and ")}`;
}

/** Reads everything, and leaves out the chunks of zeros, but for the last one, which has the end. */
function functionRows(selection: LargeObjectSelection): string {
  const part = (selection.by === "oid" ? selection.bytes : undefined) ?? { from: 0, to: undefined };
  const end = part.to === undefined ? "o.bytes" : `least(o.bytes, ${part.to})`;
  return `
select o.oid, chunk.position, content.data
from (${largeObjectSizes("functions", largeObjectCondition(selection, "m.oid"))}) as o,
     lateral pg_catalog.generate_series(${part.from}::bigint, ${end} - 1, ${CHUNK_BYTES}) as chunk (position),
     lateral pg_catalog.lo_get(o.oid, chunk.position, ${CHUNK_BYTES}) as content (data)
where content.data <> pg_catalog.decode(pg_catalog.repeat('00', ${CHUNK_BYTES}), 'hex')
   or chunk.position + ${CHUNK_BYTES} >= o.bytes`;
}
