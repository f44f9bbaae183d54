// @ts-check
/** The command's options. */

import { parseArgs } from "node:util";
import { contestants } from "./contestants/index.js";
import { dataSets } from "./data-sets/index.js";

/**
 * @typedef {object} BenchOptions
 * @property {import("./data-sets/data-set.js").DataSet[]} dataSets
 * @property {import("./contestants/contestant.js").Contestant[]} contestants
 * @property {number} scale
 * @property {number | undefined} rounds of each data set; absent: the data set's own number
 * @property {number} jobs
 * @property {number} timeLimitMs after which a contestant is stopped, and out
 * @property {number | undefined} sourceMajor of an embedded source
 * @property {number | undefined} targetMajor of an embedded target
 * @property {string | undefined} output the JSON file; absent: one in bench/results
 * @property {Readonly<Record<string, string | undefined>>} own the values of a command's own options
 */

const TIME_LIMIT_SECONDS = 900;

const names = (/** @type {readonly { name: string }[]} */ list) =>
  list.map(({ name }) => name).join(", ");

const usualRounds = [...new Set(dataSets.map(({ rounds }) => rounds))].map(
  (rounds) => `${rounds} for ${names(dataSets.filter((one) => one.rounds === rounds))}`,
);

export const usage = `npm run bench -- [DATA-SET...] [options]

Data sets: ${names(dataSets)} (default: all)
Contestants: ${names(contestants)}

  --scale N             how large: 1 is what bench/README.md describes (default: 1)
  --rounds N            measured rounds of each data set, after one to warm up
                        (default: ${usualRounds.join("; ")})
  --jobs N              jobs of each contestant that takes a number (default: 4)
  --time-limit SECONDS  after which a contestant is stopped, and out (default: ${TIME_LIMIT_SECONDS})
  --contestants A,B     only these (default: all but ${names(contestants.filter(({ byDefault }) => !byDefault))})
  --source-version N    major version of the embedded source
  --target-version N    major version of the embedded target
  --output FILE         where the JSON goes, and a page beside it (default: bench/results/TIME.json)

PGCOPY_SOURCE and PGCOPY_TARGET: two servers to use in place of embedded ones. Databases whose names
begin with pgcopy_bench_ are created and dropped there.`;

/** What the user asked for can't be done; the message is all that is shown. */
export class UsageError extends Error {}

/**
 * @param {string[]} args
 * @param {object} command
 * @param {readonly import("./data-sets/data-set.js").DataSet[]} [command.usual] the data sets, if none is named
 * @param {readonly string[]} [command.own] options that only this command has; each takes a text
 * @returns {BenchOptions | "help"}
 * @throws {UsageError}
 */
export function readOptions(args, { usual = dataSets, own = [] } = {}) {
  const { values, positionals } = parsed(args, own);
  /** @type {Readonly<Record<string, string | boolean | undefined>>} */
  const byName = values;
  if (values.help) return "help";
  return {
    dataSets: positionals.length === 0 ? [...usual] : chosen(dataSets, positionals, "data set"),
    contestants:
      values.contestants === undefined
        ? contestants.filter((contestant) => contestant.byDefault)
        : chosen(contestants, values.contestants.split(","), "contestant"),
    scale: positive("scale", values.scale) ?? 1,
    rounds: whole("rounds", values.rounds),
    jobs: whole("jobs", values.jobs) ?? 4,
    timeLimitMs: (positive("time-limit", values["time-limit"]) ?? TIME_LIMIT_SECONDS) * 1000,
    sourceMajor: whole("source-version", values["source-version"]),
    targetMajor: whole("target-version", values["target-version"]),
    output: values.output,
    own: Object.fromEntries(own.map((name) => [name, byName[name]?.toString()])),
  };
}

/**
 * @param {string[]} args
 * @param {readonly string[]} own
 */
function parsed(args, own) {
  const text = /** @type {const} */ ({ type: "string" });
  try {
    return parseArgs({
      args: withNegativeNumbers(args),
      allowPositionals: true,
      options: {
        help: { type: "boolean" },
        scale: text,
        rounds: text,
        jobs: text,
        "time-limit": text,
        contestants: text,
        "source-version": text,
        "target-version": text,
        output: text,
        ...Object.fromEntries(own.map((name) => [name, text])),
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/**
 * parseArgs takes a number below 0 for an option, and says nothing of what is wrong with it.
 *
 * @param {readonly string[]} args
 */
function withNegativeNumbers(args) {
  /** @type {string[]} */
  const joined = [];
  for (const arg of args) {
    const option = joined.at(-1);
    if (/^-[\d.]/.test(arg) && option !== undefined && /^--\w[^=]*$/.test(option)) {
      joined[joined.length - 1] = `${option}=${arg}`;
    } else joined.push(arg);
  }
  return joined;
}

/**
 * @template {{ name: string }} T
 * @param {readonly T[]} list
 * @param {readonly string[]} wanted
 * @param {string} what
 * @returns {T[]}
 */
function chosen(list, wanted, what) {
  return wanted.map((name) => {
    const found = list.find((one) => one.name === name);
    if (found === undefined) throw new UsageError(`no ${what} "${name}": there are ${names(list)}`);
    return found;
  });
}

/**
 * @param {string} name
 * @param {string | undefined} text
 */
function positive(name, text) {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw new UsageError(`--${name} must be a number above 0, not ${text}`);
}

/**
 * @param {string} name
 * @param {string | undefined} text
 */
function whole(name, text) {
  const value = positive(name, text);
  if (value === undefined || Number.isInteger(value)) return value;
  throw new UsageError(`--${name} must be a whole number, not ${text}`);
}
