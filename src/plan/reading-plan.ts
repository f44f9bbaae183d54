/** Of a clone's plan, what reads the source's rows. */

import type { ClonePlan } from "./clone-plan.js";
import type { CloneTask } from "./task.js";

const reads: ReadonlySet<CloneTask["work"]["do"]> = new Set([
  "copy",
  "small_tables",
  "large_objects",
  "release_snapshot",
]);

/** The same parts, formats and order; nothing is created, built or set. Pure. */
export function readingPlan(plan: ClonePlan): ClonePlan {
  const kept = plan.tasks.filter(({ work }) => reads.has(work.do));
  const ids = new Set(kept.map(({ id }) => id));
  return {
    ...plan,
    tables: plan.tables.map((table) => ({ ...table, freeze: false })),
    indexes: [],
    sequences: [],
    finish: [],
    tasks: kept.map(({ locks: _, after, ...task }) => ({
      ...task,
      needs: task.needs.filter((id) => ids.has(id)),
      ...(after === undefined ? {} : { after: after.filter((id) => ids.has(id)) }),
      indexes: [],
    })),
  };
}
