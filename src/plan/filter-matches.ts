/** Which of the source's objects the patterns name. A pattern that names none is a mistake, and told. */

import type { Catalog } from "../catalog/catalog.js";
import {
  type NamedObject,
  type ObjectKey,
  objectKey,
  type SourceObjects,
} from "../catalog/read-source-objects.js";
import { PgCopyError } from "../errors.js";
import type { FilterName, ResolvedFilters } from "../filters/filters.js";
import { matches, type Pattern } from "../filters/pattern.js";
import { displayName } from "../postgres/quote.js";
import { PG_CLASS, PG_EXTENSION, PG_NAMESPACE } from "./system-catalogs.js";

/** OIDs of what each list of patterns names. */
export type Matches = { readonly [Name in FilterName]: ReadonlySet<number> };

/** @throws PgCopyError `usage`, with every pattern that matches nothing. */
export function matchFilters(
  filters: ResolvedFilters,
  objects: SourceObjects,
  catalog: Pick<Catalog, "tables" | "indexes" | "sequences">,
): Matches {
  const sequences = catalog.sequences.filter(({ oid }) => !objects.identitySequences.has(oid));
  const relations = [...catalog.tables, ...objects.views, ...sequences];
  const candidates: { readonly [Name in FilterName]: readonly NamedObject[] } = {
    includeTables: relations,
    excludeTables: relations,
    includeSchemas: objects.schemas,
    excludeSchemas: objects.schemas,
    excludeTableData: [...catalog.tables, ...objects.extensionTables],
    excludeIndexes: catalog.indexes,
    includeExtensions: objects.extensions,
    excludeExtensions: objects.extensions,
  };
  const missed: string[] = [];
  const matched = Object.fromEntries(
    Object.entries(candidates).map(([name, list]) => [
      name,
      new Set(
        filters[name as FilterName].flatMap((pattern) => {
          const found = list.filter((object) => matches(pattern, ...nameOf(object)));
          if (found.length === 0)
            missed.push(`${pattern.from} ${pattern.text}${nearest(pattern, list)}`);
          return found.map(({ oid }) => oid);
        }),
      ),
    ]),
  ) as unknown as Matches;
  if (missed.length > 0) throw matchesNothing(missed);
  return matched;
}

/** What is to be left out, by itself. */
export function excludedObjects(matched: Matches, objects: SourceObjects): ObjectKey[] {
  const of = (classOid: number, oids: Iterable<number>) =>
    [...oids].map((oid) => objectKey(classOid, oid));
  const { includeExtensions } = matched;
  const notIncluded =
    includeExtensions.size === 0
      ? []
      : objects.extensions.filter(({ oid }) => !includeExtensions.has(oid)).map(({ oid }) => oid);
  return [
    ...of(PG_NAMESPACE, matched.excludeSchemas),
    ...of(PG_CLASS, matched.excludeTables),
    ...of(PG_CLASS, matched.excludeIndexes),
    ...of(PG_EXTENSION, [...matched.excludeExtensions, ...notIncluded].filter(isUsers)),
  ];
}

/** PostgreSQL's own extension, plpgsql, is on every target: there is nothing to leave out. */
function isUsers(oid: number): boolean {
  return oid >= 16_384;
}

function nameOf({ schema, name }: NamedObject): string[] {
  return schema === "" ? [name] : [schema, name];
}

/** A name that differs in its case only is what was meant, more often than not. */
function nearest(pattern: Pattern, list: readonly NamedObject[]): string {
  const wanted = pattern.parts.map((part) =>
    "name" in part ? part.name.toLowerCase() : undefined,
  );
  const other = list.find((object) =>
    nameOf(object).every((name, i) => name.toLowerCase() === wanted[i]),
  );
  return other === undefined ? "" : ` (did you mean ${displayName(...nameOf(other))}?)`;
}

function matchesNothing(items: readonly string[]): PgCopyError {
  const what = items.length === 1 ? "a filter matches" : `${items.length} filters match`;
  return new PgCopyError(`${what} nothing in the source`, {
    code: "usage",
    items,
    advice:
      "nothing was changed; mend them or take them out (a name without quotes is in lower case)",
  });
}
