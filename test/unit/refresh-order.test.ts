/** Which materialized view is refreshed before which. */

import { describe, expect, test } from "vitest";
import { refreshOrder } from "../../src/catalog/refresh-order.js";
import { remainingPaths } from "../../src/run/graph-order.js";
import { SeededRandom, seeds } from "./seeded-random.js";

/** `reads(3, 1, 2)`: view 3 reads relations 1 and 2. */
const reads = (dependent: number, ...relations: number[]) =>
  relations.map((referenced) => ({ dependent, referenced, isFunction: false }));
const calls = (dependent: number) => [{ dependent, referenced: 900, isFunction: true }];

function order(materialized: number[], ...dependencies: ReturnType<typeof reads>[]) {
  return refreshOrder(materialized, dependencies.flat()).map(
    ({ dependent, referenced }) => `${dependent} after ${referenced}`,
  );
}

describe("a materialized view", () => {
  test("that reads tables alone comes in any order", () => {
    expect(order([10, 11], reads(10, 1), reads(11, 1, 2))).toEqual([]);
  });

  test("comes after one that it reads", () => {
    expect(order([10, 11], reads(11, 10))).toEqual(["11 after 10"]);
  });

  test("comes after one that it reads through views, however many", () => {
    expect(order([10, 40], reads(40, 30), reads(30, 20, 21), reads(20, 10), reads(21, 10))).toEqual(
      ["40 after 10"],
    );
  });

  test("does not repeat what one that it reads comes after by itself", () => {
    expect(order([10, 11, 12], reads(11, 10), reads(12, 11))).toEqual([
      "11 after 10",
      "12 after 11",
    ]);
  });

  test("that calls a function comes after all that were there before it: the function may read them", () => {
    expect(order([10, 11, 12], calls(11))).toEqual(["11 after 10"]);
    expect(order([10, 11], reads(11, 20), calls(20))).toEqual(["11 after 10"]);
  });

  test("never comes after itself, even through a view that reads it", () => {
    expect(order([10], reads(10, 20), reads(20, 10))).toEqual([]);
  });

  test("that calls a function does not come after one that reads it: views can be replaced", () => {
    expect(order([10, 11], reads(10, 20), reads(20, 11), calls(11))).toEqual(["10 after 11"]);
    expect(order([10, 11, 12], reads(10, 12), calls(11), calls(12))).toEqual([
      "10 after 12",
      "11 after 12",
      "11 after 10",
    ]);
  });
});

test("no order is a circle, whatever reads and calls whatever", () => {
  for (const seed of seeds(200)) {
    const random = new SeededRandom(seed);
    const views = Array.from({ length: random.between(1, 8) }, (_, i) => 10 + i);
    const relations = [...views, 20, 21, 22];
    const dependencies = relations.flatMap((dependent) => [
      ...reads(dependent, ...relations.filter(() => random.chance(0.2))),
      ...(random.chance(0.3) ? calls(dependent) : []),
    ]);
    const tasks = views.map((view) => ({
      id: String(view),
      pool: "any",
      cost: 1,
      needs: refreshOrder(views, dependencies)
        .filter(({ dependent }) => dependent === view)
        .map(({ referenced }) => String(referenced)),
    }));
    expect(() => remainingPaths(tasks), `seed ${seed}`).not.toThrow();
  }
});
