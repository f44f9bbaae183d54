/** Which tables are cut where nobody says so, and into how many parts. */

import { describe, expect, test } from "vitest";
import type { Index, Table } from "../../src/catalog/catalog.js";
import { partsLines } from "../../src/cli/parts-lines.js";
import { withAutomaticParts } from "../../src/plan/automatic-parts.js";
import type { Capacity } from "../../src/plan/play-parts.js";
import { planTable, type TablePlan } from "../../src/plan/table-plan.js";
import type { TableRows } from "../../src/plan/table-rows.js";
import { inventCatalog, inventTable, TEXT } from "./invented-catalog.js";
import { planEntries } from "./planned-schema.js";

const MB = 1024 * 1024;
const FLOAT8 = 701;
const JSONB = 3802;
const two: Capacity = { tableJobs: 4, indexJobs: 4, cores: 2 };
const eight: Capacity = { tableJobs: 8, indexJobs: 8, cores: 8 };

interface Planning {
  readonly capacity?: Capacity;
  readonly serverVersion?: number;
  readonly rows?: ReadonlyMap<number, TableRows>;
  readonly indexes?: readonly Index[];
}

function planned(tables: readonly Table[], given: Planning = {}): readonly TablePlan[] {
  const { capacity = two, serverVersion = 160_004, rows = new Map(), indexes = [] } = given;
  const catalog = inventCatalog({ tables, serverVersion });
  const options = { splitTablesLargerThan: undefined, keyBounds: new Map(), tableRows: rows };
  const whole = tables.map((table) =>
    planTable(table, catalog, { copyFormat: "auto", ...options }),
  );
  return withAutomaticParts(whole, indexes, capacity);
}

const partsOf = (tables: readonly Table[], given: Planning = {}) =>
  planned(tables, given).map(({ parts }) => parts.length);

let oid = 20_000;
const table = (rest: Partial<Table>) => inventTable({ oid: oid++, ...rest });
/** Texts of 10 kB, compressed: FREEZE brings them nothing. */
const large = (toastMB: number, rest: Partial<Table> = {}) =>
  table({
    bytes: (toastMB + 1) * MB,
    toastBytes: toastMB * MB,
    pages: 128,
    estimatedRows: 200 * toastMB,
    ...rest,
  });
/** Many rows of little: what FREEZE is for. */
const narrow = (rows: number) =>
  table({
    bytes: rows * 40,
    estimatedRows: rows,
    columns: [{ name: "n", typeOid: FLOAT8, generated: false }],
  });

describe("tables are cut", () => {
  test("where a long one would leave cores without work", () => {
    expect(partsOf([large(200), large(20), large(20)])).toEqual([14, 1, 1]);
  });

  test("also where two of them are equally long, neither of which helps alone", () => {
    const [one = 0, other = 0, ...rest] = partsOf([large(200), large(200), large(5)], {
      capacity: { ...eight, tableJobs: 4 },
    });
    expect(one).toBeGreaterThan(1);
    expect(other).toBe(one);
    expect(rest).toEqual([1]);
  });

  test("into ranges of blocks without FREEZE, and the plan says why", () => {
    const [cut, kept] = planned([large(200), large(20)]);
    expect(cut).toMatchObject({
      freeze: false,
      partsReason: "whole, its copy would be 91 % of the time of all copies",
    });
    expect(cut?.parts.every(({ by }) => by === "ctid")).toBe(true);
    expect(kept).toMatchObject({ freeze: true, partsReason: undefined });
  });

  test("the sooner, the more cores and jobs there are", () => {
    const tables = [narrow(4_000_000), large(20)];
    expect(partsOf(tables, { capacity: eight })[0]).toBeGreaterThan(1);
    expect(partsOf(tables, { capacity: { ...two, cores: 1 } })).toEqual([1, 1]);
    expect(partsOf(tables, { capacity: { ...two, tableJobs: 1 } })).toEqual([1, 1]);
  });

  test("in the same way each time, in whatever order they come", () => {
    const tables = [large(90), large(200), large(90), narrow(2_000_000), large(3)];
    const cut = (list: readonly Table[]) =>
      new Map(planned(list).map((plan) => [plan.table.oid, plan.parts.length]));
    expect(cut(tables.toReversed())).toEqual(new Map([...cut(tables)].toReversed()));
    expect(cut(tables)).toEqual(cut(tables));
  });
});

describe("tables stay whole", () => {
  test("where equal ones keep all jobs busy", () => {
    expect(partsOf(Array.from({ length: 16 }, () => large(100)))).toEqual(Array(16).fill(1));
  });

  test("where FREEZE saves more than parts do", () => {
    expect(partsOf([narrow(4_000_000), large(20)])).toEqual([1, 1]);
  });

  test("where one copy and the client keep two cores busy, but not where there are more", () => {
    const rows = { bytes: 330 * MB, estimatedRows: 1_800_000 };
    const long = table({
      ...rows,
      columns: Array(5).fill({ name: "t", typeOid: TEXT, generated: false }),
    });
    const indexes = Array.from({ length: 3 }, (_, i) => index(long, i));
    expect(partsOf([long], { indexes })).toEqual([1]);
    expect(partsOf([long], { indexes, capacity: { ...two, cores: 4 } })[0]).toBeGreaterThan(1);
  });

  test("where there is little to do", () => {
    expect(partsOf([large(5), large(1)])).toEqual([1, 1]);
  });

  test("where index builds fill the cores", () => {
    const [long, short] = [large(200), table({ bytes: 400 * MB })];
    const indexes = Array.from({ length: 8 }, (_, i) => index(short, i));
    expect(partsOf([long, short], { capacity: two })[0]).toBeGreaterThan(1);
    expect(partsOf([long, short], { capacity: two, indexes })).toEqual([1, 1]);
  });

  test("with a WHERE: nobody knows how many rows that is", () => {
    const [long, short] = [large(200), large(20)];
    const where = { given: "id > 5", sql: "(id > 5)" };
    const rows = new Map([
      [long.oid, { where, masks: new Map(), referred: undefined, confidential: false }],
    ]);
    expect(partsOf([long, short], { rows })).toEqual([1, 1]);
  });

  test("with a mask that may count in its session", () => {
    const [long, short] = [large(200), large(20)];
    const partsWith = (volatile: boolean) => {
      const masks = new Map([["t", { given: "f()", copied: "f()", stored: "f()", volatile }]]);
      const rows = { where: undefined, masks, referred: undefined, confidential: true };
      return partsOf([long, short], { rows: new Map([[long.oid, rows]]) });
    };
    expect(partsWith(true)).toEqual([1, 1]);
    expect(partsWith(false)[0]).toBeGreaterThan(1);
  });

  test("where blocks have no ranges: before PostgreSQL 14, or with another access method", () => {
    expect(partsOf([large(200), large(20)], { serverVersion: 130_010 })).toEqual([1, 1]);
    expect(partsOf([large(200, { heap: false }), large(20)])).toEqual([1, 1]);
  });

  test("without a single block they have no part, now as before", () => {
    expect(partsOf([large(200), table({ bytes: 0, pages: 0 })])).toEqual([16, 0]);
  });
});

test("a few blocks are few parts", () => {
  expect(partsOf([large(200, { pages: 7 }), large(20)])).toEqual([3, 1]);
  expect(partsOf([large(200, { pages: 3 }), large(20)])).toEqual([1, 1]);
});

test("100,000 tables are no more to play through than ten", () => {
  const small = Array.from({ length: 100_000 }, () => table({ bytes: 8192, estimatedRows: 10 }));
  const parts = partsOf([large(20_000), ...small]);
  expect(parts[0]).toBeGreaterThan(1);
  expect(new Set(parts.slice(1))).toEqual(new Set([1]));
});

test("the report names the tables in parts, those with most of them first", () => {
  const tables = [1, 4, 9].map((parts) => ({
    schema: "public",
    name: `t${parts}`,
    parts,
    ...(parts === 1 ? {} : { partsReason: "asked for" }),
  }));
  expect(partsLines(tables, 60)).toEqual([
    "public.t9: 9 parts (asked for)",
    "public.t4: 4 parts (asked for)",
  ]);
});

describe("in a plan", () => {
  const schema = ["create table public.a (id int, v jsonb)", "create table public.b (id int)"];
  const columns = [
    { name: "id", typeOid: 23, generated: false },
    { name: "v", typeOid: TEXT, generated: false },
  ];
  const details = {
    a: { columns, bytes: 201 * MB, toastBytes: 200 * MB, pages: 128, estimatedRows: 10_000 },
  };
  const copies = async (options: Parameters<typeof planEntries>[1]) => {
    const { plan } = await planEntries(schema, { details, capacity: two, ...options });
    return plan.tasks.filter(({ id }) => id.startsWith("copy:public.a")).length;
  };

  test("auto cuts; never, a size and --without don't, nor does a plan for nobody's servers", async () => {
    expect(await copies({ splitTablesLargerThan: "auto" })).toBeGreaterThan(1);
    expect(await copies({ splitTablesLargerThan: "never" })).toBe(1);
    expect(await copies({ splitTablesLargerThan: 300 * MB })).toBe(1);
    expect(await copies({ splitTablesLargerThan: 101 * MB })).toBe(2);
    const without = new Set(["automatic-parts"] as const);
    expect(await copies({ splitTablesLargerThan: "auto", without })).toBe(1);
    expect(await copies({ splitTablesLargerThan: "auto", capacity: undefined })).toBe(1);
  });

  test("documents count for more than what they take on disk", async () => {
    const document = [{ name: "v", typeOid: JSONB, generated: false }];
    const little = { toastBytes: 6 * MB, bytes: 7 * MB, pages: 128, estimatedRows: 1000 };
    const parts = (given: typeof columns) => partsOf([table({ ...little, columns: given })])[0];
    expect(parts(document)).toBeGreaterThan(1);
    expect(parts(columns)).toBe(1);
  });
});

function index(of: Table, n: number): Index {
  return {
    oid: 30_000 + n,
    schema: "public",
    name: `i${n}`,
    tableOid: of.oid,
    unique: false,
    method: "btree",
    valid: true,
    partitioned: false,
    definition: "",
    bytes: 100 * MB,
    constraintOid: undefined,
    plainColumns: true,
    keyColumns: undefined,
  };
}
