/** A session of another thread, as the pools of the main thread lend it. */

import type { ServerEndpoint } from "../endpoint/endpoint.js";
import type { Backend } from "../postgres/backend.js";
import { cancelOnServer } from "../postgres/cancel.js";
import type { PooledSession } from "../postgres/connection-pool.js";
import { tlsOptions } from "../postgres/tls.js";
import type { OpenedSession } from "./copy-thread-messages.js";

export class ThreadSession implements PooledSession {
  readonly #server: ServerEndpoint;
  readonly #opened: OpenedSession;
  readonly #close: () => Promise<void>;
  #usable = true;

  /** @param close has the thread close it; must not throw. */
  constructor(server: ServerEndpoint, opened: OpenedSession, close: () => Promise<void>) {
    this.#server = server;
    this.#opened = opened;
    this.#close = close;
  }

  /** What its thread calls it. */
  get number(): number {
    return this.#opened.session;
  }

  /** The server's process id of this session, as in pg_stat_activity. */
  get processId(): number {
    return this.#opened.cancelTarget.processId;
  }

  get backend(): Backend {
    return this.#opened.backend;
  }

  /** On the source: what it has exported the snapshot as. */
  get snapshotId(): string | undefined {
    return this.#opened.snapshotId;
  }

  get usable(): boolean {
    return this.#usable;
  }

  /** It has ended, or its thread has. */
  lose(): void {
    this.#usable = false;
  }

  /** Each request to the thread has a signal of its own. */
  async under<T>(_signal: AbortSignal, use: () => Promise<T>): Promise<T> {
    return await use();
  }

  async close(): Promise<void> {
    this.lose();
    await this.#close();
  }

  /** Cancels what the server does for it, from this thread. Never throws. */
  async cancel(): Promise<void> {
    const { cancelTarget, tls } = this.#opened;
    const [host] = this.#server.hosts;
    try {
      const options = tls ? { tls: await tlsOptions(this.#server.tls, host?.host ?? "") } : {};
      await cancelOnServer({ ...cancelTarget, ...options });
    } catch {
      // A certificate file that is gone: the server will notice that the socket is, too.
    }
  }
}
