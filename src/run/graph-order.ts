/** The order that a graph's needs give: what comes after what, and how long the way to the end is. */

import { PgCopyError } from "../errors.js";
import type { Task } from "./graph.js";

/** For each task the length of the longest path from its start to the end of the run, in seconds. */
export function remainingPaths(tasks: readonly Task[]): Map<string, number> {
  const dependants = dependantsOf(tasks);
  const costs = new Map(tasks.map((task) => [task.id, task.cost]));
  const paths = new Map<string, number>();
  for (const id of inOrder(tasks).reverse()) {
    let longest = 0;
    for (const next of dependants.get(id) ?? []) longest = Math.max(longest, paths.get(next) ?? 0);
    paths.set(id, longest + (costs.get(id) ?? 0));
  }
  return paths;
}

/** Of each task the ids of those that need it. */
export function dependantsOf(tasks: readonly Task[]): Map<string, string[]> {
  const dependants = new Map<string, string[]>(tasks.map((task) => [task.id, []]));
  for (const task of tasks) {
    for (const need of new Set(task.needs)) {
      const list = dependants.get(need);
      if (list === undefined) throw wrongGraph(`${task.id} needs ${need}, which is not there`);
      list.push(task.id);
    }
  }
  return dependants;
}

/** The ids so that each comes after all that it needs. */
function inOrder(tasks: readonly Task[]): string[] {
  const dependants = dependantsOf(tasks);
  const waiting = new Map(tasks.map((task) => [task.id, new Set(task.needs).size]));
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
