/** What a plan is without each technique, and that what is not one is refused. */

import { describe, expect, test } from "vitest";
import { inOrder } from "../../src/engine/run-tasks.js";
import { resolveCloneOptions } from "../../src/options/clone-options.js";
import type { CloneTask } from "../../src/plan/task.js";
import { type Technique, techniqueNames } from "../../src/techniques.js";
import { planEntries } from "./planned-schema.js";

const table = (n: number) =>
  `create table public.t${n} (id integer);\nalter table public.t${n} owner to app`;
const manyTables = Array.from({ length: 160 }, (_, n) => table(n));

const tasksOf = async (
  entries: readonly string[],
  without: readonly Technique[],
  bytes: number,
): Promise<readonly CloneTask[]> => {
  const details = Object.fromEntries(entries.map((_, n) => [`t${n}`, { bytes }]));
  const planned = await planEntries(entries, { details, without: new Set(without) });
  return planned.plan.tasks;
};

const MB = 1024 * 1024;

describe("without", () => {
  test("freeze, no table is loaded with it", async () => {
    const freezes = async (without: readonly Technique[]) =>
      (await tasksOf([table(1)], without, 100 * MB)).flatMap(({ work }) =>
        work.do === "copy" ? [work.table.freeze] : [],
      );
    expect(await freezes([])).toEqual([true]);
    expect(await freezes(["freeze"])).toEqual([false]);
  });

  test("small-table-batches, every table has tasks of its own", async () => {
    const kinds = async (without: readonly Technique[]) =>
      new Set((await tasksOf(manyTables, without, 8192)).map(({ work }) => work.do));
    expect(await kinds([])).toContain("small_tables");
    expect(await kinds(["small-table-batches"])).not.toContain("small_tables");
  });

  test("parallel-pre-data, one task creates all", async () => {
    const tasks = await tasksOf(manyTables, ["parallel-pre-data"], 8192);
    expect(tasks.filter(({ kind }) => kind === "pre_data").map(({ id }) => id)).toEqual([
      "pre-data",
    ]);
  });

  test("side-by-side-indexes, each build has its table to itself", async () => {
    const indexes = ["a", "b"].map((name) => `create index ${name} on public.t1 using btree (id)`);
    const builds = (
      await tasksOf([table(1), ...indexes], ["side-by-side-indexes"], 100 * MB)
    ).filter(({ kind }) => kind === "index");
    expect(builds).toHaveLength(2);
    for (const { locks } of builds) {
      expect(locks).toEqual({ exclusive: [expect.any(String)] });
    }
  });

  test("longest-path-first, tasks start as they could, and are what was planned all the same", async () => {
    const tasks = await tasksOf([table(1), table(2)], [], 100 * MB);
    const off = inOrder(tasks, { without: new Set(["longest-path-first"]) });
    expect(new Set(off.tasks.map(({ cost }) => cost))).toEqual(new Set([0]));
    expect(off.tasks.map(off.planned)).toEqual(tasks);
    expect(inOrder(tasks, { without: new Set() }).tasks).toBe(tasks);
  });

  test("something else is refused, with all that there are", () => {
    const without = ["speed"] as never[];
    expect(() => resolveCloneOptions({ source: "a", target: "b", without })).toThrow(
      `each of without must be one of ${techniqueNames.join(", ")}, not "speed"`,
    );
    expect(() => resolveCloneOptions({ source: "a", target: "b", without: "x" as never })).toThrow(
      "without must be a list of freeze, ",
    );
  });
});
