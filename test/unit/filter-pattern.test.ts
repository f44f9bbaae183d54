/** Filters as they are written: names, regular expressions, pgcopydb's file, and what is wrong with them. */

import { describe, expect, test } from "vitest";
import { PgCopyError } from "../../src/errors.js";
import { filterSections, parseFilterFile } from "../../src/filters/filter-file.js";
import { type Filters, resolveFilters } from "../../src/filters/filters.js";
import { matches, type Pattern, parsePattern } from "../../src/filters/pattern.js";
import { posixExpression } from "../../src/filters/posix-expression.js";

function pattern(text: string): Pattern {
  const kind = text.startsWith("plain ") ? "plain" : "qualified";
  const written = text.replace(/^plain /, "");
  return { text: written, from: "a test", parts: parsePattern(written, kind).parts };
}

describe("a name", () => {
  test.each([
    ["public.orders", ["public", "orders"], true],
    ["Public.Orders", ["public", "orders"], true],
    ["public.orders", ["public", "Orders"], false],
    ['"Odd.Name"."x y"', ["Odd.Name", "x y"], true],
    ['public."a ""b"""', ["public", 'a "b"'], true],
    ['"public"."Orders"', ["public", "Orders"], true],
    ["public.großes$1", ["public", "großes$1"], true],
    // Only A to Z are folded, as PostgreSQL does in UTF8.
    ["public.Ä", ["public", "Ä"], true],
    ["plain uuid-ossp", ["uuid-ossp"], true],
    ["public.~/^tmp_/", ["public", "tmp_1"], true],
    ["public.~/^tmp_/", ["public", "not_tmp_1"], false],
    ["public.~/^tmp_/", ["other", "tmp_1"], false],
    ["~/staging/.orders", ["my_staging_2", "orders"], true],
    ["~/a$/.~/^b/", ["a", "bc"], true],
    ["~/a$/.~/^b/", ["ab", "bc"], false],
    ['~/^A/."B"', ["A1", "B"], true],
    ["public.~/^tmp_/~/[0-9]+$/", ["public", "tmp_17"], true],
    ["public.~/^tmp_/~/[0-9]+$/", ["public", "tmp_x"], false],
    ["public.~[^a/b$]", ["public", "a/b"], true],
    ["public.~(^a)", ["public", "ab"], true],
    [String.raw`public.~/a\/b/`, ["public", "a/b"], true],
    ["plain ~/^audit_[0-9]{4}$/", ["audit_2024"], true],
  ])("%s: %j is %j", (text, name, expected) => {
    expect(matches(pattern(text), ...name)).toBe(expected);
  });

  test.each([
    ["orders", "it has no schema: write it as public.orders"],
    ["a.b.c", "it has more than two parts"],
    ["plain a.b", "it has a dot"],
    ["public.", "a name is missing"],
    [".orders", ". stands where a name should begin"],
    ['public."orders', "a quoted name is empty, or has no closing quote"],
    ['public.""', "a quoted name is empty"],
    ["public.tmp_*", "* is no part of a plain name: quote the name, or write a regular expression"],
    ["public.~/^tmp", "a regular expression has no closing /"],
    ["public.~^tmp", "a regular expression is written between slashes"],
    ["public.~//", "a regular expression is empty"],
    ["public.~/(a/", "it is no regular expression: unterminated group"],
    ["public.~/[[:letter:]]/", "there is no class [:letter:]"],
  ])("%s is none", (text, words) => {
    expect(() => pattern(text)).toThrow(words);
  });
});

describe("a regular expression of POSIX", () => {
  test.each([
    ["^[[:digit:]]+$", "123", true],
    ["^[[:digit:]]+$", "12a", false],
    ["^[[:alpha:]_]+$", "größe_x", true],
    ["^[^[:digit:]]+$", "ab1", false],
    ["^[]a]+$", "]a", true],
    ["^[^]a]+$", "]", false],
    [String.raw`^a\_b\-c$`, "a_b-c", true],
    [String.raw`^\d{2}$`, "42", true],
    ["^a|b$", "xb", true],
    ["^.$", "🐘", true],
    ["^[a\\-c]$", "-", true],
    ["^[[.x]$", "[", true],
  ])("%s finds %s: %j", (source, text, expected) => {
    expect(posixExpression(source).test(text)).toBe(expected);
  });
});

function refusal(call: () => unknown): PgCopyError {
  try {
    call();
  } catch (error) {
    if (error instanceof PgCopyError) return error;
    throw error;
  }
  throw new Error("it was accepted");
}

describe("a file of filters", () => {
  test("has pgcopydb's eight sections, comments, and values that nobody uses", () => {
    const text = `\uFEFF; a comment
# another
[include-only-schema]
public
  ~/^audit_/
[exclude-schema]\r
foo ; with a comment
[include-only-table]
"Odd.Name"."x ; y"
[exclude-table] ; tables
public.~/^tmp_[a-z];/   # a regular expression may hold anything
[exclude-table-data]
public.log = not used
[exclude-index]
public.a_idx
[include-only-extension]
uuid-ossp
[exclude-extension]

[exclude-schema]
bar`;
    const filters = parseFilterFile(text, "shop.ini");
    expect(filters).toEqual({
      includeSchemas: [
        { pattern: "public", from: "shop.ini:4 [include-only-schema]" },
        { pattern: "~/^audit_/", from: "shop.ini:5 [include-only-schema]" },
      ],
      excludeSchemas: [
        { pattern: "foo", from: "shop.ini:7 [exclude-schema]" },
        { pattern: "bar", from: "shop.ini:21 [exclude-schema]" },
      ],
      includeTables: [{ pattern: '"Odd.Name"."x ; y"', from: "shop.ini:9 [include-only-table]" }],
      excludeTables: [{ pattern: "public.~/^tmp_[a-z];/", from: "shop.ini:11 [exclude-table]" }],
      excludeTableData: [{ pattern: "public.log", from: "shop.ini:13 [exclude-table-data]" }],
      excludeIndexes: [{ pattern: "public.a_idx", from: "shop.ini:15 [exclude-index]" }],
      includeExtensions: [{ pattern: "uuid-ossp", from: "shop.ini:17 [include-only-extension]" }],
    });
    expect(resolveFilters(filters)?.excludeSchemas).toHaveLength(2);
    expect(filterSections.size).toBe(8);
  });

  test("says of every line that can't be read which it is, and why", () => {
    const text = `public.too_early
[exclude-tables]
public.not_told_of
[exclude-table]
orders
public.a b
public.~/(/
[exclude-schema
a.b
[exclude-index] x`;
    const error = refusal(() => parseFilterFile(text, "shop.ini"));
    expect(error).toMatchObject({ code: "usage", message: "7 filters can't be read" });
    expect(error.items).toEqual([
      "shop.ini:1: public.too_early comes before any section",
      expect.stringMatching(
        /^shop\.ini:2: there is no section \[exclude-tables\]; the sections are include-only-schema, .*exclude-extension$/,
      ),
      "shop.ini:5 orders: it has no schema: write it as public.orders",
      "shop.ini:6 public.a b: there is more after the name: b",
      "shop.ini:7 public.~/(/: it is no regular expression: unterminated group",
      "shop.ini:8: [exclude-schema has no closing bracket",
      "shop.ini:10: there is more after the section: x",
    ]);
  });

  test.each(["", "; nothing\n", "[exclude-table]\n"])(
    "that names nothing (%j) is refused",
    (text) => {
      expect(refusal(() => parseFilterFile(text, "shop.ini"))).toMatchObject({
        code: "usage",
        message: "the filters in shop.ini name nothing",
      });
    },
  );
});

describe("filters as an option", () => {
  test("are undefined where there are none", () => {
    expect(resolveFilters(undefined)).toBeUndefined();
    expect(resolveFilters({})).toBeUndefined();
    expect(resolveFilters({ excludeTables: [] })).toBeUndefined();
  });

  test("name every pattern that can't be read", () => {
    const filters = {
      excludeTables: ["public.a", "b"],
      includeSchemas: [{ pattern: "a.b", from: "--include-schema" }],
      excludeIndexes: ["public.a b"],
    };
    expect(refusal(() => resolveFilters(filters)).items).toEqual([
      "filters.excludeTables[1] b: it has no schema: write it as public.b",
      "--include-schema a.b: it has a dot: quote a name that holds one",
      "filters.excludeIndexes[0] public.a b: there is more after the name: b",
    ]);
  });

  test.each([
    [{ excludeTable: ["public.a"] }, "there is no filter excludeTable"],
    [{ excludeTables: "public.a" }, "filters.excludeTables must be a list of strings"],
    [{ excludeTables: [1] }, "filters.excludeTables must be a list of strings"],
    [["public.a"], "filters must be an object of lists"],
    [null, "filters must be an object of lists"],
    // It could mean that nothing is to be copied, and would copy everything.
    [{ includeTables: [] }, "filters.includeTables is an empty list"],
  ])("%j: %s", (filters, message) => {
    expect(refusal(() => resolveFilters(filters as unknown as Filters))).toMatchObject({
      code: "usage",
      message: expect.stringContaining(message),
    });
  });
});
