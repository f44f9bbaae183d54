/** How a table's rows travel: the exact statements on both ends. */

import { describe, expect, test } from "vitest";
import type { Catalog, Table } from "../../src/catalog/catalog.js";
import {
  copyInStatement,
  copyLabel,
  copyOutStatement,
  planTable,
  type TablePlan,
  type TablePlanOptions,
} from "../../src/plan/table-plan.js";
import { INT4, inventCatalog, inventTable, TEXT } from "./invented-catalog.js";

const MB = 1024 * 1024;
const plain: TablePlanOptions = {
  copyFormat: "auto",
  splitTablesLargerThan: undefined,
  keyBounds: new Map(),
  tableRows: new Map(),
};

function planned(
  rest: Partial<Table> = {},
  options: Partial<TablePlanOptions> = {},
  catalog: Partial<Catalog> = {},
): TablePlan {
  return planTable(inventTable(rest), inventCatalog(catalog), { ...plain, ...options });
}

/** All of a plan's COPY statements: out for each part, and in. */
function statements(plan: TablePlan): string[] {
  return [...plan.parts.map((part) => copyOutStatement(plan, part)), copyInStatement(plan)];
}

const column = (name: string, rest = {}) => ({ name, typeOid: TEXT, generated: false, ...rest });

describe("the COPY statements", () => {
  test("of a plain table name its columns, in the source's order", () => {
    expect(statements(planned())).toEqual([
      'copy "public"."orders" ("id", "note") to stdout (format binary)',
      'copy "public"."orders" ("id", "note") from stdin (format binary, freeze true)',
    ]);
  });

  test("in text", () => {
    expect(statements(planned({}, { copyFormat: "text" }))).toEqual([
      'copy "public"."orders" ("id", "note") to stdout (format text)',
      'copy "public"."orders" ("id", "note") from stdin (format text, freeze true)',
    ]);
  });

  test("of odd names quote them", () => {
    const plan = planned({
      schema: 'my "schema"',
      name: "order; drop table x",
      columns: [column('a"b'), column("SELECT"), column("größe")],
    });
    expect(statements(plan)).toEqual([
      'copy "my ""schema"""."order; drop table x" ("a""b", "SELECT", "größe") to stdout (format binary)',
      'copy "my ""schema"""."order; drop table x" ("a""b", "SELECT", "größe") from stdin (format binary, freeze true)',
    ]);
  });

  test("leave generated columns to the target", () => {
    const plan = planned({
      columns: [column("a"), column("sum", { generated: true }), column("b")],
    });
    expect(statements(plan)).toEqual([
      'copy "public"."orders" ("a", "b") to stdout (format binary)',
      'copy "public"."orders" ("a", "b") from stdin (format binary, freeze true)',
    ]);
  });

  test.each([
    ["no columns", []],
    ["generated columns only", [column("sum", { generated: true })]],
  ])("of a table with %s name none", (_, columns) => {
    expect(statements(planned({ columns }))).toEqual([
      'copy "public"."orders" to stdout (format binary)',
      'copy "public"."orders" from stdin (format binary, freeze true)',
    ]);
  });

  test("of a part are a query of this table alone, without its children", () => {
    const plan = planned({ bytes: 2 * MB, pages: 256 }, { splitTablesLargerThan: MB });
    expect(statements(plan)).toEqual([
      `copy (select "id", "note" from only "public"."orders" where ctid < '(128,0)'::pg_catalog.tid) to stdout (format binary)`,
      `copy (select "id", "note" from only "public"."orders" where ctid >= '(128,0)'::pg_catalog.tid) to stdout (format binary)`,
      'copy "public"."orders" ("id", "note") from stdin (format binary)',
    ]);
  });

  test("of a part by key, on a server that knows no ctid ranges", () => {
    const plan = planned(
      { bytes: 2 * MB, integerKey: { column: "Id" } },
      { splitTablesLargerThan: MB, keyBounds: new Map([[20_000, { min: 1n, max: 100n }]]) },
      { serverVersion: 130_012 },
    );
    expect(statements(plan)).toEqual([
      `copy (select "id", "note" from only "public"."orders" where "Id" < '51'::pg_catalog.int8) to stdout (format binary)`,
      `copy (select "id", "note" from only "public"."orders" where "Id" >= '51'::pg_catalog.int8) to stdout (format binary)`,
      'copy "public"."orders" ("id", "note") from stdin (format binary)',
    ]);
  });

  test("from another encoding than UTF8 are in text, and say which", () => {
    const { database } = inventCatalog();
    const plan = planned({}, {}, { database: { ...database, encoding: "LATIN1" } });
    expect(statements(plan)).toEqual([
      `copy "public"."orders" ("id", "note") to stdout (format text, encoding 'LATIN1')`,
      `copy "public"."orders" ("id", "note") from stdin (format text, encoding 'LATIN1', freeze true)`,
    ]);
  });
});

describe("FREEZE", () => {
  test("is for a table that is copied in one part and is worth a TRUNCATE", () => {
    expect(planned({ bytes: MB }).freeze).toBe(true);
    expect(planned({ bytes: MB - 1 }).freeze).toBe(false);
    expect(planned({ bytes: 4 * MB }, { splitTablesLargerThan: MB }).freeze).toBe(false);
    expect(copyInStatement(planned({ bytes: 8192 }))).toBe(
      'copy "public"."orders" ("id", "note") from stdin (format binary)',
    );
  });
});

describe("a table without a block", () => {
  test("has no part", () => {
    expect(planned({ bytes: 0, pages: 0 })).toMatchObject({ parts: [], freeze: false });
  });

  test("is copied all the same if its blocks say nothing of its rows", () => {
    expect(planned({ bytes: 0, pages: 0, heap: false }).parts).toEqual([{ by: "whole" }]);
  });
});

describe("why a table above the limit stays whole", () => {
  const reason = (rest: Partial<Table>, version = 160_004) =>
    planned(rest, { splitTablesLargerThan: MB }, { serverVersion: version }).splitReason;

  test("is said", () => {
    expect(reason({ integerKey: undefined }, 130_012)).toBe(
      "before PostgreSQL 14 a part needs a unique integer column, and it has none",
    );
    expect(reason({ heap: false, integerKey: undefined })).toBe(
      "its access method has no ctid ranges, and it has no unique integer column",
    );
    expect(reason({ pages: 1 })).toBe("it has too few rows or pages to cut");
  });

  test("is nothing to say of one that was cut, is small, or was not to be cut", () => {
    expect(reason({})).toBeUndefined();
    expect(reason({ bytes: MB })).toBeUndefined();
    expect(planned({ integerKey: undefined }, {}, { serverVersion: 130_012 }).splitReason).toBe(
      undefined,
    );
  });
});

test("the plan says which format it took, and why", () => {
  const columns = [column("id", { typeOid: INT4 }), column("odd", { typeOid: 99_999 })];
  expect(planned({ columns })).toMatchObject({
    format: "text",
    formatReason: "column odd: type 99999 is not known",
    encoding: "UTF8",
  });
});

test("a part is named counting from one", () => {
  expect(copyLabel("public.orders", 0, 1)).toBe("COPY public.orders");
  expect(copyLabel("public.orders", 2, 8)).toBe("COPY public.orders (part 3 of 8)");
});
