// @ts-check
/** PostgreSQL's own tools, as its documentation shows them, and once with pgcopy's commit setting. */

import { majorOf } from "../programs.js";
import { shell } from "./contestant.js";

/** psql must not mistake the output of a pg_dump that failed half-way for a whole one. */
const dumpIntoPsql =
  '(pg_dump --dbname="$1" || echo "select pg_dump_failed;") | psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --output=/dev/null --dbname="$2"';

/** @param {string} options of pg_dump */
const directoryFormat = (options) =>
  [
    `pg_dump --dbname="$1" --format=directory --jobs="$3" --file="$4/dump"${options}`,
    'pg_restore --dbname="$2" --jobs="$3" --exit-on-error "$4/dump"',
    'vacuumdb --dbname="$2" --analyze-only --jobs="$3" --quiet',
  ].join(" && ");

/** @type {readonly import("./contestant.js").Contestant[]} */
export const pgDumpContestants = [
  {
    name: "pg_dump-psql",
    title: "pg_dump | psql",
    byDefault: true,
    analyzes: false,
    missing: missingAnyOf("pg_dump", "psql"),
    command: ({ source, target }) => shell(dumpIntoPsql, source, target),
  },
  {
    name: "pg_dump-psql-async",
    title: "pg_dump | psql, synchronous_commit off",
    byDefault: true,
    analyzes: false,
    missing: missingAnyOf("pg_dump", "psql"),
    command: ({ source, target }) =>
      shell(
        `PGOPTIONS="-c synchronous_commit=off"; export PGOPTIONS; ${dumpIntoPsql}`,
        source,
        target,
      ),
  },
  dumpAndRestore("pg_dump-pg_restore", "pg_dump -Fd -j, pg_restore -j, vacuumdb", ""),
  dumpAndRestore(
    "pg_dump-pg_restore-uncompressed",
    "pg_dump -Fd -j -Z0, pg_restore -j, vacuumdb",
    " --compress=0",
  ),
];

/**
 * @param {string} name
 * @param {string} title
 * @param {string} options of pg_dump
 * @returns {import("./contestant.js").Contestant}
 */
function dumpAndRestore(name, title, options) {
  const script = directoryFormat(options);
  return {
    name,
    title,
    byDefault: true,
    missing: missingAnyOf("pg_dump", "pg_restore", "vacuumdb"),
    command: ({ source, target, jobs, directory }) =>
      shell(script, source, target, String(jobs), directory),
  };
}

/**
 * @param {...string} programs the first of which reads the source
 * @returns {import("./contestant.js").Contestant["missing"]}
 */
function missingAnyOf(...programs) {
  return async ({ sourceMajor }) => {
    for (const [i, program] of programs.entries()) {
      const major = await majorOf(program);
      if (major === undefined) return `${program} is not on the PATH`;
      if (i === 0 && major < sourceMajor) {
        return `${program} ${major} can't read PostgreSQL ${sourceMajor}`;
      }
    }
    return undefined;
  };
}
