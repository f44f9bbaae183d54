/**
 * When the tasks of a graph would begin and end: played through on a clock of its own, by the
 * runner's own rules (graph.ts). Tasks that run at the same time share the cores that there are.
 */

import { Graph, type Task } from "./graph.js";
import { Slots } from "./slots.js";

export interface SimulationOptions<T extends Task> {
  /** How many tasks of each pool may run at a time. */
  readonly pools: Readonly<Record<string, number>>;
  /** How much the tasks that run may weigh, of all pools; default: any amount. */
  readonly together?: number | undefined;
  /** Ids of tasks that were done before. */
  readonly done?: ReadonlySet<string> | undefined;
  /** What the tasks that run share; `Infinity`: each has all that it can use. */
  readonly cores: number;
  /** How many cores a task can use. */
  readonly widthOf: (task: T) => number;
  /** How long a task waits, without using a core, before its work, in seconds. */
  readonly waitOf: (task: T) => number;
}

export interface SimulatedTask<T extends Task> {
  readonly task: T;
  /** In seconds since the first task began. */
  readonly beganAt: number;
  readonly endedAt: number;
  /** The task whose end let this one begin: it needed it, or its place, or its locks. */
  readonly after: SimulatedTask<T> | undefined;
}

interface Running<T extends Task> {
  readonly task: T;
  /** Whose place it has. */
  readonly pool: string;
  readonly beganAt: number;
  readonly after: SimulatedTask<T> | undefined;
  readonly width: number;
  waitLeft: number;
  /** In seconds of one core. */
  workLeft: number;
}

/** Rounding must not leave a task with nothing to do. */
const NOTHING_SECONDS = 1e-9;

/**
 * Plays the graph through; a task's `cost` is what it takes of one core.
 *
 * @returns the tasks in the order in which they end.
 * @throws PgCopyError `internal` as `runGraph`.
 */
export function simulateGraph<T extends Task>(
  tasks: readonly T[],
  options: SimulationOptions<T>,
): SimulatedTask<T>[] {
  const { pools, together, done } = options;
  const graph = new Graph(tasks, new Slots(pools, together), { done });
  const running = new Set<Running<T>>();
  const ended: SimulatedTask<T>[] = [];
  let now = 0;
  const start = (after: SimulatedTask<T> | undefined) => {
    for (const { task, pool } of graph.startable()) {
      const [width, waitLeft] = [options.widthOf(task), options.waitOf(task)];
      running.add({ task, pool, beganAt: now, after, width, waitLeft, workLeft: task.cost });
    }
  };
  start(undefined);
  while (running.size > 0) {
    const speed = speedOf(running, options.cores);
    const step = Math.min(...[...running].map((one) => secondsToNext(one, speed)));
    now += step;
    for (const one of running) advance(one, step, speed);
    for (const one of running) {
      if (one.waitLeft > 0 || one.workLeft > 0) continue;
      const { task, pool, beganAt, after } = one;
      const done: SimulatedTask<T> = { task, beganAt, endedAt: now, after };
      running.delete(one);
      ended.push(done);
      graph.finish(task);
      graph.leave({ task, pool });
      start(done);
    }
  }
  graph.assertFinished();
  return ended;
}

/** The last task to end, and before it the one that it had to wait for, back to the start; first comes first. */
export function longestChain<T extends Task>(
  ended: readonly SimulatedTask<T>[],
): SimulatedTask<T>[] {
  const chain: SimulatedTask<T>[] = [];
  for (let one = ended.at(-1); one !== undefined; one = one.after) chain.push(one);
  return chain.reverse();
}

/** How much of its cores a working task gets: all, as long as there are enough for all. */
function speedOf(running: ReadonlySet<Running<Task>>, cores: number): number {
  let wanted = 0;
  for (const { waitLeft, width } of running) if (waitLeft <= 0) wanted += width;
  return wanted <= cores ? 1 : cores / wanted;
}

function secondsToNext({ waitLeft, workLeft, width }: Running<Task>, speed: number): number {
  return waitLeft > 0 ? waitLeft : workLeft / (width * speed);
}

function advance(one: Running<Task>, seconds: number, speed: number): void {
  if (one.waitLeft > 0) one.waitLeft = leftOf(one.waitLeft, seconds);
  else one.workLeft = leftOf(one.workLeft, seconds * one.width * speed);
}

function leftOf(amount: number, done: number): number {
  return amount - done > NOTHING_SECONDS ? amount - done : 0;
}
