/** How far a comparison is. Its work is measured in the bytes of the source's tables. */

import type { Progress } from "../events.js";
import type { ComparisonTask } from "./data-comparison.js";
import type { Run } from "./run.js";

interface Active {
  readonly task: ComparisonTask;
  readonly beganMs: number;
}

export class ComparisonMeter {
  readonly #run: Run;
  readonly #beganMs: number;
  readonly #total: { readonly tasks: number; readonly tables: number; readonly cost: number };
  readonly #active = new Set<Active>();
  #tasks = 0;
  #tables = 0;
  #rows = 0;
  #cost = 0;

  constructor(tasks: readonly ComparisonTask[], run: Run) {
    this.#run = run;
    this.#beganMs = run.elapsedMs;
    const tables = tasks.filter(({ work }) => work.do === "rows").length;
    const cost = tasks.reduce((sum, task) => sum + task.cost, 0);
    this.#total = { tasks: tasks.length, tables, cost };
  }

  start(task: ComparisonTask): Active {
    const active = { task, beganMs: this.#run.elapsedMs };
    this.#active.add(active);
    return active;
  }

  finish(active: Active, rows: number): void {
    this.#active.delete(active);
    this.#tasks++;
    this.#cost += active.task.cost;
    this.#rows += rows;
    if (active.task.work.do === "rows") this.#tables++;
  }

  stop(active: Active): void {
    this.#active.delete(active);
  }

  /** Tells progress every `intervalMs` until the returned function is called. */
  every(intervalMs: number): () => void {
    if (intervalMs <= 0) return () => {};
    const timer = setInterval(
      () => this.#run.tell({ type: "progress", ...this.now() }),
      intervalMs,
    );
    return () => clearInterval(timer);
  }

  now(): Progress {
    const elapsedMs = this.#run.elapsedMs - this.#beganMs;
    const fraction = this.#total.cost === 0 ? 1 : this.#cost / this.#total.cost;
    return {
      rows: this.#rows,
      bytes: 0,
      bytesTotal: 0,
      bytesPerSecond: 0,
      tablesDone: this.#tables,
      tablesTotal: this.#total.tables,
      indexesDone: 0,
      indexesTotal: 0,
      tasksDone: this.#tasks,
      tasksTotal: this.#total.tasks,
      fraction,
      doing: "comparing",
      // Before a few percent are done, the estimate would be noise.
      ...(fraction > 0.03 && elapsedMs > 1_000
        ? { remainingMs: Math.round((elapsedMs / fraction) * (1 - fraction)) }
        : {}),
      running: [...this.#active].map(({ task, beganMs }) => ({
        id: task.id,
        kind: task.kind,
        label: task.label,
        durationMs: Math.round(this.#run.elapsedMs - beganMs),
        rows: 0,
        bytes: 0,
      })),
    };
  }
}
