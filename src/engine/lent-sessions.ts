/**
 * Which sessions one try of a task was lent, by their processes on the servers: when it has failed they
 * have to be gone there before the task is done again.
 */

import type { Side } from "../errors.js";
import type { Backend } from "../postgres/backend.js";
import type { ConnectionPool } from "../postgres/connection-pool.js";

/** What a task needs of a pool. */
export type SessionLender = Pick<ConnectionPool, "with" | "close">;

export class LentSessions {
  readonly #backends: Record<Side, Backend[]> = { source: [], target: [] };

  of(side: Side): readonly Backend[] {
    return this.#backends[side];
  }

  note(side: Side, { backend }: { readonly backend: Backend }): void {
    this.#backends[side].push(backend);
  }

  /** The same pool, whose sessions are noted when they are lent. */
  from(side: Side, pool: SessionLender): SessionLender {
    return {
      with: (signal, use) =>
        pool.with(signal, (session) => {
          this.note(side, session);
          return use(session);
        }),
      close: () => pool.close(),
    };
  }
}
