/** Random choices that are the same in every run: a failure names the seed that shows it again. */

export class SeededRandom {
  #state: number;

  constructor(seed: number) {
    this.#state = (seed ^ 0x9e3779b9) >>> 0;
    // The first numbers of neighbouring seeds are alike.
    for (let i = 0; i < 8; i++) this.next();
  }

  /** At least 0 and less than 1: a linear congruential generator modulo 2^32. */
  next(): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0;
    return this.#state / 2 ** 32;
  }

  /** A whole number, both ends included. */
  between(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.between(0, choices.length - 1)] as T;
  }

  /** Any bigint of the 64-bit signed range, small ones and the ends as often as huge ones. */
  int8(): bigint {
    const ends = [-(2n ** 63n), -(2n ** 63n) + 1n, -1n, 0n, 1n, 2n ** 63n - 2n, 2n ** 63n - 1n];
    if (this.chance(0.2)) return this.pick(ends);
    const high = BigInt(this.between(0, 2 ** 31));
    const low = BigInt(this.between(0, 2 ** 31));
    const wide = ((high << 32n) | low) >> BigInt(this.between(0, 62));
    return this.chance(0.5) ? wide : -wide;
  }
}

/** The seeds of a property test: 1 to `count`. */
export function seeds(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i + 1);
}
