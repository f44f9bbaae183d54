// @ts-check
/** pgcopydb, with and without binary COPY. */

import { versionOf } from "../programs.js";
import { shell } from "./contestant.js";

const clone = `pgcopydb clone --source "$1" --target "$2" --table-jobs "$3" --index-jobs "$3" --dir "$4/pgcopydb"`;

/**
 * @param {string} name
 * @param {string} title
 * @param {string} options
 * @returns {import("./contestant.js").Contestant}
 */
const contestant = (name, title, options) => ({
  name,
  title,
  byDefault: true,
  missing: async () =>
    (await versionOf("pgcopydb")) === undefined ? "pgcopydb is not on the PATH" : undefined,
  command: ({ source, target, jobs, directory }) =>
    shell(`${clone}${options}`, source, target, String(jobs), directory),
});

/** @type {readonly import("./contestant.js").Contestant[]} */
export const pgcopydbContestants = [
  contestant("pgcopydb", "pgcopydb", ""),
  contestant("pgcopydb-binary", "pgcopydb --use-copy-binary", " --use-copy-binary"),
];
