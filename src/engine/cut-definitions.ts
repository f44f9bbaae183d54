/** Defaults and constraints that filters leave out of tables and domains that remain. */

import { classOf, type ObjectKey, objectKey, oidOf } from "../catalog/read-source-objects.js";
import { PG_ATTRDEF, PG_CLASS, PG_CONSTRAINT, PG_TYPE } from "../plan/system-catalogs.js";
import type { SchemaScript, TocEntry } from "../plan/toc.js";
import type { Connection } from "../postgres/connection.js";
import { cutPieces, type Pieces } from "../schema/cut-pieces.js";

const piecesQuery = `
select 'default' as kind, d.adrelid::bigint as "tableOid", 0::bigint as "typeOid", a.attname::text as name
from pg_catalog.pg_attrdef d
join pg_catalog.pg_attribute a on a.attrelid = d.adrelid and a.attnum = d.adnum
where d.oid = any ($1::oid[])
union all
select 'constraint', k.conrelid::bigint, k.contypid::bigint, k.conname::text
from pg_catalog.pg_constraint k
where k.oid = any ($2::oid[])`;

interface Piece extends Record<string, unknown> {
  readonly kind: "default" | "constraint";
  readonly tableOid: string;
  readonly typeOid: string;
  readonly name: string;
}

/**
 * The schema without them. Those that are entries of their own are not in it any more.
 *
 * @param pieces defaults (pg_attrdef) and constraints.
 */
export async function withoutPieces(
  connection: Connection,
  schema: SchemaScript,
  pieces: readonly ObjectKey[],
): Promise<SchemaScript> {
  if (pieces.length === 0) return schema;
  const of = (classOid: number) => pieces.filter((key) => classOf(key) === classOid).map(oidOf);
  const rows = await connection.query<Piece>("looking up defaults and constraints", piecesQuery, [
    of(PG_ATTRDEF),
    of(PG_CONSTRAINT),
  ]);
  const byOwner = new Map<ObjectKey, { defaults: Set<string>; constraints: Set<string> }>();
  for (const { kind, tableOid, typeOid, name } of rows) {
    const ofType = Number(typeOid) !== 0;
    const owner = ofType
      ? objectKey(PG_TYPE, Number(typeOid))
      : objectKey(PG_CLASS, Number(tableOid));
    const set = byOwner.get(owner) ?? { defaults: new Set(), constraints: new Set() };
    set[kind === "default" ? "defaults" : "constraints"].add(name);
    byOwner.set(owner, set);
  }
  const entries: TocEntry[] = [];
  for (const entry of schema.entries) {
    const cut = byOwner.get(objectKey(entry.classOid, entry.oid));
    entries.push(cut === undefined ? entry : await withoutThese(entry, cut));
  }
  return { ...schema, entries };
}

async function withoutThese(entry: TocEntry, pieces: Pieces): Promise<TocEntry> {
  const [creating, ...others] = entry.statements;
  if (creating === undefined) return entry;
  const sql = await cutPieces(creating.sql, pieces);
  return { ...entry, statements: [{ ...creating, sql }, ...others] };
}
