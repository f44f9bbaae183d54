/** Parts of a table: together they cover every row once, whatever the catalog knew of it. */

import { describe, expect, test } from "vitest";
import { cutParts, type Part, partCondition, splitMethod } from "../../src/plan/parts.js";
import { inventTable } from "./invented-catalog.js";
import { SeededRandom, seeds } from "./seeded-random.js";

const MB = 1024 * 1024;
const MIN = -(2n ** 63n);
const MAX = 2n ** 63n - 1n;
const V13 = 130_012;
const V16 = 160_004;

interface Row {
  readonly page: number;
  readonly key: bigint;
}

/** What a server would say to the part's WHERE condition, read from its text. */
function rowFilter(part: Part): (row: Row) => boolean {
  const terms = (partCondition(part)?.split(" and ") ?? []).map((term) => {
    const [, column, operator, value] =
      /^(\S+) (>=|<) '(.+)'::pg_catalog\.(?:int8|tid)$/.exec(term) ?? [];
    if (value === undefined) throw new Error(`can't read ${term}`);
    const edge = column === "ctid" ? BigInt(/^\((\d+),0\)$/.exec(value)?.[1] ?? -1) : BigInt(value);
    return (row: Row) => {
      // A row's own ctid is (page, 1) or higher: a page's rows are on one side of (page, 0).
      const own = column === "ctid" ? BigInt(row.page) : row.key;
      return operator === ">=" ? own >= edge : own < edge;
    };
  });
  return (row) => terms.every((holds) => holds(row));
}

describe("which way a table is cut", () => {
  const method = (rest: object, version: number) => splitMethod(inventTable(rest), version);
  test.each([
    ["by ctid from PostgreSQL 14 on", {}, V16, "ctid"],
    ["by its key before, where a ctid range reads all of it", {}, V13, "key"],
    ["not at all before, without a key", { integerKey: undefined }, V13, "none"],
    ["by its key if its access method has no blocks", { heap: false }, V16, "key"],
    ["not at all without either", { heap: false, integerKey: undefined }, V16, "none"],
    ["not at all if it is no ordinary table", { kind: "foreign" }, V16, "none"],
  ])("%s", (_, rest, version, expected) => {
    expect(method(rest, version)).toBe(expected);
  });
});

describe("how many parts", () => {
  const count = (bytes: number, limit: number | undefined, version = V16) =>
    cutParts(inventTable({ bytes }), limit, version, { min: 1n, max: 1_000_000n }).length;

  test.each([
    ["one without a limit", 1000 * MB, undefined, 1],
    ["one up to the limit", 10 * MB, 10 * MB, 1],
    ["two above it", 10 * MB + 1, 10 * MB, 2],
    ["as many as it is larger", 95 * MB, 10 * MB, 10],
  ])("%s", (_, bytes, limit, expected) => {
    expect(count(bytes, limit)).toBe(expected);
    expect(count(bytes, limit, V13)).toBe(expected);
  });

  test("no more than it has pages", () => {
    const wide = inventTable({ bytes: 100 * MB, pages: 3 }); // all else is in its TOAST table
    expect(cutParts(wide, MB, V16, undefined)).toHaveLength(3);
  });

  test("no more than there are keys between the smallest and the largest", () => {
    const table = inventTable({ bytes: 100 * MB });
    expect(cutParts(table, MB, V13, { min: 7n, max: 9n })).toHaveLength(3);
    expect(cutParts(table, MB, V13, { min: 7n, max: 7n })).toHaveLength(1);
  });

  test("one if its keys are not known, for then it is empty", () => {
    expect(cutParts(inventTable(), MB, V13, undefined)).toEqual([{ by: "whole" }]);
  });

  test("one of the whole table if it can't be cut", () => {
    const table = inventTable({ heap: false, integerKey: undefined });
    expect(cutParts(table, MB, V16, undefined)).toEqual([{ by: "whole" }]);
  });
});

describe("their conditions", () => {
  test("are ranges of pages, open at both ends", () => {
    const table = inventTable({ bytes: 3 * MB, pages: 300 });
    expect(cutParts(table, MB, V16, undefined).map(partCondition)).toEqual([
      "ctid < '(100,0)'::pg_catalog.tid",
      "ctid >= '(100,0)'::pg_catalog.tid and ctid < '(200,0)'::pg_catalog.tid",
      "ctid >= '(200,0)'::pg_catalog.tid",
    ]);
  });

  test("are ranges of keys, open at both ends, with the column's name quoted", () => {
    const table = inventTable({ bytes: 3 * MB, integerKey: { column: 'my "id"' } });
    expect(cutParts(table, MB, V13, { min: -10n, max: 19n }).map(partCondition)).toEqual([
      `"my ""id""" < '0'::pg_catalog.int8`,
      `"my ""id""" >= '0'::pg_catalog.int8 and "my ""id""" < '10'::pg_catalog.int8`,
      `"my ""id""" >= '10'::pg_catalog.int8`,
    ]);
  });

  test("reach from the smallest int8 to the largest", () => {
    const table = inventTable({ bytes: 2 * MB });
    expect(cutParts(table, MB, V13, { min: MIN, max: MAX }).map(partCondition)).toEqual([
      `"id" < '0'::pg_catalog.int8`,
      `"id" >= '0'::pg_catalog.int8`,
    ]);
  });

  test("are none for a whole table", () => {
    expect(partCondition({ by: "whole" })).toBeUndefined();
  });
});

describe("every row is in one part", () => {
  test("by ctid, also on pages that came after the catalog was read", () => {
    for (const seed of seeds(100)) {
      const random = new SeededRandom(seed);
      const pages = random.between(1, 5000);
      const table = inventTable({ bytes: 100 * MB, pages });
      const parts = cutParts(table, (100 * MB) / random.between(2, 40), V16, undefined);
      const edges = parts.flatMap((part) =>
        part.by === "ctid" && part.fromPage !== undefined ? [part.fromPage - 1, part.fromPage] : [],
      );
      const some = Array.from({ length: 20 }, () => random.between(0, 2 * pages));
      const filters = parts.map(rowFilter);
      for (const page of [0, pages - 1, pages, 2 ** 32 - 2, ...edges, ...some]) {
        const found = filters.filter((selects) => selects({ page, key: 0n })).length;
        if (found !== 1) expect({ seed, page, found }).toEqual({ seed, page, found: 1 });
      }
      expect(parts.length).toBeGreaterThan(pages === 1 ? 0 : 1);
    }
  });

  test("by key, also outside of the range that was read", () => {
    for (const seed of seeds(100)) {
      const random = new SeededRandom(10_000 + seed);
      const [min = 0n, max = 0n] = [random.int8(), random.int8()].sort((a, b) => (a < b ? -1 : 1));
      const table = inventTable({ bytes: 100 * MB });
      const parts = cutParts(table, (100 * MB) / random.between(2, 40), V13, { min, max });
      const edges = parts.flatMap((part) =>
        part.by === "key" && part.from !== undefined ? [part.from - 1n, part.from] : [],
      );
      const some = Array.from({ length: 20 }, () => random.int8());
      const filters = parts.map(rowFilter);
      for (const key of [MIN, MAX, -1n, 0n, min, max, ...edges, ...some]) {
        const found = filters.filter((selects) => selects({ page: 0, key })).length;
        if (found !== 1) expect({ seed, key, found }).toEqual({ seed, key, found: 1 });
      }
      expect(parts.length).toBeGreaterThan(min === max ? 0 : 1);
    }
  });

  test("and the parts are about as large as each other", () => {
    for (const seed of seeds(100)) {
      const random = new SeededRandom(20_000 + seed);
      const pages = random.between(1, 100_000);
      const table = inventTable({ bytes: pages * 8192, pages });
      const parts = cutParts(table, random.between(64 * 1024, 50 * MB), V16, undefined);
      const sizes = parts.map((part) =>
        part.by === "ctid" ? (part.toPage ?? pages) - (part.fromPage ?? 0) : pages,
      );
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
    }
  });
});
