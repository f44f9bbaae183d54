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
import { counted } from "./amounts.js";
import { runCommand } from "./command.js";
import { many } from "./data-sets/many.js";
import { makeDataSet, SOURCE_DATABASE } from "./databases.js";
import { readOptions } from "./options.js";
import { withServers } from "./servers.js";

const uri =
  "postgres://app:p%40ss@db-1.example.com:5432,db-2.example.com:5433/shop?sslmode=require&connect_timeout=10&application_name=x";

await runCommand(main);

/**
 * @param {string[]} args
 * @param {AbortSignal} signal
 */
async function main(args, signal) {
  const options = readOptions(args);
  if (options === "help") {
    console.log("npm run bench:micro -- [--scale N] [--source-version N]");
    return 0;
  }
  const input = await withServers(options, signal, async ({ source }) => {
    await makeDataSet(source, many, options.scale);
    return await readInput(source.endpoint(SOURCE_DATABASE), signal);
  });
  const schema = await splitScript(input.script);
  const bench = new Bench({ name: "pgcopy", time: 2_000, iterations: 10, throws: true, signal });
  const tables = counted(input.catalog.tables.length, "table");
  const planOptions = planOptionsFor(input);
  bench
    .add(`split the dump of ${tables}`, () => splitScript(input.script))
    .add(`plan a clone of ${tables}`, () => {
      planClone(input.catalog, schema, planOptions);
    })
    .add("parse a URI", () => parseEndpoint(uri, {}, "source"));
  await bench.run();
  signal.throwIfAborted();
  console.log(tableOf(bench));
  return 0;
}

/** @param {Awaited<ReturnType<typeof readInput>>} input */
function planOptionsFor({ catalog, pgDumpMajor }) {
  const resolved = resolveCloneOptions({ source: uri, target: uri });
  const { copyFormat, skipAnalyze, noAcl, tableJobs } = resolved;
  return {
    ...{ copyFormat, skipAnalyze, noAcl, tableJobs },
    splitTablesLargerThan: undefined,
    keyBounds: new Map(),
    tableRows: new Map(),
    verify: undefined,
    targetVersion: catalog.serverVersion,
    pgDumpMajor,
  };
}

/** @param {Bench} bench */
function tableOf({ tasks }) {
  const lines = tasks.map(({ name, result }) => {
    if (!("latency" in result)) throw new Error(`${name} was not measured`);
    const { p50, p99, samplesCount } = result.latency;
    return `| ${name} | ${p50.toFixed(3)} ms | ${p99.toFixed(3)} ms | ${samplesCount} |`;
  });
  return ["| what | median | 99 of 100 within | runs |", "|---|---|---|---|", ...lines].join("\n");
}

/**
 * The catalog and the dump, as a clone would read them.
 *
 * @param {import("pgcopy").ServerEndpoint} endpoint
 * @param {AbortSignal} signal
 */
async function readInput(endpoint, signal) {
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
