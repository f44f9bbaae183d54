/** What comparisons compute without a server. */

import { describe, expect, it } from "vitest";
import type { Table } from "../../src/catalog/catalog.js";
import type { RowKey } from "../../src/catalog/read-row-keys.js";
import { dataComparisonLines } from "../../src/cli/compare-data-lines.js";
import type { DataComparison } from "../../src/cli/library.js";
import { diffLines } from "../../src/cli/line-diff.js";
import { paintFor } from "../../src/cli/output.js";
import { canonicalForm, type Majors } from "../../src/schema/canonical-statement.js";
import { compareSequences, type SequencesOfEnd } from "../../src/verify/compare-sequences.js";
import { cutRange, inRange, orderOf, partNumber } from "../../src/verify/key-order.js";
import { type EndTables, pairTables } from "../../src/verify/table-pairs.js";
import { inventTable } from "./invented-catalog.js";
import { SeededRandom, seeds } from "./seeded-random.js";

describe("the difference of two texts", () => {
  const shown = (before: string, after: string) =>
    diffLines(before.split(" "), after.split(" "))
      .map(({ kind, text }) => ({ removed: "-", added: "+", same: "", gap: "..." })[kind] + text)
      .join(" ");

  it.each([
    ["a b c", "a b c", ""],
    ["a b c", "a x c", "a -b +x c"],
    ["a b c", "a c", "a -b c"],
    ["a c", "a b c", "a +b c"],
    ["0 1 2 3 4 5 6 7 8 9", "0 1 2 3 4 X 6 7 8 9", "... 2 3 4 -5 +X 6 7 8 ..."],
    ["a b a b a", "b a b", "-a b a b -a"],
    ["X 1 2 3 4 5 6 7 8 Y", "x 1 2 3 4 5 6 7 8 y", "-X +x 1 2 3 ... 6 7 8 -Y +y"],
  ])("%j, %j", (before, after, lines) => {
    expect(shown(before, after)).toBe(lines);
  });

  it("makes the one out of the other", () => {
    for (const seed of seeds(200)) {
      const random = new SeededRandom(seed);
      const text = () =>
        Array.from({ length: random.between(0, 6) }, () => random.pick([..."abc"]));
      const [before, after] = [text(), text()];
      const lines = diffLines(before, after);
      const of = (kinds: string[]) =>
        lines.filter(({ kind }) => kinds.includes(kind)).map(({ text: line }) => line);
      // Short texts have no gap: all is there, unless nothing changed.
      if (lines.length === 0) expect(after).toEqual(before);
      else {
        expect(of(["same", "removed"]), `seed ${seed}`).toEqual(before);
        expect(of(["same", "added"]), `seed ${seed}`).toEqual(after);
      }
    }
  });

  it("of very long texts is not searched for", () => {
    const many = (word: string) => Array.from({ length: 3000 }, (_, n) => `${word} ${n}`);
    expect(diffLines(many("a"), many("b"))).toHaveLength(6000);
  });
});

describe("two statements", () => {
  const same = async (source: string, target: string, majors: Majors) =>
    (await canonicalForm(source, majors)) === (await canonicalForm(target, majors));
  const here = { source: 16, target: 16 };

  it.each([
    ["layout", "select  1", "SELECT\n1", here],
    [
      "a procedure's IN",
      "alter procedure p(a int) owner to o",
      "alter procedure p(IN a int) owner to o",
      here,
    ],
    [
      "multiranges across 14",
      "create type r as range (subtype = int4)",
      "create type r as range (subtype = int4, multirange_type_name = m)",
      { source: 13, target: 14 },
    ],
    [
      "a view's columns across 16",
      "create view v as select t.a, sum(t.b) as s from s.t where t.c > 1 group by t.a",
      "create view v as select a, sum(b) as s from s.t where c > 1 group by a",
      { source: 15, target: 18 },
    ],
    [
      "a view's columns by an alias",
      "create view v as select i.i from f() i(i)",
      "create view v as select i from f() i(i)",
      { source: 18, target: 12 },
    ],
    [
      "ALL across 17",
      "grant all on table t to r",
      "grant insert, select, update, delete, truncate, references, trigger on table t to r",
      { source: 16, target: 17 },
    ],
    [
      "MAINTAIN across 17",
      "revoke insert on t from r",
      "revoke maintain, insert on t from r",
      { source: 16, target: 17 },
    ],
    [
      "names of NOT NULL across 18",
      "create table t (a int not null)",
      "create table t (a int constraint x not null)",
      { source: 17, target: 18 },
    ],
  ] as const)("are the same: %s", async (_, source, target, majors) => {
    expect(await same(source, target, majors)).toBe(true);
  });

  it.each([
    ["a literal", "select 'a'", "select 'A'", here],
    [
      "a view's columns of one version",
      "create view v as select t.a from s.t",
      "create view v as select a from s.t",
      { source: 16, target: 18 },
    ],
    [
      "columns of a join",
      "create view v as select t.a from t, u",
      "create view v as select a from t, u",
      { source: 15, target: 16 },
    ],
    [
      "another column",
      "create view v as select t.a from t",
      "create view v as select b from t",
      { source: 15, target: 16 },
    ],
    [
      "a column of a query within",
      "create view v as select (select x.a from x) from t",
      "create view v as select (select a from x) from t",
      { source: 15, target: 16 },
    ],
    [
      "ALL of one version",
      "grant all on table t to r",
      "grant insert on table t to r",
      { source: 16, target: 17 },
    ],
    [
      "names of NOT NULL from 18 on",
      "create table t (a int constraint x not null)",
      "create table t (a int constraint y not null)",
      { source: 18, target: 18 },
    ],
    [
      "NOT NULL itself",
      "create table t (a int)",
      "create table t (a int constraint y not null)",
      { source: 17, target: 18 },
    ],
    [
      "a multirange's name",
      "create type r as range (subtype = int4, multirange_type_name = m)",
      "create type r as range (subtype = int4, multirange_type_name = n)",
      { source: 14, target: 18 },
    ],
  ] as const)("are different: %s", async (_, source, target, majors) => {
    expect(await same(source, target, majors)).toBe(false);
  });

  it("of which nothing is left are nothing", async () => {
    const grant = "grant maintain on table t to r";
    expect(await canonicalForm(grant, { source: 16, target: 17 })).toBeUndefined();
    expect(await canonicalForm(grant, { source: 17, target: 18 })).toBeDefined();
  });
});

describe("ranges of a key", () => {
  const column = (name: string, ordered: boolean) => ({ name, type: "pg_catalog.int8", ordered });
  const key: RowKey = [column("Id", true), column("name", false)];

  it("keep an order that is the same everywhere, and order all else by its bytes", () => {
    const order = orderOf(key, key, undefined);
    expect(inRange(order, { from: ["1", "a'b"], below: undefined })).toBe(
      `("Id", ("name"::text collate "C")) >= ('1'::pg_catalog.int8, 'a''b')`,
    );
    const [first] = orderOf([column("a", true)], [column("a", false)], undefined);
    expect(first?.sql).toBe(`("a"::text collate "C")`);
  });

  it("cross encodings as hexadecimal digits, and are shown as they were", () => {
    const [, name] = orderOf(key, key, "UTF8");
    expect(name?.sql).toContain("convert_to");
    expect(name?.shown("c384")).toBe("Ä");
  });

  it("are cut without a gap, and the part of a row is found by halving", () => {
    const order = orderOf([column("a", true)], [column("a", true)], undefined);
    const bounds = [["1"], ["2"], ["3"]];
    expect(cutRange({ from: undefined, below: ["9"] }, bounds)).toEqual([
      { from: undefined, below: ["1"] },
      { from: ["1"], below: ["2"] },
      { from: ["2"], below: ["3"] },
      { from: ["3"], below: ["9"] },
    ]);
    const sql = partNumber(order, bounds)
      .replaceAll("::pg_catalog.int8", "")
      .replaceAll(`"a"`, "a");
    expect(sql).toBe(
      "case when a < '2' then case when a < '1' then 0 else 1 end else case when a < '3' then 2 else 3 end end",
    );
    expect(partNumber(order, [])).toBe("0");
  });
});

describe("tables are paired", () => {
  const end = (tables: Partial<Table>[], keys: Record<number, RowKey[]> = {}): EndTables => ({
    tables: tables.map((table) => inventTable(table)),
    keys: new Map(Object.entries(keys).map(([oid, list]) => [Number(oid), list])),
  });
  const root = { oid: 1, name: "root", kind: "partitioned" } as const;
  const leaf = (oid: number, name: string, rest: Partial<Table> = {}) => ({
    oid,
    name,
    partitionOf: 1,
    ...rest,
  });

  it("by partitions where both ends have the same ones", () => {
    const both = end([root, leaf(2, "a"), leaf(3, "b")]);
    expect(pairTables(both, both).pairs.map(({ source }) => source.from)).toEqual([
      'only "public"."a"',
      'only "public"."b"',
    ]);
  });

  it("as a whole where the partitions differ, or only one end has any", () => {
    const source = end([root, leaf(2, "a"), leaf(3, "b")]);
    const target = end([root, leaf(2, "a"), leaf(3, "c")]);
    const plain = end([{ oid: 1, name: "root" }]);
    const froms = (one: EndTables, other: EndTables) => {
      const { pairs, onlyOnSource, onlyOnTarget } = pairTables(one, other);
      expect([...onlyOnSource, ...onlyOnTarget]).toEqual([]);
      return pairs.map((pair) => [pair.source.from, pair.target.from]);
    };
    expect(froms(source, target)).toEqual([['"public"."root"', '"public"."root"']]);
    expect(froms(plain, target)).toEqual([['only "public"."root"', '"public"."root"']]);
  });

  it("but never by way of another server", () => {
    const source = end([root, leaf(2, "a"), leaf(3, "f", { kind: "foreign" })]);
    const target = end([root, leaf(2, "a")]);
    expect(pairTables(source, source)).toMatchObject({
      pairs: [{ name: "a" }],
      notCompared: [{ name: "f" }],
    });
    expect(pairTables(source, target)).toMatchObject({
      pairs: [],
      notCompared: [{ name: "root", reason: expect.stringContaining("foreign") }],
    });
  });

  it("with a key that both ends have, in one order of columns", () => {
    const column = (name: string) => ({ name, type: "t", ordered: true });
    const source = end([{ oid: 5 }], { 5: [[column("x")], [column("id"), column("note")]] });
    const target = end([{ oid: 6 }], { 6: [[column("note"), column("id")]] });
    const [pair] = pairTables(source, target).pairs;
    expect(pair?.source.key?.map(({ name }) => name)).toEqual(["id", "note"]);
    expect(pair?.target.key?.map(({ name }) => name)).toEqual(["id", "note"]);
  });
});

describe("a sequence", () => {
  const at = (lastValue: string, isCalled: boolean, increment = 1n): SequencesOfEnd => ({
    states: new Map([["s", { schema: "", name: "s", lastValue, isCalled, increment }]]),
    unreadable: [],
  });

  it.each([
    ["the same", at("5", true), at("5", true), []],
    ["behind", at("5", true), at("4", true), ["behind"]],
    ["behind by being called", at("5", true), at("5", false), ["behind"]],
    ["ahead", at("5", true), at("9223372036854775807", true), ["ahead"]],
    ["descending and behind", at("-5", true, -1n), at("-4", true, -1n), ["behind"]],
    ["missing", at("5", true), { states: new Map(), unreadable: [] }, ["only_on_source"]],
    ["not readable", at("5", true), { states: new Map(), unreadable: ["s"] }, []],
  ])("is %s", (_, source, target, statuses) => {
    expect(compareSequences(source, target).map(({ status }) => status)).toEqual(statuses);
  });
});

it("names that try to be more than names are shown as text", () => {
  const comparison: DataComparison = {
    source: "postgres://old/shop",
    target: "postgres://new/shop",
    sourceVersion: "13.1",
    targetVersion: "18.1",
    durationMs: 10,
    same: false,
    tables: 1,
    rows: 3,
    sequences: 0,
    tableDifferences: [
      {
        schema: "public",
        name: "x\u001b[2J",
        status: "different",
        sourceRows: 3,
        targetRows: 3,
        key: ["id"],
        onlyOnSource: 0,
        onlyOnTarget: 0,
        differentRows: 7,
        rows: [{ key: [{ column: "id", value: "a\nb" }], status: "different", columns: ["c"] }],
      },
    ],
    sequenceDifferences: [],
    notCompared: [],
    warnings: [],
  };
  const paint = paintFor({ write: () => true }, {});
  const lines = dataComparisonLines(comparison, {
    paint,
    width: 80,
    tableWidth: 80,
    verbose: false,
  });
  expect(lines.slice(3, 7)).toEqual([
    "public.x\\u{1b}[2J: 7 different (3 rows on both ends)",
    "  different           id = a\\nb: c",
    "  and 6 more rows (--limit shows more)",
    "",
  ]);
});
