/** A graph played through before it is run: by the same rules, and sharing the cores. */

import { describe, expect, test } from "vitest";
import type { Task } from "../../src/run/graph.js";
import { longestChain, simulateGraph } from "../../src/run/simulate-graph.js";
import { SeededRandom, seeds } from "./seeded-random.js";
import { simulate } from "./simulated-graph.js";

function task(id: string, cost: number, rest: Partial<Task> = {}): Task {
  return { id, pool: "any", needs: [], cost, ...rest };
}

interface Conditions {
  readonly jobs?: number;
  readonly cores?: number;
  readonly wait?: number;
  readonly width?: number;
  readonly together?: number;
}

function play(tasks: readonly Task[], conditions: Conditions = {}) {
  const { jobs = 4, cores = Number.POSITIVE_INFINITY, wait = 0, width = 1, together } = conditions;
  return simulateGraph(tasks, {
    pools: { any: jobs },
    together,
    cores,
    widthOf: () => width,
    waitOf: () => wait,
  });
}

const seconds = (tasks: readonly Task[], conditions?: Conditions) =>
  play(tasks, conditions).at(-1)?.endedAt;

function randomTasks(random: SeededRandom): Task[] {
  const tasks: Task[] = [];
  const count = random.between(1, 25);
  for (let i = 0; i < count; i++) {
    const names = ["t", "u"].filter(() => random.chance(0.2));
    tasks.push({
      id: `task ${i}`,
      pool: random.pick(["tables", "indexes", "control"]),
      needs: tasks.filter(() => random.chance(0.15)).map(({ id }) => id),
      ...(random.chance(0.3)
        ? { after: tasks.filter(() => random.chance(0.2)).map(({ id }) => id) }
        : {}),
      cost: random.between(0, 12),
      ...(random.chance(0.4) ? { mayUse: ["indexes"] } : {}),
      locks: random.chance(0.5) ? { shared: names } : { exclusive: names },
    });
  }
  return tasks;
}

test("with cores for all, a simulated run is the run, task by task", async () => {
  for (const seed of seeds(150)) {
    const random = new SeededRandom(seed);
    const tasks = randomTasks(random);
    const pools = { tables: random.between(1, 4), indexes: random.between(1, 4), control: 1 };
    const done = new Set(tasks.filter(() => random.chance(0.1)).map(({ id }) => id));
    const run = await simulate(
      tasks.map((one) => ({ ...one, duration: one.cost })),
      { pools, before: done },
    );
    const played = simulateGraph(tasks, {
      pools,
      done,
      cores: Number.POSITIVE_INFINITY,
      widthOf: () => 1,
      waitOf: () => 0,
    });
    expect({ seed, done: played.map((one) => one.task.id) }).toEqual({ seed, done: run.done });
    expect(played.at(-1)?.endedAt ?? 0).toBeCloseTo(run.ticks);
  }
});

test("for any graph: no shorter than its work allows, and hardly longer with more cores", () => {
  for (const seed of seeds(150)) {
    const tasks = randomTasks(new SeededRandom(seed)).map((one) => ({
      ...one,
      pool: "any",
      mayUse: [],
    }));
    const work = tasks.reduce((sum, { cost }) => sum + cost, 0);
    const one = seconds(tasks, { jobs: 1 }) ?? 0;
    expect({ seed, seconds: one }).toEqual({ seed, seconds: expect.closeTo(work) });
    for (const cores of [1, 2, 3, 8]) {
      const took = seconds(tasks, { cores, jobs: 4 }) ?? 0;
      expect(took).toBeGreaterThanOrEqual(work / Math.min(cores, 4) - 1e-6);
      expect(took).toBeLessThanOrEqual(work + 1e-6);
    }
    // Four jobs that share one core are one job with one core.
    expect(seconds(tasks, { cores: 1, jobs: 4 })).toBeCloseTo(work);
  }
});

describe("what tasks share", () => {
  test("is the cores, evenly, from when one begins until one ends", () => {
    const tasks = [task("a", 3), task("b", 1), task("c", 1)];
    const ends = play(tasks, { cores: 2 }).map((one) => [one.task.id, one.endedAt]);
    // Two cores for three: b and c take 1.5 s, in which a has done 1 of 3; then it is alone.
    expect(ends).toEqual([
      ["b", expect.closeTo(1.5)],
      ["c", expect.closeTo(1.5)],
      ["a", expect.closeTo(3.5)],
    ]);
  });

  test("is what more tasks have less of, and then the longest path ends later", () => {
    const tasks = [
      task("large", 4),
      task("its index", 4, { needs: ["large"] }),
      ...["b", "c", "d", "e"].map((id) => task(id, 2)),
    ];
    expect(seconds(tasks, { cores: 2, jobs: 5 })).toBeCloseTo(11);
    expect(seconds(tasks, { cores: 2, jobs: 5, together: 2 })).toBeCloseTo(8);
  });

  test("is more than one of them for a task that can use more", () => {
    expect(seconds([task("a", 3)], { cores: 2, width: 1.5 })).toBeCloseTo(2);
    expect(seconds([task("a", 3)], { cores: 1, width: 1.5 })).toBeCloseTo(3);
  });

  test("is not used by one that waits for the network", () => {
    const tasks = [task("a", 1), task("b", 1, { needs: ["a"] })];
    expect(seconds(tasks, { cores: 1, wait: 10 })).toBeCloseTo(22);
    expect(seconds([task("a", 1), task("b", 1)], { cores: 1, wait: 10 })).toBeCloseTo(12);
  });
});

test("the chain is of tasks of which each began when the one before ended", () => {
  const tasks = [
    task("copy", 2),
    task("other copy", 5),
    task("index", 6, { needs: ["copy"] }),
    task("foreign key", 1, { needs: ["index"] }),
  ];
  const chain = (jobs: number) => longestChain(play(tasks, { jobs })).map((one) => one.task.id);
  expect(chain(2)).toEqual(["copy", "index", "foreign key"]);
  // With one job the index waits for a place, not for what it needs.
  expect(chain(1)).toEqual(["copy", "index", "other copy", "foreign key"]);
  expect(longestChain(play([]))).toEqual([]);
});

test("tasks that need each other in a circle are no graph", () => {
  const circle = [task("a", 1, { needs: ["b"] }), task("b", 1, { needs: ["a"] })];
  expect(() => play(circle)).toThrow("these tasks need each other in a circle: a, b");
});
