// @ts-check
/** The command's options: those of the benchmark that mean something here, and the network's own. */

import { dataSets } from "../data-sets/index.js";
import { readOptions, UsageError } from "../options.js";

/**
 * @typedef {import("../options.js").BenchOptions & {
 *   rounds: number,
 *   scaleGiven: boolean,
 *   delays: number[],
 *   bytesPerSecond: number,
 * }} NetworkOptions without `scaleGiven`, `scale` is for tiny, and the others are made at a tenth of it;
 *   delays are each way, in milliseconds; the bytes are of each server's network, each way
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
  const read = readOptions(["--contestants", CONTESTANTS, "--rounds", "3", ...args], {
    usual: dataSets.filter(({ name }) => DATA_SETS.includes(name)),
    own: ["delay", "bandwidth"],
  });
  if (read === "help") return "help";
  const delays = (read.own.delay ?? DELAYS).split(",").map(Number);
  if (delays.length < 2 || !delays.every((ms) => ms >= 0)) {
    throw new UsageError("--delay must be two or more numbers, such as 0,10");
  }
  const megabytes = Number(read.own.bandwidth ?? Number.POSITIVE_INFINITY);
  if (!(megabytes > 0)) throw new UsageError("--bandwidth must be a number of MB/s above 0");
  return {
    ...read,
    rounds: read.rounds ?? 3,
    scaleGiven: args.some((arg) => /^--scale\b/.test(arg)),
    delays,
    bytesPerSecond: megabytes * 1e6,
  };
}
