/**
 * Noticing that nothing moves any more between a server and us. TCP keepalive finds a machine that is
 * gone, but not a proxy or tunnel that has lost its other end, nor a server that is deaf.
 *
 * That nothing moves is no failure by itself: an index is built for an hour, a WHERE finds no row, a COPY
 * waits for a lock. So the server is asked, over a connection of its own, what it does for the session.
 */

import type { Side } from "../errors.js";
import { PgCopyError } from "../errors.js";
import { formatDuration } from "../formatting.js";
import type { Connection } from "./connection.js";

/** How often is looked, of the time that nothing may move. */
const LOOKS = 4;

interface Stall {
  readonly side: Side;
  readonly words: string;
}

/** Watches the sessions that one statement runs on, from its construction to `end`. */
export class StallWatch {
  readonly #connections: readonly Connection[];
  readonly #limitMs: number;
  readonly #onStalled: (stall: PgCopyError) => void;
  readonly #attempted: () => string;
  readonly #stuck: () => Side;
  readonly #ended = new AbortController();
  readonly #timer: NodeJS.Timeout | undefined;
  #traffic = 0;
  #movedMs = performance.now();
  #isAsking = false;

  /**
   * @param connections whose endpoints say how long nothing may move.
   * @param stuck which of them has to move next, if both servers wait for us.
   */
  constructor(
    connections: readonly Connection[],
    attempted: () => string,
    onStalled: (stall: PgCopyError) => void,
    stuck: () => Side = () => (connections[0] as Connection).side,
  ) {
    this.#stuck = stuck;
    this.#connections = connections;
    this.#attempted = attempted;
    this.#onStalled = onStalled;
    const limits = connections.map(({ endpoint }) => endpoint.stallTimeoutMs ?? 0);
    this.#limitMs = Math.max(...limits);
    if (limits.includes(0)) return;
    this.#timer = setInterval(() => void this.#look(), this.#limitMs / LOOKS);
  }

  end(): void {
    clearInterval(this.#timer);
    this.#ended.abort();
  }

  async #look(): Promise<void> {
    if (this.#hasMoved() || this.#isAsking) return;
    if (performance.now() - this.#movedMs < this.#limitMs) return;
    this.#isAsking = true;
    const stall = await findStall(this.#connections, this.#stuck, this.#ended.signal);
    this.#isAsking = false;
    if (this.#ended.signal.aborted || this.#hasMoved()) return;
    if (stall === undefined) {
      // It is asked again when as much time has gone by.
      this.#movedMs = performance.now();
      return;
    }
    this.end();
    this.#onStalled(stalledError(this.#attempted(), stall, this.#limitMs));
  }

  #hasMoved(): boolean {
    const traffic = this.#connections.reduce((sum, { traffic: bytes }) => sum + bytes, 0);
    if (traffic === this.#traffic) return false;
    this.#traffic = traffic;
    this.#movedMs = performance.now();
    return true;
  }
}

/** Runs `work`, watched; what it throws after a stall is that. */
export async function unlessStalled<T>(
  connection: Connection,
  attempted: () => string,
  work: () => Promise<T>,
): Promise<T> {
  let stall: PgCopyError | undefined;
  const watch = new StallWatch([connection], attempted, (error) => {
    stall = error;
    void connection.stop();
  });
  try {
    return await work();
  } catch (error) {
    throw stall ?? error;
  } finally {
    watch.end();
  }
}

/** Which session makes the others wait; none while any of them is worked on. */
async function findStall(
  connections: readonly Connection[],
  stuck: () => Side,
  signal: AbortSignal,
): Promise<Stall | undefined> {
  const doing = await Promise.all(connections.map((connection) => connection.doing(signal)));
  const lost = doing.findIndex((one) => /session|answer/.test(one));
  if (lost >= 0) {
    return { side: (connections[lost] as Connection).side, words: `its server ${doing[lost]}` };
  }
  if (doing.includes("works")) return undefined;
  return { side: stuck(), words: "its server waits for pgcopy in turn" };
}

export const stalledAdvice =
  "see the network, and the proxies or tunnels between; stallTimeout sets after how long a server is asked";

function stalledError(attempted: string, { side, words }: Stall, limitMs: number): PgCopyError {
  return new PgCopyError(
    `${attempted} failed on ${side}: nothing moved for ${formatDuration(limitMs)}, and ${words}`,
    {
      code: "task_failed",
      attempted,
      side,
      reason: "stalled",
      retrySafe: true,
      advice: stalledAdvice,
      options: ["stallTimeout"],
    },
  );
}
