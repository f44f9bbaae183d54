/**
 * Filters at work: what the source holds is reduced to what remains, in the catalog and in the
 * schema, before anything else looks at them. What only the source can tell (names, the columns of a
 * default) is asked of it in a query for all.
 */

import type { Catalog } from "../catalog/catalog.js";
import {
  type ObjectKey,
  objectKey,
  readSourceObjects,
  type SourceObjects,
} from "../catalog/read-source-objects.js";
import type { ResolvedFilters } from "../filters/filters.js";
import { entriesWithoutObjects, reduceCatalog, reduceSchema } from "../plan/reduce.js";
import { type Selection, select } from "../plan/selection.js";
import { PG_CLASS, PG_EXTENSION, PG_NAMESPACE } from "../plan/system-catalogs.js";
import type { SchemaScript } from "../plan/toc.js";
import type { Connection } from "../postgres/connection.js";
import { withoutPieces } from "./cut-definitions.js";
import { describeSelection, type FilterReport } from "./filter-report.js";

export interface FilteredCatalog {
  /** Of what remains. */
  readonly catalog: Catalog;
  readonly selection: Selection;
  readonly report: FilterReport;
  /** For pg_dump: what it need not, and may not, look at, as the role can't read it. */
  readonly unreadable: {
    readonly schemas: readonly string[];
    readonly tables: readonly { readonly schema: string; readonly name: string }[];
  };
  readonly whole: { readonly catalog: Catalog; readonly objects: SourceObjects };
}

/**
 * Applies the filters to the catalog.
 *
 * @throws PgCopyError `usage` for patterns that match nothing.
 */
export async function filterCatalog(
  connection: Connection,
  whole: Catalog,
  filters: ResolvedFilters,
): Promise<FilteredCatalog> {
  const objects = await readSourceObjects(connection);
  const selection = select(objects, whole, filters);
  const catalog = reduceCatalog(whole, selection, objects.extensionTables);
  return {
    catalog,
    selection,
    report: await describeSelection(connection, whole, selection),
    unreadable: unreadable(whole, objects, selection),
    whole: { catalog: whole, objects },
  };
}

/** pg_dump locks every table that it dumps, and fails on one that the role may not read. */
function unreadable(
  { tables }: Catalog,
  { schemas }: SourceObjects,
  { remains }: Selection,
): FilteredCatalog["unreadable"] {
  const closed = tables.filter(
    (table) => !table.readable && !remains(objectKey(PG_CLASS, table.oid)),
  );
  const inSchemas = new Set(closed.map(({ schema }) => schema));
  const gone = schemas
    .filter(({ oid, name }) => inSchemas.has(name) && !remains(objectKey(PG_NAMESPACE, oid)))
    .map(({ name }) => name);
  return { schemas: gone, tables: closed.filter(({ schema }) => !gone.includes(schema)) };
}

/** Applies the filters to the schema. */
export async function filterSchema(
  connection: Connection,
  schema: SchemaScript,
  { selection, whole }: FilteredCatalog,
): Promise<SchemaScript> {
  const { catalog, objects } = whole;
  const sources = { catalog, views: objects.views };
  const others = entriesWithoutObjects(schema.entries, sources);
  const members =
    others.length === 0
      ? undefined
      : await readExtensionMembers(
          connection,
          objects.extensions.map(({ oid }) => oid),
        );
  const reduced = reduceSchema(schema, selection, sources, (subject) => {
    const extension = members?.get(subject);
    return extension === undefined ? undefined : selection.remains(extension);
  });
  return await withoutPieces(connection, reduced, selection.pieces);
}

const membersQuery = `
select d.refobjid::bigint as extension,
       case d.classid when 'pg_catalog.pg_proc'::pg_catalog.regclass then d.objid::pg_catalog.regprocedure::text
                      when 'pg_catalog.pg_class'::pg_catalog.regclass then d.objid::pg_catalog.regclass::text
                      else d.objid::pg_catalog.regtype::text end as name
from pg_catalog.pg_depend d
where d.deptype = 'e' and d.refobjid = any ($1::oid[])
  and d.classid in ('pg_catalog.pg_proc'::pg_catalog.regclass, 'pg_catalog.pg_class'::pg_catalog.regclass,
                    'pg_catalog.pg_type'::pg_catalog.regclass)`;

/** What belongs to extensions and could be granted, by its name without blanks: the extension. */
async function readExtensionMembers(
  connection: Connection,
  extensions: readonly number[],
): Promise<ReadonlyMap<string, ObjectKey>> {
  const rows = await connection.query<{ extension: string; name: string }>(
    "naming what belongs to the source's extensions",
    membersQuery,
    [extensions],
  );
  return new Map(
    rows.map(({ extension, name }) => [
      name.replaceAll(" ", ""),
      objectKey(PG_EXTENSION, Number(extension)),
    ]),
  );
}
