/** The task graph runner, by rules that hold for any graph, and by examples that show them. */

import { describe, expect, test } from "vitest";
import { PgCopyError } from "../../src/errors.js";
import { runGraph, type Task } from "../../src/run/graph.js";
import { remainingPaths } from "../../src/run/graph-order.js";
import { SeededRandom, seeds } from "./seeded-random.js";
import {
  failuresOf,
  longestPath,
  type SimulatedTask,
  type SimulationOptions,
  simulate,
} from "./simulated-graph.js";

function task(id: string, rest: Partial<SimulatedTask> = {}): SimulatedTask {
  const duration = rest.duration ?? rest.cost ?? 1;
  return { id, pool: "any", needs: [], cost: duration, ...rest, duration };
}

const pools = { any: 2 };

describe("any graph, with any durations", () => {
  test("is run by the rules", async () => {
    for (const seed of seeds(150)) {
      const random = new SeededRandom(seed);
      const tasks = weighted(random, randomTasks(random, { failures: 0 }));
      const before = someDone(random, tasks);
      const run = await simulate(tasks, { ...randomBounds(random), before });
      expect({ seed, ...run }).toMatchObject({ seed, violations: [], thrown: undefined });
      const left = tasks.map(({ id }) => id).filter((id) => !before.has(id));
      expect([...run.done].sort()).toEqual(left.sort());
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

  test("that keeps going leaves out what needs a failed task, does all else, and names both", async () => {
    for (const seed of seeds(200)) {
      const random = new SeededRandom(4000 + seed);
      const failures = random.pick([0, 0.1, 0.3, 1]);
      const tasks = weighted(random, randomTasks(random, { failures }));
      const before = someDone(random, tasks);
      const run = await simulate(tasks, keepGoing({ ...randomBounds(random), before }));
      expect({ seed, ...run }).toMatchObject({ seed, violations: [], leftRunning: 0 });
      const thrown = failuresOf(run.thrown);
      const because = leftOut(tasks, run.failed, before);
      expect({ seed, failed: thrown?.failed ?? [] }).toEqual({ seed, failed: run.failed });
      expect({ seed, because: thrown?.because ?? new Map() }).toEqual({ seed, because });
      const named = [...run.done, ...run.failed, ...because.keys(), ...before];
      expect({ seed, named: named.sort() }).toEqual({ seed, named: idsOf(tasks).sort() });
      if (run.failed.length === 0) expect(run.thrown).toBeUndefined();
      else expect(thrown?.stopped).toBeUndefined();
    }
  });

  test("that keeps going is stopped by the caller, or by a failure after which there is no going on", async () => {
    for (const seed of seeds(200)) {
      const random = new SeededRandom(5000 + seed);
      const tasks = weighted(random, randomTasks(random, { failures: 0.3 })).map((task) => ({
        ...task,
        stopsAll: random.chance(0.2),
      }));
      const options = { ...randomBounds(random), before: someDone(random, tasks) };
      const abort = random.chance(0.5) ? { abortAt: random.between(0, 30) } : {};
      const run = await simulate(tasks, keepGoing({ ...options, ...abort }));
      expect({ seed, ...run }).toMatchObject({ seed, violations: [], leftRunning: 0 });
      const thrown = failuresOf(run.thrown);
      expect({ seed, failed: thrown?.failed ?? [] }).toEqual({ seed, failed: run.failed });
      const last = thrown === undefined ? run.thrown : thrown.stopped;
      if (run.firstFailure !== undefined)
        expect({ seed, last }).toEqual({ seed, last: run.firstFailure });
      else if (last !== undefined) expect(last).toMatchObject({ code: "interrupted" });
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

describe("after a failure, keeping going", () => {
  const copies = [
    task("copy a", { duration: 2, fails: true }),
    task("copy b", { duration: 5 }),
    task("index a", { needs: ["copy a"] }),
    task("foreign key", { needs: ["copy b", "index a"] }),
    task("index b", { needs: ["copy b"] }),
    task("release", { after: ["copy a", "copy b", "index a"] }),
  ];

  test("does what doesn't need it, and what only waited for its end", async () => {
    const run = await simulate(copies, keepGoing({ pools }));
    expect(run.violations).toEqual([]);
    expect(run.done).toEqual(["copy b", "index b", "release"]);
    expect(failuresOf(run.thrown)).toEqual({
      failed: ["copy a"],
      because: new Map([
        ["index a", ["copy a"]],
        ["foreign key", ["copy a"]],
      ]),
      stopped: undefined,
    });
  });

  test("names every failure that a task was left out for", async () => {
    const run = await simulate(
      [
        task("copy a", { fails: true }),
        task("copy b", { fails: true }),
        task("foreign key", { needs: ["copy a", "copy b"] }),
      ],
      keepGoing({ pools }),
    );
    expect(failuresOf(run.thrown)?.because.get("foreign key")).toEqual(["copy a", "copy b"]);
  });

  test("lets go of the failed task's locks and place", async () => {
    const locks = { locks: { exclusive: ["t"] } };
    const run = await simulate(
      [task("a", { ...locks, cost: 9, duration: 1, fails: true }), task("b", locks)],
      keepGoing({ pools: { any: 1 } }),
    );
    expect(run.done).toEqual(["b"]);
  });

  test("an order alone does not stop a task whose predecessor was left out", async () => {
    const run = await simulate(
      [
        task("schema", { fails: true }),
        task("copy", { needs: ["schema"] }),
        task("verify", { needs: ["copy"] }),
        task("release", { after: ["copy", "verify", "schema"] }),
      ],
      keepGoing({ pools }),
    );
    expect(run.done).toEqual(["release"]);
  });

  test("who needs a task and also waits for its end needs it", async () => {
    const run = await simulate(
      [task("a", { fails: true }), task("b", { needs: ["a"], after: ["a"] })],
      keepGoing({ pools }),
    );
    expect(run.started).toEqual(["a"]);
    expect(failuresOf(run.thrown)?.because.get("b")).toEqual(["a"]);
  });

  test("a failure that stops all is told with those before it", async () => {
    const run = await simulate(
      [
        task("a", { duration: 1, fails: true }),
        task("server gone", { duration: 2, fails: true, stopsAll: true }),
        task("later", { needs: ["server gone"] }),
      ],
      keepGoing({ pools }),
    );
    expect(failuresOf(run.thrown)).toMatchObject({
      failed: ["a"],
      stopped: new Error("server gone failed"),
    });
  });
});

describe("with tasks that were done before", () => {
  test("runs only the rest, and waits for none of them", async () => {
    const run = await simulate(
      [
        task("copy a", { duration: 9 }),
        task("copy b"),
        task("index a", { needs: ["copy a"] }),
        task("release", { after: ["copy a", "copy b"] }),
      ],
      { pools, before: new Set(["copy a", "release"]) },
    );
    expect(run.started).toEqual(["copy b", "index a"]);
    expect(run.ticks).toBe(1);
  });

  test("is done at once if all were", async () => {
    const run = await simulate([task("a")], { pools, before: new Set(["a"]) });
    expect(run).toMatchObject({ started: [], thrown: undefined });
  });

  test("what is done makes no path longer", async () => {
    const run = await simulate(
      [
        task("a"),
        task("long", { needs: ["a"], cost: 100 }),
        task("later", { needs: ["long"], cost: 100, duration: 1 }),
        task("b", { cost: 2, duration: 1 }),
      ],
      { pools: { any: 1 }, before: new Set(["long", "later"]) },
    );
    expect(run.started).toEqual(["b", "a"]);
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

  test("also where it is only waited for", async () => {
    await expect(run(task("a", { after: ["b"] }))).rejects.toThrow("a needs b, which is not there");
    await expect(run(task("a", { after: ["b"] }), task("b", { needs: ["a"] }))).rejects.toThrow(
      "in a circle: a, b",
    );
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
      needs: idsOf(tasks.filter(() => random.chance(0.15))),
      ...(random.chance(0.3) ? { after: idsOf(tasks.filter(() => random.chance(0.3))) } : {}),
      cost: random.between(0, 20) / 4,
      duration: random.between(0, 12),
      fails: random.chance(failures),
      whenAborted: { after: random.between(0, 5), succeeds: random.chance(0.3) },
      ...(random.chance(0.7) ? { locks: { shared, exclusive } } : {}),
    });
  }
  return tasks.sort(() => random.next() - 0.5);
}

function randomBounds(random: SeededRandom) {
  const together = random.chance(0.5) ? { together: 1.4 * random.between(1, 4) } : {};
  return { pools: randomPools(random), ...together };
}

function weighted(random: SeededRandom, tasks: readonly SimulatedTask[]): SimulatedTask[] {
  return tasks.map((task) => ({ ...task, weight: random.pick([0, 1, 1, 1.4]) }));
}

const idsOf = (tasks: readonly Task[]) => tasks.map(({ id }) => id);

/** Most often what a stopped run leaves, with all that it needs; sometimes any tasks, as no journal is trusted. */
function someDone(random: SeededRandom, tasks: readonly Task[]): ReadonlySet<string> {
  if (random.chance(0.4)) return new Set();
  const done = new Set(idsOf(tasks.filter(() => random.chance(0.3))));
  if (random.chance(0.2)) return done;
  for (const id of done)
    for (const need of tasks.find((task) => task.id === id)?.needs ?? []) done.add(need);
  return done;
}

function keepGoing(options: SimulationOptions): SimulationOptions {
  return { ...options, keepGoing: true };
}

/** By asking each task what it needs: slow, and so simple that it can be trusted. */
function leftOut(
  tasks: readonly Task[],
  failed: readonly string[],
  done: ReadonlySet<string>,
): Map<string, string[]> {
  const reasons = (id: string): string[] => {
    const { needs = [] } = tasks.find((task) => task.id === id) ?? {};
    const open = needs.filter((need) => !done.has(need));
    return open.flatMap((need) => (failed.includes(need) ? [need] : reasons(need)));
  };
  const all = idsOf(tasks).filter((id) => !done.has(id) && !failed.includes(id));
  const because = all.map((id) => [id, failed.filter((one) => reasons(id).includes(one))] as const);
  return new Map(because.filter(([, ids]) => ids.length > 0).map(([id, ids]) => [id, [...ids]]));
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
