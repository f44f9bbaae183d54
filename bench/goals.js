// @ts-check
/**
 * What pgcopy is to reach, as ratios of medians within one run, and whether a run reached it. A goal
 * is judged where the run has the figures for it.
 */

import { comparableFloorMs } from "./floor/summary.js";
import { spread, spreadOfMeasured } from "./statistics.js";

/**
 * @typedef {import("./rounds.js").Result} Result
 *
 * @typedef {object} Figures of one data set
 * @property {readonly Result[]} results
 * @property {import("./floor/summary.js").FloorResult} floor
 * @property {readonly number[]} nodeStartsMs
 * @property {number | undefined} copiedBytes those of COPY, by pgcopy's own report
 *
 * @typedef {object} Goal
 * @property {readonly string[] | undefined} dataSets absent: all
 * @property {string} goal in words
 * @property {number} atMost
 * @property {string} unit of `atMost` and of what was reached; "×" for a ratio
 * @property {(figures: Figures) => number | undefined} reached undefined without the figures
 *
 * @typedef {object} Judgement
 * @property {string} dataSet
 * @property {string} goal
 * @property {number} atMost
 * @property {string} unit
 * @property {number} reached
 * @property {boolean} met
 */

/** Less than this is no measure of what a gigabyte costs: starting the command is most of it. */
const LEAST_BYTES_PER_CPU_GOAL = 100e6;

const dumpAndRestore = "pg_dump-pg_restore";
const dumpsAndRestores = [dumpAndRestore, "pg_dump-pg_restore-uncompressed"];
const pgcopydbs = ["pgcopydb", "pgcopydb-binary"];

/** @type {readonly Goal[]} */
const goals = [
  {
    dataSets: ["mixed"],
    goal: "to pg_dump -Fd -j, pg_restore -j, vacuumdb",
    atMost: 0.6,
    unit: "×",
    reached: toBestOf([dumpAndRestore]),
  },
  {
    dataSets: ["mixed"],
    goal: "to pgcopydb --use-copy-binary",
    atMost: 0.75,
    unit: "×",
    reached: toBestOf(["pgcopydb-binary"]),
  },
  {
    dataSets: ["mixed"],
    goal: "to the floor divided by the cores",
    atMost: 1.2,
    unit: "×",
    reached: ({ results, floor }) => ratio(wallMs(results, "pgcopy"), comparableFloorMs(floor)),
  },
  {
    dataSets: ["many"],
    goal: "to pg_dump | psql",
    atMost: 0.6,
    unit: "×",
    reached: toBestOf(["pg_dump-psql"]),
  },
  {
    dataSets: ["tiny"],
    goal: "to the time of node -e 0 plus that of pg_dump | psql",
    atMost: 3,
    unit: "×",
    reached: toNodeAndPsql,
  },
  {
    dataSets: ["one-big", "wide", "toast"],
    goal: "to the better of pg_dump/pg_restore and pgcopydb",
    atMost: 0.75,
    unit: "×",
    reached: toBestOf(dumpsAndRestores, pgcopydbs),
  },
  {
    dataSets: undefined,
    goal: "client CPU for each GB (10⁹ bytes) that went through COPY",
    atMost: 1.5,
    unit: "s",
    reached: cpuSecondsPerGigabyte,
  },
  {
    dataSets: undefined,
    goal: "client's peak memory",
    atMost: 200,
    unit: "MB",
    reached: peakMegabytes,
  },
];

/**
 * @param {string} dataSet
 * @param {Figures} figures
 * @returns {Judgement[]}
 */
export function judge(dataSet, figures) {
  return goals.flatMap(({ dataSets, goal, atMost, unit, reached: measure }) => {
    if (dataSets !== undefined && !dataSets.includes(dataSet)) return [];
    const reached = measure(figures);
    if (reached === undefined) return [];
    return [{ dataSet, goal, atMost, unit, reached, met: reached <= atMost }];
  });
}

/**
 * To the fastest of all; undefined unless each program has a figure, for it may be the faster one.
 *
 * @param {...readonly string[]} programs the names of the contestants that run it
 */
function toBestOf(...programs) {
  return (/** @type {Figures} */ { results }) => {
    const times = programs.map((names) =>
      names.map((name) => wallMs(results, name)).filter((time) => time !== undefined),
    );
    if (times.some((ofProgram) => ofProgram.length === 0)) return undefined;
    return ratio(wallMs(results, "pgcopy"), Math.min(...times.flat()));
  };
}

/** @param {Figures} figures */
function toNodeAndPsql({ results, nodeStartsMs }) {
  const psql = wallMs(results, "pg_dump-psql");
  if (psql === undefined || nodeStartsMs.length === 0) return undefined;
  return ratio(wallMs(results, "pgcopy"), psql + spread(nodeStartsMs).median);
}

/** @param {Figures} figures */
function cpuSecondsPerGigabyte({ results, copiedBytes }) {
  if (copiedBytes === undefined || copiedBytes < LEAST_BYTES_PER_CPU_GOAL) return undefined;
  const cpu = spreadOfMeasured(pgcopyOf(results).map(({ cpuSeconds }) => cpuSeconds))?.median;
  return ratio(cpu, copiedBytes / 1e9);
}

/** The most of any round, for it is a bound. @param {Figures} figures */
function peakMegabytes({ results }) {
  const peaks = pgcopyOf(results).map(({ peakMemoryBytes }) => peakMemoryBytes);
  return ratio(spreadOfMeasured(peaks)?.max, 1e6);
}

/** @param {readonly Result[]} results */
function pgcopyOf(results) {
  return measurementsOf(results, "pgcopy");
}

/**
 * None of a contestant that is out.
 *
 * @param {readonly Result[]} results
 * @param {string} name
 */
function measurementsOf(results, name) {
  const result = results.find(({ contestant }) => contestant.name === name);
  return result === undefined || result.failure !== undefined ? [] : result.measurements;
}

/**
 * The median.
 *
 * @param {readonly Result[]} results
 * @param {string} name
 */
function wallMs(results, name) {
  return spreadOfMeasured(measurementsOf(results, name).map((one) => one.wallMs))?.median;
}

/**
 * @param {number | undefined} value
 * @param {number | undefined} divisor
 */
function ratio(value, divisor) {
  return value === undefined || divisor === undefined ? undefined : value / divisor;
}
