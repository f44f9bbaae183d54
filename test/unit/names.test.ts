/** Names as users write them, names that they meant, and names before an equal sign. */

import { expect, test } from "vitest";
import { collectExpression } from "../../src/cli/option-values.js";
import { nearest } from "../../src/nearest-name.js";
import { parseName } from "../../src/postgres/parse-name.js";

test.each([
  ["public.orders", ["public", "orders"]],
  [" Public.Orders ", ["public", "orders"]],
  ['"Public"."Order Lines".id', ["Public", "Order Lines", "id"]],
  ['"a.b"."c=d"."e""f"', ["a.b", "c=d", 'e"f']],
  ["größe.ÄÖ$1", ["größe", "ÄÖ$1"]],
  ["", undefined],
  ["public.", undefined],
  [".orders", undefined],
  ["public..orders", undefined],
  ['public."orders', undefined],
  ['public.""', undefined],
  ["public.my-table", undefined],
  ["public.orders x", undefined],
  ["1a", undefined],
])("%j is %j", (text, parts) => {
  expect(parseName(text)).toEqual(parts);
});

test.each([
  ["public.order", "public.orders"],
  ["public.Orders", "public.orders"],
  ["pubic.orders", "public.orders"],
  ["shop.invoices", undefined],
  ["x", undefined],
])("%s was meant to be %s", (written, meant) => {
  expect(nearest(written, ["public.lines", "public.orders"])).toBe(meant);
});

test("an entry ends its name at the first equal sign that is not quoted", () => {
  const first = collectExpression('public."a=b" = x = 1');
  const both = collectExpression("s.t.c=x || '='", first);
  expect(both).toEqual({ 'public."a=b"': " x = 1", "s.t.c": "x || '='" });
});

test.each([
  ["public.orders", "a name, an equal sign and an expression"],
  ["=true", "a name, an equal sign and an expression"],
  ['public."a=b', "a name, an equal sign and an expression"],
])("%j is no entry", (text, words) => {
  expect(() => collectExpression(text)).toThrow(words);
});

test("an entry may not be given twice", () => {
  const before = collectExpression("public.orders=a");
  expect(() => collectExpression("public.orders=b", before)).toThrow("given twice");
});
