/** That costs follow from a table's values, not only from its bytes. */

import { describe, expect, test } from "vitest";
import type { Column } from "../../src/catalog/catalog.js";
import { analyzeCost, copyWidth, tableCost } from "../../src/plan/cost.js";
import { reduceCatalog } from "../../src/plan/reduce.js";
import type { Selection } from "../../src/plan/selection.js";
import { inventCatalog, inventTable, TEXT } from "./invented-catalog.js";

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

describe("large values", () => {
  const BYTEA = 17;
  const typed = (typeOid: number, rest = {}) => [
    { name: "id", typeOid: 23, generated: false },
    { name: "body", typeOid, generated: false, ...rest },
  ];
  const large = (given: readonly Column[], toastBytes = 40 * MB) =>
    inventTable({ columns: given, bytes: MB + toastBytes, toastBytes, estimatedRows: 2400 });
  const secondsOf = (given: readonly Column[]) => tableCost(large(given), "binary");

  test("are compressed again by the target, which takes longest for documents", () => {
    const documents = secondsOf(typed(JSONB));
    const texts = secondsOf(typed(TEXT));
    expect(documents).toBeCloseTo(40 / 6.4, 1);
    expect(texts).toBeCloseTo(40 / 35, 1);
    expect(secondsOf(typed(JSONB, { external: true }))).toBeLessThan(texts);
    expect(secondsOf(typed(TEXT, { external: true }))).toBeLessThan(0.2);
  });

  test("are those of a bytea, of which most can't be compressed, before those of a text", () => {
    expect(secondsOf([...typed(BYTEA), ...typed(TEXT)])).toBeLessThan(0.2);
  });

  test("are those that someone wants left as they are, whatever else there is", () => {
    const both = [...typed(TEXT, { external: true }), ...typed(JSONB)];
    expect(secondsOf(both)).toBeLessThan(0.2);
  });

  test("keep the target busier than the source", () => {
    expect(copyWidth(large(typed(JSONB)), "binary")).toBeCloseTo(1.1, 1);
    expect(copyWidth(inventTable(), "binary")).toBeCloseTo(1.4);
  });

  test("are not read by ANALYZE", () => {
    expect(analyzeCost(large(typed(TEXT)))).toBe(analyzeCost(large(typed(TEXT), 0)));
  });
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

test("a table without its rows costs no more than its round trip, whatever values it has on the source", () => {
  const large = inventTable({ toastBytes: 90 * MB, columns: columns(TEXT, 4) });
  const selection = {
    remains: () => true,
    emptyTables: new Set([large.oid]),
    unfilledViews: new Set<number>(),
  } as Partial<Selection> as Selection;
  const [empty] = reduceCatalog(inventCatalog({ tables: [large] }), selection).tables;
  const nothing = inventTable({ bytes: 0, estimatedRows: 0, columns: columns(TEXT, 4) });
  expect(empty && analyzeCost(empty)).toBe(analyzeCost(nothing));
  expect(empty && tableCost(empty, "binary")).toBe(tableCost(nothing, "binary"));
});
