/** What is told of a selection: what was left out or came along without being named, and on whose account. */

import {
  classOf,
  type DependencyEdge,
  type ObjectKey,
  objectKey,
} from "../catalog/read-source-objects.js";
import type { Causes, DependencyGraph } from "./dependency-graph.js";
import type { Wanted } from "./inclusion.js";
import { PG_NAMESPACE, PG_PUBLICATION_NAMESPACE, PG_PUBLICATION_REL } from "./system-catalogs.js";

export interface ObjectWithReason {
  readonly object: ObjectKey;
  /** The object that it needs and that is left out, or that came along with it. */
  readonly because: ObjectKey;
}

export interface LeftOut {
  readonly graph: DependencyGraph;
  readonly leftOut: Causes;
  readonly asked: ReadonlySet<ObjectKey>;
  /** With included objects: all that remains. */
  readonly kept: Causes | undefined;
  readonly wanted: Wanted;
}

/**
 * What goes with what was excluded. Not told of are the parts of what goes (an index of a table) and
 * the contents of an excluded schema; nor, where only some objects are included, all the others.
 */
export function leftOutToo({ graph, leftOut, asked, kept, wanted }: LeftOut): ObjectWithReason[] {
  const isPart = (object: ObjectKey): boolean =>
    graph.needs(object).some((edge) => leftOut.has(edge.on) && isToldWith(graph, edge));
  const schemas = new Set([...wanted.schemas].map((oid) => objectKey(PG_NAMESPACE, oid)));
  const isOfInterest = (object: ObjectKey): boolean =>
    kept === undefined ||
    graph
      .needs(object)
      .some((edge) => schemas.has(edge.on) || (graph.isPart(edge) && kept.has(edge.on)));
  return [...leftOut]
    .filter(([object, cause]) => cause !== undefined && !asked.has(object))
    .filter(([object]) => isOfInterest(object) && !isPart(object))
    .map(([object]) => ({
      object,
      because: lastOf(graph, leftOut, object),
    }));
}

/** What came along with what was included, without what belongs to something that is told of. */
export function cameAlong(graph: DependencyGraph, kept: Causes): ObjectWithReason[] {
  return [...kept]
    .filter(([object, cause]) => cause !== undefined && !isInsideOf(graph, object, kept))
    .map(([object]) => ({
      object,
      because: lastOf(graph, kept, object),
    }));
}

/** The nearest cause that is no part of another object. */
function lastOf(graph: DependencyGraph, causes: Causes, object: ObjectKey): ObjectKey {
  let cause = causes.get(object) ?? object;
  // A sequence is told of by itself, although it goes with its table.
  while (isInsideOf(graph, cause, causes, false)) {
    const extension = extensionOf(graph, cause, causes);
    const next = causes.get(cause);
    if (extension !== undefined || next === undefined) return extension ?? cause;
    cause = next;
  }
  return cause;
}

/** What an extension brought is best known by the extension. */
function extensionOf(
  graph: DependencyGraph,
  object: ObjectKey,
  set: Causes,
): ObjectKey | undefined {
  return graph.needs(object).find(({ type, on }) => type === "e" && set.has(on))?.on;
}

function isInsideOf(graph: DependencyGraph, object: ObjectKey, set: Causes, owned = true): boolean {
  return graph
    .needs(object)
    .some((edge) => set.has(edge.on) && graph.isPart(edge) && (owned || !graph.isOwnership(edge)));
}

/** Whether an object goes without saying when the other one does. */
function isToldWith(graph: DependencyGraph, edge: DependencyEdge): boolean {
  if (classOf(edge.on) === PG_NAMESPACE) return true;
  const classOid = classOf(edge.object);
  if (classOid === PG_PUBLICATION_REL || classOid === PG_PUBLICATION_NAMESPACE) return false;
  return graph.isPart(edge) && !graph.isOwnership(edge);
}
