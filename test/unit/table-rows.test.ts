/** Tables with a WHERE or masks: their statements, and what follows for statistics and parts. */

import { describe, expect, test } from "vitest";
import { selectionLines } from "../../src/cli/selection-lines.js";
import { withMaskAdvice } from "../../src/engine/mask-advice.js";
import { PgCopyError } from "../../src/errors.js";
import {
  copyInStatement,
  copyOutStatement,
  partLabel,
  planTable,
} from "../../src/plan/table-plan.js";
import {
  type TableRows,
  tablesWithoutStatistics,
  withoutMaskedKeys,
} from "../../src/plan/table-rows.js";
import { newTask } from "../../src/plan/task.js";
import { inventCatalog, inventTable } from "./invented-catalog.js";

const MB = 1024 * 1024;

function rows(rest: Partial<TableRows> = {}): TableRows {
  return { where: undefined, masks: new Map(), referred: undefined, confidential: false, ...rest };
}

const where = { given: "id > 1 -- or so", sql: "id > 1 -- or so" };
const mask = { given: "'x'", copied: "cast((\n'x'\n) as text)", stored: "stored", volatile: false };
const masks = new Map([["note", mask]]);

function planned(selected: TableRows, splitTablesLargerThan?: number) {
  const table = inventTable({ bytes: 2 * MB, pages: 256 });
  return planTable(table, inventCatalog(), {
    copyFormat: "auto",
    splitTablesLargerThan,
    keyBounds: new Map(),
    tableRows: new Map([[table.oid, selected]]),
  });
}

function statements(plan: ReturnType<typeof planned>): string[] {
  return plan.parts.map((part) => copyOutStatement(plan, part));
}

describe("COPY of a table", () => {
  test("with a WHERE and a mask selects its rows on the source; the target sees no difference", () => {
    const plan = planned(rows({ where, masks }));
    expect(statements(plan)).toEqual([
      `copy (select "id", cast((\n'x'\n) as text) from only "public"."orders" as t where (\nid > 1 -- or so\n)) to stdout (format binary)`,
    ]);
    expect(copyInStatement(plan)).toBe(
      'copy "public"."orders" ("id", "note") from stdin (format binary, freeze true)',
    );
  });

  test("in parts has both conditions", () => {
    expect(statements(planned(rows({ where }), MB))).toEqual([
      `copy (select "id", "note" from only "public"."orders" as t where ctid < '(128,0)'::pg_catalog.tid and (\nid > 1 -- or so\n)) to stdout (format binary)`,
      `copy (select "id", "note" from only "public"."orders" as t where ctid >= '(128,0)'::pg_catalog.tid and (\nid > 1 -- or so\n)) to stdout (format binary)`,
    ]);
  });

  test("that others refer to has a part for these rows, which takes no FREEZE", () => {
    const referred = { with: "with r as (…) ", ids: "select id from r" };
    const plan = planned(rows({ where, referred }), MB);
    expect(statements(plan)[2]).toBe(
      'copy (with r as (…) select "id", "note" from only "public"."orders" as t where ctid in (select id from r)) to stdout (format binary)',
    );
    expect(plan.freeze).toBe(false);
    expect(plan.parts.map((_, part) => partLabel(plan, part))).toEqual([
      "COPY public.orders (part 1 of 2)",
      "COPY public.orders (part 2 of 2)",
      "COPY public.orders (rows referred to)",
    ]);
    expect(partLabel(planned(rows({ where, referred })), 0)).toBe("COPY public.orders");
  });
});

test("a masked key is no key to cut a table along", () => {
  const catalog = inventCatalog({ tables: [inventTable(), inventTable({ oid: 2 })] });
  const masked = new Map([[2, rows({ masks: new Map([["id", mask]]) })]]);
  const keys = withoutMaskedKeys(catalog, masked).tables.map((table) => table.integerKey?.column);
  expect(keys).toEqual(["id", undefined]);
});

test("statistics are not those of the source for tables with entries, what is above them, and views", () => {
  const tables = [
    inventTable({ oid: 1, kind: "partitioned" }),
    inventTable({ oid: 2, kind: "partitioned", parents: [1] }),
    inventTable({ oid: 3, parents: [2] }),
    inventTable({ oid: 4, parents: [2] }),
    inventTable({ oid: 5, kind: "materialized_view" }),
  ];
  expect([...tablesWithoutStatistics({ tables }, new Map())]).toEqual([]);
  const without = tablesWithoutStatistics({ tables }, new Map([[3, rows({ where })]]));
  expect([...without].sort()).toEqual([1, 2, 3, 5]);
});

test("what is filtered and masked is said in lines that fit", () => {
  const tables = [
    { schema: "public", name: "plain" },
    { schema: "public", name: "a", where: "\n  id > 1\n  and true", masked: ["email", "phone"] },
    { schema: "public", name: "b", where: "false", includesReferred: true, referredRows: 1 },
    { schema: "public", name: "c", masked: ["x"] },
  ] as const;
  expect(selectionLines(tables, 60)).toEqual([
    "public.a: where id > 1 and true; masked: email, phone",
    "public.b: where false; and 1 row that others refer to",
    "public.c: masked: x",
  ]);
  const many = Array.from({ length: 22 }, (_, i) => ({ ...tables[2], name: `p${i}` }));
  expect(selectionLines(many, 60).length).toBe(21);
  expect(selectionLines(many, 60).at(-1)).toBe("and 2 more tables (--json lists them all)");
});

describe("advice for a mask", () => {
  const masksOf = new Map([["7", "public.people (email)"]]);
  const task = newTask("index:a", "index", "CREATE INDEX a", { locks: { shared: ["7"] } });
  const failed = (sqlstate: string, side: "source" | "target" = "target") =>
    new PgCopyError("failed", {
      code: "task_failed",
      side,
      server: { severity: "ERROR", sqlstate, message: "no" },
    });

  test("is given where the target refuses a value of a masked table", () => {
    expect(withMaskAdvice(failed("23505"), task, masksOf).advice).toContain(
      "public.people (email)",
    );
  });

  test.each([
    ["another error", failed("42P01"), task],
    ["the source's error", failed("23505", "source"), task],
    ["another table", failed("23505"), newTask("x", "index", "x", { locks: { shared: ["8"] } })],
  ])("is not given for %s", (_, error, other) => {
    expect(withMaskAdvice(error, other, masksOf)).toBe(error);
  });
});
