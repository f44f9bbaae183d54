/**
 * The task graph runner. It knows nothing of PostgreSQL: a task starts as soon as what it needs is
 * done, its pool has room and nobody holds a lock that it conflicts with; of those that could
 * start, the one with the longest remaining path goes first, so that the last minutes of a run are
 * not one long task that could have begun earlier. A task that may run elsewhere, too, takes a place
 * that another pool has no task for, so that no job idles while there is work that it can do.
 *
 * Where the pools have more places than there are cores, all that run share those evenly, so the longest
 * path is not first but one of many. So there can be a bound for all pools together; while the task that
 * would be next is too heavy for what is left of it, nothing else takes that.
 *
 * The first failure stops all; or, with `keepGoing`, only what needs what failed is left out.
 */

import { abortError, anySignal, interruptedError } from "./abort.js";
import { type FailedTask, GraphFailures } from "./graph-failures.js";
import { dependantsOf, neededBy, predecessors, remainingPaths, wrongGraph } from "./graph-order.js";
import { Slots } from "./slots.js";

/** One unit of work, as the plan describes it. */
export interface Task {
  readonly id: string;
  /** The pool that bounds how many tasks of its sort run at a time. */
  readonly pool: string;
  /** Further pools whose places it may take while none of their own tasks can. */
  readonly mayUse?: readonly string[];
  /** Ids of the tasks that must be done before this one starts. */
  readonly needs: readonly string[];
  /** Ids of the tasks that must have ended, whatever became of them: done, failed, or left out. */
  readonly after?: readonly string[];
  /** Estimated length, in seconds; only compared with that of other tasks. */
  readonly cost: number;
  /** How many cores it keeps busy, of those that `together` speaks of: 1, unless it says otherwise; 0 for one that mostly waits. */
  readonly weight?: number;
  /**
   * Names that are held while the task runs. Two tasks sharing a name run together only if both
   * hold it shared. The runner takes all of a task's locks at once, so it can't deadlock.
   */
  readonly locks?: { readonly shared?: readonly string[]; readonly exclusive?: readonly string[] };
}

export interface GraphOptions<T extends Task> {
  /** How many tasks of each pool may run at a time. */
  readonly pools: Readonly<Record<string, number>>;
  /** How much the tasks that run may weigh, of all pools; default: any amount. */
  readonly together?: number | undefined;
  /** Pools that this graph shares with others that run beside it; they win over `pools`. */
  readonly shared?: Slots | undefined;
  /** Ids of tasks that were done before: they don't run, and nobody waits for them. */
  readonly done?: ReadonlySet<string> | undefined;
  /** After a failure, to do all the same what doesn't need the failed task; default: the first one stops all. */
  readonly keepGoing?: boolean | undefined;
  /** With `keepGoing`: whether a failure is one after which nothing else could be done. */
  readonly stopsAll?: ((error: unknown) => boolean) | undefined;
  /** Does one task, in a place of `pool`. When `signal` is aborted, it must stop and settle. */
  readonly execute: (task: T, signal: AbortSignal, pool: string) => Promise<void>;
  readonly signal: AbortSignal;
}

/**
 * Runs all tasks. On the first failure no further task starts, the running ones are aborted and
 * awaited, and that failure is thrown. With `keepGoing` that is so for an abort, and for a failure that
 * `stopsAll`; others are thrown when all else is done.
 *
 * @throws GraphFailures with `keepGoing`, once a task has failed; what was thrown by `execute` without, and
 *   where nothing had failed before all was stopped.
 * @throws PgCopyError `internal` when tasks need each other in a circle, or one that is not there.
 */
export async function runGraph<T extends Task>(
  tasks: readonly T[],
  options: GraphOptions<T>,
): Promise<void> {
  const { shared, done = new Set<string>(), keepGoing = false, stopsAll } = options;
  const graph = new Graph(tasks, new Slots(options.pools, options.together), { shared, done });
  const stop = new AbortController();
  const signal = anySignal(options.signal, stop.signal);
  // Who waits for a place of another graph must hear of it, too.
  signal.addEventListener("abort", () => shared?.wake(true), { once: true });
  const running = new Set<Promise<void>>();
  const failures: FailedTask<T>[] = [];
  let stopped: { error: unknown } | undefined;

  const fail = (task: T, error: unknown) => {
    if (keepGoing && !signal.aborted && stopsAll?.(error) !== true) {
      failures.push({ task, error });
      graph.fail(task);
      return;
    }
    stopped ??= { error };
    stop.abort(interruptedError());
  };
  const start = (started: Started<T>) => {
    const { task, pool } = started;
    const ended = options.execute(task, signal, pool).then(
      () => graph.finish(task),
      (error: unknown) => fail(task, error),
    );
    const settled: Promise<void> = ended.finally(() => {
      graph.leave(started);
      running.delete(settled);
    });
    running.add(settled);
  };

  for (;;) {
    if (!signal.aborted) for (const started of graph.startable()) start(started);
    // What this graph has no use for is for the others.
    shared?.wake();
    const waits = shared !== undefined && !signal.aborted && graph.hasReady;
    if (running.size === 0 && !waits) break;
    await Promise.race(waits ? [...running, shared.changed] : running);
  }
  if (signal.aborted) stopped ??= { error: abortError(signal) };
  if (failures.length > 0) throw new GraphFailures(tasks, failures, { done, stopped });
  if (stopped !== undefined) throw stopped.error;
  graph.assertFinished();
}

/** Where one looks in the tasks of a pool that wait for nothing but a place or a lock. */
interface Cursor<T extends Task> {
  readonly pool: string;
  readonly ready: readonly T[];
  at: number;
}

function weightOf({ weight = 1 }: Task): number {
  return weight;
}

/** A task with the pool whose place it has. */
interface Started<T extends Task> {
  readonly task: T;
  readonly pool: string;
}

/** What of a graph is not its own, and what of it is there already. */
export interface GraphContext {
  readonly shared?: Slots | undefined;
  readonly done?: ReadonlySet<string> | undefined;
}

/** What may start, and what first: the rules of a run, without the running. `simulateGraph` goes by them, too. */
export class Graph<T extends Task> {
  /** How many ends each task still waits for; those that are done or left out are not in it. */
  readonly #waiting = new Map<string, number>();
  readonly #byId: Map<string, T>;
  readonly #dependants: Map<string, string[]>;
  readonly #neededBy: Map<string, string[]>;
  readonly #paths: Map<string, number>;
  /** Of each pool its own tasks that wait for nothing but a place or a lock, and those of others. */
  readonly #ready = new Map<string, T[]>();
  readonly #guests = new Map<string, T[]>();
  /** Ids of tasks that have a place, which may still stand in other pools' lists. */
  readonly #taken = new Set<string>();
  #readyCount = 0;
  /** Whether what all tasks may weigh together is kept for one that has to wait for it. */
  #reserved = false;
  readonly #own: Slots;
  readonly #shared: Slots | undefined;
  readonly #held = new Map<string, number>();
  #unfinished: number;

  constructor(tasks: readonly T[], own: Slots, context: GraphContext = {}) {
    const done = context.done ?? new Set();
    const left = tasks.filter((task) => !done.has(task.id));
    this.#byId = new Map(left.map((task) => [task.id, task]));
    this.#dependants = dependantsOf(tasks);
    this.#neededBy = neededBy(tasks);
    this.#paths = remainingPaths(tasks, done);
    this.#own = own;
    this.#shared = context.shared;
    this.#unfinished = left.length;
    for (const task of left) {
      for (const pool of [task.pool, ...(task.mayUse ?? [])])
        if (!this.#slotsOf(pool).has(pool))
          throw wrongGraph(`${task.id} names the unknown pool ${pool}`);
      const waits = [...predecessors(task)].filter((id) => !done.has(id)).length;
      this.#waiting.set(task.id, waits);
      if (waits === 0) this.#offer(task);
    }
  }

  /** Takes every task that may start now, best first; the caller must start each. */
  startable(): Started<T>[] {
    const started: Started<T>[] = [];
    this.#reserved = false;
    for (const lists of [this.#ready, this.#guests]) this.#takeFrom(lists, started);
    return started;
  }

  /** All lists at once, as places of one pool may leave none for another. */
  #takeFrom(lists: ReadonlyMap<string, T[]>, started: Started<T>[]): void {
    const cursors = [...lists].map(([pool, ready]) => ({ pool, ready, at: 0 }));
    for (;;) {
      const cursor = this.#longest(cursors);
      if (cursor === undefined) return;
      const { pool, ready, at } = cursor;
      const task = ready[at] as T;
      const gone = this.#taken.has(task.id);
      if (!gone && !this.#canLock(task)) cursor.at++;
      else if (!gone && !this.#bears(task, pool)) {
        // Nor those behind it: with a long list, looking at all of them would take longer than it gains.
        cursor.at = ready.length;
      } else {
        if (!gone) this.#begin(task, pool);
        ready.splice(at, 1);
        if (!gone) started.push({ task, pool });
      }
    }
  }

  /** The one whose next task has the longest path, of those whose pool has a place. */
  #longest<C extends Cursor<T>>(cursors: readonly C[]): C | undefined {
    let longest: C | undefined;
    let length = Number.NEGATIVE_INFINITY;
    for (const cursor of cursors) {
      const task = cursor.ready[cursor.at];
      if (task === undefined || this.#slotsOf(cursor.pool).free(cursor.pool) <= 0) continue;
      const path = this.#paths.get(task.id) ?? 0;
      if (path <= length) continue;
      [longest, length] = [cursor, path];
    }
    return longest;
  }

  /**
   * If it is too heavy, what all may weigh is kept for it: others that would still fit have shorter paths,
   * and would take again and again what it waits for.
   */
  #bears(task: T, pool: string): boolean {
    const weight = weightOf(task);
    if (weight === 0) return true;
    this.#reserved ||= !this.#slotsOf(pool).bears(weight);
    return !this.#reserved;
  }

  #begin(task: T, pool: string): void {
    this.#lock(task);
    this.#taken.add(task.id);
    this.#readyCount--;
    this.#slotsOf(pool).take(pool, weightOf(task));
  }

  finish(task: T): void {
    this.#end(task);
    for (const id of this.#dependants.get(task.id) ?? []) this.#countDown(id);
  }

  /** The task failed: all that needs it will never be, and whatever waited only for their ends need not. */
  fail(task: T): void {
    this.#end(task);
    const gone = new Set([task.id]);
    for (const id of gone) {
      for (const next of this.#neededBy.get(id) ?? []) {
        if (!this.#waiting.delete(next)) continue;
        this.#unfinished--;
        gone.add(next);
      }
    }
    for (const id of gone) for (const next of this.#dependants.get(id) ?? []) this.#countDown(next);
  }

  #end(task: T): void {
    this.#unlock(task);
    this.#unfinished--;
  }

  #countDown(id: string): void {
    const left = this.#waiting.get(id);
    if (left === undefined) return;
    this.#waiting.set(id, left - 1);
    if (left === 1) this.#offer(this.#byId.get(id) as T);
  }

  /** Gives a task's place back, however it ended. */
  leave({ task, pool }: Started<T>): void {
    this.#slotsOf(pool).give(pool, weightOf(task));
  }

  /** Whether a task waits for a place, or for a lock, and for nothing else. */
  get hasReady(): boolean {
    return this.#readyCount > 0;
  }

  #slotsOf(pool: string): Slots {
    return this.#shared?.has(pool) ? this.#shared : this.#own;
  }

  assertFinished(): void {
    if (this.#unfinished > 0) throw wrongGraph(`${this.#unfinished} tasks could never start`);
  }

  #offer(task: T): void {
    this.#readyCount++;
    this.#insert(task, this.#ready, task.pool);
    for (const pool of task.mayUse ?? []) this.#insert(task, this.#guests, pool);
  }

  /** Keeps each list sorted, longest remaining path first, by binary insertion. */
  #insert(task: T, lists: Map<string, T[]>, pool: string): void {
    const ready = lists.get(pool) ?? [];
    lists.set(pool, ready);
    const path = this.#paths.get(task.id) ?? 0;
    let low = 0;
    let high = ready.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#paths.get((ready[middle] as T).id) ?? 0) >= path) low = middle + 1;
      else high = middle;
    }
    ready.splice(low, 0, task);
  }

  /** A held name counts its shared holders; -1 is one exclusive holder. */
  #canLock({ locks }: T): boolean {
    if (locks?.exclusive?.some((name) => this.#held.has(name))) return false;
    return locks?.shared?.every((name) => this.#held.get(name) !== -1) ?? true;
  }

  #lock({ locks }: T): void {
    for (const name of locks?.shared ?? []) this.#held.set(name, (this.#held.get(name) ?? 0) + 1);
    for (const name of locks?.exclusive ?? []) this.#held.set(name, -1);
  }

  #unlock(task: T): void {
    for (const name of task.locks?.exclusive ?? []) this.#held.delete(name);
    for (const name of task.locks?.shared ?? []) {
      const left = (this.#held.get(name) ?? 1) - 1;
      if (left === 0) this.#held.delete(name);
      else this.#held.set(name, left);
    }
  }
}
