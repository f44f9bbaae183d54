import { describe, expect, test } from "vitest";
import {
  displayWidth,
  fitEnd,
  fitStart,
  printable,
  truncate,
  wrap,
} from "../../src/cli/display-width.js";
import {
  formatAverage,
  formatBytes,
  formatCompactCount,
  formatCount,
  formatDuration,
  formatNumberOf,
  formatPercent,
} from "../../src/cli/formatting.js";
import { writeJson } from "../../src/cli/json.js";
import type { OutputStream } from "../../src/cli/output.js";

describe("sizes, as pg_size_pretty names them", () => {
  test.each([
    [0, "0 B"],
    [1023, "1023 B"],
    [1024, "1.0 kB"],
    [1536, "1.5 kB"],
    [10 * 1024, "10 kB"],
    [1023.4 * 1024, "1023 kB"],
    [1023.6 * 1024, "1.0 MB"],
    [24 * 1024 ** 2, "24 MB"],
    [1.3 * 1024 ** 3, "1.3 GB"],
    [9.96 * 1024 ** 3, "10 GB"],
    [3 * 1024 ** 4, "3.0 TB"],
    [5000 * 1024 ** 5, "5000 PB"],
  ])("%d bytes are %s", (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });
});

describe("durations", () => {
  test.each([
    [0, "0 ms"],
    [20.4, "20 ms"],
    [999.6, "1.0 s"],
    [4210, "4.2 s"],
    [9960, "10 s"],
    [41_200, "41 s"],
    [59_700, "1 min 0 s"],
    [192_000, "3 min 12 s"],
    [3_599_600, "1 h 0 min"],
    [3_840_000, "1 h 4 min"],
    [183_600_000, "2 d 3 h"],
  ])("%d ms are %s", (durationMs, text) => {
    expect(formatDuration(durationMs)).toBe(text);
  });
});

describe("counts", () => {
  test.each([
    [0, "0", "0"],
    [999, "999", "999"],
    [1000, "1,000", "1.0 k"],
    [12_345, "12,345", "12 k"],
    [999_999, "999,999", "1.0 M"],
    [3_204_118, "3,204,118", "3.2 M"],
    [1_234_567_890, "1,234,567,890", "1.2 G"],
  ])("%d is %s, or %s", (count, whole, compact) => {
    expect(formatCount(count)).toBe(whole);
    expect(formatCompactCount(count)).toBe(compact);
  });

  test("what is counted is named in the right number", () => {
    expect(formatNumberOf(1, "table")).toBe("1 table");
    expect(formatNumberOf(0, "table")).toBe("0 tables");
    expect(formatNumberOf(2, "index", "indexes")).toBe("2 indexes");
  });
});

test("100 % is said only when all is done", () => {
  expect([0, 0.629, 0.9999, 1, 1.2, -1].map(formatPercent)).toEqual([
    "0 %",
    "62 %",
    "99 %",
    "100 %",
    "100 %",
    "0 %",
  ]);
});

test("a throughput needs a time to divide by", () => {
  expect(formatAverage(98 * 1024 ** 2, 1000)).toBe("98 MB/s");
  expect(formatAverage(98, 0)).toBeUndefined();
});

describe("display width", () => {
  test.each([
    ["abc", 3],
    ["é", 1],
    ["e\u0301", 1],
    ["注文", 4],
    ["ｶﾅ", 2],
    ["한글", 4],
    ["🥜", 2],
    ["\u200b", 0],
    ["━…✓", 3],
  ])("%s takes %i columns", (text, width) => {
    expect(displayWidth(text)).toBe(width);
  });

  test("an emoji that terminals disagree about is never taken for too narrow", () => {
    expect(displayWidth("❤️")).toBeGreaterThanOrEqual(2);
    expect(displayWidth("👩‍👩‍👧‍👦")).toBeGreaterThanOrEqual(2);
  });

  test("a cut never goes through a character, and never past the width", () => {
    expect(truncate("public.orders", 8)).toBe("public.…");
    expect(truncate("注文明細", 5)).toBe("注文…");
    expect(truncate("注文明細", 4)).toBe("注…");
    expect(truncate("cafe\u0301s and more", 5)).toBe("cafe\u0301…");
    expect(truncate("abc", 3)).toBe("abc");
    expect(truncate("abc", 0)).toBe("");
    expect(truncate("abcdef", 2, "...")).toBe("");
  });

  test("cells are filled to their width from either side", () => {
    expect(fitStart("注", 4)).toBe("注  ");
    expect(fitEnd("12", 4)).toBe("  12");
    expect(fitEnd("注文明", 4)).toBe(" 注…");
  });
});

test("text is broken at spaces, and where there are none at the width", () => {
  expect(wrap("one two three", 7, "  ")).toEqual(["one two", "  three"]);
  expect(wrap("abcdefghij", 4)).toEqual(["abcd", "efgh", "ij"]);
  expect(wrap("注文明細 x", 5, " ")).toEqual(["注文", " 明細", " x"]);
  expect(wrap("", 10)).toEqual([""]);
});

test("control characters become visible", () => {
  expect(printable("a\nb\tc\u001b[0m\u202e\u0085é注")).toBe(
    "a\\nb\\tc\\u{1b}[0m\\u{202e}\\u{85}é注",
  );
  expect(printable("\u061ca\u200bb\u2028c\ufeff\u009b31m")).toBe(
    "\\u{61c}a\\u{200b}b\\u{2028}c\\u{feff}\\u{9b}31m",
  );
  // These join letters and emoji.
  expect(printable("क्‍ष 👩‍🚀")).toBe("क्‍ष 👩‍🚀");
});

test("JSON holds nothing that a terminal obeys, and means the same", () => {
  const value = { "a\u009b2J": ["\u202e", "\u2028", "\u007f", "\u001b[0m", "é注🐘", 12n] };
  let written = "";
  const write = (text: string) => {
    written += text;
    return true;
  };
  writeJson({ write } as OutputStream, value);
  expect(written).toMatch(/^[ -~é注🐘]*\n$/u);
  expect(JSON.parse(written)).toEqual({
    ...value,
    "a\u009b2J": [...value["a\u009b2J"].slice(0, -1), 12],
  });
});
