/** How long a lost server is tried for. */

import { expect, test, vi } from "vitest";
import { type Reaching, reachAgain } from "../../src/engine/reach-again.js";
import { PgCopyError } from "../../src/errors.js";

const warnings: string[] = [];
const never = new AbortController().signal;

function reaching(timeoutMs: number, stall?: PgCopyError): Reaching {
  warnings.length = 0;
  const warn = (message: string) => void warnings.push(message);
  return { timeoutMs, stall: () => stall, warn, signal: never, isOver: () => false };
}

const refused = new PgCopyError("no such luck", { code: "connection_failed", retrySafe: true });
const stalled = new PgCopyError("COPY failed: nothing moved for 5.0 s", {
  code: "task_failed",
  reason: "stalled",
  retrySafe: true,
});

test("the last try begins at the limit, however long the pause before it would be", async () => {
  const beganMs = performance.now();
  const triedMs: number[] = [];
  const trying = reachAgain(async () => {
    triedMs.push(performance.now() - beganMs);
    throw refused;
  }, reaching(700));
  await expect(trying).rejects.toThrow(/^the target was out of reach for .*: no such luck$/);
  expect(triedMs.at(-1)).toBeGreaterThan(690);
  // A third pause would end no sooner than after a second.
  expect(triedMs.at(-1)).toBeLessThan(950);
  expect(warnings).toEqual(["no such luck; waiting for the target, for 700 ms at most"]);
});

test("a try has what is left of the time, and never less than it takes to connect", async () => {
  const given: number[] = [];
  const trying = (timeoutMs: number) =>
    reachAgain(async (connectMs) => void given.push(connectMs), reaching(timeoutMs));
  expect(await trying(10_000)).toBeUndefined();
  await trying(0);
  expect(given[0]).toBeGreaterThan(9_000);
  expect(given[0]).toBeLessThanOrEqual(10_000);
  expect(given[1]).toBe(3_000);
  expect(warnings).toEqual([]);
});

test("a server that had gone silent is told of at first and at last", async () => {
  const trying = reachAgain(
    async () => {
      await vi.waitUntil(() => warnings.length > 0, 5_000);
      throw refused;
    },
    reaching(0, stalled),
  );
  await expect(trying).rejects.toThrow(/no such luck; before that, COPY failed: nothing moved/);
  expect(warnings[0]).toMatch(/^COPY failed: nothing moved for 5.0 s; waiting for the target/);
});

test("what does not pass is thrown at once", async () => {
  const wrong = new PgCopyError("wrong password", { code: "connection_failed" });
  await expect(reachAgain(() => Promise.reject(wrong), reaching(60_000))).rejects.toBe(wrong);
});
