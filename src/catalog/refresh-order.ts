/** In which order materialized views are refreshed. Pure. */

import type { RefreshDependency } from "./catalog.js";

/**
 * Which materialized view must be refreshed before which. The catalog doesn't know what a function
 * reads, so one that calls a user's function waits for all that were created before it.
 */
export function refreshOrder(
  materialized: readonly number[],
  dependencies: readonly (RefreshDependency & { readonly isFunction: boolean })[],
): RefreshDependency[] {
  const reads = new Map<number, { relations: number[]; callsFunction: boolean }>();
  for (const { dependent, referenced, isFunction } of dependencies) {
    const entry = reads.get(dependent) ?? { relations: [], callsFunction: false };
    if (isFunction) entry.callsFunction = true;
    else entry.relations.push(referenced);
    reads.set(dependent, entry);
  }
  const isMaterialized = new Set(materialized);
  const order: RefreshDependency[] = [];
  for (const dependent of materialized) {
    const seen = new Set<number>([dependent]);
    const needs = new Set<number>();
    const pending = [dependent];
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      const entry = reads.get(next);
      if (entry?.callsFunction)
        for (const other of materialized) if (other < dependent) needs.add(other);
      for (const relation of entry?.relations ?? []) {
        if (seen.has(relation)) continue;
        seen.add(relation);
        if (isMaterialized.has(relation)) needs.add(relation);
        else pending.push(relation);
      }
    }
    for (const referenced of needs) order.push({ dependent, referenced });
  }
  return order;
}
