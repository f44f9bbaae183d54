/** Doing something again and again, until it is enough. */

/** A beat at intervals, which can be brought forward, and stopped. */
export class Pulse {
  readonly #intervalMs: number;
  #stopped = false;
  #hurry = false;
  #beat: () => void = () => {};

  constructor(intervalMs: number) {
    this.#intervalMs = intervalMs;
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  async next(): Promise<void> {
    if (!this.#hurry && !this.#stopped) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, this.#intervalMs);
        this.#beat = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.#hurry = false;
  }

  /** Lets the next beat come at once. */
  now(): void {
    this.#hurry = true;
    this.#beat();
  }

  stop(): void {
    this.#stopped = true;
    this.#beat();
  }
}
