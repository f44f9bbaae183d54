/** Which tables' statistics are copied, which are gathered, and after what. */

import { describe, expect, test } from "vitest";
import type { RelationStatistics } from "../../src/plan/task.js";
import { splitStatistics } from "../../src/schema/split-statistics.js";
import { type PlanInput, planEntries } from "./planned-schema.js";

const known = (name: string, ofColumns = true): RelationStatistics => ({
  relation: { schema: "public", name },
  statements: [`select ${name}`],
  ofColumns,
});

const entries = [
  "create table public.parent (a int) partition by range (a)",
  "create table public.part (a int)",
  "create table public.other (a int)",
  "create materialized view public.mv as select 1",
  "create table public.extended (a int, b int)",
  "create table public.never (a int)",
  "create table public.nothing (a int)",
  "alter table only public.parent attach partition public.part for values from (0) to (9)",
  "create index other_idx on public.other (a)",
  "create statistics public.s on a, b from public.extended",
];

const copiedStatistics = [
  ...["parent", "part", "other", "mv", "extended"].map((name) => known(name)),
  known("other_idx"),
  known("never", false),
  known("nothing", false),
  known("elsewhere"),
];

async function planned(input: PlanInput = {}) {
  const plan = await planEntries(entries, {
    copiedStatistics,
    targetVersion: 180_000,
    details: { nothing: { pages: 0, bytes: 0 } },
    ...input,
  });
  const tasks = plan.plan.tasks;
  const oids = new Map(plan.plan.tables.map(({ table }) => [table.name, table.oid]));
  return {
    plan,
    oids,
    copied: tasks
      .flatMap(({ work }) => (work.do === "statistics" ? work.tables : []))
      .map(({ table, relations }) => [table.name, relations.map(({ relation }) => relation.name)]),
    gathered: tasks
      .flatMap(({ work }) => (work.do === "analyze" ? work.tables : []))
      .map(({ name }) => name)
      .sort(),
  };
}

describe("statistics", () => {
  test("are copied with those of indexes; gathered where there are none, or extended ones", async () => {
    const { copied, gathered } = await planned();
    expect(copied).toEqual([
      ["parent", ["parent"]],
      ["part", ["part"]],
      ["other", ["other", "other_idx"]],
      ["mv", ["mv"]],
      ["nothing", ["nothing"]],
    ]);
    expect(gathered).toEqual(["extended", "never"]);
  });

  test("are gathered where the rows are others, of all above, and of all that might read them", async () => {
    const { oids } = await planned();
    const { copied, gathered } = await planned({
      analyzeAnyway: new Set([oids.get("part") as number]),
    });
    expect(copied.map(([name]) => name)).toEqual(["other", "nothing"]);
    expect(gathered).toEqual(["extended", "mv", "never", "parent", "part"]);
  });

  test("come when all that is built on the tables is done", async () => {
    const { plan } = await planned();
    const task = plan.task("statistics:public.parent");
    expect(task).toMatchObject({ kind: "statistics", pool: "indexes" });
    expect(plan.relation(task, plan.running("create index other_idx"))).toBe("after");
    for (const copy of plan.plan.tasks.filter(({ work }) => work.do === "copy"))
      if (!/extended|never/.test(copy.label)) expect(plan.relation(task, copy)).toBe("after");
  });

  test("are neither copied nor gathered where they are to be skipped; all gathered where not copied", async () => {
    const skipped = await planned({ skipAnalyze: true });
    expect([skipped.copied, skipped.gathered]).toEqual([[], []]);
    const all = await planned({ copiedStatistics: undefined });
    expect(all.copied).toEqual([]);
    expect(all.gathered).toHaveLength(7);
  });
});

describe("pg_dump's statements", () => {
  const call = (kind: string, relation: string, rest = "") =>
    `SELECT * FROM pg_catalog.pg_restore_${kind}_stats(\n\t'version', '180003'::integer,\n\t'schemaname', 'Odd ; "s',\n\t'relname', '${relation}'${rest}\n);\n`;
  const written = (...calls: readonly string[]) =>
    `SET standard_conforming_strings = on;\nSELECT pg_catalog.set_config('search_path', '', false);\n\n${calls.join("")}\n-- PostgreSQL database dump complete\n`;

  test("are told apart by relation, whatever stands in its name and values", () => {
    const values = `,\n\t'attname', 'relname',\n\t'most_common_vals', '{"it''s","'');\nSELECT * FROM pg_catalog.pg_restore_","\\ "}'::text`;
    const [first, second, ...rest] = splitStatistics(
      written(
        call("relation", "t''1"),
        call("attribute", "t''1", values),
        call("extended", "t''1"),
        "SELECT * FROM pg_catalog.pg_restore_extended_stats('something', 'else');\n",
        call("relation", "schemaname"),
      ),
    );
    expect(rest).toEqual([]);
    expect(first).toEqual({
      relation: { schema: 'Odd ; "s', name: "t'1" },
      ofColumns: true,
      statements: [call("relation", "t''1"), call("attribute", "t''1", values)].map((sql) =>
        sql.slice(0, -2),
      ),
    });
    expect(second).toMatchObject({ relation: { name: "schemaname" }, ofColumns: false });
  });

  test.each([
    ["half a script", written(call("relation", "t")).slice(0, 200)],
    [
      "an open string",
      written(call("relation", "t"), "SELECT * FROM pg_catalog.pg_restore_relation_stats('"),
    ],
    ["backslash escapes", written(call("relation", "t")).replace("= on", "= off")],
    [
      "another form",
      written("SELECT * FROM pg_catalog.pg_restore_relation_stats('t'::regclass);\n"),
    ],
  ])("are refused in %s", (_, script) => {
    expect(() => splitStatistics(script)).toThrow(
      expect.objectContaining({ code: "schema_dump_failed" }),
    );
  });
});
