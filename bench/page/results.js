// @ts-check
/**
 * What a file of results holds, as far as the page reads it. Much may be absent: files of older runs
 * lack what was added since, and each is to be shown with what it has.
 *
 * @typedef {object} Results
 * @property {import("../machine.js").MachineFacts} machine
 * @property {Record<"source" | "target", { origin?: string, version: string, settings: Record<string, string> }>} servers
 * @property {readonly { contestant: string, title?: string, reason: string }[]} [missing] who could not take part
 * @property {readonly DataSetRun[]} runs
 *
 * @typedef {object} DataSetRun
 * @property {string} dataSet
 * @property {string} [description]
 * @property {number} scale
 * @property {number} bytes
 * @property {number} [tables]
 * @property {number} [indexes]
 * @property {number} rounds
 * @property {number} jobs
 * @property {readonly ContestantResult[]} results
 * @property {import("../profile.js").Profile | undefined} [profile]
 * @property {Floor | { unmeasured: string }} [floor]
 * @property {readonly Goal[]} [goals]
 *
 * @typedef {object} Floor what the servers themselves must spend
 * @property {string} basis which time the figures are: cpu or elapsed
 * @property {Readonly<Record<string, number>>} partsMs
 * @property {number} workMs their sum
 * @property {number} cores
 * @property {number} floorMs the sum divided by the cores
 *
 * @typedef {object} Goal
 * @property {string} goal
 * @property {number} atMost
 * @property {string} unit
 * @property {number} reached
 * @property {boolean} met
 *
 * @typedef {object} ContestantResult
 * @property {string} contestant
 * @property {string} [title]
 * @property {boolean | undefined} [apart] whether it copies nothing, and so is not compared with others
 * @property {boolean | undefined} [analyzes] false: it gathers no statistics
 * @property {readonly Measured[]} measurements
 * @property {string | undefined} [failure] why it is out
 *
 * @typedef {Pick<import("../measured-process.js").Measurement, "wallMs" | "cpuSeconds" | "peakMemoryBytes">} Measured
 */

import { spread, spreadOfMeasured } from "../statistics.js";

/** What a reader calls a contestant. @param {{ contestant: string, title?: string }} result */
export function titleOf({ contestant, title }) {
  return title ?? contestant;
}

/**
 * Those of whom there is a time, and who copied: or, `apart`, those who copied nothing.
 *
 * @param {DataSetRun} run
 */
export function timedResults({ results }, apart = false) {
  return results
    .filter((result) => (result.apart ?? false) === apart)
    .flatMap((result) => {
      const seconds = secondsOf(result);
      return seconds === undefined ? [] : [{ result, seconds }];
    });
}

/** @param {ContestantResult} result */
export function secondsOf({ measurements }) {
  return measurements.length === 0
    ? undefined
    : spread(measurements.map(({ wallMs }) => wallMs / 1000));
}

/** The median of pgcopy's seconds; undefined where it was not measured. @param {DataSetRun} run */
export function pgcopySeconds({ results }) {
  const pgcopy = results.find(({ contestant }) => contestant === "pgcopy");
  return pgcopy === undefined ? undefined : secondsOf(pgcopy)?.median;
}

/** @param {ContestantResult} result */
export function cpuSecondsOf({ measurements }) {
  return spreadOfMeasured(measurements.map(({ cpuSeconds }) => cpuSeconds))?.median;
}

/** @param {ContestantResult} result */
export function peakMemoryOf({ measurements }) {
  return spreadOfMeasured(measurements.map(({ peakMemoryBytes }) => peakMemoryBytes))?.median;
}

/** Undefined where it was not measured. @param {DataSetRun} run */
export function floorOf({ floor }) {
  return floor === undefined || "unmeasured" in floor ? undefined : floor;
}
