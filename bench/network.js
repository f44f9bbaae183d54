// @ts-check
/**
 * What the network's delay costs: the same copies as the benchmark's, with a proxy before each of
 * the two servers that delays every byte. Wall time grows with the time of a round trip by as many
 * round trips as wait for each other; that slope is the result.
 */

import { counted, sizeOf } from "./amounts.js";
import { readContents } from "./contents.js";
import { present } from "./contestants/present.js";
import { dropDatabase, makeDataSet, SOURCE_DATABASE } from "./databases.js";
import { measurePoints } from "./network/measure-points.js";
import { readNetworkOptions, usage } from "./network/network-options.js";
import { pointsTable } from "./network/points-table.js";
import { withProxies } from "./network/proxied-servers.js";
import { resultsFile, writeResults } from "./results-file.js";
import { runServersCommand } from "./servers-command.js";

/** @typedef {import("./network/network-options.js").NetworkOptions} NetworkOptions */

await runServersCommand({ usage, read: readNetworkOptions }, main);

/**
 * @param {NetworkOptions} options
 * @param {import("./servers-command.js").Bench} bench
 * @returns {Promise<number>} the exit code: 1 if a contestant failed
 */
async function main(options, { facts, field }) {
  const { contestants } = await present(options.contestants, facts.servers.source);
  const file = resultsFile(options.output, "network");
  return await withProxies(field.servers, options.bytesPerSecond, async (servers) => {
    const runs = [];
    for (const dataSet of options.dataSets) {
      field.signal.throwIfAborted();
      runs.push(await measureDataSet(dataSet, { ...options, contestants }, { ...field, servers }));
      await writeResults(file, `${JSON.stringify({ kind: "network", ...facts, runs }, null, 2)}\n`);
      console.error(`${dataSet.name}: everything measured is in ${file}`);
    }
    return runs.some(({ failures }) => failures.length > 0) ? 1 : 0;
  });
}

/**
 * @param {import("./data-sets/data-set.js").DataSet} dataSet
 * @param {NetworkOptions} options
 * @param {import("./servers-command.js").Bench["field"] & { servers: import("./network/proxied-servers.js").ProxiedServers }} bench
 */
async function measureDataSet(dataSet, options, bench) {
  const { servers } = bench;
  const scale = options.scale * (options.scaleGiven || dataSet.name === "tiny" ? 1 : 0.1);
  console.error(`${dataSet.name}: making the data set at scale ${scale}`);
  try {
    servers.setDelay(0);
    const { bytes } = await makeDataSet(servers.source, dataSet, scale);
    const contents = await readContents(servers.source, SOURCE_DATABASE);
    const field = { ...bench, contents };
    const { points, failures } = await measurePoints(dataSet.name, options, field, servers);
    const size = { bytes, tables: contents.tables.size, indexes: contents.indexes.size };
    console.log(
      `\n### ${dataSet.name} at scale ${scale}: ${sizeOf(size)}; ${counted(options.rounds, "round")}\n`,
    );
    for (const failure of failures) console.log(`Out: ${failure}\n`);
    console.log(pointsTable(points));
    return { dataSet: dataSet.name, scale, bytes, rounds: options.rounds, points, failures };
  } finally {
    await dropDatabase(servers.source, SOURCE_DATABASE);
  }
}
