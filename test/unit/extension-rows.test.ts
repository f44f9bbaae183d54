/** In which order the rows of extensions' tables are copied, and when. */

import { expect, test } from "vitest";
import type { ExtensionTable } from "../../src/catalog/catalog.js";
import { inOrderOfReferences } from "../../src/plan/extension-rows.js";
import { planEntries } from "./planned-schema.js";

const table = (oid: number, rest: Partial<ExtensionTable> = {}): ExtensionTable => ({
  oid,
  schema: "ext",
  name: `t${oid}`,
  extension: "ext",
  kind: "table",
  condition: "",
  columns: ["id"],
  references: [],
  bytes: 8192,
  unreadable: undefined,
  fileNode: oid,
  rewritten: false,
  ...rest,
});

const order = (tables: readonly ExtensionTable[]) =>
  inOrderOfReferences(tables).map(({ oid }) => oid);

test("a table comes after those that it refers to, however far; others stay where they are", () => {
  const tables = [
    table(1, { references: [3] }),
    table(2),
    table(3, { references: [4, 99] }),
    table(4),
  ];
  expect(order(tables)).toEqual([4, 3, 1, 2]);
});

test("in a circle each comes once", () => {
  const tables = [1, 2, 3].map((oid) => table(oid, { references: [(oid % 3) + 1] }));
  expect(order(tables).sort()).toEqual([1, 2, 3]);
});

test("they come before all rows and all that is built on rows, batches of small tables too", async () => {
  const names = Array.from({ length: 12 }, (_, i) => `t${i}`);
  const planned = await planEntries(
    names.flatMap((name) => [
      `create table public.${name} (id int)`,
      `create index ${name}_idx on public.${name} (id)`,
    ]),
    {
      details: Object.fromEntries(names.map((name) => [name, { bytes: 8192 }])),
      catalog: (catalog) => ({
        ...catalog,
        extensionTables: [table(1), table(2, { unreadable: "closed" })],
      }),
    },
  );
  const rows = planned.task("extension-rows");
  expect(rows).toMatchObject({
    kind: "copy",
    label: "COPY ext.t1",
    needs: ["pre-data"],
    bytes: 8192,
  });
  const others = planned.plan.tasks.filter(({ kind, id }) => kind !== "pre_data" && id !== rows.id);
  expect(others.length).toBeGreaterThan(2);
  for (const task of others) expect(planned.waitsFor(task, rows)).toBe(true);
});
