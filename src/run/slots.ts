/**
 * Places for running tasks, by pool. One graph has its own; several graphs that run side by side may
 * share some, so that all of them together run no more tasks than one would, and none idles while
 * another one has work for the place.
 */

/** Weights are fractions: sums of them are never quite what they were. */
const ROUNDING = 1e-6;

export class Slots {
  readonly #free: Map<string, number>;
  readonly #together: number;
  #running = 0;
  #given = false;
  #wake: () => void = () => {};
  #changed: Promise<void> = Promise.resolve();

  /**
   * @param pools how many tasks of each pool may run at a time.
   * @param together how much all that run may weigh, of all pools.
   */
  constructor(pools: Readonly<Record<string, number>>, together = Number.POSITIVE_INFINITY) {
    this.#free = new Map(Object.entries(pools));
    this.#together = together;
    this.#renew();
  }

  has(pool: string): boolean {
    return this.#free.has(pool);
  }

  free(pool: string): number {
    return this.#free.get(pool) ?? 0;
  }

  /** Whether all that run may weigh so much more. One that weighs more than all may runs alone. */
  bears(weight: number): boolean {
    const isAlone = this.#running < ROUNDING;
    return weight === 0 || isAlone || this.#running + weight <= this.#together + ROUNDING;
  }

  take(pool: string, weight: number): void {
    this.#free.set(pool, this.free(pool) - 1);
    this.#running += weight;
  }

  /** Nobody hears of it before `wake`: whoever gives a place back may have a task for it himself. */
  give(pool: string, weight: number): void {
    this.#free.set(pool, this.free(pool) + 1);
    this.#running -= weight;
    this.#given = true;
  }

  /** Tells those who wait that places were given back and not taken again at once, or that all is over. */
  wake(anyway = false): void {
    if (!this.#given && !anyway) return;
    this.#given = false;
    const wake = this.#wake;
    this.#renew();
    wake();
  }

  /** Resolves at the next `wake`. */
  get changed(): Promise<void> {
    return this.#changed;
  }

  #renew(): void {
    this.#changed = new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}
