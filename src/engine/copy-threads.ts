/** The threads of a run that copy: started when there is something to copy, ended with the run. */

import { availableParallelism } from "node:os";
import type { ResolvedOptions } from "../options/clone-options.js";
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

/** A thread that has ended gets no task any more, and no successor: what ended it may do so again. */
export class CopyThreads implements AsyncDisposable {
  readonly #count: number;
  /** How many each has, of those that are not known to have ended. */
  readonly #tasks = new Map<CopyThread, number>();
  #started = 0;

  /** @param count how many threads there may be. */
  constructor(count: number) {
    this.#count = count;
  }

  /** Starts as many threads as so many tasks have use for, so that they are ready when the first one begins. */
  start(tasks: number): void {
    for (; this.#started < Math.min(tasks, this.#count); this.#started++)
      this.#tasks.set(new CopyThread(), 0);
  }

  /** Gives `use` the thread that has least to do; nothing, if all have ended. */
  async with<T>(use: (thread: CopyThread | undefined) => Promise<T>): Promise<T> {
    this.start(1);
    const thread = this.#leastBusy();
    if (thread === undefined) return await use(undefined);
    this.#add(thread, 1);
    try {
      return await use(thread);
    } finally {
      this.#add(thread, -1);
    }
  }

  #leastBusy(): CopyThread | undefined {
    for (const thread of this.#tasks.keys()) if (!thread.lives) this.#tasks.delete(thread);
    return [...this.#tasks].sort(([, a], [, b]) => a - b)[0]?.[0];
  }

  #add(thread: CopyThread, tasks: number): void {
    const before = this.#tasks.get(thread);
    if (before !== undefined) this.#tasks.set(thread, before + tasks);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#tasks.keys()].map((thread) => thread.close()));
  }
}
