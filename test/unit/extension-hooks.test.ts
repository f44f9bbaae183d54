/** What the hooks for TimescaleDB and Citus say is to be run. They are tested as text only. */

import { describe, expect, test } from "vitest";
import type { Extension } from "../../src/catalog/catalog.js";
import { type ExtensionHook, withHookedTables } from "../../src/plan/extension-hooks.js";
import { extensionHooks } from "../../src/plan/known-hooks.js";
import { inventCatalog, inventTable } from "./invented-catalog.js";
import { planEntries } from "./planned-schema.js";

const MB = 1024 * 1024;

const extension = (name: string): Extension => ({
  oid: 17_000,
  name,
  version: "1.0",
  schema: "public",
  schemaOid: 2200,
  comment: undefined,
});

function hookOf(name: string): ExtensionHook {
  const found = extensionHooks.find((hook) => hook.extension === name);
  if (found === undefined) throw new Error(`no hook ${name}`);
  return found;
}

test("TimescaleDB is told that a restore begins and ends", () => {
  expect(hookOf("timescaledb").steps(extension("timescaledb"), [])).toEqual({
    afterCreate: ['select "public"."timescaledb_pre_restore"()'],
    finish: ['select "public"."timescaledb_post_restore"()'],
  });
});

describe("Citus", () => {
  const rows = [
    {
      oid: 1,
      schema: "public",
      name: "zips",
      method: "n",
      colocation: 1,
      column: null,
      shards: null,
      bytes: 8192,
    },
    {
      oid: 2,
      schema: "public",
      name: "o'rders",
      method: "h",
      colocation: 2,
      column: "id",
      shards: 32,
      bytes: 5000 * MB,
    },
    {
      oid: 3,
      schema: "public",
      name: "lines",
      method: "h",
      colocation: 2,
      column: "order_id",
      shards: 32,
      bytes: MB / 2,
    },
  ];
  const steps = hookOf("citus").steps(extension("citus"), rows);

  test("tables are distributed as they were, each group by its first", () => {
    expect(steps.beforeData).toEqual([
      `select pg_catalog.create_reference_table('"public"."zips"')`,
      `select pg_catalog.create_distributed_table('"public"."o''rders"', 'id', colocate_with => 'none', shard_count => 32)`,
      `select pg_catalog.create_distributed_table('"public"."lines"', 'order_id', colocate_with => '"public"."o''rders"')`,
    ]);
  });

  test("their rows, which are elsewhere, are copied whole, without FREEZE, and never held in memory", () => {
    const catalog = inventCatalog({
      tables: [1, 2, 3, 4].map((oid) => inventTable({ oid, bytes: 0, pages: 0 })),
      extensionTables: [
        {
          oid: 9,
          schema: "pg_catalog",
          name: "pg_dist_partition",
          extension: "citus",
          kind: "table",
          condition: "",
          columns: ["logicalrelid"],
          references: [],
          bytes: 8192,
          unreadable: undefined,
          fileNode: 9,
          rewritten: false,
        },
      ],
    });
    const hooked = withHookedTables(catalog, [{ extension: extension("citus"), ...steps }]);
    expect(hooked.extensionTables).toEqual([]);
    expect(hooked.tables.map(({ bytes, heap, integerKey }) => [bytes, heap, integerKey])).toEqual([
      [128 * 1024 + 1, false, undefined],
      [MB - 1, false, undefined],
      [MB / 2, false, undefined],
      [0, true, { column: "id" }],
    ]);
  });
});

test("nothing of the data begins before a hook's tables are prepared, one hook after the other", async () => {
  const planned = await planEntries(
    [
      "create table public.a (id int)",
      "create table public.b (id int)",
      "create index a_idx on public.a (id)",
    ],
    {
      hooks: [
        { extension: extension("one"), beforeData: ["select 1"] },
        { extension: extension("two"), finish: ["select 3"] },
        { extension: extension("three"), beforeData: ["select 2"] },
      ],
    },
  );
  expect(planned.task("hook:one").needs).toEqual(["pre-data"]);
  expect(planned.task("hook:three").needs).toEqual(["pre-data", "hook:one"]);
  const others = planned.plan.tasks.filter(({ kind }) => kind !== "pre_data");
  expect(others.map((task) => planned.waitsFor(task, planned.task("hook:three")))).toEqual(
    others.map(() => true),
  );
  expect(planned.plan.finish.map(({ title }) => title)).toEqual(["finishing extension two"]);
});
