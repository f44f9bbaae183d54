// @ts-check
/** pgcopy, as its users run it: the built command line, in a process of its own. */

import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const main = fileURLToPath(new URL("../../dist/cli/launch.cjs", import.meta.url));

/**
 * @param {import("./contestant.js").ContestantRun} run
 * @param {...string} options
 * @returns {import("../measured-process.js").Command}
 */
export function pgcopyClone({ source, target, jobs }, ...options) {
  return {
    program: process.execPath,
    args: [main, "clone", source, target, "--jobs", String(jobs), ...options],
  };
}

const missing = async () => (existsSync(main) ? undefined : "not built: run npm run build");

/** @type {import("./contestant.js").Contestant} */
export const pgcopy = {
  name: "pgcopy",
  title: "pgcopy",
  byDefault: true,
  missing,
  command: (run) => pgcopyClone(run, "--quiet"),
};

/** As it is where no PostgreSQL is installed. @type {import("./contestant.js").Contestant} */
export const pgcopyBundled = {
  name: "pgcopy-bundled",
  title: "pgcopy, bundled pg_dump",
  byDefault: false,
  missing,
  command: (run) => pgcopyClone(run, "--quiet", "--pg-dump", "bundled"),
};

/** What its clone takes for a target that swallows the data. */
const NULL_TARGET = "null:";

/** The source side and the relay alone. @type {import("./contestant.js").Contestant} */
export const pgcopyNull = {
  name: "pgcopy-null",
  title: `pgcopy into ${NULL_TARGET}`,
  byDefault: true,
  apart: true,
  missing,
  command: (run) => pgcopyClone({ ...run, target: NULL_TARGET }, "--quiet"),
};
