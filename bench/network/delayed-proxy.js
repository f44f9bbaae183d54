// @ts-check
/**
 * A network between a client and a server: each byte arrives so many milliseconds after it was sent.
 * What was read waits in a queue with the time that it is due, so that a long delay takes nothing of
 * the bandwidth, as on a real line: any number of chunks are on their way at a time.
 */

import { createServer, createConnection as openSocket } from "node:net";

/** On their way in one direction of one connection; more, and the sender has to wait. */
const WINDOW_BYTES = 16 * 1024 * 1024;

/**
 * @typedef {object} Traffic what has gone through
 * @property {number} connections
 * @property {number} roundTrips how often a client spoke after its server had
 *
 * @typedef {object} Proxy
 * @property {number} port on 127.0.0.1
 * @property {() => Traffic} takeTraffic since it was last asked
 * @property {(delayMs: number) => void} setDelay each way
 * @property {() => Promise<void>} close
 */

/**
 * @param {import("node:net").NetConnectOpts} server
 * @param {number} bytesPerSecond each way, all connections together
 * @returns {Promise<Proxy>}
 */
export async function startProxy(server, bytesPerSecond = Number.POSITIVE_INFINITY) {
  const state = { delayMs: 0 };
  /** @type {Traffic} */
  let traffic = { connections: 0, roundTrips: 0 };
  const [up, down] = [new Line(state, bytesPerSecond), new Line(state, bytesPerSecond)];
  const listener = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    traffic.connections++;
    const onward = openSocket({ ...server, allowHalfOpen: true }).setNoDelay(true);
    let serverSpoke = true;
    up.carry(client, onward, () => {
      if (serverSpoke) traffic.roundTrips++;
      serverSpoke = false;
    });
    down.carry(onward, client, () => {
      serverSpoke = true;
    });
  });
  await new Promise((resolve, reject) => {
    listener.once("error", reject);
    listener.listen(0, "127.0.0.1", () => resolve(undefined));
  });
  const address = /** @type {import("node:net").AddressInfo} */ (listener.address());
  return {
    port: address.port,
    setDelay: (delayMs) => {
      state.delayMs = delayMs;
    },
    takeTraffic: () => {
      const taken = traffic;
      traffic = { connections: 0, roundTrips: 0 };
      return taken;
    },
    close: () => new Promise((resolve) => listener.close(() => resolve())),
  };
}

/** One direction, which all connections share. */
class Line {
  #state;
  #bytesPerMs;
  /** When the last byte that was given to it has left. */
  #freeAt = 0;

  /**
   * @param {{ delayMs: number }} state
   * @param {number} bytesPerSecond
   */
  constructor(state, bytesPerSecond) {
    this.#state = state;
    this.#bytesPerMs = bytesPerSecond / 1000;
  }

  /**
   * @param {import("node:net").Socket} from
   * @param {import("node:net").Socket} to
   * @param {() => void} onChunk
   */
  carry(from, to, onChunk) {
    /** @type {{ due: number, chunk: Buffer | undefined }[]} */
    const underWay = [];
    let bytes = 0;
    let full = false;
    /** @type {NodeJS.Timeout | undefined} */
    let timer;
    const deliver = () => {
      timer = undefined;
      while (!full) {
        const [next] = underWay;
        if (next === undefined) return;
        const waitMs = next.due - performance.now();
        if (waitMs > 0) {
          timer = setTimeout(deliver, waitMs);
          return;
        }
        underWay.shift();
        if (next.chunk === undefined) {
          to.end();
          return;
        }
        bytes -= next.chunk.length;
        full = !to.write(next.chunk);
        if (from.isPaused() && bytes < WINDOW_BYTES) from.resume();
      }
    };
    /** @param {Buffer | undefined} chunk undefined: the end */
    const send = (chunk) => {
      const now = performance.now();
      const length = chunk?.length ?? 0;
      this.#freeAt = Math.max(now, this.#freeAt) + length / this.#bytesPerMs;
      underWay.push({ due: this.#freeAt + this.#state.delayMs, chunk });
      bytes += length;
      if (bytes >= WINDOW_BYTES) from.pause();
      if (timer === undefined) deliver();
    };
    from.on("data", (chunk) => {
      onChunk();
      send(chunk);
    });
    from.on("end", () => send(undefined));
    from.on("error", () => send(undefined));
    to.on("drain", () => {
      full = false;
      if (timer === undefined) deliver();
    });
    to.on("error", () => {});
    to.on("close", () => {
      clearTimeout(timer);
      // It went without having been told to: there is nobody to send to any more.
      if (!to.writableFinished) from.destroy();
    });
  }
}
