/** Bytes over time, in memory that does not grow with the length of the run. */

import type { Throughput } from "./run-record.js";

const FIRST_INTERVAL_MS = 25;
/** More than a chart has pixels to show. */
const MOST_INTERVALS = 1_000;

export class ThroughputMeter {
  #intervalMs = FIRST_INTERVAL_MS;
  #bytes: number[] = [];

  /** Bytes that were copied between two moments, evenly as far as is known. */
  add(beganMs: number, endedMs: number, bytes: number): void {
    if (bytes <= 0) return;
    while (endedMs >= this.#intervalMs * MOST_INTERVALS) this.#coarsen();
    const durationMs = Math.max(endedMs - beganMs, 1);
    const last = Math.floor((beganMs + durationMs - 1e-9) / this.#intervalMs);
    for (let i = Math.floor(beganMs / this.#intervalMs); i <= last; i++) {
      const from = Math.max(beganMs, i * this.#intervalMs);
      const to = Math.min(beganMs + durationMs, (i + 1) * this.#intervalMs);
      while (this.#bytes.length <= i) this.#bytes.push(0);
      this.#bytes[i] = (this.#bytes[i] ?? 0) + (bytes * (to - from)) / durationMs;
    }
  }

  get throughput(): Throughput {
    return { intervalMs: this.#intervalMs, bytes: this.#bytes.map(Math.round) };
  }

  #coarsen(): void {
    this.#intervalMs *= 2;
    const pairs = Math.ceil(this.#bytes.length / 2);
    this.#bytes = Array.from(
      { length: pairs },
      (_, i) => (this.#bytes[2 * i] ?? 0) + (this.#bytes[2 * i + 1] ?? 0),
    );
  }
}
