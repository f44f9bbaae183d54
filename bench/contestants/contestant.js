// @ts-check
/**
 * A contestant copies the source database into an empty target database, as one command whose
 * exit status says whether it went well.
 *
 * @typedef {object} Contestant
 * @property {string} name what `--contestants` takes
 * @property {string} title what the tables show
 * @property {boolean} byDefault whether it takes part without being asked for
 * @property {boolean} [apart] whether it copies nothing: there is no target to compare, and its figures are
 *   shown apart from the others
 * @property {boolean} [analyzes] false: it gathers no statistics, which the others end with
 * @property {(facts: Facts) => Promise<string | undefined>} missing why it can't take part; undefined if it can
 * @property {(run: ContestantRun) => import("../measured-process.js").Command} command
 *
 * @typedef {object} Facts
 * @property {number} sourceMajor
 *
 * @typedef {object} ContestantRun
 * @property {string} source connection URI
 * @property {string} target connection URI of an empty database
 * @property {number} jobs
 * @property {string} directory an empty directory that is removed afterwards
 */

/**
 * A shell script as one command, with its values as positional parameters.
 *
 * @param {string} script
 * @param {...string} parameters
 * @returns {import("../measured-process.js").Command}
 */
export function shell(script, ...parameters) {
  return { program: "/bin/sh", args: ["-c", script, "sh", ...parameters] };
}

/**
 * What has to be said of those that do less than the others; nothing where all do the same.
 *
 * @param {readonly { title: string, analyzes?: boolean | undefined }[]} contestants
 */
export function analyzeNote(contestants) {
  const titles = contestants.filter(({ analyzes }) => analyzes === false).map(({ title }) => title);
  if (titles.length === 0) return undefined;
  return `Without ANALYZE, which the others and the floor include: ${titles.join("; ")}`;
}
