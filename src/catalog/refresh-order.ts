/** In which order materialized views are refreshed. Pure. */

import type { RefreshDependency } from "./catalog.js";

interface Reads {
  /** The materialized views that it reads, directly or through views. */
  readonly materialized: Set<number>;
  /** Whether it, or a view that it reads, calls a user's function. */
  callsFunction: boolean;
}

/**
 * Which materialized view must be refreshed before which. The catalog doesn't know what a function
 * reads, so one that calls a user's function waits for all that were created before it; but not for
 * those that read it (through a view that was replaced later), which would be a circle.
 */
export function refreshOrder(
  materialized: readonly number[],
  dependencies: readonly (RefreshDependency & { readonly isFunction: boolean })[],
): RefreshDependency[] {
  const reads = whatEachReads(new Set(materialized), dependencies);
  const order: number[] = [];
  const seen = new Set<number>();
  const visit = (view: number): void => {
    if (seen.has(view)) return;
    seen.add(view);
    for (const other of reads.get(view)?.materialized ?? []) visit(other);
    order.push(view);
  };
  // OIDs tell, near enough, what was created first.
  for (const view of [...materialized].sort((a, b) => a - b)) visit(view);
  return order.flatMap((dependent, at) => {
    const { callsFunction, materialized: read } = reads.get(dependent) as Reads;
    const before = order.slice(0, at).filter((other) => callsFunction || read.has(other));
    return before.map((referenced) => ({ dependent, referenced }));
  });
}

function whatEachReads(
  materialized: ReadonlySet<number>,
  dependencies: readonly (RefreshDependency & { readonly isFunction: boolean })[],
): Map<number, Reads> {
  const direct = new Map<number, { relations: number[]; callsFunction: boolean }>();
  for (const { dependent, referenced, isFunction } of dependencies) {
    const entry = direct.get(dependent) ?? { relations: [], callsFunction: false };
    if (isFunction) entry.callsFunction = true;
    else entry.relations.push(referenced);
    direct.set(dependent, entry);
  }
  return new Map(
    [...materialized].map((view) => {
      const reads: Reads = { materialized: new Set(), callsFunction: false };
      const seen = new Set([view]);
      const pending = [view];
      for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
        const entry = direct.get(next);
        if (entry?.callsFunction) reads.callsFunction = true;
        for (const relation of entry?.relations ?? []) {
          if (seen.has(relation)) continue;
          seen.add(relation);
          if (materialized.has(relation)) reads.materialized.add(relation);
          else pending.push(relation);
        }
      }
      return [view, reads];
    }),
  );
}
