/**
 * A bound on the sessions of several pools on one server. A session belongs to one database, so a pool
 * can't lend another database's; but one that lies idle in a pool is closed for a pool that needs one.
 */

/** A pool, as far as its budget knows it. */
interface IdleSessions {
  /** Closes one that nobody uses, and gives it back to the budget; false if there is none. */
  closeIdle(): Promise<boolean>;
}

export class SessionBudget {
  readonly #pools = new Set<IdleSessions>();
  readonly #waiting: (() => void)[] = [];
  #left: number;

  /** @param sessions how many all pools may have together. */
  constructor(sessions: number) {
    this.#left = sessions;
  }

  join(pool: IdleSessions): void {
    this.#pools.add(pool);
  }

  leave(pool: IdleSessions): void {
    this.#pools.delete(pool);
  }

  /** Waits until one more session may be opened. */
  async take(): Promise<void> {
    while (this.#left === 0) {
      if (await this.#closeIdle()) continue;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    this.#left--;
  }

  /** A session is closed. */
  give(): void {
    this.#left++;
    this.wake();
  }

  /** A session is closed, or lies idle: the first who waits looks again. */
  wake(): void {
    this.#waiting.shift()?.();
  }

  async #closeIdle(): Promise<boolean> {
    for (const pool of this.#pools) if (await pool.closeIdle()) return true;
    return false;
  }
}
