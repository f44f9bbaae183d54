/** What comes before the data: one session for a small schema, several for thousands of tables. */

import { describe, expect, test } from "vitest";
import type { CloneTask } from "../../src/plan/task.js";
import { INT4, inventType } from "./invented-catalog.js";
import { type PlannedSchema, planEntries, statementsOf } from "./planned-schema.js";

const table = (n: number, columns = "id integer") =>
  `create table public.t${n} (${columns});\nalter table public.t${n} owner to app`;
const tables = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => table(from + i));

function preData({ plan }: PlannedSchema): CloneTask[] {
  return plan.tasks.filter(({ kind }) => kind === "pre_data");
}

/** Where a statement runs: the task's id, and its place in it. */
function place(planned: PlannedSchema, words: string): { id: string; at: number } {
  const task = planned.running(words);
  return { id: task.id, at: statementsOf(task).findIndex((sql) => sql.includes(words)) };
}

describe("a small schema", () => {
  test("is one task, in the dump's order, with views after the tables", async () => {
    const schema = "create schema app";
    const type = "create type app.mood as enum ('sad', 'happy')";
    const view = "create view app.tables as select relname from pg_catalog.pg_class";
    const people = "create table app.people (mood app.mood)";
    const comment = "comment on table app.people is 'all of them'";
    const made = "create function app.f() returns integer language sql as 'select 1'";
    const planned = await planEntries([
      schema,
      type,
      view,
      people,
      { sql: comment, needs: [4] },
      made,
    ]);
    expect(preData(planned)).toMatchObject([{ id: "pre-data", needs: [], pool: "indexes" }]);
    const statements = statementsOf(planned.task("pre-data"));
    expect(statements).toEqual([schema, type, people, comment, view, made]);
  });

  test("that is empty is a task without statements: copies have something to wait for", async () => {
    const planned = await planEntries([]);
    expect(preData(planned)).toMatchObject([{ id: "pre-data", work: { scripts: [] } }]);
  });
});

describe("a schema of many tables", () => {
  test("is created by several sessions, about the same for each", async () => {
    const planned = await planEntries([
      "create type public.mood as enum ('sad')",
      ...tables(1, 160),
      "create view public.v as select id from public.t1",
    ]);
    const tasks = preData(planned);
    expect(tasks.map(({ id }) => id)).toEqual([
      "pre-data:1",
      ...Array.from({ length: 16 }, (_, i) => `pre-data:2.${i + 1}`),
      "pre-data",
    ]);
    expect(tasks.slice(1, 17).map((task) => statementsOf(task).length)).toEqual(
      Array.from({ length: 16 }, () => 20),
    );
    for (const chunk of tasks.slice(1, 17)) {
      expect(chunk.needs).toEqual(["pre-data:1"]);
      expect(tasks.at(-1)?.needs).toContain(chunk.id);
    }
    expect(place(planned, "create type").id).toBe("pre-data:1");
    expect(place(planned, "create view").id).toBe("pre-data");
  });

  test("is waited for as a whole", async () => {
    const planned = await planEntries(tables(1, 160));
    const copy = planned.task("copy:public.t160");
    for (const task of preData(planned)) expect(planned.waitsFor(copy, task)).toBe(true);
    expect(preData(planned).at(-1)).toMatchObject({ id: "pre-data", work: { scripts: [] } });
  });

  test("runs every statement once", async () => {
    const entries = [
      ...tables(1, 60),
      "create function public.f() returns integer language sql as 'select 1'",
      ...tables(61, 150),
      "create view public.v as select id from public.t1",
    ];
    const planned = await planEntries(entries);
    const found = preData(planned).flatMap(statementsOf);
    expect(found.sort()).toEqual(entries.flatMap((entry) => entry.split(";\n")).sort());
  });

  test("keeps in one chunk, in the dump's order, what belongs together", async () => {
    const planned = await planEntries([
      ...tables(1, 150),
      "create sequence public.numbers",
      "create table public.parent (id integer) partition by range (id)",
      "create table public.child (id integer)",
      "create table public.heir (more text)\ninherits (public.t7)",
      "alter sequence public.numbers owned by public.t9.id",
      "alter table only public.parent attach partition public.child default",
      "alter table only public.t9 alter column id set default nextval('public.numbers'::regclass)",
      { sql: "comment on column public.t8.id is 'eight'", needs: [8] },
    ]);
    const inOrder = (...statements: string[]) => {
      const places = statements.map((words) => place(planned, words));
      expect(new Set(places.map(({ id }) => id)).size).toBe(1);
      expect(places.map(({ at }) => at)).toEqual(places.map(({ at }) => at).sort((a, b) => a - b));
    };
    inOrder("table public.parent", "table public.child", "attach partition");
    inOrder("table public.t7 (", "table public.heir");
    inOrder("table public.t9 (", "owned by public.t9", "set default nextval");
    inOrder("sequence public.numbers", "owned by public.t9");
    inOrder("table public.t8 (", "'eight'");
  });

  test("finds sequences where only a string names them, and tables where only OWNED BY does", async () => {
    const odd = `public."it's; odd"`;
    const nextval = `nextval('public."it''s; odd"'::regclass)`;
    const planned = await planEntries([
      ...tables(1, 150),
      `create sequence ${odd}`,
      table(151, `id integer default ${nextval}`),
      `create table public."My Table" ("Id" integer)`,
      "create sequence public.ids",
      `alter sequence public.ids owned by public."My Table"."Id"`,
      `alter table only public.t80 alter column id set default ${nextval}`,
    ]);
    const chunk = (words: string) => place(planned, words).id;
    expect(chunk("table public.t151 (")).toBe(chunk(`create sequence ${odd}`));
    expect(chunk("table only public.t80")).toBe(chunk(`create sequence ${odd}`));
    expect(chunk("table public.t80 (")).toBe(chunk(`create sequence ${odd}`));
    expect(chunk("owned by")).toBe(chunk('create table public."My Table"'));
    expect(chunk("owned by")).toBe(chunk("create sequence public.ids"));
  });

  test("waits with a view, and with what is about it, until its tables are there", async () => {
    const planned = await planEntries([
      ...tables(1, 120),
      "create view public.v as select id from public.t1",
      "alter table only public.v alter column id set default 5",
      { sql: "comment on view public.v is 'a view'", needs: [121] },
      ...tables(121, 150),
    ]);
    for (const words of ["create view", "set default 5", "'a view'"])
      expect(place(planned, words).id).toBe("pre-data");
    expect(place(planned, "create view").at).toBeLessThan(place(planned, "set default 5").at);
    const view = planned.running("create view");
    for (const words of ["table public.t1 (", "table public.t150 ("])
      expect(planned.relation(view, planned.running(words))).toBe("after");
  });

  test("does nothing at the same time as what might be used by a table, such as a function", async () => {
    const planned = await planEntries([
      ...tables(1, 120),
      "create function public.f() returns public.t1 language sql as 'select 1'",
      ...tables(121, 240),
    ]);
    const made = planned.running("create function");
    expect(planned.relation(made, planned.running("table public.t120 ("))).toBe("after");
    expect(planned.relation(made, planned.running("table public.t121 ("))).toBe("before");
  });

  test("takes a table with a column of a row type by itself: its statement doesn't tell whose", async () => {
    const ROW_TYPE = 16_999;
    const ARRAY = 17_000;
    const types = [
      inventType(INT4, "integer"),
      inventType(ROW_TYPE, "public.t1", { kind: "c" }),
      inventType(ARRAY, "public.t1[]", { elementOid: ROW_TYPE }),
    ];
    const rows = [{ name: "rows", typeOid: ARRAY, generated: false }];
    const planned = await planEntries(
      [...tables(1, 150), table(151, "rows public.t1[]"), ...tables(152, 300)],
      {
        details: { t151: { columns: rows } },
        catalog: (catalog) => ({
          ...catalog,
          types: new Map(types.map((type) => [type.oid, type])),
        }),
      },
    );
    const after = planned.running("table public.t151 (");
    expect(planned.relation(after, planned.running("table public.t1 ("))).toBe("after");
    expect(planned.relation(after, planned.running("table public.t152 ("))).toBe("before");
  });
});
