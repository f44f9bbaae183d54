/** The options of `hold`: times as they are typed, and what the library takes. */

import { expect, test } from "vitest";
import { parseDuration, parseTimeLimit } from "../../src/cli/option-values.js";
import { resolveHoldOptions } from "../../src/options/hold-options.js";

test.each([
  ["300ms", 300],
  ["30s", 30_000],
  ["10 min", 600_000],
  ["1.5h", 5_400_000],
  ["2d", 172_800_000],
])("%s is %i milliseconds", (text, durationMs) => {
  expect(parseDuration(text)).toBe(durationMs);
});

test.each(["", "30", "s", "0s", "-1s", "1w", "30 d"])("%j is no time", (text) => {
  expect(() => parseDuration(text)).toThrow("It must be a time such as");
});

test("a limit may be none", () => {
  expect(parseTimeLimit("never")).toBe(0);
  expect(resolveHoldOptions({ source: "x", fence: true, lockTimeoutMs: 0 }).lockTimeoutMs).toBe(
    Infinity,
  );
});

test("the library says what is wrong", () => {
  expect(resolveHoldOptions({ source: "x" })).toMatchObject({
    fence: false,
    lockTimeoutMs: 300_000,
    progressIntervalMs: 10_000,
  });
  for (const lockTimeoutMs of [-1, Number.NaN, 2 ** 31])
    expect(() => resolveHoldOptions({ source: "x", fence: true, lockTimeoutMs })).toThrow(
      "lockTimeoutMs",
    );
  expect(() => resolveHoldOptions({ source: "x", lockTimeoutMs: 5 })).toThrow(
    expect.objectContaining({ code: "usage", options: ["lockTimeoutMs", "fence"] }),
  );
  expect(() => resolveHoldOptions({ source: " " })).toThrow("no source was given");
  expect(() => resolveHoldOptions({ source: "x", fence: "no" as never })).toThrow("fence");
});
