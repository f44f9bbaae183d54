/** Tables that arrive without their rows, and what follows from it. */

import type { Catalog } from "../catalog/catalog.js";
import {
  type ObjectKey,
  objectKey,
  oidOf,
  type SourceObjects,
} from "../catalog/read-source-objects.js";
import type { DependencyGraph } from "./dependency-graph.js";
import { pushTo } from "./schema-facts.js";
import { PG_CLASS } from "./system-catalogs.js";

interface Sources {
  readonly graph: DependencyGraph;
  readonly objects: SourceObjects;
  readonly catalog: Pick<Catalog, "tables">;
  readonly remains: (object: ObjectKey) => boolean;
}

/**
 * The tables among what is to arrive empty, with their partitions; and the materialized views that
 * can't be filled, with those that read one of them.
 */
export function emptied(
  oids: ReadonlySet<number>,
  { graph, objects, catalog, remains }: Sources,
): { emptyTables: ReadonlySet<number>; unfilledViews: ReadonlySet<number> } {
  const emptyTables = new Set<number>();
  const unfilledViews = new Set<number>();
  const partitions = new Map<number, number[]>();
  for (const { oid, partitionOf } of catalog.tables)
    if (partitionOf !== undefined) pushTo(partitions, partitionOf, oid);
  const empty = (oid: number): void => {
    if (!remains(objectKey(PG_CLASS, oid))) return;
    emptyTables.add(oid);
    for (const partition of partitions.get(oid) ?? []) empty(partition);
  };
  const views = new Map(
    catalog.tables
      .filter(({ kind }) => kind === "materialized_view")
      .map((view) => [view.oid, view]),
  );
  for (const oid of oids) if (!views.has(oid)) empty(oid);
  for (const { oid } of objects.extensionTables) if (oids.has(oid)) emptyTables.add(oid);
  const readers = graph.leftOutWith(
    [...oids].filter((oid) => views.has(oid)).map((oid) => objectKey(PG_CLASS, oid)),
  );
  for (const key of readers.keys()) {
    const view = views.get(oidOf(key));
    if (view?.populated && key === objectKey(PG_CLASS, view.oid) && remains(key))
      unfilledViews.add(view.oid);
  }
  return { emptyTables, unfilledViews };
}
