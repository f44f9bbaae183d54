/** Several graphs on shared places, and several pools on a shared budget of sessions. */

import { describe, expect, test } from "vitest";
import { SessionBudget } from "../../src/postgres/session-budget.js";
import { runGraph, type Task } from "../../src/run/graph.js";
import { Slots } from "../../src/run/slots.js";

/** Tasks that end when they are told to, by name; and what runs at the moment. */
class Stage {
  readonly running: string[] = [];
  readonly #ends = new Map<string, (error?: Error) => void>();

  execute = (task: Task, signal: AbortSignal): Promise<void> => {
    this.running.push(task.id);
    return new Promise((resolve, reject) => {
      const end = (error?: Error) => {
        this.running.splice(this.running.indexOf(task.id), 1);
        if (error === undefined) resolve();
        else reject(error);
      };
      this.#ends.set(task.id, end);
      signal.addEventListener("abort", () => end(new Error("aborted")), { once: true });
    });
  };

  async end(id: string, error?: Error): Promise<void> {
    this.#ends.get(id)?.(error);
    await settled();
  }
}

/** Everything that follows from what is resolved has happened. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

function task(id: string, rest: Partial<Task> = {}): Task {
  return { id, pool: "tables", needs: [], cost: 1, ...rest };
}

function graphOf(stage: Stage, shared: Slots, signal = new AbortController().signal) {
  return (...tasks: Task[]) =>
    runGraph(tasks, { pools: { control: 1 }, shared, signal, execute: stage.execute });
}

describe("two graphs on shared places", () => {
  test("never take more than there are, and what one leaves the other takes", async () => {
    const stage = new Stage();
    const run = graphOf(stage, new Slots({ tables: 2 }));
    const both = Promise.all([
      run(task("a1"), task("a2"), task("a3")),
      run(task("b1"), task("b2")),
    ]);
    await settled();
    expect(stage.running).toEqual(["a1", "a2"]);
    await stage.end("a1");
    expect(stage.running, "the first graph still has work for its place").toEqual(["a2", "a3"]);
    await stage.end("a2");
    expect(stage.running).toEqual(["a3", "b1"]);
    await stage.end("b1");
    expect(stage.running).toEqual(["a3", "b2"]);
    await stage.end("a3");
    await stage.end("b2");
    await both;
  });

  test("never weigh more than both may together", async () => {
    const stage = new Stage();
    const run = graphOf(stage, new Slots({ tables: 4 }, 2));
    const both = Promise.all([
      run(task("a1"), task("a2"), task("a3"), task("light", { pool: "control", weight: 0 })),
      run(task("b1")),
    ]);
    await settled();
    expect(stage.running.toSorted()).toEqual(["a1", "a2", "light"]);
    await stage.end("a1");
    await stage.end("a2");
    expect(stage.running.toSorted()).toEqual(["a3", "b1", "light"]);
    for (const id of ["a3", "b1", "light"]) await stage.end(id);
    await both;
  });

  test("have the pools that are not shared for themselves", async () => {
    const stage = new Stage();
    const run = graphOf(stage, new Slots({ tables: 1 }));
    const both = Promise.all([
      run(task("a", { pool: "control" })),
      run(task("b", { pool: "control" })),
    ]);
    await settled();
    expect(stage.running).toEqual(["a", "b"]);
    await stage.end("a");
    await stage.end("b");
    await both;
  });

  test("one that fails gives its places back", async () => {
    const stage = new Stage();
    const run = graphOf(stage, new Slots({ tables: 1 }));
    const first = run(task("a1"), task("a2")).catch((error: Error) => error.message);
    const second = run(task("b1"));
    await settled();
    await stage.end("a1", new Error("broken"));
    expect(await first).toBe("broken");
    expect(stage.running).toEqual(["b1"]);
    await stage.end("b1");
    await second;
  });

  test("one that goes on after a failure takes places beside the other all the same", async () => {
    const stage = new Stage();
    const shared = new Slots({ tables: 1 });
    const signal = new AbortController().signal;
    const options = { pools: { control: 1 }, shared, signal, execute: stage.execute };
    const tasks = [task("a1"), task("a2", { needs: ["a1"] }), task("a3")];
    const first = runGraph(tasks, { ...options, keepGoing: true }).catch((error: unknown) => error);
    const second = runGraph([task("b1")], options);
    await settled();
    await stage.end("a1", new Error("broken"));
    expect(stage.running).toEqual(["a3"]);
    await stage.end("a3");
    expect(await first).toMatchObject({
      failures: [{ task: { id: "a1" } }],
      skipped: [{ task: { id: "a2" } }],
    });
    expect(stage.running).toEqual(["b1"]);
    await stage.end("b1");
    await second;
  });

  test("one that waits for the other's place can be stopped", async () => {
    const stage = new Stage();
    const slots = new Slots({ tables: 1 });
    const controller = new AbortController();
    const first = graphOf(stage, slots)(task("a1"));
    const second = graphOf(stage, slots, controller.signal)(task("b1"));
    await settled();
    controller.abort();
    await expect(second).rejects.toMatchObject({ code: "interrupted" });
    await stage.end("a1");
    await first;
  });
});

describe("two pools on a budget of sessions", () => {
  /** A pool whose sessions are only counted. */
  class Pool {
    idle = 0;
    readonly budget: SessionBudget;
    constructor(budget: SessionBudget) {
      this.budget = budget;
      budget.join(this);
    }
    async closeIdle(): Promise<boolean> {
      if (this.idle === 0) return false;
      this.idle--;
      this.budget.give();
      return true;
    }
  }

  test("close what lies idle in one for the other", async () => {
    const budget = new SessionBudget(2);
    const [one, other] = [new Pool(budget), new Pool(budget)];
    await budget.take();
    await budget.take();
    one.idle = 1;
    await budget.take();
    expect([one.idle, other.idle]).toEqual([0, 0]);
  });

  test("wait while all are in use", async () => {
    const budget = new SessionBudget(1);
    const pool = new Pool(budget);
    await budget.take();
    let taken = false;
    const waiting = budget.take().then(() => {
      taken = true;
    });
    await settled();
    expect(taken).toBe(false);
    pool.idle = 1;
    budget.wake();
    await waiting;
    expect([taken, pool.idle]).toEqual([true, 0]);
  });
});
