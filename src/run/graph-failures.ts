/** What a graph throws that went on after a failure: all of them, and what was left out because of each. */

import type { Task } from "./graph.js";
import { neededBy } from "./graph-order.js";

export interface FailedTask<T extends Task> {
  readonly task: T;
  readonly error: unknown;
}

export interface SkippedTask<T extends Task> {
  readonly task: T;
  /** The failed tasks that it needs, directly or through others. */
  readonly because: readonly T[];
}

/** Thrown by `runGraph` with `keepGoing`. It does not leave the engine, which puts it into words. */
export class GraphFailures<T extends Task> extends Error {
  override readonly name = "GraphFailures";
  /** In the order in which they failed; at least one. */
  readonly failures: readonly FailedTask<T>[];
  /** In the graph's order. */
  readonly skipped: readonly SkippedTask<T>[];
  /** What then stopped all else: the caller's abort, or a failure after which there is no going on. */
  readonly stopped: { readonly error: unknown } | undefined;

  constructor(
    tasks: readonly T[],
    failures: readonly FailedTask<T>[],
    rest: {
      readonly done: ReadonlySet<string>;
      readonly stopped: { readonly error: unknown } | undefined;
    },
  ) {
    super(`${failures.length} tasks failed`);
    this.failures = failures;
    this.skipped = skippedTasks(tasks, failures, rest.done);
    this.stopped = rest.stopped;
  }
}

/** A failed task is none of those that another failure left out: what needs that one never began. */
function skippedTasks<T extends Task>(
  tasks: readonly T[],
  failures: readonly FailedTask<T>[],
  done: ReadonlySet<string>,
): SkippedTask<T>[] {
  const dependants = neededBy(tasks);
  const because = new Map<string, T[]>();
  for (const { task } of failures) {
    const reached = new Set([task.id]);
    for (const id of reached) {
      for (const next of dependants.get(id) ?? []) {
        if (done.has(next) || reached.has(next)) continue;
        reached.add(next);
        because.set(next, [...(because.get(next) ?? []), task]);
      }
    }
  }
  return tasks.flatMap((task) => {
    const reasons = because.get(task.id);
    return reasons === undefined ? [] : [{ task, because: reasons }];
  });
}
