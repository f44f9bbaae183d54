/** Names and values in SQL text. */

import { describe, expect, test } from "vitest";
import { displayName, quoteLiteral, quoteName, quoteQualified } from "../../src/postgres/quote.js";

describe("a name in SQL", () => {
  test.each([
    ["orders", '"orders"'],
    ["select", '"select"'],
    ["Orders", '"Orders"'],
    ['we"ird', '"we""ird"'],
    ['"', '""""'],
    ["a.b", '"a.b"'],
    ["rôle 🐘; drop table x; --", '"rôle 🐘; drop table x; --"'],
    ["back\\slash'", '"back\\slash\'"'],
  ])("%s is %s", (name, quoted) => {
    expect(quoteName(name)).toBe(quoted);
  });

  test("is qualified part by part", () => {
    expect(quoteQualified("my schema", 'a"b')).toBe('"my schema"."a""b"');
  });
});

describe("a string in SQL", () => {
  test.each([
    ["", "''"],
    ["plain", "'plain'"],
    ["it's", "'it''s'"],
    ["\\", "E'\\\\'"],
    ["\\' or 1 = 1 --", "E'\\\\'' or 1 = 1 --'"],
    ["two\nlines", "'two\nlines'"],
    ["$1 ü 🐘", "'$1 ü 🐘'"],
  ])("%j is %s", (value, quoted) => {
    expect(quoteLiteral(value)).toBe(quoted);
  });
});

describe("a name as people read it", () => {
  test.each([
    [["public", "orders"], "public.orders"],
    [["public", "Orders"], 'public."Orders"'],
    [["a.b", "c"], '"a.b".c'],
    [["x", 'y"z'], 'x."y""z"'],
    [["public", "2024"], 'public."2024"'],
    [["public", "order_2024$"], "public.order_2024$"],
    [["public", ""], 'public.""'],
  ])("%j is %s", (parts, shown) => {
    expect(displayName(...parts)).toBe(shown);
  });

  test("is another one for another object", () => {
    expect(displayName("a", "b.c")).not.toBe(displayName("a.b", "c"));
  });
});
