/** That a table's cost follows from its values, not only from its bytes. */

import { expect, test } from "vitest";
import { tableCost } from "../../src/plan/cost.js";
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
