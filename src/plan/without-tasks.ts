/** A plan's tasks without some of them. Pure. */

import type { CloneTask } from "./task.js";

/** Whoever waited for one that is left out does not. */
export function withoutTasks(
  tasks: readonly CloneTask[],
  leftOut: readonly CloneTask[],
): readonly CloneTask[] {
  if (leftOut.length === 0) return tasks;
  const gone = new Set(leftOut.map(({ id }) => id));
  const kept = (ids: readonly string[]) => ids.filter((id) => !gone.has(id));
  return tasks
    .filter(({ id }) => !gone.has(id))
    .map(({ after, ...task }) => ({
      ...task,
      needs: kept(task.needs),
      ...(after === undefined ? {} : { after: kept(after) }),
    }));
}
