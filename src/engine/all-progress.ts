/** How far a run over many databases is: what each of them last said, put together. */

import type { Progress } from "../events.js";
import type { Run } from "./run.js";

/** What is expected of a database before its own run says more. */
export interface ExpectedDatabase {
  readonly database: string;
  readonly tables: number;
  readonly indexes: number;
  readonly tasks: number;
  readonly bytes: number;
  /** Estimated length, which its share of the whole is taken from. */
  readonly seconds: number;
}

/** Even an empty database takes time: to be read, to be created. */
const LEAST_SECONDS = 0.2;

export class AllProgress {
  readonly #weights: ReadonlyMap<string, number>;
  readonly #latest = new Map<string, Progress>();
  readonly #finished = new Set<string>();
  readonly #run: Run;
  readonly #beganMs: number;

  constructor(databases: readonly ExpectedDatabase[], run: Run) {
    this.#run = run;
    this.#beganMs = run.elapsedMs;
    this.#weights = new Map(
      databases.map(({ database, seconds }) => [database, Math.max(LEAST_SECONDS, seconds)]),
    );
    for (const one of databases) this.#latest.set(one.database, expected(one));
  }

  hear(database: string, progress: Progress): void {
    if (!this.#finished.has(database)) this.#latest.set(database, progress);
  }

  /** The last event of a database may be a while old when it ends. */
  finish(database: string, done: Pick<Progress, "rows" | "bytes">): void {
    this.#finished.add(database);
    const last = this.#latest.get(database);
    if (last === undefined) return;
    const { tablesTotal, indexesTotal, tasksTotal } = last;
    this.#latest.set(database, {
      ...last,
      ...done,
      bytesTotal: done.bytes,
      bytesPerSecond: 0,
      tablesDone: tablesTotal,
      indexesDone: indexesTotal,
      tasksDone: tasksTotal,
      fraction: 1,
      running: [],
    });
  }

  /** Tells the progress every `intervalMs` until the returned function is called. */
  every(intervalMs: number): () => void {
    if (intervalMs <= 0) return () => {};
    const timer = setInterval(
      () => this.#run.tell({ type: "progress", ...this.now() }),
      intervalMs,
    );
    return () => clearInterval(timer);
  }

  now(): Progress {
    const all = [...this.#latest];
    const sum = (of: (progress: Progress) => number) =>
      all.reduce((total, [, progress]) => total + of(progress), 0);
    const weight = [...this.#weights.values()].reduce((total, one) => total + one, 0);
    const done = all.reduce(
      (total, [name, { fraction }]) => total + fraction * (this.#weights.get(name) ?? 0),
      0,
    );
    const fraction = weight === 0 ? 1 : Math.min(done / weight, 1);
    const elapsedMs = this.#run.elapsedMs - this.#beganMs;
    return {
      rows: sum(({ rows }) => rows),
      bytes: sum(({ bytes }) => bytes),
      bytesTotal: sum(({ bytesTotal }) => bytesTotal),
      bytesPerSecond: sum(({ bytesPerSecond }) => bytesPerSecond),
      tablesDone: sum(({ tablesDone }) => tablesDone),
      tablesTotal: sum(({ tablesTotal }) => tablesTotal),
      indexesDone: sum(({ indexesDone }) => indexesDone),
      indexesTotal: sum(({ indexesTotal }) => indexesTotal),
      tasksDone: sum(({ tasksDone }) => tasksDone),
      tasksTotal: sum(({ tasksTotal }) => tasksTotal),
      databasesDone: this.#finished.size,
      databasesTotal: this.#weights.size,
      fraction,
      ...(fraction > 0.03 && elapsedMs > 1_000
        ? { remainingMs: Math.round((elapsedMs / fraction) * (1 - fraction)) }
        : {}),
      doing: "copying",
      running: all.flatMap(([database, { running }]) =>
        running.map((task) => ({ ...task, database })),
      ),
    };
  }
}

function expected({ tables, indexes, tasks, bytes }: ExpectedDatabase): Progress {
  return {
    rows: 0,
    bytes: 0,
    bytesTotal: bytes,
    bytesPerSecond: 0,
    tablesDone: 0,
    tablesTotal: tables,
    indexesDone: 0,
    indexesTotal: indexes,
    tasksDone: 0,
    tasksTotal: tasks,
    fraction: 0,
    doing: "copying",
    running: [],
  };
}
