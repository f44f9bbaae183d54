/**
 * The copies of one database in the threads of the run. Each thread has a pool of sessions on either
 * end, as a session can't change threads; together with the main thread's pools they keep to a
 * budget, so that there are never more sessions than with one thread.
 */

import { ConnectionPool } from "../postgres/connection-pool.js";
import type { SessionBudget } from "../postgres/session-budget.js";
import type { CopyThread } from "./copy-thread.js";
import type { CopyOrder } from "./copy-thread-messages.js";
import type { CopyThreads } from "./copy-threads.js";
import type { Moved } from "./move-rows.js";
import type { JobSession } from "./open-session.js";
import type { ThreadSession } from "./thread-session.js";

export interface ThreadedCopiesOptions {
  /** How many tasks there may be at a time. */
  readonly jobs: number;
  readonly source: () => JobSession;
  readonly target: () => JobSession;
  /** Called with each session that has imported the snapshot and exported it again. */
  readonly onShared: (session: ThreadSession, snapshotId: string) => void;
  readonly sourceSessions: SessionBudget;
  readonly targetSessions: SessionBudget;
}

interface CopyInThreadOptions {
  readonly signal: AbortSignal;
  readonly onBytes: (bytes: number) => void;
  /** Called with the two sessions, once they are lent. */
  readonly onSessions: (source: ThreadSession, target: ThreadSession) => void;
}

type Pool = ConnectionPool<ThreadSession>;

/** Closes its sessions at the end of an `await using` scope; the threads are the run's. */
export class ThreadedCopies implements AsyncDisposable {
  readonly #threads: CopyThreads;
  readonly #options: ThreadedCopiesOptions;
  readonly #pools = new Map<CopyThread, { readonly source: Pool; readonly target: Pool }>();

  constructor(threads: CopyThreads, options: ThreadedCopiesOptions) {
    this.#threads = threads;
    this.#options = options;
  }

  /**
   * Copies in a thread, or where all have ended as `otherwise` does.
   *
   * @throws PgCopyError as `moveRows`.
   */
  async copy(
    order: () => CopyOrder,
    { signal, onBytes, onSessions }: CopyInThreadOptions,
    otherwise: () => Promise<Moved>,
  ): Promise<Moved> {
    return await this.#threads.with((thread) => {
      if (thread === undefined) return otherwise();
      const pools = this.#poolsOf(thread);
      return pools.source.with(signal, (source) =>
        pools.target.with(signal, (target) => {
          onSessions(source, target);
          return thread.copy(order(), { source, target }, { signal, onBytes });
        }),
      );
    });
  }

  /** Closes all sessions on the source. Never throws. */
  async closeSources(): Promise<void> {
    await Promise.all([...this.#pools.values()].map(({ source }) => source.close()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const pools = [...this.#pools.values()].flatMap(({ source, target }) => [source, target]);
    await Promise.all(pools.map((pool) => pool[Symbol.asyncDispose]()));
  }

  async #open(thread: CopyThread, wanted: JobSession, signal: AbortSignal): Promise<ThreadSession> {
    const session = await thread.open(wanted, signal);
    const { snapshotId } = session;
    if (snapshotId !== undefined) this.#options.onShared(session, snapshotId);
    return session;
  }

  #poolsOf(thread: CopyThread) {
    const known = this.#pools.get(thread);
    if (known !== undefined) return known;
    const { jobs, source, target, sourceSessions, targetSessions } = this.#options;
    const poolOf = (wanted: () => JobSession, budget: SessionBudget): Pool =>
      new ConnectionPool(jobs, (signal) => this.#open(thread, wanted(), signal), budget);
    const pools = {
      source: poolOf(source, sourceSessions),
      target: poolOf(target, targetSessions),
    };
    this.#pools.set(thread, pools);
    return pools;
  }
}
