/** What is tried again, and when. */

import { describe, expect, test } from "vitest";
import { isRetryable } from "../../src/engine/retryable.js";
import { PgCopyError, type PgCopyErrorCode } from "../../src/errors.js";
import { pause, pauseMs, unlessAborted } from "../../src/run/pause.js";

function said(sqlstate: string, code: PgCopyErrorCode = "task_failed"): PgCopyError {
  return new PgCopyError("it failed", {
    code,
    retrySafe: true,
    server: { severity: "ERROR", sqlstate, message: "no" },
  });
}

describe("a failure", () => {
  test.each(["57P01", "57P02", "57P03", "08006", "53300", "40001", "40P01"])(
    "with SQLSTATE %s passes",
    (sqlstate) => {
      expect(isRetryable(said(sqlstate))).toBe(true);
      expect(isRetryable(said(sqlstate, "connection_failed"))).toBe(true);
    },
  );

  test.each(["57014", "23505", "42P01", "53100", "53200", "55P03", "28P01", "25006"])(
    "with SQLSTATE %s stays",
    (sqlstate) => {
      expect(isRetryable(said(sqlstate))).toBe(false);
    },
  );

  test("that no server speaks of passes where it is a connection's", () => {
    const lost = { code: "task_failed", retrySafe: true } as const;
    expect(isRetryable(new PgCopyError("lost", lost))).toBe(true);
    expect(isRetryable(new PgCopyError("wrong", { ...lost, retrySafe: false }))).toBe(false);
    expect(isRetryable(new PgCopyError("stopped", { ...lost, code: "interrupted" }))).toBe(false);
    expect(isRetryable(new PgCopyError("taken", { ...lost, code: "target_unfit" }))).toBe(false);
  });
});

describe("the pause before the next try", () => {
  test("grows, ends growing, and is never the same for all", () => {
    const shortest = (failures: number) => pauseMs(failures, () => 0);
    const longest = (failures: number) => pauseMs(failures, () => 1);
    expect([1, 2, 3, 4].map(shortest)).toEqual([150, 300, 600, 1_200]);
    expect([1, 2, 3, 4].map(longest)).toEqual([250, 500, 1_000, 2_000]);
    expect(longest(50)).toBe(12_500);
  });

  test("ends at once when the run is stopped", async () => {
    const stop = new AbortController();
    const waiting = pause(60_000, stop.signal);
    const others = unlessAborted(stop.signal, new Promise(() => {}));
    stop.abort();
    await expect(waiting).rejects.toMatchObject({ code: "interrupted" });
    await expect(others).rejects.toMatchObject({ code: "interrupted" });
  });
});
