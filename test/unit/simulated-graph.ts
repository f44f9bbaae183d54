/**
 * Runs a task graph against a clock of its own: tasks end in the order of their durations, one after
 * the other, and whenever the runner has come to rest, what runs and what waits is held against the
 * rules. Nothing waits for real time.
 */

import { runGraph, type Task } from "../../src/run/graph.js";

/** A task with what it would do. */
export interface SimulatedTask extends Task {
  /** In ticks of the simulated clock. */
  readonly duration: number;
  /** Fails at its end. */
  readonly fails?: boolean;
  /** What it does when it is aborted: ends so many ticks later, with an error or, too late to stop, without. */
  readonly whenAborted?: { readonly after: number; readonly succeeds: boolean };
}

export interface SimulatedRun {
  /** What runGraph threw; undefined if it did not. */
  readonly thrown: unknown;
  /** Rules that were broken, in words. */
  readonly violations: readonly string[];
  /** Ids in the order in which the tasks were started. */
  readonly started: readonly string[];
  /** Ids in the order in which they ended well. */
  readonly done: readonly string[];
  /** How many tasks still ran when runGraph was done. */
  readonly leftRunning: number;
  /** The first of the simulated failures that happened. */
  readonly firstFailure: Error | undefined;
  /** When it ended, in ticks. */
  readonly ticks: number;
}

export interface SimulationOptions {
  readonly pools: Readonly<Record<string, number>>;
  readonly together?: number;
  /** The caller's signal is aborted at this tick. */
  readonly abortAt?: number;
}

export async function simulate(
  tasks: readonly SimulatedTask[],
  options: SimulationOptions,
): Promise<SimulatedRun> {
  return await new Simulation(tasks, options).run();
}

interface Running {
  readonly task: SimulatedTask;
  readonly pool: string;
  endsAt: number;
  stopped: boolean;
  readonly end: (error?: Error) => void;
}

class Simulation {
  readonly #tasks: readonly SimulatedTask[];
  readonly #options: SimulationOptions;
  readonly #running = new Set<Running>();
  readonly #started: string[] = [];
  readonly #done: string[] = [];
  readonly #violations: string[] = [];
  readonly #caller = new AbortController();
  #now = 0;
  #batch: Omit<Running, "end">[] = [];
  #firstFailure: Error | undefined;

  constructor(tasks: readonly SimulatedTask[], options: SimulationOptions) {
    this.#tasks = tasks;
    this.#options = options;
  }

  async run(): Promise<SimulatedRun> {
    let ended = false;
    const outcome = runGraph(this.#tasks, {
      pools: this.#options.pools,
      together: this.#options.together,
      signal: this.#caller.signal,
      execute: (task, signal, pool) => this.#execute(task, signal, pool),
    }).then(
      () => ({ thrown: undefined, leftRunning: this.#running.size }),
      (thrown: unknown) => ({ thrown, leftRunning: this.#running.size }),
    );
    void outcome.then(() => {
      ended = true;
    });
    for (;;) {
      await runnerAtRest();
      if (ended) break;
      this.#checkRest();
      if (this.#running.size === 0 && this.#nothingToCome()) {
        this.#violations.push(`stands still at ${this.#now} with ${this.#done.join(", ")} done`);
        break;
      }
      this.#tick();
    }
    return {
      ...(await outcome),
      violations: this.#violations,
      started: this.#started,
      done: this.#done,
      firstFailure: this.#firstFailure,
      ticks: this.#now,
    };
  }

  #nothingToCome(): boolean {
    const { abortAt } = this.#options;
    return abortAt === undefined || this.#caller.signal.aborted;
  }

  #execute(task: SimulatedTask, signal: AbortSignal, pool: string): Promise<void> {
    this.#checkStart(task, signal, pool);
    this.#started.push(task.id);
    return new Promise((resolve, reject) => {
      const running: Running = {
        task,
        pool,
        endsAt: this.#now + task.duration,
        stopped: false,
        end: (error) => (error === undefined ? resolve() : reject(error)),
      };
      this.#running.add(running);
      this.#batch.push(running);
      signal.addEventListener("abort", () => {
        const { after, succeeds } = task.whenAborted ?? { after: 0, succeeds: false };
        running.stopped = !succeeds;
        running.endsAt = Math.min(running.endsAt, this.#now + after);
      });
    });
  }

  /** The next thing that happens: the caller's abort, or the end of the task that ends first. */
  #tick(): void {
    const next = [...this.#running].sort((a, b) => a.endsAt - b.endsAt)[0];
    const { abortAt } = this.#options;
    if (abortAt !== undefined && !this.#caller.signal.aborted) {
      if (next === undefined || abortAt <= next.endsAt) {
        this.#now = Math.max(this.#now, abortAt);
        this.#caller.abort();
        return;
      }
    }
    if (next === undefined) return;
    this.#now = Math.max(this.#now, next.endsAt);
    this.#running.delete(next);
    this.#batch = [];
    if (next.stopped || next.task.fails) {
      const error = new Error(`${next.task.id} ${next.stopped ? "was stopped" : "failed"}`);
      this.#firstFailure ??= error;
      next.end(error);
    } else {
      this.#done.push(next.task.id);
      next.end();
    }
  }

  #checkStart(task: SimulatedTask, signal: AbortSignal, pool: string): void {
    const broken = (what: string) => this.#violations.push(`${task.id} started ${what}`);
    if (this.#firstFailure !== undefined) broken(`after ${this.#firstFailure.message}`);
    if (signal.aborted || this.#caller.signal.aborted) broken("after the abort");
    if (this.#started.includes(task.id)) broken("twice");
    for (const need of task.needs)
      if (!this.#done.includes(need)) broken(`before ${need} was done`);
    if (!poolsOf(task).includes(pool)) broken(`in the wrong pool ${pool}`);
    const beside = this.#inPool(pool);
    if (beside.length >= (this.#options.pools[pool] ?? 0))
      broken(`in the full pool ${pool} beside ${beside.join(", ")}`);
    if (!this.#bears(task)) broken("beside more than may run together");
    const conflicting = this.#ids((other) => conflict(task, other));
    if (conflicting.length > 0) broken(`against the locks of ${conflicting.join(", ")}`);
  }

  /**
   * At rest nothing that may start is waiting; and no place of a pool went to a task with a shorter
   * path than another one's, nor to another pool's while one of its own could have had it; and what
   * all pools have together goes to the longest path, whatever its pool, also while that one is too heavy for what is left.
   */
  #checkRest(): void {
    if (this.#caller.signal.aborted || this.#firstFailure !== undefined) return;
    for (const task of this.#tasks) {
      if (!this.#isReady(task)) continue;
      const places = this.#placesFor(task);
      if (places.length > 0 && this.#bears(task) && !this.#isKept(task))
        this.#violations.push(`${task.id} waits at ${this.#now} without a reason`);
      if (places.includes(task.pool))
        for (const { task: started, pool } of this.#batch)
          if (
            started.pool === pool &&
            (started.weight !== 0 || this.#bears(task)) &&
            longestPath(started, this.#tasks) < longestPath(task, this.#tasks)
          )
            this.#violations.push(`${started.id} has what ${task.id} should have`);
      for (const { task: started, pool } of this.#batch) {
        if (!poolsOf(task).includes(pool)) continue;
        // It weighs nothing, so the other one, which is too heavy, could not have had its place.
        if (started.weight === 0 && !this.#bears(task)) continue;
        const own = task.pool === pool;
        if (own && started.pool !== pool)
          this.#violations.push(`${started.id} took the place of ${task.id}`);
        if (own !== (started.pool === pool)) continue;
        if (longestPath(started, this.#tasks) < longestPath(task, this.#tasks))
          this.#violations.push(`${started.id} went before ${task.id}, whose path is longer`);
      }
    }
  }

  #isReady(task: SimulatedTask): boolean {
    if (this.#started.includes(task.id)) return false;
    if (!task.needs.every((need) => this.#done.includes(need))) return false;
    return this.#ids((other) => conflict(task, other)).length === 0;
  }

  /** Whether what all may weigh is kept for a task with a path that is no shorter. */
  #isKept(task: SimulatedTask): boolean {
    return this.#tasks.some(
      (other) =>
        this.#isReady(other) &&
        this.#placesFor(other).length > 0 &&
        !this.#bears(other) &&
        longestPath(other, this.#tasks) >= longestPath(task, this.#tasks),
    );
  }

  #placesFor(task: Task): string[] {
    return poolsOf(task).filter(
      (pool) => this.#inPool(pool).length < (this.#options.pools[pool] ?? 0),
    );
  }

  #bears({ weight = 1 }: Task): boolean {
    const { together = Number.POSITIVE_INFINITY } = this.#options;
    const others = [...this.#running].reduce((sum, { task }) => sum + (task.weight ?? 1), 0);
    return weight === 0 || others === 0 || others + weight <= together + 1e-9;
  }

  #inPool(pool: string): string[] {
    return [...this.#running].filter((one) => one.pool === pool).map(({ task }) => task.id);
  }

  #ids(which: (task: SimulatedTask) => boolean): string[] {
    return [...this.#running]
      .map(({ task }) => task)
      .filter(which)
      .map(({ id }) => id);
  }
}

function poolsOf({ pool, mayUse = [] }: Task): string[] {
  return [pool, ...mayUse];
}

/** Two tasks run together if neither holds exclusively what the other holds at all. */
export function conflict(a: Task, b: Task): boolean {
  const held = (task: Task) => [...(task.locks?.shared ?? []), ...(task.locks?.exclusive ?? [])];
  return (
    (a.locks?.exclusive ?? []).some((name) => held(b).includes(name)) ||
    (b.locks?.exclusive ?? []).some((name) => held(a).includes(name))
  );
}

/** By following every path: slow, and so simple that it can be trusted. */
export function longestPath(task: Task, tasks: readonly Task[]): number {
  const next = tasks.filter((other) => other.needs.includes(task.id));
  return task.cost + Math.max(0, ...next.map((other) => longestPath(other, tasks)));
}

/** Everything that promises can do by themselves has been done when the next turn begins. */
function runnerAtRest(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
