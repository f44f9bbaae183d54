/** Which goals the benchmark judges (bench/goals.js), and by which figures. */

import { describe, expect, test } from "vitest";
import { summarize } from "../../bench/floor/summary.js";
import { judge } from "../../bench/goals.js";

/** A contestant with these times; what it takes besides is the same for all. */
function result(name: string, seconds: readonly number[], failure?: string) {
  const measurements = seconds.map((wall, i) => ({
    wallMs: wall * 1000,
    cpuSeconds: 0.3,
    peakMemoryBytes: (100 + i) * 1e6,
  }));
  return { contestant: { name }, measurements, failure };
}

const floorRound = (cpuMs: number | undefined, elapsedMs: number) => {
  const time = { cpuMs, elapsedMs };
  return { out: time, in: time, indexes: time, foreignKeys: time, analyze: time };
};

interface Figures {
  readonly results: readonly ReturnType<typeof result>[];
  readonly floor?: ReturnType<typeof summarize> | { unmeasured: string };
  readonly nodeStartsMs?: readonly number[];
  readonly copiedBytes?: number;
}

/** What was reached of each goal, by its words. */
function reached(dataSet: string, figures: Figures) {
  const all = { floor: { unmeasured: "x" }, nodeStartsMs: [], copiedBytes: undefined, ...figures };
  const goals = judge(dataSet, all as unknown as Parameters<typeof judge>[1]);
  return Object.fromEntries(goals.map((goal) => [goal.goal, [goal.reached, goal.met]]));
}

const PEAK = "client's peak memory";

describe("the goals", () => {
  test("are judged by medians, and by the floor divided by the cores", () => {
    const floor = summarize([floorRound(1000, 9000), floorRound(1200, 9000)], 2);
    const results = [
      result("pgcopy", [5, 3, 4]),
      result("pg_dump-pg_restore", [8, 9, 10]),
      result("pgcopydb-binary", [5]),
    ];
    expect(reached("mixed", { results, floor })).toEqual({
      "to pg_dump -Fd -j, pg_restore -j, vacuumdb": [4 / 9, true],
      "to pgcopydb --use-copy-binary": [0.8, false],
      "to the floor divided by the cores": [4000 / 2750, false],
      [PEAK]: [102, true],
    });
  });

  test("don't judge a distance from a floor of less than 50 ms", () => {
    const floor = summarize([floorRound(19, 19)], 2);
    expect(reached("mixed", { results: [result("pgcopy", [1])], floor })).toEqual({
      [PEAK]: [100, true],
    });
  });

  test("take the best of several peers, and none that is out", () => {
    const results = [
      result("pgcopy", [6]),
      result("pg_dump-pg_restore", [12]),
      result("pg_dump-pg_restore-uncompressed", [10]),
      result("pgcopydb", [1], "its target is wrong"),
      result("pgcopydb-binary", [11]),
    ];
    expect(reached("wide", { results })).toEqual({
      "to the better of pg_dump/pg_restore and pgcopydb": [0.6, true],
      [PEAK]: [100, true],
    });
  });

  test("don't take the best of several programs where one of them has no figures", () => {
    const dump = result("pg_dump-pg_restore", [12]);
    const pgcopydb = result("pgcopydb", [10]);
    for (const peers of [
      [dump],
      [pgcopydb],
      [dump, result("pgcopydb", [10], "status 1")],
      [result("pg_dump-pg_restore-uncompressed", []), pgcopydb],
    ]) {
      const results = [result("pgcopy", [6]), ...peers];
      expect(reached("one-big", { results })).toEqual({ [PEAK]: [100, true] });
    }
  });

  test("add the start of Node.js to pg_dump | psql", () => {
    const results = [result("pgcopy", [0.6]), result("pg_dump-psql", [0.1])];
    expect(reached("tiny", { results, nodeStartsMs: [50, 100, 900] })).toEqual({
      "to the time of node -e 0 plus that of pg_dump | psql": [600 / 200, true],
      [PEAK]: [100, true],
    });
  });

  test("count client CPU for each GB, where there is some of it", () => {
    const results = [result("pgcopy", [1])];
    const goal = "client CPU for each GB (10⁹ bytes) that went through COPY";
    expect(reached("toast", { results, copiedBytes: 1.5e8 })[goal]).toEqual([2, false]);
    expect(reached("toast", { results, copiedBytes: 99e6 })[goal]).toBeUndefined();
  });

  test("are not judged where pgcopy is out", () => {
    const results = [result("pgcopy", [1], "status 1"), result("pg_dump-psql", [1])];
    expect(reached("many", { results })).toEqual({});
  });
});

test("the floor is the time elapsed where a server can't tell its CPU time", () => {
  const { basis, workMs, floorMs } = summarize([floorRound(undefined, 100)], 4);
  expect({ basis, workMs, floorMs }).toEqual({ basis: "elapsed", workMs: 500, floorMs: 125 });
});
