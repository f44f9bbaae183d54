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
  SOURCE_DATABASE,
  TARGET_DATABASE,
} from "./databases.js";
import { measureProcess } from "./measured-process.js";

/**
 * @typedef {object} Field what all the runs on one data set share
 * @property {import("./servers.js").BenchServers} servers
 * @property {import("./contents.js").Contents} contents of the source
 * @property {number} jobs
 * @property {boolean} resources whether CPU time and memory are measured
 * @property {number} timeLimitMs after which a contestant is stopped
 * @property {AbortSignal} signal
 *
 * @typedef {import("./measured-process.js").Measurement} Measurement
 *
 * @typedef {object} Result of one contestant
 * @property {import("./contestants/contestant.js").Contestant} contestant
 * @property {Measurement[]} measurements one of each measured round
 * @property {string | undefined} failure why it is out
 */

/**
 * @param {readonly import("./contestants/contestant.js").Contestant[]} contestants
 * @param {number} rounds
 * @param {Field} field
 * @param {object} listeners
 * @param {(message: string) => void} listeners.tell
 * @param {(counted: boolean) => Promise<void>} listeners.afterRound what else a round measures
 * @returns {Promise<Result[]>}
 */
export async function runRounds(contestants, rounds, field, { tell, afterRound }) {
  /** @type {Result[]} */
  const results = contestants.map((contestant) => ({
    contestant,
    measurements: [],
    failure: undefined,
  }));
  for (let round = 0; round <= rounds; round++) {
    for (const result of results) {
      if (result.failure !== undefined) continue;
      const measurement = await runOnce(result.contestant.command, field);
      result.failure = measurement.failure;
      if (round > 0 && result.failure === undefined) result.measurements.push(measurement);
      const name = round === 0 ? "warm-up" : `round ${round}`;
      const outcome = result.failure ?? `${(measurement.wallMs / 1000).toFixed(2)} s`;
      tell(`${name}, ${result.contestant.name}: ${outcome}`);
    }
    await afterRound(round > 0);
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
  const directory = await mkdtemp(join(tmpdir(), "pgcopy-bench-run-"));
  try {
    await createDatabase(servers.target, TARGET_DATABASE);
    await checkpoint(servers.source);
    await checkpoint(servers.target);
    const run = {
      source: servers.source.uri(SOURCE_DATABASE),
      target: servers.target.uri(TARGET_DATABASE),
      jobs,
      directory,
    };
    const limits = { directory, resources, timeLimitMs, signal };
    const measurement = await measureProcess(command(run), limits);
    if (measurement.failure !== undefined) {
      await endSessions(servers.source, SOURCE_DATABASE);
      return measurement;
    }
    const wrong = differences(contents, await readContents(servers.target, TARGET_DATABASE));
    return wrong.length === 0
      ? measurement
      : { ...measurement, failure: `its target is wrong: ${wrong.join("; ")}` };
  } finally {
    await dropDatabase(servers.target, TARGET_DATABASE);
    await rm(directory, { recursive: true, force: true });
  }
}
