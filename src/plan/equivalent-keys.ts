/**
 * Of several unique indexes over the same columns, a foreign key takes the one with the lowest OID.
 * So that it takes the one that it has on the source, that one is built first.
 */

import type { Constraint, Index } from "../catalog/catalog.js";
import { nameKey, pushTo } from "./schema-facts.js";
import type { CloneTask } from "./task.js";

/** The tasks, with the needs added that keep such indexes in order. */
export function inOrderOfKeys(
  tasks: readonly CloneTask[],
  indexes: readonly Index[],
  constraints: Iterable<Constraint>,
): CloneTask[] {
  const referenced = new Set([...constraints].map((constraint) => constraint.referencedIndexOid));
  const byId = new Map(tasks.map((task) => [task.id, task]));
  const builtBy = new Map(
    tasks.flatMap((task) => task.indexes.map((index) => [nameKey(index), task.id])),
  );
  for (const equivalent of equivalentKeys(indexes)) {
    const order = [...equivalent].sort(
      (a, b) => Number(referenced.has(b.oid)) - Number(referenced.has(a.oid)) || a.oid - b.oid,
    );
    const ids = order.flatMap((index) => builtBy.get(nameKey(index)) ?? []);
    for (const [i, id] of ids.entries()) {
      const before = ids[i - 1];
      const task = byId.get(id);
      if (before === undefined || before === id || task === undefined || reaches(before, id, byId))
        continue;
      byId.set(id, { ...task, needs: [...task.needs, before] });
    }
  }
  return [...byId.values()];
}

/** Unique indexes that a foreign key could take in place of each other, for each set of columns. */
function equivalentKeys(indexes: readonly Index[]): Index[][] {
  const sets = new Map<string, Index[]>();
  for (const index of indexes) {
    if (index.keyColumns === undefined) continue;
    pushTo(sets, `${index.tableOid}:${[...index.keyColumns].sort().join()}`, index);
  }
  return [...sets.values()].filter((set) => set.length > 1);
}

/** Whether a task needs another, directly or through others: then it can't be made to wait for it. */
function reaches(from: string, id: string, tasks: ReadonlyMap<string, CloneTask>): boolean {
  const seen = new Set<string>();
  const pending = [from];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    for (const need of tasks.get(next)?.needs ?? []) {
      if (need === id) return true;
      if (seen.has(need)) continue;
      seen.add(need);
      pending.push(need);
    }
  }
  return false;
}
