/** The benchmark's table of contestants. */

import { expect, test } from "vitest";
import { summarize } from "../../bench/floor/summary.js";
import { resultsTable } from "../../bench/tables.js";

type Result = Parameters<typeof resultsTable>[0][number];

/** A contestant that took so many seconds in each round. */
function result(name: string, seconds: readonly number[], apart = false): Result {
  const measurements = seconds.map((wall) => ({
    ...{ wallMs: wall * 1000, cpuSeconds: wall / 2, peakMemoryBytes: wall * 1e8 },
    ...{ loadBefore: 0, stdout: "", failure: undefined },
  }));
  const command = () => ({ program: "true", args: [] });
  const missing = async () => undefined;
  const contestant = { name, title: `the ${name}`, byDefault: true, apart, missing, command };
  return { contestant, measurements, failure: seconds.length > 0 ? undefined : "status 1" };
}

const noFloor = { unmeasured: "not here" };

test("compares those that copied with pgcopy, and no other", () => {
  const results = [
    result("pgcopy", [2, 1, 4]),
    result("nothing", [0.5, 0.7], true),
    result("other", [3]),
    result("broken", [], true),
  ];
  expect(resultsTable(results, noFloor).split("\n").slice(2)).toEqual([
    "| the pgcopy | 2.00 (1.00 to 4.00) | 1.00 × |  | 1.00 | 200 |",
    "| the other | 3.00 (3.00 to 3.00) | 1.50 × |  | 1.50 | 300 |",
    "",
    "Apart: the nothing, 0.60 (0.50 to 0.70) s; client CPU 0.30 s, client memory 60 MB",
    "",
    "Apart: the broken, out: status 1",
  ]);
});

test("says below the table who gathers no statistics", () => {
  const lazy = result("lazy", [1]);
  Object.assign(lazy.contestant, { analyzes: false });
  const table = resultsTable([result("pgcopy", [1]), lazy], noFloor);
  expect(table).toMatch(/\|\n\nWithout ANALYZE, which the others and the floor include: the lazy$/);
});

test("shows no distance from a floor of less than 50 ms", () => {
  const distance = (ms: number) => {
    const time = { cpuMs: ms, elapsedMs: ms };
    const round = { out: time, in: time, indexes: time, foreignKeys: time, analyze: time };
    return resultsTable([result("pgcopy", [1])], summarize([round], 1)).split(" | ")[8];
  };
  expect(distance(10)).toBe("20.00 ×");
  expect(distance(9)).toBe("");
});
