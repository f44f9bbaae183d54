/** What a finished clone says of itself: the parts of the report that follow from plan and outcomes. */

import { beforeAll, describe, expect, test } from "vitest";
import type { TaskOutcome } from "../../src/engine/execute-task.js";
import { summarise } from "../../src/engine/report.js";
import { type PlannedSchema, planEntries } from "./planned-schema.js";

const MB = 1024 * 1024;

let planned: PlannedSchema;
beforeAll(async () => {
  planned = await planEntries(
    [
      "create table public.orders (id bigint)",
      "create table public.notes (id bigint)",
      "create table public.nothing (id bigint)",
      "create sequence public.numbers",
      "alter table only public.orders add constraint orders_pkey primary key (id)",
      "create index notes_a on public.notes using btree (id)",
      "create index notes_b on public.notes using btree (id)",
    ],
    {
      splitTablesLargerThan: 50 * MB,
      details: {
        orders: { bytes: 100 * MB },
        notes: { bytes: 8192 },
        nothing: { bytes: 0, pages: 0 },
      },
    },
  );
});

/** What came of a task. */
function outcome(id: string, durationMs: number, rows = 0, bytes = 0): TaskOutcome {
  return { task: planned.task(id), durationMs, rows, bytes };
}

const outcomes = () => [
  outcome("copy:public.orders:1/2", 100.4, 10, 1000),
  outcome("copy:public.orders:2/2", 50.4, 5, 500),
  outcome("copy:public.notes", 7, 3, 30),
  outcome("index:public.orders_pkey", 80),
  outcome("constraint:public.orders_pkey", 2),
  outcome("indexes:public.notes", 10),
];

describe("the summary of a run", () => {
  test("adds up the parts of each table", () => {
    expect(summarise(planned.plan, outcomes()).tables).toEqual([
      {
        schema: "public",
        name: "orders",
        rows: 15,
        bytes: 1500,
        durationMs: 151,
        parts: 2,
        partsReason: "asked for",
        format: "binary",
        formatReason: "every column's binary form is the same on both ends",
        freeze: false,
      },
      expect.objectContaining({ name: "notes", rows: 3, bytes: 30, durationMs: 7, parts: 1 }),
      expect.objectContaining({ name: "nothing", rows: 0, bytes: 0, durationMs: 0, parts: 0 }),
    ]);
  });

  test("counts rows, bytes and sequences", () => {
    expect(summarise(planned.plan, outcomes())).toMatchObject({
      rows: 18,
      bytes: 1530,
      sequences: 1,
    });
  });

  test("tells an index's own time, or its share of its table's one round trip", () => {
    const table = "public.notes";
    expect(summarise(planned.plan, outcomes()).indexes).toEqual([
      { schema: "public", name: "orders_pkey", table: "public.orders", durationMs: 80 },
      { schema: "public", name: "notes_a", table, durationMs: 5 },
      { schema: "public", name: "notes_b", table, durationMs: 5 },
    ]);
  });

  test("adds up the work of each kind", () => {
    expect(summarise(planned.plan, outcomes()).work).toEqual([
      { kind: "copy", tasks: 3, durationMs: 158 },
      { kind: "index", tasks: 2, durationMs: 90 },
      { kind: "constraint", tasks: 1, durationMs: 2 },
    ]);
  });

  test("lists the slowest first, and leaves the full lists in the plan's order", () => {
    const { slowestTables, slowestIndexes, tables } = summarise(planned.plan, outcomes());
    expect(slowestTables.map(({ name }) => name)).toEqual(["orders", "notes", "nothing"]);
    expect(slowestIndexes.map(({ name }) => name)).toEqual(["orders_pkey", "notes_a", "notes_b"]);
    expect(tables.map(({ name }) => name)).toEqual(["orders", "notes", "nothing"]);
  });

  test("lists ten of them at most", async () => {
    const names = Array.from({ length: 12 }, (_, i) => `t${i}`);
    const many = await planEntries(names.map((name) => `create table public.${name} (id bigint)`));
    const copies = many.plan.tasks.filter(({ kind }) => kind === "copy");
    const slow = copies.map((task, i) => ({ task, durationMs: i, rows: 1, bytes: 1 }));
    const { slowestTables } = summarise(many.plan, slow);
    expect(slowestTables.map(({ name }) => name)).toEqual(
      Array.from({ length: 10 }, (_, i) => `t${11 - i}`),
    );
  });
});
