/**
 * Runs a task graph against a clock of its own: tasks end in the order of their durations, one after
 * the other, and whenever the runner has come to rest, what runs and what waits is held against the
 * rules. Nothing waits for real time.
 */

import { runGraph, type Task } from "../../src/run/graph.js";
import { GraphFailures } from "../../src/run/graph-failures.js";

/** A task with what it would do. */
export interface SimulatedTask extends Task {
  /** In ticks of the simulated clock. */
  readonly duration: number;
  /** Fails at its end. */
  readonly fails?: boolean;
  /** With `keepGoing`: its failure is one that stops all. */
  readonly stopsAll?: boolean;
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
  /** With `keepGoing`: ids of the tasks that failed before anything stopped all. */
  readonly failed: readonly string[];
  /** When it ended, in ticks. */
  readonly ticks: number;
}

export interface SimulationOptions {
  readonly pools: Readonly<Record<string, number>>;
  readonly together?: number;
  /** Ids of tasks that are done before. */
  readonly before?: ReadonlySet<string>;
  readonly keepGoing?: boolean;
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

class StoppingError extends Error {}

class Simulation {
  readonly #tasks: readonly SimulatedTask[];
  readonly #options: SimulationOptions;
  readonly #running = new Set<Running>();
  readonly #started: string[] = [];
  readonly #done: string[] = [];
  readonly #failed: string[] = [];
  readonly #violations: string[] = [];
  readonly #caller = new AbortController();
  #now = 0;
  #batch: Omit<Running, "end">[] = [];
  #firstFailure: Error | undefined;
  /** A failure has stopped all. */
  #stopped = false;

  constructor(tasks: readonly SimulatedTask[], options: SimulationOptions) {
    this.#tasks = tasks;
    this.#options = options;
  }

  async run(): Promise<SimulatedRun> {
    let ended = false;
    const outcome = runGraph(this.#tasks, {
      pools: this.#options.pools,
      together: this.#options.together,
      done: this.#options.before,
      keepGoing: this.#options.keepGoing,
      stopsAll: (error) => error instanceof StoppingError,
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
      failed: this.#failed,
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
    if (next.stopped || next.task.fails) this.#fail(next);
    else {
      this.#done.push(next.task.id);
      next.end();
    }
  }

  #fail({ task, stopped, end }: Running): void {
    const words = `${task.id} ${stopped ? "was stopped" : "failed"}`;
    const error = task.stopsAll && !stopped ? new StoppingError(words) : new Error(words);
    const isOver = this.#stopped || this.#caller.signal.aborted;
    const goesOn = this.#options.keepGoing === true && !task.stopsAll && !isOver;
    if (goesOn) this.#failed.push(task.id);
    else {
      this.#stopped = true;
      this.#firstFailure ??= error;
    }
    end(error);
  }

  #checkStart(task: SimulatedTask, signal: AbortSignal, pool: string): void {
    const broken = (what: string) => this.#violations.push(`${task.id} started ${what}`);
    if (this.#stopped) broken(`after ${this.#firstFailure?.message}`);
    if (signal.aborted || this.#caller.signal.aborted) broken("after the abort");
    if (this.#started.includes(task.id)) broken("twice");
    if (this.#options.before?.has(task.id)) broken("though it was done before");
    for (const need of task.needs) if (!this.#isDone(need)) broken(`before ${need} was done`);
    for (const id of task.after ?? []) if (!this.#hasEnded(id)) broken(`before ${id} had ended`);
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
    if (this.#caller.signal.aborted || this.#stopped) return;
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
            this.#path(started) < this.#path(task)
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
        if (this.#path(started) < this.#path(task))
          this.#violations.push(`${started.id} went before ${task.id}, whose path is longer`);
      }
    }
  }

  #isReady(task: SimulatedTask): boolean {
    if (this.#started.includes(task.id) || this.#isDone(task.id)) return false;
    if (!task.needs.every((need) => this.#isDone(need))) return false;
    if (!(task.after ?? []).every((id) => this.#hasEnded(id))) return false;
    return this.#ids((other) => conflict(task, other)).length === 0;
  }

  #isDone(id: string): boolean {
    return this.#done.includes(id) || this.#options.before?.has(id) === true;
  }

  /** Done, failed, or never to be, as what it needs failed. */
  #hasEnded(id: string): boolean {
    return this.#isDone(id) || this.#failed.includes(id) || this.#isLeftOut(id);
  }

  #isLeftOut(id: string): boolean {
    if (this.#isDone(id)) return false;
    const { needs = [] } = this.#tasks.find((task) => task.id === id) ?? {};
    return needs.some((need) => this.#failed.includes(need) || this.#isLeftOut(need));
  }

  /** Whether what all may weigh is kept for a task with a path that is no shorter. */
  #isKept(task: SimulatedTask): boolean {
    return this.#tasks.some(
      (other) =>
        this.#isReady(other) &&
        this.#placesFor(other).length > 0 &&
        !this.#bears(other) &&
        this.#path(other) >= this.#path(task),
    );
  }

  #path(task: Task): number {
    return longestPath(task, this.#tasks, this.#options.before);
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

/** By following every path of what is not done: slow, and so simple that it can be trusted. */
export function longestPath(
  task: Task,
  tasks: readonly Task[],
  before: ReadonlySet<string> = new Set(),
): number {
  const next = tasks.filter(
    ({ id, needs, after = [] }) => [...needs, ...after].includes(task.id) && !before.has(id),
  );
  return task.cost + Math.max(0, ...next.map((other) => longestPath(other, tasks, before)));
}

/** What a graph that kept going threw, by ids. */
export function failuresOf(thrown: unknown) {
  if (!(thrown instanceof GraphFailures)) return undefined;
  const because = new Map(
    thrown.skipped.map(({ task, because }) => [task.id, because.map(({ id }) => id)]),
  );
  return {
    failed: thrown.failures.map(({ task }) => task.id),
    because,
    stopped: thrown.stopped?.error,
  };
}

/** Everything that promises can do by themselves has been done when the next turn begins. */
function runnerAtRest(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
