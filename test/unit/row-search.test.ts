/** Which rows are tried, against a table that is only pretended to refuse some: every bad row is found alone. */

import { describe, expect, it } from "vitest";
import { RowSearch } from "../../src/load/row-search.js";
import { SeededRandom, seeds } from "./seeded-random.js";

interface Outcome {
  readonly stored: number[];
  readonly refused: number[];
  readonly tries: number;
  /** Rows sent, over all tries. */
  readonly sent: number;
}

type Hint = (first: number) => number | undefined;

/** Chunks of `size` rows, of which those of `bad` are refused; `hint` makes of the first bad line what the server says. */
function search(rows: number, size: number, bad: ReadonlySet<number>, hint: Hint): Outcome {
  const outcome = { stored: [] as number[], refused: [] as number[], tries: 0, sent: 0 };
  const searching = new RowSearch();
  for (let begin = 0; begin < rows; begin += size) {
    const count = Math.min(size, rows - begin);
    searching.begin(count);
    for (let range = searching.next(); range !== undefined; range = searching.next()) {
      const { from, to } = range;
      expect(from).toBeLessThan(to);
      expect(to).toBeLessThanOrEqual(count);
      outcome.tries++;
      outcome.sent += to - from;
      const tried = Array.from({ length: to - from }, (_, i) => begin + from + i);
      const first = tried.findIndex((row) => bad.has(row));
      if (first < 0) {
        outcome.stored.push(...tried);
        searching.succeeded();
      } else {
        const refused = searching.failed(hint(first + 1));
        if (refused !== undefined) outcome.refused.push(begin + refused);
      }
    }
  }
  return outcome;
}

const truth: Hint = (line) => line;
const silence: Hint = () => undefined;

function every(rows: number, step: number): Set<number> {
  return new Set(Array.from({ length: Math.floor(rows / step) }, (_, i) => i * step));
}

function all(rows: number): number[] {
  return Array.from({ length: rows }, (_, i) => i);
}

describe("the search for refused rows", () => {
  it("stores each good row once, in order, and refuses each bad one alone, whatever the server says", () => {
    for (const seed of seeds(300)) {
      const random = new SeededRandom(seed);
      const rows = random.between(1, 200);
      const share = random.next() ** 2;
      const bad = new Set(all(rows).filter(() => random.chance(share)));
      const lies: Hint = () => random.between(-20, 300);
      for (const hint of [truth, silence, lies]) {
        const { stored, refused } = search(rows, random.between(1, 60), bad, hint);
        expect(refused, `seed ${seed}`).toEqual([...bad]);
        expect(stored, `seed ${seed}`).toEqual(all(rows).filter((row) => !bad.has(row)));
      }
    }
  });

  it("takes one try for a chunk without bad rows", () => {
    expect(search(10_000, 1_000, new Set(), truth)).toMatchObject({ tries: 10, sent: 10_000 });
  });

  it("takes three tries for a bad row that the server names", () => {
    // The chunk, the rows before it, the row; and the rest.
    expect(search(1_000, 1_000, new Set([700]), truth)).toMatchObject({ tries: 4 });
    expect(search(1_000, 1_000, new Set([0]), truth)).toMatchObject({ refused: [0] });
  });

  it("halves where the server names none", () => {
    const { tries } = search(1_024, 1_024, new Set([700]), silence);
    expect(tries).toBeLessThanOrEqual(25);
  });

  it("takes about one try for each of bad rows that follow each other, and sends them once", () => {
    const { tries, sent } = search(10_000, 10_000, new Set(all(10_000)), truth);
    expect(tries).toBeLessThan(10_010);
    expect(sent).toBeLessThan(20_010);
  });

  it("sends a row a few times at most, however the bad ones lie", () => {
    for (const step of [2, 3, 10, 100, 1_000]) {
      const { tries, sent } = search(20_000, 10_000, every(20_000, step), truth);
      expect(sent / 20_000, `every ${step}th is bad`).toBeLessThan(4);
      expect(tries / (20_000 / step), `every ${step}th is bad`).toBeLessThan(9);
    }
  });
});
