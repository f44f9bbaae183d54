/** The order that a graph's edges give: what comes after what, and how long the way to the end is. */

import { PgCopyError } from "../errors.js";
import type { Task } from "./graph.js";

const NONE: ReadonlySet<string> = new Set();

/**
 * For each task that is not done the length of the longest path from its start to the end of the run, in
 * seconds. What is done takes no more time, and nobody waits for it.
 */
export function remainingPaths(
  tasks: readonly Task[],
  done: ReadonlySet<string> = NONE,
): Map<string, number> {
  const dependants = dependantsOf(tasks);
  const costs = new Map(tasks.map((task) => [task.id, task.cost]));
  const paths = new Map<string, number>();
  for (const id of inOrder(tasks, dependants).reverse()) {
    if (done.has(id)) continue;
    let longest = 0;
    for (const next of dependants.get(id) ?? []) longest = Math.max(longest, paths.get(next) ?? 0);
    paths.set(id, longest + (costs.get(id) ?? 0));
  }
  return paths;
}

/** Ids of the tasks that a task waits for, whether or not it needs what they do; each once. */
export function predecessors({ needs, after = [] }: Task): ReadonlySet<string> {
  return new Set([...needs, ...after]);
}

/** Of each task the ids of those that wait for it. */
export function dependantsOf(
  tasks: readonly Task[],
  edges: (task: Task) => ReadonlySet<string> = predecessors,
): Map<string, string[]> {
  const dependants = new Map<string, string[]>(tasks.map((task) => [task.id, []]));
  for (const task of tasks) {
    for (const before of edges(task)) {
      const list = dependants.get(before);
      if (list === undefined) throw wrongGraph(`${task.id} needs ${before}, which is not there`);
      list.push(task.id);
    }
  }
  return dependants;
}

/** Of each task the ids of those that can't be done without it: its dependants by `needs` alone. */
export function neededBy(tasks: readonly Task[]): Map<string, string[]> {
  return dependantsOf(tasks, ({ needs }) => new Set(needs));
}

/** The ids so that each comes after all that it waits for. */
function inOrder(
  tasks: readonly Task[],
  dependants: ReadonlyMap<string, readonly string[]>,
): string[] {
  const waiting = new Map(tasks.map((task) => [task.id, predecessors(task).size]));
  const order = tasks.filter((task) => waiting.get(task.id) === 0).map((task) => task.id);
  for (let i = 0; i < order.length; i++) {
    for (const next of dependants.get(order[i] as string) ?? []) {
      const left = (waiting.get(next) ?? 0) - 1;
      waiting.set(next, left);
      if (left === 0) order.push(next);
    }
  }
  if (order.length < tasks.length) {
    const ordered = new Set(order);
    const stuck = tasks.filter((task) => !ordered.has(task.id)).map((task) => task.id);
    throw wrongGraph(`these tasks need each other in a circle: ${stuck.slice(0, 10).join(", ")}`);
  }
  return order;
}

/** A mistake of whoever made the tasks. */
export function wrongGraph(what: string): PgCopyError {
  return new PgCopyError(`the task graph is wrong: ${what}`, { code: "internal" });
}
