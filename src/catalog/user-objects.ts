/** What all catalog queries share: which objects are the user's, and how their rows become objects. */

/** Schemas whose objects are PostgreSQL's own, and members of extensions, are not the user's. */
export function userObjects(catalogTable: string, oid: string, namespace: string): string {
  return `${namespace}.nspname !~ '^pg_' and ${namespace}.nspname not in ('information_schema', 'pgcopy_journal')
     and not exists (select from pg_catalog.pg_depend e where e.classid = 'pg_catalog.${catalogTable}'::pg_catalog.regclass
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
  "partitionOf",
  "typeOid",
  "elementOid",
  "baseOid",
  "fileNode",
  "presentFileNode",
]);
