/** What people read of a schema's parts: in labels of tasks, and in messages when one fails. */

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { contentsOf, entryLabel } from "../../src/plan/entry-label.js";
import { splitScript } from "../../src/schema/split-script.js";
import { planEntries, writtenDump } from "./planned-schema.js";

async function labels(...statements: string[]): Promise<string[]> {
  const { entries } = await splitScript(writtenDump(statements));
  return entries.map(entryLabel);
}

describe("an entry reads like the command that it is", () => {
  test("in a real dump", async () => {
    const dump = new URL("../fixtures/dumps/pg15.sql", import.meta.url);
    const { entries } = await splitScript(readFileSync(dump, "utf8"));
    const found = entries.map(entryLabel);
    expect(found).toEqual(
      expect.arrayContaining([
        "CREATE TABLE shop.customer",
        "CREATE FUNCTION shop.touch",
        "COMMENT ON COLUMN shop.customer.name",
        "ALTER TABLE shop.measure ATTACH PARTITION shop.measure_2024",
        "ALTER INDEX shop.measure_pkey ATTACH PARTITION shop.measure_2024_pkey",
        "ALTER TABLE shop.customer ADD CONSTRAINT customer_pkey PRIMARY KEY",
        "ALTER DOMAIN shop.positive ADD CONSTRAINT late CHECK",
        "CREATE INDEX measure_v ON shop.measure",
        "CREATE STATISTICS shop.stat",
        "CREATE OR REPLACE VIEW shop.late",
        "CREATE RULE names_insert ON shop.names",
        "CREATE CONSTRAINT TRIGGER checks ON shop.customer",
        "CREATE TRIGGER touch ON shop.customer",
        "COMMENT ON TRIGGER touch ON shop.customer",
        "ALTER TABLE shop.customer ENABLE ROW LEVEL SECURITY",
        "CREATE POLICY mine ON shop.customer",
        "ALTER PUBLICATION pub ADD TABLE shop.customer",
        "CREATE SUBSCRIPTION sub",
        "CREATE EVENT TRIGGER watch ON ddl_command_end",
        "ACL shop TABLE customer",
      ]),
    );
    expect(found.join("\n")).not.toMatch(/^(INDEX|TRIGGER|POLICY|RULE|COMMENT shop|CONSTRAINT) /m);
  });

  test("whatever its names are", async () => {
    const odd = `public."it's ""as"" (odd)"`;
    expect(
      await labels(
        `create trigger after after insert on ${odd} for each row execute function public.f()`,
        `comment on trigger "x is y" on ${odd} is 'z'`,
        "create sequence public.start start with 1",
        "alter table only public.a enable always trigger b",
      ),
    ).toEqual([
      `create trigger after ON ${odd}`,
      `comment on trigger "x is y" on ${odd}`,
      "create sequence public.start",
      "alter table public.a enable always trigger b",
    ]);
  });

  test("without a secret that stands in it", async () => {
    const [subscription, mapping] = await labels(
      "create subscription sub connection 'host=h password=s3cr3t' publication pub",
      "create user mapping for app server far options (password 's3cr3t')",
    );
    expect(subscription).toBe("create subscription sub");
    expect(mapping).toBe("create user mapping");
  });
});

test("what comes before the data is told in numbers", async () => {
  const { entries } = await splitScript(
    writtenDump([
      "create schema app",
      "create type app.mood as enum ('sad')",
      "create domain app.positive as integer",
      "create or replace procedure app.p() language sql as 'select 1'",
      "create table app.t (id integer);\nalter table app.t owner to app",
      "create sequence app.s",
      "create materialized view app.m as select 1 with no data",
      "alter sequence app.s owned by app.t.id",
    ]),
  );
  expect(contentsOf(entries)).toBe("1 schema, 2 types, 1 function, 1 table, 1 sequence and 1 view");
  expect(contentsOf(entries.slice(0, 1))).toBe("1 schema");
  expect(contentsOf(entries.slice(-1))).toBe("other objects");
});

test("the chunks of a large schema are told from each other", async () => {
  const tables = Array.from({ length: 160 }, (_, n) => {
    return `create table public.t${n} (id integer);\nalter table public.t${n} owner to app`;
  });
  const planned = await planEntries([
    "create type public.mood as enum ('sad')",
    ...tables,
    "create view public.v as select id from public.t1",
  ]);
  const found = planned.plan.tasks
    .filter(({ kind }) => kind === "pre_data")
    .map(({ label }) => label);
  expect(found).toEqual([
    "create 1 type",
    ...Array.from({ length: 16 }, (_, n) => `create 10 tables (${n + 1} of 16)`),
    "create 1 view",
  ]);
});

test("a failed key says what was being built, or attached", async () => {
  const planned = await planEntries(
    [
      "create table public.orders (id integer)",
      "alter table only public.orders add constraint orders_pkey primary key (id)",
      "create trigger touch before update on public.orders for each row execute function public.f()",
    ],
    { details: { orders: { bytes: 1e9 } } },
  );
  const titles = planned.plan.tasks.flatMap(({ label, work }) =>
    work.do === "scripts" && /orders/.test(label)
      ? work.scripts.map((script) => [label, script.title])
      : [],
  );
  expect(titles).toEqual([
    ["CREATE UNIQUE INDEX public.orders_pkey", "CREATE UNIQUE INDEX public.orders_pkey"],
    ["attach public.orders_pkey to public.orders", "attach public.orders_pkey to public.orders"],
    ["create trigger touch ON public.orders", "create trigger touch ON public.orders"],
  ]);
});
