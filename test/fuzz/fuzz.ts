/** The loop: mutated inputs, one after the other, until the time is over or one is not borne. */

import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { PgCopyError } from "../../src/errors.js";
import { SeededRandom } from "../unit/seeded-random.js";
import { mutated } from "./mutate.js";
import { corpusFolder, type FuzzTarget } from "./targets.js";
import type { Watchdog } from "./watchdog.js";

/** An input may take so long, on a machine that has other work too. */
const MOST_MS = 5_000;

export interface FuzzRun {
  readonly seed: number;
  readonly durationMs: number;
  /** Whether an input that is not borne is put into the corpus. */
  readonly keeps: boolean;
}

/** How many inputs were accepted, and how many refused. */
export interface FuzzCount {
  accepted: number;
  refused: number;
}

/** @throws Error with the input that ended in anything but a result or the right refusal. */
export async function fuzz(
  target: FuzzTarget,
  watchdog: Watchdog,
  { seed, durationMs, keeps }: FuzzRun,
): Promise<FuzzCount> {
  const random = new SeededRandom(seed);
  const count: FuzzCount = { accepted: 0, refused: 0 };
  const end = performance.now() + durationMs;
  while (performance.now() < end) {
    const input = mutated(random, target);
    try {
      count[await outcome(target, watchdog, input)]++;
    } catch (error) {
      const where = keeps ? `, kept in ${keep(target, input)}` : "";
      throw new Error(
        `${target.name}, seed ${seed}${where}: ${JSON.stringify(input).slice(0, 1_000)}`,
        {
          cause: error,
        },
      );
    }
  }
  return count;
}

/** @throws whatever is neither a result nor a refusal, and if it took too long. */
export async function outcome(
  target: FuzzTarget,
  watchdog: Watchdog,
  input: string,
): Promise<keyof FuzzCount> {
  const began = performance.now();
  const result = await watchdog.watch(input, async () => {
    try {
      await target.parse(input);
      return "accepted" as const;
    } catch (error) {
      if (error instanceof PgCopyError && error.code === target.refusal) return "refused" as const;
      throw error;
    }
  });
  const tookMs = performance.now() - began;
  if (tookMs > MOST_MS) throw new Error(`it took ${Math.round(tookMs)} ms`);
  return result;
}

function keep({ name }: FuzzTarget, input: string): string {
  const hash = createHash("sha256").update(input).digest("hex").slice(0, 10);
  const file = `${corpusFolder(name)}found-${hash}`;
  writeFileSync(file, input);
  return file;
}
