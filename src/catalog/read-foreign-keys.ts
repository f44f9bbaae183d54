/** Foreign keys with their columns: what is needed to find the rows that rows refer to. */

import type { Connection } from "../postgres/connection.js";

export interface KeyColumn {
  readonly referencing: string;
  readonly referenced: string;
  /** The operator of "referenced = referencing", as SQL. */
  readonly operator: string;
  /** The collation to compare by, as SQL, where the two columns' collations differ. */
  readonly collation: string | undefined;
}

export interface ForeignKey {
  readonly name: string;
  readonly tableOid: number;
  readonly referencedTableOid: number;
  readonly columns: readonly KeyColumn[];
  /** MATCH FULL: all columns of a key are null, or none. */
  readonly matchFull: boolean;
  /** Whether the last column is a PERIOD: it must be covered by the referenced rows' together. */
  readonly period: boolean;
}

/**
 * Those that the target will check: valid, enforced, and not the part of a partition in its parent's
 * key. Their comparison is by the referenced column's collation, as PostgreSQL's own check is.
 */
function foreignKeysQuery(serverVersion: number): string {
  const enforced = serverVersion >= 180_000 ? "and k.conenforced" : "";
  const period = serverVersion >= 180_000 ? "k.conperiod" : "false";
  return `
select k.oid::bigint as oid, k.conname as name, k.conrelid::bigint as "tableOid",
       k.confrelid::bigint as "referencedTableOid", k.confmatchtype = 'f' as "matchFull", ${period} as period,
       a.attname as referencing, b.attname as referenced,
       pg_catalog.format('operator(%I.%s)', m.nspname, o.oprname) as operator,
       case when a.attcollation <> b.attcollation and l.oid is not null
            then pg_catalog.format('%I.%I', c.nspname, l.collname) end as collation
from pg_catalog.pg_constraint k
join pg_catalog.pg_class r on r.oid = k.conrelid
join pg_catalog.pg_namespace n on n.oid = r.relnamespace
cross join lateral unnest(k.conkey, k.confkey, k.conpfeqop) with ordinality as u (fk, pk, op, at)
join pg_catalog.pg_attribute a on a.attrelid = k.conrelid and a.attnum = u.fk
join pg_catalog.pg_attribute b on b.attrelid = k.confrelid and b.attnum = u.pk
join pg_catalog.pg_operator o on o.oid = u.op
join pg_catalog.pg_namespace m on m.oid = o.oprnamespace
left join pg_catalog.pg_collation l on l.oid = b.attcollation
left join pg_catalog.pg_namespace c on c.oid = l.collnamespace
where k.contype = 'f' and k.conparentid = 0 and k.convalidated ${enforced}
order by n.nspname, r.relname, k.conname, k.oid, u.at`;
}

/**
 * Reads the foreign keys.
 *
 * @param constraints those of the catalog: a key that filters have left out is not among them.
 */
export async function readForeignKeys(
  connection: Connection,
  constraints: readonly { readonly oid: number }[],
): Promise<ForeignKey[]> {
  const remaining = new Set(constraints.map((constraint) => constraint.oid));
  const keys = new Map<string, ForeignKey & { columns: KeyColumn[] }>();
  const sql = foreignKeysQuery(connection.serverVersion);
  for (const row of await connection.query("reading the source's foreign keys", sql)) {
    const { oid, referencing, referenced, operator, collation, ...rest } = row as unknown as Record<
      "oid" | "name" | "referencing" | "referenced" | "operator",
      string
    > & { collation: string | null; matchFull: boolean; period: boolean } & Record<
        "tableOid" | "referencedTableOid",
        string
      >;
    if (!remaining.has(Number(oid))) continue;
    const known = keys.get(oid) ?? {
      name: rest.name,
      tableOid: Number(rest.tableOid),
      referencedTableOid: Number(rest.referencedTableOid),
      matchFull: rest.matchFull,
      period: rest.period,
      columns: [],
    };
    known.columns.push({ referencing, referenced, operator, collation: collation ?? undefined });
    keys.set(oid, known);
  }
  return [...keys.values()];
}
