// @ts-check
/**
 * The pure parts alone, by tinybench: short functions called many times, where its statistics fit.
 * The schema and the catalog that they work on are those of the data set "many", read from an
 * embedded server once, before anything is measured.
 */

import {
  connect,
  dumpSchema,
  holdSnapshot,
  parseEndpoint,
  planClone,
  readCatalog,
  resolveCloneOptions,
  splitScript,
} from "pgcopy";
import { Bench } from "tinybench";
import { many } from "./data-sets/many.js";
import { makeDataSet, SOURCE_DATABASE } from "./databases.js";
import { readOptions } from "./options.js";
import { withServers } from "./servers.js";

const uri =
  "postgres://app:p%40ss@db-1.example.com:5432,db-2.example.com:5433/shop?sslmode=require&connect_timeout=10&application_name=x";

const signal = new AbortController().signal;
const options = readOptions(process.argv.slice(2));
if (options === "help") {
  console.log("npm run bench:micro -- [--scale N] [--source-version N]");
  process.exit();
}
const input = await withServers(options, signal, async ({ source }) => {
  await makeDataSet(source, many, options.scale);
  return await readInput(source.endpoint(SOURCE_DATABASE));
});
const schema = await splitScript(input.script);
const { copyFormat, skipAnalyze, noAcl, tableJobs } = resolveCloneOptions({
  source: uri,
  target: uri,
});
const planOptions = {
  ...{ copyFormat, skipAnalyze, noAcl, tableJobs },
  splitTablesLargerThan: undefined,
  keyBounds: new Map(),
  tableRows: new Map(),
  verify: undefined,
  targetVersion: input.catalog.serverVersion,
  pgDumpMajor: input.pgDumpMajor,
};

const bench = new Bench({ name: "pgcopy", time: 2_000, iterations: 10, throws: true });
const tables = input.catalog.tables.length;
bench
  .add(`split the dump of ${tables} tables`, () => splitScript(input.script))
  .add(`plan a clone of ${tables} tables`, () => {
    planClone(input.catalog, schema, planOptions);
  })
  .add("parse a URI", () => parseEndpoint(uri, {}, "source"));
await bench.run();

console.log("| what | median | 99 of 100 within | runs |\n|---|---|---|---|");
for (const { name, result } of bench.tasks) {
  if (!("latency" in result)) throw new Error(`${name} was not measured`);
  const { p50, p99, samplesCount } = result.latency;
  console.log(`| ${name} | ${p50.toFixed(3)} ms | ${p99.toFixed(3)} ms | ${samplesCount} |`);
}

/**
 * The catalog and the dump, as a clone would read them.
 *
 * @param {import("pgcopy").ServerEndpoint} endpoint
 */
async function readInput(endpoint) {
  const connection = await connect(endpoint, { side: "source", purpose: "bench", signal });
  try {
    const snapshot = await holdSnapshot(connection);
    const { script, tool } = await dumpSchema(connection, {
      snapshotId: snapshot.id,
      environment: process.env,
      signal,
      noOwner: false,
      noAcl: false,
    });
    const catalog = await readCatalog(connection);
    return { script, catalog, pgDumpMajor: Number.parseInt(tool.version, 10) };
  } finally {
    await connection.close();
  }
}
