/**
 * Sessions that are opened when first needed and kept for the next task. How many there are at a
 * time follows from how many tasks the graph runner starts; the pool itself sets no limit.
 */

import type { Connection } from "./connection.js";

/** Closed at the end of an `await using` scope, with all its sessions. */
export class ConnectionPool implements AsyncDisposable {
  readonly #open: () => Promise<Connection>;
  readonly #idle: Connection[] = [];
  readonly #all = new Set<Connection>();

  /** @param open opens a session and makes it ready, for example by importing a snapshot. */
  constructor(open: () => Promise<Connection>) {
    this.#open = open;
  }

  /**
   * Lends a session to `use`. One on which `use` failed may be in a failed transaction, so it is
   * closed and not lent again.
   */
  async with<T>(use: (connection: Connection) => Promise<T>): Promise<T> {
    const connection = await this.#take();
    try {
      const result = await use(connection);
      this.#idle.push(connection);
      return result;
    } catch (error) {
      this.#all.delete(connection);
      await connection.close();
      throw error;
    }
  }

  /** Closes all sessions; a later `with` opens new ones. Never throws. */
  async close(): Promise<void> {
    const open = [...this.#all];
    this.#all.clear();
    this.#idle.length = 0;
    await Promise.all(open.map((connection) => connection.close()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #take(): Promise<Connection> {
    for (let idle = this.#idle.pop(); idle !== undefined; idle = this.#idle.pop()) {
      if (idle.usable) return idle;
      this.#all.delete(idle);
    }
    const connection = await this.#open();
    this.#all.add(connection);
    return connection;
  }
}
