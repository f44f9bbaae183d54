/**
 * Sessions that are opened when first needed and kept for the next task, never more than the server
 * has free: who comes when all are lent waits.
 */

import pLimit, { type LimitFunction } from "p-limit";
import { throwIfAborted } from "../run/abort.js";
import type { Connection } from "./connection.js";
import type { SessionBudget } from "./session-budget.js";

/** What a pool lends: a session of this thread, or the handle of another thread's. */
export type PooledSession = Pick<Connection, "usable" | "under" | "close">;

/**
 * About what a new session costs its server (a process, and caches that fill from the catalog), in
 * milliseconds: who may be lent one sooner waits for it. A copy of a few small tables then takes one or two.
 */
const NEW_SESSION_MS = 15;

/** Closed at the end of an `await using` scope, with all its sessions. */
export class ConnectionPool<S extends PooledSession = Connection> implements AsyncDisposable {
  readonly #open: (signal: AbortSignal) => Promise<S>;
  readonly #idle: S[] = [];
  /** Who waits for a session that another one gives back, first come first served. */
  readonly #waiting: ((session: S) => void)[] = [];
  /** The first session's opening: until it is over there is none to wait for. */
  #first: Promise<unknown> | undefined;
  readonly #all = new Set<S>();
  readonly #limit: LimitFunction;
  readonly #budget: SessionBudget | undefined;

  /**
   * @param size how many sessions there may be at a time.
   * @param open opens a session and makes it ready, for example by importing a snapshot; its signal is
   *   that of the task that waits for it, which may be stopped while the run goes on to its end.
   * @param budget what it shares with the pools of other databases.
   */
  constructor(size: number, open: (signal: AbortSignal) => Promise<S>, budget?: SessionBudget) {
    this.#open = open;
    this.#limit = pLimit(size);
    this.#budget = budget;
    budget?.join(this);
  }

  /**
   * Lends a session to `use`. One on which `use` failed may be in a failed transaction, so it is
   * closed and not lent again.
   *
   * @param signal stops what the session does for `use`.
   */
  async with<T>(signal: AbortSignal, use: (connection: S) => Promise<T>): Promise<T> {
    return await this.#limit(() => this.#lend(signal, use));
  }

  async #lend<T>(signal: AbortSignal, use: (connection: S) => Promise<T>): Promise<T> {
    throwIfAborted(signal);
    const connection = await this.#take(signal);
    try {
      const result = await connection.under(signal, () => use(connection));
      this.#giveBack(connection);
      return result;
    } catch (error) {
      await this.#closeOne(connection);
      throw error;
    }
  }

  /** Closes a session that nobody uses, for a pool that needs one; whether there was one. */
  async closeIdle(): Promise<boolean> {
    const idle = this.#idle.shift();
    if (idle === undefined) return false;
    await this.#closeOne(idle);
    return true;
  }

  /** Closes all sessions; a later `with` opens new ones. Never throws. */
  async close(): Promise<void> {
    this.#idle.length = 0;
    await Promise.all([...this.#all].map((connection) => this.#closeOne(connection)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
    this.#budget?.leave(this);
  }

  async #closeOne(connection: S): Promise<void> {
    if (!this.#all.delete(connection)) return;
    await connection.close();
    this.#budget?.give();
  }

  #giveBack(connection: S): void {
    const next = connection.usable ? this.#waiting.shift() : undefined;
    if (next !== undefined) {
      next(connection);
      return;
    }
    this.#idle.push(connection);
    this.#budget?.wake();
  }

  async #take(signal: AbortSignal): Promise<S> {
    for (let idle = this.#idle.pop(); idle !== undefined; idle = this.#idle.pop()) {
      if (idle.usable) return idle;
      await this.#closeOne(idle);
    }
    const lent = this.#first === undefined ? undefined : await this.#givenBackSoon();
    if (lent !== undefined) return lent;
    const opening = this.#openOne(signal);
    this.#first ??= opening.catch(() => {});
    return await opening;
  }

  async #openOne(signal: AbortSignal): Promise<S> {
    await this.#budget?.take();
    try {
      const connection = await this.#open(signal);
      this.#all.add(connection);
      return connection;
    } catch (error) {
      this.#budget?.give();
      throw error;
    }
  }

  /** A session that is given back before a new one would be open; undefined if none is. */
  async #givenBackSoon(): Promise<S | undefined> {
    return await new Promise((resolve) => {
      this.#waiting.push(resolve);
      const giveUp = () => {
        const at = this.#waiting.indexOf(resolve);
        if (at < 0) return;
        this.#waiting.splice(at, 1);
        resolve(undefined);
      };
      void this.#first?.then(() => setTimeout(giveUp, NEW_SESSION_MS));
    });
  }
}
