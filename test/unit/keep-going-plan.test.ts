/** What a failed task takes along: by the plan's edges alone, played through by the runner. */

import { describe, expect, test } from "vitest";
import { type PlannedSchema, planEntries, type WrittenEntry } from "./planned-schema.js";
import { failuresOf, simulate } from "./simulated-graph.js";

const orders = "create table public.orders (id integer not null, customer integer, note text)";
const customers = "create table public.customers (id integer not null)";
const sequence = "create sequence public.numbers";
const orderTotals = "create materialized view public.totals as select 1 as id with no data";
const customersKey =
  "alter table only public.customers add constraint customers_pkey primary key (id)";
const ordersKey = "alter table only public.orders add constraint orders_pkey primary key (id)";
const noteIndex = "create unique index orders_note_idx on public.orders using btree (note)";
const foreignKey =
  "alter table only public.orders add constraint orders_customer_fkey foreign key (customer) references public.customers(id)";
const grant = "grant select on table public.customers to reader";

const schema: readonly WrittenEntry[] = [
  orders,
  customers,
  sequence,
  orderTotals,
  customersKey,
  ordersKey,
  noteIndex,
  foreignKey,
  grant,
].map((sql) => ({ sql }));

/** Ids of what is left out when these tasks fail. */
async function leftOutBy(planned: PlannedSchema, ...failed: string[]): Promise<string[]> {
  for (const id of failed) planned.task(id);
  const tasks = planned.plan.tasks.map((task) => ({
    ...task,
    duration: 1,
    fails: failed.includes(task.id),
  }));
  const pools = { tables: 2, indexes: 2, control: 1 };
  const run = await simulate(tasks, { pools, keepGoing: true });
  const because = [...(failuresOf(run.thrown)?.because.keys() ?? [])];
  expect([...run.done, ...failed, ...because].sort()).toEqual(planned.ids.sort());
  return because.sort();
}

describe("what a plan that keeps going leaves out", () => {
  const sizes = [
    ["small tables", 8192],
    ["large tables", 2 ** 27],
  ] as const;

  test.each(sizes)(
    "after a copy is what needs its rows, and no grant or sequence: %s",
    async (_, bytes) => {
      const planned = await planEntries(schema, {
        keepGoing: true,
        verify: "count",
        details: { orders: { bytes }, customers: { bytes } },
      });
      const idOf = (words: string) => planned.running(words).id;
      const attached = planned.ids.filter((id) => id === "index:public.orders_pkey");
      expect(await leftOutBy(planned, "copy:public.orders")).toEqual(
        [
          "analyze:public.orders",
          "analyze:public.totals",
          idOf("orders_note_idx"),
          idOf("orders_customer_fkey"),
          "constraint:public.orders_pkey",
          ...attached,
          "refresh:public.totals",
          "verify:public.orders",
        ].sort(),
      );
    },
  );

  test.each(sizes)("after an index is only the statistics of its table: %s", async (_, bytes) => {
    const planned = await planEntries(schema, {
      keepGoing: true,
      details: { orders: { bytes }, customers: { bytes } },
    });
    const index = planned.running("orders_note_idx").id;
    expect(await leftOutBy(planned, index)).toEqual(["analyze:public.orders"]);
  });

  test("after the schema is all that would be in it", async () => {
    const planned = await planEntries(schema, { keepGoing: true });
    const left = await leftOutBy(planned, "pre-data");
    expect(planned.ids.filter((id) => !left.includes(id))).toEqual([
      "pre-data",
      "release_snapshot",
    ]);
  });

  test("after a view is what is granted on it, and what is filled from it", async () => {
    const late: WrittenEntry = {
      sql: "create view public.per_order as select id, note from public.orders group by id",
      needs: [6],
    };
    const planned = await planEntries([...schema, late], { keepGoing: true });
    const left = await leftOutBy(planned, planned.running("per_order").id);
    expect(left).toEqual([
      "acl",
      "analyze:public.orders",
      "analyze:public.totals",
      "refresh:public.totals",
    ]);
  });
});

test("a plan that keeps going has no task for several tables", async () => {
  const many = Array.from({ length: 30 }, (_, n) => [
    `create table public.t${n} (id integer not null, note text)`,
    `alter table only public.t${n} add constraint t${n}_pkey primary key (id)`,
    `create index t${n}_note_idx on public.t${n} using btree (note)`,
  ]).flat();
  const details = Object.fromEntries(many.map((_, n) => [`t${n}`, { bytes: 8192 }]));
  const tablesOf = async (keepGoing: boolean) => {
    const { plan } = await planEntries(many, { keepGoing, details });
    const tasks = plan.tasks.filter(({ kind }) => kind !== "pre_data");
    return tasks.map(({ locks }) => (locks?.shared?.length ?? 0) + (locks?.exclusive?.length ?? 0));
  };
  expect(Math.max(...(await tablesOf(true)))).toBe(1);
  expect(Math.max(...(await tablesOf(false)))).toBeGreaterThan(10);
});
