// @ts-check
/**
 * Rounds: in each, every contestant copies once, one after the other (A B C A B C …), so that
 * whatever else the machine does falls on all of them. The first round warms up and is not counted.
 * A contestant that fails, or whose target is not what the source is, is out from then on.
 */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { differences, readContents } from "./contents.js";
import {
  checkpoint,
  createDatabase,
  dropDatabase,
  endSessions,
  renameDatabase,
  SOURCE_DATABASE,
  TARGET_DATABASE,
} from "./databases.js";
import { measureProcess } from "./measured-process.js";
import { serverCpu, serverCpuBetween } from "./server-cpu.js";

/**
 * @typedef {object} Field what all the runs on one data set share
 * @property {import("./servers.js").BenchServers} servers
 * @property {import("./contents.js").Contents | undefined} contents of the source; undefined where
 *   there is nothing to compare with them
 * @property {string} [sourceDatabase] where it is not the usual one
 * @property {number} jobs
 * @property {boolean} resources whether CPU time and memory are measured
 * @property {number} timeLimitMs after which a contestant is stopped
 * @property {string[]} [kept] where targets are not dropped at once: the names that they get
 * @property {AbortSignal} signal
 *
 * @typedef {import("./measured-process.js").Measurement & { serverCpuSeconds?: import("./server-cpu.js").ServerCpu | undefined }} Measurement
 *
 * @typedef {ResultOf<import("./contestants/contestant.js").Contestant>} Result
 *
 * @typedef {object} Listeners
 * @property {(message: string) => void} tell
 * @property {(counted: boolean) => Promise<void>} [afterRound] what else a round measures
 */

/**
 * @template C
 * @typedef {object} ResultOf what came of one contestant
 * @property {C} contestant
 * @property {Measurement[]} measurements one of each measured round
 * @property {string | undefined} failure why it is out
 */

/**
 * @template {Pick<import("./contestants/contestant.js").Contestant, "name" | "command" | "apart">} C
 * @param {readonly C[]} contestants
 * @param {number} rounds
 * @param {Field} field
 * @param {Listeners} listeners
 * @returns {Promise<ResultOf<C>[]>}
 */
export async function runRounds(contestants, rounds, field, listeners) {
  const uncompared = { ...field, contents: undefined };
  /** @param {C} one */
  const measure = (one) => runOnce(one.command, one.apart ? uncompared : field);
  return await alternate(contestants, rounds, measure, listeners);
}

/**
 * @template {{ name: string }} C
 * @param {readonly C[]} contestants
 * @param {number} rounds
 * @param {(contestant: C) => Promise<Measurement>} measure
 * @param {Listeners} listeners
 * @returns {Promise<ResultOf<C>[]>}
 */
export async function alternate(contestants, rounds, measure, { tell, afterRound }) {
  /** @type {ResultOf<C>[]} */
  const results = contestants.map((contestant) => ({
    contestant,
    measurements: [],
    failure: undefined,
  }));
  for (let round = 0; round <= rounds; round++) {
    for (const result of results) {
      if (result.failure !== undefined) continue;
      const measurement = await measure(result.contestant);
      result.failure = measurement.failure;
      if (round > 0 && result.failure === undefined) result.measurements.push(measurement);
      const name = round === 0 ? "warm-up" : `round ${round}`;
      const outcome = result.failure ?? `${(measurement.wallMs / 1000).toFixed(2)} s`;
      tell(`${name}, ${result.contestant.name}: ${outcome}`);
    }
    await afterRound?.(round > 0);
  }
  return results;
}

/**
 * One copy into a new, empty database, which is compared with the source and dropped again.
 *
 * @param {import("./contestants/contestant.js").Contestant["command"]} command
 * @param {Field} field
 * @returns {Promise<Measurement>}
 */
export async function runOnce(command, field) {
  const { servers, contents, jobs, resources, timeLimitMs, signal } = field;
  const { sourceDatabase = SOURCE_DATABASE } = field;
  const directory = await mkdtemp(join(tmpdir(), "pgcopy-bench-run-"));
  try {
    await createDatabase(servers.target, TARGET_DATABASE);
    await checkpoint(servers.source);
    await checkpoint(servers.target);
    const run = {
      source: servers.source.uri(sourceDatabase),
      target: servers.target.uri(TARGET_DATABASE),
      jobs,
      directory,
    };
    const limits = { directory, resources, timeLimitMs, signal };
    const before = await serverCpu(servers);
    const measured = await measureProcess(command(run), limits);
    const serverCpuSeconds = serverCpuBetween(before, await serverCpu(servers));
    const measurement = { ...measured, serverCpuSeconds };
    if (measurement.failure !== undefined) {
      await endSessions(servers.source, sourceDatabase);
      return measurement;
    }
    if (contents === undefined) return measurement;
    const wrong = differences(contents, await readContents(servers.target, TARGET_DATABASE));
    return wrong.length === 0
      ? measurement
      : { ...measurement, failure: `its target is wrong: ${wrong.join("; ")}` };
  } finally {
    await clearTarget(field);
    await rm(directory, { recursive: true, force: true });
  }
}

/**
 * Drops the target, or puts it aside.
 *
 * @param {Field} field
 */
async function clearTarget({ servers: { target }, kept }) {
  if (kept === undefined) return await dropDatabase(target, TARGET_DATABASE);
  const name = `pgcopy_bench_kept_${kept.length + 1}`;
  kept.push(name);
  await renameDatabase(target, TARGET_DATABASE, name);
}
