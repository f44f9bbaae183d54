/**
 * What filters need to know of the source beside its catalog: who needs whom, as the server's own
 * record (pg_depend) says it, and the objects that can be named. Read only if there are filters.
 */

import type { Connection } from "../postgres/connection.js";
import { userObjects } from "./user-objects.js";

/** One object: the OID of its system catalog and its own, as one number. */
export type ObjectKey = number;

/** Catalogs have small OIDs, so both fit the 53 bits of a number. */
const OIDS = 2 ** 32;

export function objectKey(classOid: number, oid: number): ObjectKey {
  return classOid * OIDS + oid;
}

export function classOf(key: ObjectKey): number {
  return Math.floor(key / OIDS);
}

export function oidOf(key: ObjectKey): number {
  return key % OIDS;
}

/** One row of pg_depend, without its columns: `object` needs `on`. */
export interface DependencyEdge {
  readonly object: ObjectKey;
  readonly on: ObjectKey;
  /** pg_depend.deptype: `n`ormal, `a`uto, `i`nternal, `P` and `S` of partitions, `e`xtension, `x`. */
  readonly type: string;
}

export interface NamedObject {
  readonly oid: number;
  /** Empty for schemas and extensions. */
  readonly schema: string;
  readonly name: string;
}

export interface SourceObjects {
  readonly edges: readonly DependencyEdge[];
  readonly schemas: readonly NamedObject[];
  readonly extensions: readonly NamedObject[];
  readonly views: readonly NamedObject[];
  /** Tables that belong to an extension; the catalog has none of them. */
  readonly extensionTables: readonly NamedObject[];
  /** Sequences of identity columns: parts of their tables, which can't be named alone. */
  readonly identitySequences: ReadonlySet<number>;
}

/**
 * PostgreSQL's own objects, with OIDs below 16384, are on every server; but for schema public, which
 * a filter may name. An operator's commutator and negator are no dependencies to the server, but
 * pg_dump names them where it creates the operator. One row for each sort of dependency, and not one
 * for each, is what makes this fast.
 */
const edgesQuery = `
select d.classid::bigint as "classOid", d.refclassid::bigint as "refClassOid", d.deptype::text as type,
       string_agg(d.objid::text || ' ' || d.refobjid::text, ' ') as pairs
from (select classid, objid, refclassid, refobjid, deptype from pg_catalog.pg_depend
      union all
      select 'pg_catalog.pg_operator'::pg_catalog.regclass::oid, o.oid, 'pg_catalog.pg_operator'::pg_catalog.regclass::oid, other.oid, 'n'
      from pg_catalog.pg_operator o
      cross join lateral (values (o.oprcom), (o.oprnegate)) as other (oid)
      where other.oid <> o.oid) as d
where d.objid >= 16384 and d.deptype <> 'p' and (d.classid, d.objid) <> (d.refclassid, d.refobjid)
  and (d.refobjid >= 16384
       or (d.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass and d.refobjid = 2200))
group by 1, 2, 3`;

const namesQuery = `
select 'schema' as kind, n.oid::bigint as oid, '' as schema, n.nspname::text as name
from pg_catalog.pg_namespace n
where n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'pgcopy_journal')
union all
select 'extension', e.oid::bigint, '', e.extname::text from pg_catalog.pg_extension e
union all
select 'view', c.oid::bigint, n.nspname::text, c.relname::text
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind = 'v' and ${userObjects("c.oid", "n")}
union all
select 'extension table', c.oid::bigint, n.nspname::text, c.relname::text
from pg_catalog.pg_depend e
join pg_catalog.pg_class c on c.oid = e.objid and c.relkind in ('r', 'p', 'm')
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where e.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and e.deptype = 'e'
union all
select 'identity sequence', c.oid::bigint, n.nspname::text, c.relname::text
from pg_catalog.pg_depend i
join pg_catalog.pg_class c on c.oid = i.objid and c.relkind = 'S'
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where i.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and i.deptype = 'i'`;

/**
 * Reads them, on the session that holds the snapshot.
 *
 * @throws PgCopyError `task_failed` if the server rejects a query.
 */
export async function readSourceObjects(connection: Connection): Promise<SourceObjects> {
  const doing = "reading the source's dependencies";
  const groups = await connection.query<{
    classOid: string;
    refClassOid: string;
    type: string;
    pairs: string;
  }>(doing, edgesQuery);
  const rows = await connection.query<{
    kind: string;
    oid: string;
    schema: string;
    name: string;
  }>(doing, namesQuery);
  const named = (kind: string): NamedObject[] =>
    rows
      .filter((row) => row.kind === kind)
      .map(({ oid, schema, name }) => ({ oid: Number(oid), schema, name }));
  return {
    edges: groups.flatMap(edgesOf),
    schemas: named("schema"),
    extensions: named("extension"),
    views: named("view"),
    extensionTables: named("extension table"),
    identitySequences: new Set(named("identity sequence").map(({ oid }) => oid)),
  };
}

function edgesOf(group: {
  classOid: string;
  refClassOid: string;
  type: string;
  pairs: string;
}): DependencyEdge[] {
  const [classOid, refClassOid] = [Number(group.classOid), Number(group.refClassOid)];
  const oids = group.pairs.split(" ");
  const edges: DependencyEdge[] = [];
  for (let i = 0; i < oids.length; i += 2) {
    edges.push({
      object: objectKey(classOid, Number(oids[i])),
      on: objectKey(refClassOid, Number(oids[i + 1])),
      type: group.type,
    });
  }
  return edges;
}
