/** The task graph runner, by rules that hold for any graph, and by examples that show them. */

import { describe, expect, test } from "vitest";
import { PgCopyError } from "../../src/errors.js";
import { runGraph, type Task } from "../../src/run/graph.js";
import { remainingPaths } from "../../src/run/graph-order.js";
import { SeededRandom, seeds } from "./seeded-random.js";
import { longestPath, type SimulatedTask, simulate } from "./simulated-graph.js";

function task(id: string, rest: Partial<SimulatedTask> = {}): SimulatedTask {
  const duration = rest.duration ?? rest.cost ?? 1;
  return { id, pool: "any", needs: [], cost: duration, ...rest, duration };
}

const pools = { any: 2 };

describe("any graph, with any durations", () => {
  test("is run by the rules", async () => {
    for (const seed of seeds(150)) {
      const random = new SeededRandom(seed);
      const tasks = randomTasks(random, { failures: 0 }).map((task) => ({
        ...task,
        weight: [0, 1, 1, 1.4][random.between(0, 3)] as number,
      }));
      const pools = randomPools(random);
      const together = random.chance(0.5) ? { together: 1.4 * random.between(1, 4) } : {};
      const run = await simulate(tasks, { pools, ...together });
      expect({ seed, ...run }).toMatchObject({ seed, violations: [], thrown: undefined });
      expect([...run.done].sort()).toEqual(tasks.map(({ id }) => id).sort());
    }
  });

  test("ends with its first failure, and nothing running", async () => {
    for (const seed of seeds(150)) {
      const random = new SeededRandom(1000 + seed);
      const tasks = randomTasks(random, { failures: 0.25 });
      const run = await simulate(tasks, { pools: randomPools(random) });
      expect({ seed, ...run }).toMatchObject({ seed, violations: [], leftRunning: 0 });
      expect(run.thrown).toBe(run.firstFailure);
      if (run.firstFailure === undefined) expect(run.done).toHaveLength(tasks.length);
    }
  });

  test("ends when the caller aborts it", async () => {
    for (const seed of seeds(100)) {
      const random = new SeededRandom(2000 + seed);
      const tasks = randomTasks(random, { failures: 0 });
      const abortAt = random.between(0, 30);
      const run = await simulate(tasks, { pools: randomPools(random), abortAt });
      expect({ seed, ...run }).toMatchObject({ seed, violations: [], leftRunning: 0 });
      if (run.thrown === undefined) expect(run.done).toHaveLength(tasks.length);
      else if (run.firstFailure !== undefined) expect(run.thrown).toBe(run.firstFailure);
      else expect(run.thrown).toMatchObject({ code: "interrupted", retrySafe: true });
    }
  });
});

describe("order", () => {
  test("a task starts when the last of what it needs is done, not when a phase is over", async () => {
    const run = await simulate(
      [
        task("copy a", { duration: 1 }),
        task("copy b", { duration: 9 }),
        task("index a", { needs: ["copy a"], duration: 2 }),
        task("index b", { needs: ["copy b"], duration: 2 }),
      ],
      { pools: { any: 4 } },
    );
    expect(run.done).toEqual(["copy a", "index a", "copy b", "index b"]);
    expect(run.ticks).toBe(11);
  });

  test("the longest remaining path goes first", async () => {
    const run = await simulate(
      [
        task("short", { duration: 1 }),
        task("head of a long path", { duration: 2 }),
        task("tail", { needs: ["head of a long path"], duration: 10 }),
        task("long", { duration: 5 }),
      ],
      { pools: { any: 1 } },
    );
    expect(run.started).toEqual(["head of a long path", "tail", "long", "short"]);
  });

  test("equal paths start in the plan's order", async () => {
    const names = ["d", "a", "c", "b"];
    const run = await simulate(
      names.map((name) => task(name)),
      { pools: { any: 1 } },
    );
    expect(run.started).toEqual(names);
  });

  test("a need that is named twice counts once", async () => {
    const run = await simulate([task("a"), task("b", { needs: ["a", "a"] })], { pools });
    expect(run.done).toEqual(["a", "b"]);
  });

  test("an empty graph is done at once", async () => {
    expect((await simulate([], { pools })).thrown).toBeUndefined();
  });
});

describe("pools and locks", () => {
  test("a full pool holds up no other", async () => {
    const run = await simulate(
      [
        task("copy 1", { pool: "tables", duration: 5 }),
        task("copy 2", { pool: "tables", duration: 5 }),
        task("index", { pool: "indexes", duration: 1 }),
      ],
      { pools: { tables: 1, indexes: 1 } },
    );
    expect(run.done).toEqual(["index", "copy 1", "copy 2"]);
  });

  test("a task may take a place that another pool has no task for", async () => {
    const anywhere = { pool: "indexes", mayUse: ["tables"], duration: 3 };
    const run = await simulate(
      [
        task("index", { pool: "indexes", duration: 3 }),
        task("create 1", anywhere),
        task("create 2", anywhere),
        task("create 3", anywhere),
      ],
      { pools: { tables: 1, indexes: 1 } },
    );
    expect(run.violations).toEqual([]);
    expect(run.started).toEqual(["index", "create 1", "create 2", "create 3"]);
    expect(run.ticks).toBe(6);
  });

  test("but not before that pool's own tasks", async () => {
    const run = await simulate(
      [
        task("copy 1", { pool: "tables", duration: 1 }),
        task("copy 2", { pool: "tables", duration: 1 }),
        task("analyze 1", { pool: "indexes", mayUse: ["tables"], duration: 9 }),
        task("analyze 2", { pool: "indexes", mayUse: ["tables"], duration: 9 }),
      ],
      { pools: { tables: 1, indexes: 1 } },
    );
    expect(run.started).toEqual(["analyze 1", "copy 1", "copy 2", "analyze 2"]);
    expect(run.ticks).toBe(11);
  });

  test("all pools together run no more than they may, the longest path first", async () => {
    const run = await simulate(
      [
        task("copy 1", { pool: "tables", duration: 2 }),
        task("copy 2", { pool: "tables", duration: 6 }),
        task("index 1", { pool: "indexes", duration: 4 }),
        task("index 2", { pool: "indexes", duration: 5 }),
      ],
      { pools: { tables: 2, indexes: 2 }, together: 2 },
    );
    expect(run.violations).toEqual([]);
    expect(run.started).toEqual(["copy 2", "index 2", "index 1", "copy 1"]);
    expect(run.ticks).toBe(9);
  });

  test("what mostly waits is not counted", async () => {
    const run = await simulate(
      [
        task("create 1", { weight: 0, duration: 3 }),
        task("create 2", { weight: 0, duration: 3 }),
        task("copy 1", { duration: 2 }),
        task("copy 2", { duration: 2 }),
      ],
      { pools: { any: 4 }, together: 1 },
    );
    expect(run.started).toEqual(["create 1", "create 2", "copy 1", "copy 2"]);
    expect(run.ticks).toBe(4);
  });

  test("weights may be fractions, and one that is too heavy runs alone", async () => {
    const run = await simulate(
      [
        task("copy 1", { weight: 1.4, duration: 5 }),
        task("copy 2", { weight: 1.4, duration: 4 }),
        task("build 1", { duration: 3 }),
        task("build 2", { duration: 2 }),
        task("heavy", { weight: 3, duration: 1 }),
      ],
      { pools: { any: 4 }, together: 2.8 },
    );
    expect(run.started).toEqual(["copy 1", "copy 2", "build 1", "build 2", "heavy"]);
    expect(run.ticks).toBe(8);
  });

  test("what is too heavy for what is left is waited for, and not overtaken by what is shorter", async () => {
    const builds = Array.from({ length: 12 }, (_, i) =>
      task(`build ${i + 1}`, { pool: "indexes", duration: i < 4 ? 4 + i : 2 }),
    );
    const run = await simulate(
      [task("copy", { pool: "tables", weight: 1.4, duration: 3, cost: 3 }), ...builds],
      { pools: { tables: 4, indexes: 4 }, together: 4.2 },
    );
    expect(run.violations).toEqual([]);
    // When the first two builds have ended there is room for it, and none of the short ones was before it.
    expect(run.started.indexOf("copy")).toBe(4);
  });

  test("costs below nothing don't keep a task from its turn", async () => {
    const run = await simulate([task("odd", { cost: -2 })], { pools: { any: 1 } });
    expect(run.started).toEqual(["odd"]);
  });

  test("shared holders run together, an exclusive one alone", async () => {
    const shared = { locks: { shared: ["t"] }, duration: 2 };
    const run = await simulate(
      [
        task("index 1", shared),
        task("index 2", shared),
        task("attach", { locks: { exclusive: ["t"] }, duration: 1 }),
      ],
      { pools: { any: 3 } },
    );
    expect(run.violations).toEqual([]);
    expect(run.started).toEqual(["index 1", "index 2", "attach"]);
    expect(run.ticks).toBe(3);
  });

  test("who waits for a lock lets others of its pool go ahead", async () => {
    const run = await simulate(
      [
        task("first", { locks: { exclusive: ["t"] }, duration: 4 }),
        task("waits", { locks: { exclusive: ["t"] }, duration: 3 }),
        task("free", { duration: 1 }),
      ],
      { pools },
    );
    expect(run.started).toEqual(["first", "free", "waits"]);
    expect(run.ticks).toBe(7);
  });

  test("locks in opposite orders are no deadlock", async () => {
    const run = await simulate(
      [
        task("a to b", { locks: { exclusive: ["a", "b"] } }),
        task("b to a", { locks: { exclusive: ["b", "a"] } }),
        task("a to a", { locks: { exclusive: ["a"], shared: ["b"] } }),
      ],
      { pools: { any: 3 } },
    );
    expect(run.violations).toEqual([]);
    expect(run.done).toHaveLength(3);
  });
});

describe("failure", () => {
  test("aborts the siblings, waits for them, and leaves with the first error", async () => {
    const run = await simulate(
      [
        task("fails", { duration: 2, fails: true }),
        task("sibling", { duration: 100, whenAborted: { after: 7, succeeds: false } }),
        task("later", { needs: ["sibling"] }),
      ],
      { pools },
    );
    expect(run.thrown).toEqual(new Error("fails failed"));
    expect(run.leftRunning).toBe(0);
    expect(run.ticks).toBe(9);
    expect(run.started).toEqual(["sibling", "fails"]);
  });

  test("a sibling that ends well all the same starts nothing any more", async () => {
    const run = await simulate(
      [
        task("fails", { duration: 1, fails: true }),
        task("sibling", { duration: 100, whenAborted: { after: 1, succeeds: true } }),
        task("later", { needs: ["sibling"] }),
      ],
      { pools },
    );
    expect(run.thrown).toEqual(new Error("fails failed"));
    expect(run.done).toEqual(["sibling"]);
  });

  test("an error of ours as the signal's reason is what is thrown", async () => {
    const reason = new PgCopyError("stopped by the user", { code: "interrupted" });
    const started: string[] = [];
    const run = runGraph([task("a")], {
      pools,
      signal: AbortSignal.abort(reason),
      execute: async ({ id }) => {
        started.push(id);
      },
    });
    await expect(run).rejects.toBe(reason);
    expect(started).toEqual([]);
  });
});

describe("a wrong graph is refused before anything runs", () => {
  const never = async () => {
    throw new Error("was started");
  };
  const run = (...tasks: Task[]) =>
    runGraph(tasks, { pools, execute: never, signal: new AbortController().signal });

  test("for a need that is not there", async () => {
    await expect(run(task("a", { needs: ["b"] }), task("c"))).rejects.toMatchObject({
      code: "internal",
      message: "the task graph is wrong: a needs b, which is not there",
    });
  });

  test("for a circle, naming who is in it", async () => {
    const circle = [
      task("a", { needs: ["c"] }),
      task("b", { needs: ["a"] }),
      task("c", { needs: ["b"] }),
    ];
    await expect(run(task("free"), ...circle)).rejects.toThrow(
      "these tasks need each other in a circle: a, b, c",
    );
    await expect(run(task("x", { needs: ["x"] }))).rejects.toThrow("in a circle: x");
  });

  test("for a pool that is not there", async () => {
    await expect(run(task("a", { pool: "tabels" }))).rejects.toThrow(
      "a names the unknown pool tabels",
    );
    await expect(run(task("a", { mayUse: ["tabels"] }))).rejects.toThrow(
      "a names the unknown pool tabels",
    );
  });

  test("and a pool without room is told, not waited for", async () => {
    const empty = runGraph([task("a")], {
      pools: { any: 0 },
      execute: never,
      signal: new AbortController().signal,
    });
    await expect(empty).rejects.toThrow("1 tasks could never start");
  });
});

describe("remainingPaths", () => {
  test("adds up costs along the longest path", () => {
    const tasks = [
      task("a", { cost: 1 }),
      task("b", { cost: 5, needs: ["a"] }),
      task("c", { cost: 2, needs: ["a"] }),
      task("d", { cost: 4, needs: ["c", "b"] }),
    ];
    expect([...remainingPaths(tasks)].sort()).toEqual([
      ["a", 10],
      ["b", 9],
      ["c", 6],
      ["d", 4],
    ]);
  });

  test("agrees with following every path", () => {
    for (const seed of seeds(50)) {
      const tasks = randomTasks(new SeededRandom(3000 + seed), { failures: 0 });
      const paths = remainingPaths(tasks);
      for (const one of tasks) expect(paths.get(one.id)).toBeCloseTo(longestPath(one, tasks));
    }
  });
});

/** Tasks in random order, needing only some that were made before them. */
function randomTasks(random: SeededRandom, { failures }: { failures: number }): SimulatedTask[] {
  const tasks: SimulatedTask[] = [];
  const count = random.between(1, 18);
  for (let i = 0; i < count; i++) {
    const shared: string[] = [];
    const exclusive: string[] = [];
    for (const name of ["t", "u", "v"]) {
      if (random.chance(0.25)) (random.chance(0.6) ? shared : exclusive).push(name);
    }
    tasks.push({
      id: `task ${i}`,
      ...somePools(random),
      needs: tasks.filter(() => random.chance(0.15)).map(({ id }) => id),
      cost: random.between(0, 20) / 4,
      duration: random.between(0, 12),
      fails: random.chance(failures),
      whenAborted: { after: random.between(0, 5), succeeds: random.chance(0.3) },
      ...(random.chance(0.7) ? { locks: { shared, exclusive } } : {}),
    });
  }
  return tasks.sort(() => random.next() - 0.5);
}

function somePools(random: SeededRandom): Pick<Task, "pool" | "mayUse"> {
  const all = ["tables", "indexes", "control"];
  const pool = random.pick(all);
  const mayUse = all.filter((other) => other !== pool && random.chance(0.25));
  return mayUse.length === 0 ? { pool } : { pool, mayUse };
}

function randomPools(random: SeededRandom): Record<string, number> {
  return { tables: random.between(1, 4), indexes: random.between(1, 4), control: 1 };
}
