// @ts-check
/**
 * What the network's delay costs: the same copies as the benchmark's, with a proxy before each of
 * the two servers that delays every byte. Wall time grows with the time of a round trip by as many
 * round trips as wait for each other; that slope is the result.
 */

import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { readContents } from "./contents.js";
import { dropDatabase, makeDataSet, SOURCE_DATABASE } from "./databases.js";
import { describeMachine } from "./machine.js";
import { canMeasureResources } from "./measured-process.js";
import { measurePoints } from "./network/measure-points.js";
import { readNetworkOptions, usage } from "./network/network-options.js";
import { pointsTable } from "./network/points-table.js";
import { withProxies } from "./network/proxied-servers.js";
import { UsageError } from "./options.js";
import { describeServer, withServers } from "./servers.js";
import { factsTable, gigabytes } from "./tables.js";

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

/** @typedef {import("./network/proxied-servers.js").ProxiedServers} ProxiedServers */

/**
 * @param {string[]} args
 * @param {AbortSignal} signal
 * @returns {Promise<number>} the exit code: 1 if a contestant failed
 */
async function main(args, signal) {
  const options = readNetworkOptions(args);
  if (options === "help") {
    console.log(usage);
    return 0;
  }
  return await withServers(options, signal, async (servers) => {
    const machine = await describeMachine();
    const settings = {
      source: await describeServer(servers.source),
      target: await describeServer(servers.target),
    };
    console.log(factsTable(machine, settings));
    const sourceMajor = Number.parseInt(settings.source.version, 10);
    /** @type {import("./contestants/contestant.js").Contestant[]} */
    const contestants = [];
    for (const contestant of options.contestants) {
      const missing = await contestant.missing({ sourceMajor });
      if (missing === undefined) contestants.push(contestant);
      else console.log(`\nMissing: ${contestant.name} (${missing})`);
    }
    const runs = await withProxies(servers, options.bytesPerSecond, async (proxied) => {
      const measured = [];
      for (const dataSet of options.dataSets) {
        measured.push(await measureDataSet(dataSet, { ...options, contestants }, proxied, signal));
      }
      return measured;
    });
    await writeResults(options.output, { machine, servers: settings, runs });
    return runs.some(({ failures }) => failures.length > 0) ? 1 : 0;
  });
}

/**
 * @param {import("./data-sets/data-set.js").DataSet} dataSet
 * @param {import("./network/network-options.js").NetworkOptions} options
 * @param {ProxiedServers} servers
 * @param {AbortSignal} signal
 */
async function measureDataSet(dataSet, options, servers, signal) {
  const scale = options.scale * (options.scaleGiven || dataSet.name === "tiny" ? 1 : 0.1);
  console.error(`${dataSet.name}: making the data set at scale ${scale}`);
  try {
    servers.setDelay(0);
    const { bytes } = await makeDataSet(servers.source, dataSet, scale);
    const contents = await readContents(servers.source, SOURCE_DATABASE);
    const field = {
      servers,
      contents,
      jobs: options.jobs,
      timeLimitMs: options.timeLimitMs,
      resources: await canMeasureResources(),
      signal,
    };
    const { points, failures } = await measurePoints(dataSet.name, options, field, servers);
    console.log(
      `\n### ${dataSet.name} at scale ${scale}: ${gigabytes(bytes)}, ${contents.tables.size} tables, ${contents.indexes.size} indexes; ${options.rounds} rounds\n`,
    );
    for (const failure of failures) console.log(`Out: ${failure}\n`);
    console.log(pointsTable(points));
    return { dataSet: dataSet.name, scale, bytes, rounds: options.rounds, points, failures };
  } finally {
    await dropDatabase(servers.source, SOURCE_DATABASE);
  }
}

/**
 * @param {string | undefined} output
 * @param {object} content
 */
async function writeResults(output, content) {
  const time = new Date().toISOString().replaceAll(":", "-").slice(0, 19);
  const file = output ?? fileURLToPath(new URL(`results/network-${time}.json`, import.meta.url));
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, `${JSON.stringify(content, null, 2)}\n`);
  console.error(`Everything measured is in ${file}`);
}
