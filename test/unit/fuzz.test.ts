/**
 * A fuzz of the parsers of what comes from outside: a few seconds here, longer with
 * `npm run test:fuzz -- --minutes 10 --seed 7`. Whatever it is given, a parser gives a result or a
 * PgCopyError, and soon.
 */

import { readdirSync, readFileSync } from "node:fs";
import { afterAll, describe, expect, test } from "vitest";
import { fuzz, outcome } from "../fuzz/fuzz.js";
import { corpusFolder, fuzzTargets } from "../fuzz/targets.js";
import { Watchdog } from "../fuzz/watchdog.js";

const { PGCOPY_FUZZ_MINUTES: minutes, PGCOPY_FUZZ_SEED: seed } = process.env;
const durationMs = minutes === undefined ? 1_500 : Number(minutes) * 60_000;
const run = { seed: Number(seed ?? 1), durationMs, keeps: minutes !== undefined };

const watchdog = new Watchdog();
afterAll(() => watchdog[Symbol.asyncDispose]());

describe.each(fuzzTargets)("$name", (target) => {
  const folder = corpusFolder(target.name);

  test.each(readdirSync(folder))("%s", async (file) => {
    const expected = file.startsWith("good-") ? "accepted" : "refused";
    const found = await outcome(target, watchdog, readFileSync(`${folder}${file}`, "utf8"));
    if (!file.startsWith("found-")) expect(found).toBe(expected);
  });

  test(`mutated, seed ${run.seed}`, { timeout: durationMs + 60_000 }, async () => {
    const { accepted, refused } = await fuzz(target, watchdog, run);
    if (minutes !== undefined) {
      console.log(`${target.name}: ${accepted} accepted, ${refused} refused, seed ${run.seed}`);
    }
    // A fuzz that is always refused, or never, tries nothing.
    expect(accepted).toBeGreaterThan(0);
    expect(refused).toBeGreaterThan(0);
  });
});
