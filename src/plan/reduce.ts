/** Catalog and schema without what a selection leaves out, as if the source had never had it. */

import type { Catalog, Table } from "../catalog/catalog.js";
import { type NamedObject, objectKey } from "../catalog/read-source-objects.js";
import { objectsOfEntries } from "./entry-objects.js";
import type { Selection } from "./selection.js";
import { PG_CLASS, PG_CONSTRAINT, PG_NAMESPACE } from "./system-catalogs.js";
import type { SchemaScript, TocEntry } from "./toc.js";

/** The catalog of what remains. Tables without their rows have no size, either. */
export function reduceCatalog(
  catalog: Catalog,
  selection: Selection,
  extensionTables: readonly NamedObject[] = [],
): Catalog {
  const remains = ({ oid }: { readonly oid: number }) =>
    selection.remains(objectKey(PG_CLASS, oid));
  const indexes = catalog.indexes.filter(remains);
  const tables = catalog.tables.filter(remains).map((table) => withoutRows(table, selection));
  const left = new Set(
    extensionTables
      .filter((table) => !remains(table) || selection.emptyTables.has(table.oid))
      .map(({ oid }) => oid),
  );
  return {
    ...catalog,
    tables,
    indexes,
    sequences: catalog.sequences.filter(remains),
    constraints: catalog.constraints.filter(({ oid }) =>
      selection.remains(objectKey(PG_CONSTRAINT, oid)),
    ),
    refreshDependencies: catalog.refreshDependencies.filter(
      ({ dependent, referenced }) => remains({ oid: dependent }) && remains({ oid: referenced }),
    ),
    extensionTables: catalog.extensionTables.filter(({ oid }) => !left.has(oid)),
  };
}

const noBytes = { bytes: 0, toastBytes: 0, pages: 0 };

function withoutRows(table: Table, { emptyTables, unfilledViews }: Selection): Table {
  if (unfilledViews.has(table.oid)) return { ...table, ...noBytes, populated: false };
  if (!emptyTables.has(table.oid)) return table;
  return { ...table, ...noBytes, arrivesEmpty: true, estimatedRows: 0 };
}

/** The OID of schema public where it has never been dropped. */
const PUBLIC = 2200;

/**
 * The entries of what remains.
 *
 * @param isKnownElsewhere whether what a grant is on remains although it is no entry, as a function of
 *   an extension: undefined where that is not known.
 */
export function reduceSchema(
  schema: SchemaScript,
  selection: Selection,
  sources: {
    readonly catalog: Pick<Catalog, "tables" | "indexes" | "sequences">;
    readonly views: readonly NamedObject[];
  },
  isKnownElsewhere: (subject: string) => boolean | undefined = () => undefined,
): SchemaScript {
  const objects = objectsOfEntries(schema.entries, sources.catalog, sources.views);
  const entries = schema.entries.filter((entry) => {
    const own = objects.get(entry.dumpId) ?? [];
    if (own.length > 0) return own.every(selection.remains);
    return isKnownElsewhere(subjectOf(entry)) ?? !selection.including;
  });
  const withPublic = selection.remains(objectKey(PG_NAMESPACE, PUBLIC));
  return { ...schema, entries, ...(withPublic ? {} : { withoutPublic: true }) };
}

/** Entries whose objects only the source can tell: grants on what belongs to an extension or to PostgreSQL. */
export function entriesWithoutObjects(
  entries: readonly TocEntry[],
  sources: {
    readonly catalog: Pick<Catalog, "tables" | "indexes" | "sequences">;
    readonly views: readonly NamedObject[];
  },
): TocEntry[] {
  const objects = objectsOfEntries(entries, sources.catalog, sources.views);
  return entries.filter(({ dumpId }) => objects.get(dumpId)?.length === 0);
}

/** What a GRANT or REVOKE is on, without blanks: `ext.crypt(text,text)`; empty for another entry. */
export function subjectOf({ statements }: TocEntry): string {
  const sql = statements.find(({ kind, sql }) => kind === "acl" && / on /i.test(sql))?.sql ?? "";
  return GRANTED.exec(sql)?.[1]?.replaceAll(" ", "") ?? "";
}

const GRANTED =
  /^[^"]*? on (?:(?:function|procedure|table|sequence|type|domain) )?((?:"(?:[^"]|"")*"|[^"])*?) (?:to|from) /is;
