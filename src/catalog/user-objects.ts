/** What all catalog queries share: which objects are the user's, and how their rows become objects. */

/**
 * The condition that a relation is the user's: not in one of PostgreSQL's own schemas, nor in that
 * of our journal, and no member of an extension.
 *
 * @param oid the SQL expression of the relation's OID.
 * @param namespace the alias of its schema's row in pg_namespace.
 */
export function userObjects(oid: string, namespace: string): string {
  return `${namespace}.nspname !~ '^pg_' and ${namespace}.nspname not in ('information_schema', 'pgcopy_journal')
     and not exists (select from pg_catalog.pg_depend e where e.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                     and e.objid = ${oid} and e.deptype = 'e')`;
}

/** bigint arrives as text; every bigint here (OIDs, sizes) fits a double exactly. */
export function withNumbers<R extends object>(row: R): R {
  const entries = Object.entries(row).map(([key, value]) =>
    typeof value === "string" && numericColumns.has(key)
      ? [key, Number(value)]
      : [key, value ?? undefined],
  );
  return Object.fromEntries(entries) as R;
}

const numericColumns = new Set([
  "oid",
  "tableOid",
  "constraintOid",
  "referencedTableOid",
  "referencedIndexOid",
  "bytes",
  "pages",
  "dependent",
  "referenced",
  "typeOid",
  "elementOid",
  "baseOid",
  "fileNode",
  "presentFileNode",
]);
