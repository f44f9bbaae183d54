/**
 * What remains of the source once filters have been applied, and why. Pure: from the source's
 * objects, their dependencies and the filters. `reduce.ts` then takes the rest out of catalog and
 * schema, so that all later steps see only what remains.
 */

import type { Catalog } from "../catalog/catalog.js";
import {
  classOf,
  type ObjectKey,
  objectKey,
  oidOf,
  type SourceObjects,
} from "../catalog/read-source-objects.js";
import { PgCopyError } from "../errors.js";
import type { ResolvedFilters } from "../filters/filters.js";
import { DependencyGraph } from "./dependency-graph.js";
import { emptied } from "./emptied-tables.js";
import { excludedObjects, type Matches, matchFilters } from "./filter-matches.js";
import { include } from "./inclusion.js";
import { cameAlong, leftOutToo, type ObjectWithReason } from "./selection-reasons.js";
import { PG_ATTRDEF, PG_CLASS, PG_CONSTRAINT, PG_TYPE } from "./system-catalogs.js";
import { relationName } from "./task.js";

export interface Selection {
  /** Whether an object is copied. */
  readonly remains: (object: ObjectKey) => boolean;
  /** Whether only what was included remains. */
  readonly including: boolean;
  /** What a filter excludes by name. */
  readonly asked: readonly ObjectKey[];
  /** What is left out with it, although no filter names it: it can't be without it. */
  readonly leftOutToo: readonly ObjectWithReason[];
  /** What no filter includes, and what is included can't be without. */
  readonly cameAlong: readonly ObjectWithReason[];
  /**
   * Defaults and constraints that are left out of tables and domains that remain. pg_dump writes
   * most of them into the statement that creates the table.
   */
  readonly pieces: readonly ObjectKey[];
  /** OIDs of tables that arrive without their rows. */
  readonly emptyTables: ReadonlySet<number>;
  /** OIDs of materialized views that arrive without being filled. */
  readonly unfilledViews: ReadonlySet<number>;
}

type CatalogObjects = Pick<Catalog, "tables" | "indexes" | "sequences">;

/**
 * Applies the filters.
 *
 * @throws PgCopyError `usage`, naming every pattern that matches nothing, or every index that can't
 *   be left out by itself.
 */
export function select(
  objects: SourceObjects,
  catalog: CatalogObjects,
  filters: ResolvedFilters,
): Selection {
  const matched = matchFilters(filters, objects, catalog);
  const graph = new DependencyGraph(objects, catalog);
  const asked = excludedObjects(matched, objects);
  const excluded = graph.leftOutWith(asked);
  refuseParts(matched, graph, excluded, catalog);
  const including = filters.includeTables.length + filters.includeSchemas.length > 0;
  const wanted = { tables: matched.includeTables, schemas: matched.includeSchemas };
  const { kept, leftOut } = including
    ? include(wanted, graph, { objects, catalog }, excluded)
    : { kept: undefined, leftOut: excluded };
  const remains = (object: ObjectKey) =>
    kept === undefined ? !leftOut.has(object) : kept.has(object);
  return {
    remains,
    including,
    asked,
    leftOutToo: leftOutToo({ graph, leftOut, asked: new Set(asked), kept, wanted }),
    cameAlong: kept === undefined ? [] : cameAlong(graph, kept),
    pieces: [...leftOut.keys()].filter((object) => isPiece(object, graph, remains)),
    ...emptied(matched.excludeTableData, { graph, objects, catalog, remains }),
  };
}

function isPiece(
  object: ObjectKey,
  graph: DependencyGraph,
  remains: (object: ObjectKey) => boolean,
): boolean {
  const classOid = classOf(object);
  if (classOid !== PG_ATTRDEF && classOid !== PG_CONSTRAINT) return false;
  return graph.needs(object).some((edge) => {
    const owner = classOf(edge.on);
    return graph.isPart(edge) && (owner === PG_CLASS || owner === PG_TYPE) && remains(edge.on);
  });
}

/** The index of a partitioned table is usable only if every partition has its part of it. */
function refuseParts(
  matched: Matches,
  graph: DependencyGraph,
  excluded: ReadonlyMap<ObjectKey, unknown>,
  catalog: CatalogObjects,
): void {
  const parts = catalog.indexes.flatMap((index) => {
    if (!matched.excludeIndexes.has(index.oid)) return [];
    if (excluded.has(objectKey(PG_CLASS, index.tableOid))) return [];
    const whole = graph
      .needs(objectKey(PG_CLASS, index.oid))
      .find(({ on, type }) => type === "P" && !excluded.has(on));
    const other = catalog.indexes.find(({ oid }) => oid === oidOf(whole?.on ?? 0));
    return other === undefined
      ? []
      : [`${relationName(index)} is a part of ${relationName(other)}`];
  });
  if (parts.length === 0) return;
  throw new PgCopyError(
    parts.length === 1
      ? "an index can't be left out by itself: without it the partitioned table's is unusable"
      : `${parts.length} indexes can't be left out by themselves: without them the partitioned tables' are unusable`,
    {
      code: "usage",
      items: parts,
      advice:
        "nothing was changed; exclude the index of the partitioned table, all parts go with it",
    },
  );
}
