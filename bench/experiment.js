// @ts-check
/** What the commands share that measure something of pgcopy alone. */

import { readOptions } from "./options.js";
import { resultsFile, writeResults } from "./results-file.js";
import { runServersCommand } from "./servers-command.js";

/**
 * @typedef {object} Experiment something measured of pgcopy alone, for each of some data sets
 * @property {string} usage
 * @property {readonly import("./data-sets/data-set.js").DataSet[]} usual the data sets, if none is named
 * @property {readonly string[]} [own] options that it has beside those of npm run bench; each takes a text
 * @property {(options: import("./options.js").BenchOptions) => void} [check] throws if they ask for what is not there
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
export async function runExperiment({ usage, usual, own = [], check, kind, measure }) {
  const read = (/** @type {string[]} */ args) => {
    const options = readOptions(args, { usual, own });
    if (options !== "help") check?.(options);
    return options;
  };
  await runServersCommand({ usage, read }, async (options, { facts, field }) => {
    const file = resultsFile(options.output, kind);
    const runs = [];
    let failed = false;
    for (const dataSet of options.dataSets) {
      field.signal.throwIfAborted();
      const tell = (/** @type {string} */ message) => console.error(`${dataSet.name}: ${message}`);
      const found = await measure(dataSet, { options, own: options.own, field, tell });
      console.log(`${found.markdown}\n`);
      runs.push({ dataSet: dataSet.name, ...found.results });
      failed ||= found.failed;
      await writeResults(file, `${JSON.stringify({ kind, ...facts, runs }, null, 2)}\n`);
      tell(`everything measured is in ${file}`);
    }
    return failed ? 1 : 0;
  });
}
