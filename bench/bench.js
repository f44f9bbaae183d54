// @ts-check
/**
 * The benchmark: pgcopy and its peers on the same data, the same two servers, in the same run. The
 * tables go to stdout, what happens meanwhile to stderr, everything measured into a JSON file, and a
 * page made of it beside it.
 * README.md explains the method.
 */

import { pgcopy, pgcopyBundled, pgcopyNull } from "./contestants/pgcopy.js";
import { present } from "./contestants/present.js";
import { runDataSet } from "./data-set-run.js";
import { readOptions, usage } from "./options.js";
import { resultsPage } from "./page/results-page.js";
import { resultsFile, writeResults } from "./results-file.js";
import { runServersCommand } from "./servers-command.js";

const own = [pgcopy.name, pgcopyBundled.name, pgcopyNull.name];

await runServersCommand({ usage, read: readOptions }, main);

/**
 * @param {import("./options.js").BenchOptions} options
 * @param {import("./servers-command.js").Bench} bench
 * @returns {Promise<number>} the exit code: 1 if pgcopy is out
 */
async function main(options, { facts, field }) {
  const { contestants, missing } = await present(options.contestants, facts.servers.source);
  if (!field.resources) console.log("Without GNU time, CPU time and memory are not measured.\n");
  const { scale, rounds } = options;
  const { cores } = facts.machine;
  const file = resultsFile(options.output);
  const page = `${file.replace(/\.json$/, "")}.html`;
  const runs = [];
  for (const dataSet of options.dataSets) {
    field.signal.throwIfAborted();
    runs.push(await runDataSet(dataSet, contestants, { scale, rounds, cores }, field));
    const content = { ...facts, missing, runs };
    await writeResults(file, `${JSON.stringify(content, null, 2)}\n`);
    await writeResults(page, resultsPage(content));
    console.error(`${dataSet.name}: everything measured is in ${file}, and on the page ${page}`);
  }
  return runs.some(({ results }) => results.some(isOwnFailure)) ? 1 : 0;
}

/**
 * A peer that is out is a result; pgcopy that is out is a mistake.
 *
 * @param {{ contestant: string, failure: string | undefined }} result
 */
function isOwnFailure({ contestant, failure }) {
  return failure !== undefined && own.includes(contestant);
}
