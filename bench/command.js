// @ts-check
/** What the benchmark's commands share: how they begin and end, and where their results go. */

import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { describeMachine } from "./machine.js";
import { canMeasureResources } from "./measured-process.js";
import { readOptions, UsageError } from "./options.js";
import { describeServer, withServers } from "./servers.js";
import { factsTable } from "./tables.js";

/**
 * Runs a command's main function, and says how it ended by the exit code.
 *
 * @param {(args: string[], signal: AbortSignal) => Promise<number>} main
 */
export async function runCommand(main) {
  const interruption = new AbortController();
  for (const name of /** @type {const} */ (["SIGINT", "SIGTERM"])) {
    process.once(name, () => interruption.abort(new UsageError("interrupted")));
  }
  try {
    process.exitCode = await main(process.argv.slice(2), interruption.signal);
  } catch (error) {
    const expected = error instanceof UsageError || interruption.signal.aborted;
    console.error(expected && error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}

/**
 * @typedef {object} Experiment something measured of pgcopy alone, for each of some data sets
 * @property {string} usage
 * @property {readonly import("./data-sets/data-set.js").DataSet[]} usual the data sets, if none is named
 * @property {readonly string[]} [own] options that it has beside those of npm run bench; each takes a text
 * @property {string} kind a part of the file's name
 * @property {(dataSet: import("./data-sets/data-set.js").DataSet, setting: Setting) => Promise<{ markdown: string, failed: boolean, results: object }>} measure
 *
 * @typedef {object} Setting
 * @property {import("./options.js").BenchOptions} options
 * @property {Readonly<Record<string, string | undefined>>} own the values of its own options
 * @property {Omit<import("./rounds.js").Field, "contents">} field
 * @property {(message: string) => void} tell
 */

/**
 * Runs an experiment as a command.
 *
 * @param {Experiment} experiment
 */
export async function runExperiment({ usage, usual, own = [], kind, measure }) {
  await runCommand(async (args, signal) => {
    const options = readOptions(args, { usual, own });
    if (options === "help") {
      console.log(usage);
      return 0;
    }
    return await withServers(options, signal, async (servers) => {
      const facts = await describeAll(servers);
      console.log(`${factsTable(facts.machine, facts.servers)}\n`);
      const { jobs, timeLimitMs } = options;
      const resources = await canMeasureResources();
      const field = { servers, jobs, resources, timeLimitMs, signal };
      const runs = [];
      let failed = false;
      for (const dataSet of options.dataSets) {
        const tell = (/** @type {string} */ message) =>
          console.error(`${dataSet.name}: ${message}`);
        const found = await measure(dataSet, { options, own: options.own, field, tell });
        console.log(`${found.markdown}\n`);
        runs.push({ dataSet: dataSet.name, ...found.results });
        failed ||= found.failed;
      }
      const file = resultsFile(options.output, kind);
      await writeResults(file, `${JSON.stringify({ kind, ...facts, runs }, null, 2)}\n`);
      console.error(`Everything measured is in ${file}`);
      return failed ? 1 : 0;
    });
  });
}

/**
 * The machine's and the servers' facts.
 *
 * @param {import("./servers.js").BenchServers} servers
 */
export async function describeAll({ source, target }) {
  return {
    machine: await describeMachine(),
    servers: { source: await describeServer(source), target: await describeServer(target) },
  };
}

/**
 * @param {string | undefined} output the one asked for
 * @param {string} [kind]
 */
export function resultsFile(output, kind) {
  const time = new Date().toISOString().replaceAll(":", "-").slice(0, 19);
  const name = kind === undefined ? time : `${kind}-${time}`;
  return output ?? fileURLToPath(new URL(`results/${name}.json`, import.meta.url));
}

/**
 * @param {string} file
 * @param {string} text
 */
export async function writeResults(file, text) {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
}
