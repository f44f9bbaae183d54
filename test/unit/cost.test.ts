/** That costs follow from a table's values, not only from its bytes. */

import { describe, expect, test } from "vitest";
import { analyzeCost, tableCost } from "../../src/plan/cost.js";
import { inventTable, TEXT } from "./invented-catalog.js";

const MB = 1024 ** 2;
const JSONB = 3802;
const FLOAT8 = 701;

const columns = (typeOid: number, count: number, generated = false) =>
  Array.from({ length: count }, (_, n) => ({ name: `c${n}`, typeOid, generated }));
const costOf = (typeOid: number, rest: Partial<Parameters<typeof inventTable>[0]> = {}) =>
  tableCost(inventTable({ columns: columns(typeOid, 4), ...rest }), "binary");

test("of two tables of one size, documents take longer than texts, and texts than numbers", () => {
  expect(costOf(JSONB)).toBeGreaterThan(costOf(TEXT));
  expect(costOf(TEXT)).toBeGreaterThan(costOf(FLOAT8));
});

test("text takes longer than binary, and a generated column nothing", () => {
  const table = inventTable({ columns: columns(FLOAT8, 4) });
  expect(tableCost(table, "text")).toBeGreaterThan(tableCost(table, "binary"));
  const computed = [...columns(FLOAT8, 4), ...columns(JSONB, 1, true)];
  expect(tableCost({ ...table, columns: computed }, "binary")).toBe(tableCost(table, "binary"));
});

test("a table of which nobody knows the rows costs what its bytes do", () => {
  const unknown = { estimatedRows: -1, bytes: 110 * MB };
  expect(costOf(JSONB, unknown)).toBeCloseTo(1, 1);
  expect(costOf(FLOAT8, unknown)).toBeCloseTo(1, 1);
});

describe("ANALYZE takes longer", () => {
  const analyzed = (count: number, estimatedRows: number, bytes = MB) =>
    analyzeCost(inventTable({ columns: columns(TEXT, count), estimatedRows, bytes }));

  test("with each column", () => {
    const [one, ...others] = [1, 101, 201].map((count) => analyzed(count, 30_000)) as number[];
    const more = others.map((seconds) => seconds - (one ?? 0));
    expect(more[0]).toBeCloseTo(0.67);
    expect(more[1]).toBeCloseTo(1.34);
  });

  test("with each row, until the sample is full", () => {
    expect(analyzed(10, 300)).toBeLessThan(analyzed(10, 30_000));
    expect(analyzed(10, 30_000_000)).toBe(analyzed(10, 30_000));
  });

  test("by the bytes where nobody knows the rows; without any, it sorts nothing", () => {
    expect(analyzed(200, -1, 200 * MB)).toBe(analyzed(200, 30_000, 200 * MB));
    expect(analyzed(200, -1)).toBeLessThan(analyzed(200, 30_000));
    expect(analyzed(200, -1, 0)).toBe(analyzed(1, -1, 0));
  });
});
