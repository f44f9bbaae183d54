// @ts-check
/** The command's options: those of the benchmark that mean something here, and the network's own. */

import { readOptions, UsageError } from "../options.js";

/**
 * @typedef {object} NetworkOptions
 * @property {import("../data-sets/data-set.js").DataSet[]} dataSets
 * @property {import("../contestants/contestant.js").Contestant[]} contestants
 * @property {number} scale
 * @property {boolean} scaleGiven if not, `scale` is for tiny, and the others are made at a tenth of it
 * @property {number} rounds
 * @property {number} jobs
 * @property {number | undefined} sourceMajor
 * @property {number | undefined} targetMajor
 * @property {string | undefined} output
 * @property {number[]} delays each way, in milliseconds
 * @property {number} bytesPerSecond of each server's network, each way
 */

const DATA_SETS = ["tiny", "many", "mixed"];
const CONTESTANTS = "pgcopy,pg_dump-psql,pgcopydb-binary";
const DELAYS = "0,1,5,20";

export const usage = `npm run bench:network -- [DATA-SET...] [options]

Data sets: as of npm run bench (default: ${DATA_SETS.join(", ")})

  --delay A,B,…         delays each way in milliseconds, at least two (default: ${DELAYS})
  --bandwidth N         of each server's network, each way, in MB/s (default: no limit)
  --scale N             default: 1 for tiny, 0.1 for the others
  --rounds N            default: 3
  --contestants A,B     default: ${CONTESTANTS}
  --jobs N, --source-version N, --target-version N, --output FILE: as of npm run bench`;

/**
 * @param {string[]} args
 * @returns {NetworkOptions | "help"}
 * @throws {UsageError}
 */
export function readNetworkOptions(args) {
  const { values, rest } = taken(args, ["--delay", "--bandwidth"]);
  const read = readOptions(["--contestants", CONTESTANTS, "--rounds", "3", ...rest]);
  if (read === "help") return "help";
  const named = read.dataSets.filter(({ name }) => rest.includes(name));
  const given = rest.some((arg) => /^--scale\b/.test(arg));
  const delays = (values.get("--delay") ?? DELAYS).split(",").map(Number);
  if (delays.length < 2 || !delays.every((ms) => ms >= 0)) {
    throw new UsageError("--delay must be two or more numbers, such as 0,10");
  }
  const megabytes = Number(values.get("--bandwidth") ?? Number.POSITIVE_INFINITY);
  if (!(megabytes > 0)) throw new UsageError("--bandwidth must be a number of MB/s above 0");
  return {
    ...read,
    dataSets:
      named.length > 0 ? named : read.dataSets.filter(({ name }) => DATA_SETS.includes(name)),
    rounds: read.rounds ?? 3,
    scaleGiven: given,
    delays,
    bytesPerSecond: megabytes * 1e6,
  };
}

/**
 * Takes options with a value out of the arguments.
 *
 * @param {readonly string[]} args
 * @param {readonly string[]} names
 */
function taken(args, names) {
  /** @type {Map<string, string>} */
  const values = new Map();
  const rest = [];
  for (let i = 0; i < args.length; i++) {
    const [name = "", ...parts] = (args[i] ?? "").split("=");
    if (!names.includes(name)) rest.push(args[i] ?? "");
    else values.set(name, parts.length > 0 ? parts.join("=") : (args[++i] ?? ""));
  }
  return { values, rest };
}
