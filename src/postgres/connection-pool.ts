/**
 * Sessions that are opened when first needed and kept for the next task, never more than the server
 * has free: who comes when all are lent waits.
 */

import pLimit, { type LimitFunction } from "p-limit";
import { throwIfAborted } from "../run/abort.js";
import type { Connection } from "./connection.js";

/** Closed at the end of an `await using` scope, with all its sessions. */
export class ConnectionPool implements AsyncDisposable {
  readonly #open: () => Promise<Connection>;
  readonly #idle: Connection[] = [];
  readonly #all = new Set<Connection>();
  readonly #limit: LimitFunction;

  /**
   * @param size how many sessions there may be at a time.
   * @param open opens a session and makes it ready, for example by importing a snapshot.
   */
  constructor(size: number, open: () => Promise<Connection>) {
    this.#open = open;
    this.#limit = pLimit(size);
  }

  /**
   * Lends a session to `use`. One on which `use` failed may be in a failed transaction, so it is
   * closed and not lent again.
   *
   * @param signal stops what the session does for `use`.
   */
  async with<T>(signal: AbortSignal, use: (connection: Connection) => Promise<T>): Promise<T> {
    return await this.#limit(() => this.#lend(signal, use));
  }

  async #lend<T>(signal: AbortSignal, use: (connection: Connection) => Promise<T>): Promise<T> {
    throwIfAborted(signal);
    const connection = await this.#take();
    try {
      const result = await connection.under(signal, () => use(connection));
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
