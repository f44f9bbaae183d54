// @ts-check
/**
 * The benchmark: pgcopy and its peers on the same data, the same two servers, in the same run. The
 * tables go to stdout, what happens meanwhile to stderr, everything measured into a JSON file, and a
 * page made of it beside it.
 * README.md explains the method.
 */

import { describeAll, resultsFile, runCommand, writeResults } from "./command.js";
import { pgcopy, pgcopyBundled, pgcopyNull } from "./contestants/pgcopy.js";
import { runDataSet } from "./data-set-run.js";
import { canMeasureResources } from "./measured-process.js";
import { readOptions, usage } from "./options.js";
import { resultsPage } from "./page/results-page.js";
import { withServers } from "./servers.js";
import { factsTable } from "./tables.js";

const own = [pgcopy.name, pgcopyBundled.name, pgcopyNull.name];

await runCommand(main);

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
    const facts = await describeAll(servers);
    console.log(`${factsTable(facts.machine, facts.servers)}\n`);
    const sourceMajor = Number.parseInt(facts.servers.source.version, 10);
    const { contestants, missing } = await present(options, sourceMajor);
    const resources = await canMeasureResources();
    if (!resources) console.log("Without GNU time, CPU time and memory are not measured.\n");
    const runs = [];
    for (const dataSet of options.dataSets) {
      const { jobs, timeLimitMs, scale, rounds } = options;
      const shared = { servers, jobs, resources, timeLimitMs, signal };
      const { cores } = facts.machine;
      runs.push(await runDataSet(dataSet, contestants, { scale, rounds, cores }, shared));
    }
    const { file, page } = await writeAll(options.output, { ...facts, missing, runs });
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
async function writeAll(output, content) {
  const file = resultsFile(output);
  const page = `${file.replace(/\.json$/, "")}.html`;
  await writeResults(file, `${JSON.stringify(content, null, 2)}\n`);
  await writeResults(page, resultsPage(content));
  return { file, page };
}
