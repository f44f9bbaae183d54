/** The threads of a run that copy: started when there is something to copy, ended with the run. */

import { availableParallelism } from "node:os";
import type { ResolvedOptions } from "../options.js";
import { chooseThreads } from "../run/threads.js";
import { CopyThread, hasThreadFile } from "./copy-thread.js";

/** How many threads a run copies in; 1 is the main thread alone. */
export function threadsOf(
  { threads }: Pick<ResolvedOptions, "threads">,
  tableJobs: number,
  cores = availableParallelism(),
): number {
  return threads === "auto" && !hasThreadFile() ? 1 : chooseThreads(threads, tableJobs, cores);
}

export class CopyThreads implements AsyncDisposable {
  readonly #count: number;
  readonly #tasks = new Map<CopyThread, number>();

  /** @param count how many threads there may be. */
  constructor(count: number) {
    this.#count = count;
  }

  /** Starts as many threads as so many tasks have use for, so that they are ready when the first one begins. */
  start(tasks: number): void {
    while (this.#tasks.size < Math.min(tasks, this.#count)) this.#tasks.set(new CopyThread(), 0);
  }

  /** Gives `use` the thread that has least to do. */
  async with<T>(use: (thread: CopyThread) => Promise<T>): Promise<T> {
    this.start(1);
    const [[thread]] = [...this.#tasks].sort(([, a], [, b]) => a - b) as [[CopyThread, number]];
    const add = (tasks: number) => this.#tasks.set(thread, (this.#tasks.get(thread) ?? 0) + tasks);
    add(1);
    try {
      return await use(thread);
    } finally {
      add(-1);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#tasks.keys()].map((thread) => thread.close()));
  }
}
