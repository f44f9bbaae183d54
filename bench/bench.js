// @ts-check
/**
 * The benchmark: pgcopy and its peers on the same data, the same two servers, in the same run. The
 * tables go to stdout, what happens meanwhile to stderr, everything measured into a JSON file, and a
 * page made of it beside it.
 * README.md explains the method.
 */

import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { pgcopy, pgcopyBundled } from "./contestants/pgcopy.js";
import { runDataSet } from "./data-set-run.js";
import { describeMachine } from "./machine.js";
import { canMeasureResources } from "./measured-process.js";
import { readOptions, UsageError, usage } from "./options.js";
import { resultsPage } from "./page/results-page.js";
import { describeServer, withServers } from "./servers.js";
import { factsTable } from "./tables.js";

const own = [pgcopy.name, pgcopyBundled.name];

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

/**
 * @param {string[]} args
 * @param {AbortSignal} signal
 * @returns {Promise<number>} the exit code: 1 if pgcopy is out
 */
async function main(args, signal) {
  const options = readOptions(args);
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
    console.log(`${factsTable(machine, settings)}\n`);
    const { contestants, missing } = await present(
      options,
      Number.parseInt(settings.source.version, 10),
    );
    const resources = await canMeasureResources();
    if (!resources) console.log("Without GNU time, CPU time and memory are not measured.\n");
    const runs = [];
    for (const dataSet of options.dataSets) {
      const { jobs, timeLimitMs, scale, rounds } = options;
      const shared = { servers, jobs, resources, timeLimitMs, signal };
      const { cores } = machine;
      runs.push(await runDataSet(dataSet, contestants, { scale, rounds, cores }, shared));
    }
    const content = { machine, servers: settings, missing, runs };
    const { file, page } = await writeResults(options.output, content);
    console.error(`Everything measured is in ${file}, and on the page ${page}`);
    return runs.some(({ results }) => results.some(isOwnFailure)) ? 1 : 0;
  });
}

/**
 * A peer that is out is a result; pgcopy that is out is a mistake.
 *
 * @param {{ contestant: string, failure: string | undefined }} result
 */
function isOwnFailure({ contestant, failure }) {
  return failure !== undefined && own.includes(contestant);
}

/**
 * Those that can take part; of the others it is said why not.
 *
 * @param {import("./options.js").BenchOptions} options
 * @param {number} sourceMajor
 */
async function present({ contestants }, sourceMajor) {
  const found = [];
  const missing = [];
  for (const contestant of contestants) {
    const reason = await contestant.missing({ sourceMajor });
    if (reason === undefined) {
      found.push(contestant);
      continue;
    }
    console.log(`Missing: ${contestant.name} (${reason})`);
    missing.push({ contestant: contestant.name, title: contestant.title, reason });
  }
  return { contestants: found, missing };
}

/**
 * @param {string | undefined} output
 * @param {import("./page/results.js").Results} content
 */
async function writeResults(output, content) {
  const time = new Date().toISOString().replaceAll(":", "-").slice(0, 19);
  const file = output ?? fileURLToPath(new URL(`results/${time}.json`, import.meta.url));
  const page = `${file.replace(/\.json$/, "")}.html`;
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, `${JSON.stringify(content, null, 2)}\n`);
  await writeFile(page, resultsPage(content));
  return { file, page };
}
