/**
 * Killed at random moments, resumed, killed again, until it is finished; over and over, with writers busy
 * on the source. Whatever the moments were, the target is then what the source was at first: nothing lost,
 * nothing doubled. `npm run test:soak` does it for ten minutes, CI for a few seconds.
 */

import { setTimeout as after } from "node:timers/promises";
import { expect, test } from "vitest";
import { writeTo } from "./support/busy-writer.js";
import { type RunningCli, startCli } from "./support/cli.js";
import { expectSameDatabase } from "./support/compare.js";
import { createDatabase, server, type TestDatabase, type TestMajor } from "./support/servers.js";
import { createSoakSchema } from "./support/soak-schema.js";
import { expectNoSessions } from "./support/waiting.js";
import { SeededRandom } from "./unit/seeded-random.js";

const seconds = Number(process.env.PGCOPY_SOAK_SECONDS ?? 20);
const seed = Number(process.env.PGCOPY_SOAK_SEED ?? Date.now() % 1_000_000);
/** A clone of it takes about that long; it is killed somewhere in it, or a little after its end. */
const LONGEST_LIFE_MS = 1_600;
/** From then on it may live: a run that never ended would be a failure of its own. */
const MOST_KILLS = 12;

const variants: readonly (readonly string[])[] = [
  ["--jobs", "4"],
  ["--jobs", "1"],
  ["--jobs", "3", "--threads", "2"],
  ["--jobs", "4", "--split-tables-larger-than", "256 kB"],
  ["--jobs", "2", "--verify", "checksum"],
];

test(
  `for ${seconds} seconds with the seed ${seed}, nothing is lost or doubled`,
  async () => {
    console.log(`soak: the seed is ${seed} (npm run test:soak -- --seed ${seed})`);
    const endMs = performance.now() + seconds * 1_000;
    const random = new SeededRandom(seed);
    let kills = 0;
    let rounds = 0;
    do {
      rounds++;
      kills += await round(random, rounds);
    } while (performance.now() < endMs);
    console.log(`soak: ${rounds} clones were finished after ${kills} kills`);
    expect(kills).toBeGreaterThan(0);
  },
  (seconds + 240) * 1_000,
);

/** One clone, to its end; how often it was killed. */
async function round(random: SeededRandom, number: number): Promise<number> {
  const [from, to] = [random.pick(majors), random.pick(majors)].sort((a, b) => a - b);
  await using source = await createDatabase(server(from as TestMajor), `soak_${number}`);
  await using target = await createDatabase(server(to as TestMajor), `soak_target_${number}`);
  await using reference = await createDatabase(server(to as TestMajor), `soak_same_${number}`);
  await createSoakSchema(source);
  const flags = random.pick(variants);
  let kills = 0;
  await withSnapshot(source, async (id) => {
    await using _writer = writeTo(source, new SeededRandom(seed + number));
    const same = await startCli(["clone", source.uri, reference.uri, "--snapshot", id]).ended;
    expect(same.exitCode, same.stderr).toBe(0);
    const args = ["clone", source.uri, target.uri, "--snapshot", id, "--resume", ...flags];
    for (;;) {
      const running = startCli(args);
      const lives = kills < MOST_KILLS && (await killedAfter(running, random));
      const { exitCode, stderr } = await running.ended;
      // Killed after its last commit: what it did is compared as if it had said so.
      if (exitCode === 0 || atItsEnd(stderr)) break;
      expect(lives, `seed ${seed}, round ${number}, ${flags.join(" ")}\n${stderr}`).toBe(true);
      kills++;
    }
  });
  await expectNoSessions(source, target);
  await expectSameDatabase(reference.uri, target.uri);
  return kills;
}

const majors: readonly TestMajor[] = [13, 15, 16, 18];

/** Kills it at a moment of its life; false if it had ended by itself. */
async function killedAfter(running: RunningCli, random: SeededRandom): Promise<boolean> {
  const ended = running.ended.then(() => true);
  const lifeMs = random.between(0, LONGEST_LIFE_MS);
  if (await Promise.race([ended, after(lifeMs, false)])) return false;
  running.kill("SIGKILL");
  return true;
}

async function withSnapshot(
  source: TestDatabase,
  use: (id: string) => Promise<void>,
): Promise<void> {
  await source.withClient(async (client) => {
    await client.query("begin isolation level repeatable read");
    const { rows } = await client.query("select pg_export_snapshot() as id");
    await use(rows[0].id);
    await client.query("commit");
  });
}

function atItsEnd(stderr: string): boolean {
  return stderr.replaceAll(/\s+/g, " ").includes("there is no unfinished run to resume");
}
