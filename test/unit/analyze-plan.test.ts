/** Which tables ANALYZE visits, and after what. */

import { describe, expect, test } from "vitest";
import { planAnalyze } from "../../src/plan/analyze.js";
import type { CloneTask } from "../../src/plan/task.js";
import { inventTable } from "./invented-catalog.js";

const MB = 1024 * 1024;
const V16 = 160_004;
const V18 = 180_000;

/** A task of any kind that holds these tables. */
function task(id: string, oids: readonly number[], kind: CloneTask["kind"] = "index"): CloneTask {
  return {
    id,
    kind,
    label: id,
    pool: "indexes",
    needs: [],
    cost: 1,
    locks: kind === "copy" ? { shared: oids.map(String) } : { exclusive: oids.map(String) },
    work: { do: "scripts", scripts: [] },
    bytes: 0,
    indexes: [],
  };
}

const table = (oid: number, rest = {}) => inventTable({ oid, name: `t${oid}`, ...rest });
const labels = (tasks: readonly CloneTask[]) => tasks.map(({ label }) => label);

describe("a table is analyzed", () => {
  test("once all that is built on it is done, but for foreign keys, which change no row", () => {
    const tasks = [
      task("copy 1", [1], "copy"),
      task("index 1", [1]),
      task("key 1 to 2", [1, 2], "foreign_key"),
      task("copy 2", [2], "copy"),
    ];
    const [first, second] = planAnalyze([table(1), table(2)], tasks, { targetVersion: V16 });
    expect(first).toMatchObject({
      id: "analyze:public.t1",
      kind: "analyze",
      label: "ANALYZE public.t1",
      pool: "indexes",
      needs: ["pre-data", "copy 1", "index 1"],
      locks: { exclusive: ["1"] },
      bytes: 0,
    });
    expect(second?.needs).toEqual(["pre-data", "copy 2"]);
  });

  test("together with other small ones, a hundred at a time, when all of these are ready", () => {
    const small = Array.from({ length: 150 }, (_, i) => table(i + 1, { bytes: MB }));
    const tasks = small.map(({ oid }) => task(`copy ${oid}`, [oid], "copy"));
    const planned = planAnalyze([...small, table(200)], tasks, { targetVersion: V16 });
    expect(labels(planned)).toEqual([
      "ANALYZE public.t200",
      "ANALYZE public.t1 and 99 more small tables",
      "ANALYZE public.t101 and 49 more small tables",
    ]);
    expect(planned[1]?.needs).toHaveLength(101);
    expect(planned[1]?.locks?.exclusive).toHaveLength(100);
    const visited = planned.flatMap(({ work }) => (work.do === "analyze" ? work.tables : []));
    expect(new Set(visited.map(({ name }) => name)).size).toBe(151);
  });

  test("if it is a materialized view that holds data", () => {
    const views = [true, false].map((populated, i) =>
      table(i + 1, { kind: "materialized_view", populated }),
    );
    const planned = planAnalyze(views, [task("refresh 1", [1], "refresh")], { targetVersion: V16 });
    expect(planned).toMatchObject([
      { label: "ANALYZE public.t1", needs: ["pre-data", "refresh 1"] },
    ]);
  });

  test("but not if it is a foreign one: that would read the other server", () => {
    expect(planAnalyze([table(1, { kind: "foreign" })], [], { targetVersion: V16 })).toEqual([]);
  });
});

describe("partitions", () => {
  const root = table(1, { kind: "partitioned", bytes: 0 });
  const middle = table(2, { kind: "partitioned", bytes: 0, parents: [1], partitionOf: 1 });
  const leaf = table(3, { parents: [2], partitionOf: 2 });
  const tasks = [task("copy 3", [3], "copy"), task("index 3", [3]), task("index 1", [1])];

  test("are analyzed with their root before PostgreSQL 18", () => {
    const planned = planAnalyze([root, middle, leaf], tasks, { targetVersion: V16 });
    expect(labels(planned)).toEqual(["ANALYZE public.t1"]);
    expect(planned[0]?.needs).toEqual(["pre-data", "copy 3", "index 3", "index 1"]);
    expect(planned[0]?.work).toMatchObject({ only: false });
  });

  test("are analyzed each by itself from PostgreSQL 18 on, each table without its parts", () => {
    const planned = planAnalyze([root, middle, leaf], tasks, { targetVersion: V18 });
    expect(labels(planned).sort()).toEqual([
      "ANALYZE public.t1",
      "ANALYZE public.t2",
      "ANALYZE public.t3",
    ]);
    for (const { work } of planned) expect(work).toMatchObject({ only: true });
    for (const name of ["t1", "t2"]) {
      const { needs } = planned.find(({ id }) => id === `analyze:public.${name}`) ?? {};
      expect(needs).toContain("copy 3");
    }
  });
});

test("the children of an inheritance tree are sampled with it, so it waits for their rows", () => {
  const parent = table(1);
  const child = table(2, { parents: [1] });
  const tasks = [task("copy 1", [1], "copy"), task("copy 2", [2], "copy")];
  const planned = planAnalyze([parent, child], tasks, { targetVersion: V16 });
  expect(planned.map(({ needs }) => needs)).toEqual([
    ["pre-data", "copy 1", "copy 2"],
    ["pre-data", "copy 2"],
  ]);
});

test("no table, no task", () => {
  expect(planAnalyze([], [], { targetVersion: V16 })).toEqual([]);
});
