/**
 * Ends the process if one input takes too long. A parser that never comes back can't be stopped
 * from its own thread, and nobody would learn which input it was.
 */

import { Worker } from "node:worker_threads";

/** A slow machine with other work takes up to a second for what usually takes milliseconds. */
const LIMIT_SECONDS = 20;
const MOST_BYTES = 256 * 1024;

const program = `
const { workerData: { turn, length, bytes, limit } } = require("node:worker_threads");
let last = -1, seconds = 0;
setInterval(() => {
  const now = Atomics.load(turn, 0);
  seconds = now === last && now % 2 === 1 ? seconds + 1 : 0;
  last = now;
  if (seconds < limit) return;
  const input = Buffer.from(bytes.slice(0, length[0])).toString("utf8");
  require("node:fs").writeSync(2, "\\nno answer within " + limit + " s to " + JSON.stringify(input) + "\\n");
  process.kill(process.pid, "SIGKILL");
}, 1000);`;

export class Watchdog implements AsyncDisposable {
  readonly #turn = new Int32Array(new SharedArrayBuffer(4));
  readonly #length = new Int32Array(new SharedArrayBuffer(4));
  readonly #bytes = new Uint8Array(new SharedArrayBuffer(MOST_BYTES));
  readonly #worker: Worker;

  constructor() {
    this.#worker = new Worker(program, {
      eval: true,
      workerData: {
        turn: this.#turn,
        length: this.#length,
        bytes: this.#bytes,
        limit: LIMIT_SECONDS,
      },
    });
    this.#worker.unref();
  }

  /** Runs `use` on an input, within the limit. */
  async watch<T>(input: string, use: (input: string) => Promise<T>): Promise<T> {
    this.#length[0] = new TextEncoder().encodeInto(input, this.#bytes).written;
    Atomics.add(this.#turn, 0, 1);
    try {
      return await use(input);
    } finally {
      Atomics.add(this.#turn, 0, 1);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate();
  }
}
