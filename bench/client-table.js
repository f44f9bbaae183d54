// @ts-check
/** What pgcopy itself costs, as Markdown. */

import { gigabytes } from "./amounts.js";
import { cell } from "./markdown.js";
import { spreadOfMeasured } from "./statistics.js";

/**
 * @typedef {{ times: number, scale: number, bytes: number, copiedBytes: number }} Size
 *
 * @typedef {object} Cell one number of jobs at one size
 * @property {string} title of the contestant
 * @property {number} jobs
 * @property {number} times
 * @property {readonly { wallMs: number, cpuSeconds?: number | undefined, peakMemoryBytes?: number | undefined }[]} measurements
 * @property {string | undefined} failure
 */

/**
 * CPU time is given for each GB of the database, for each GB that was copied, since indexes are not,
 * which is what the goal speaks of, and for each GB more than at the smaller size, which leaves out
 * what every run costs whatever its size.
 *
 * @param {readonly Size[]} sizes
 * @param {readonly Cell[]} cells
 */
export function clientTable(sizes, cells) {
  const words = sizes.map(
    ({ times, scale, bytes, copiedBytes }) =>
      `${times} ×: scale ${scale}, ${gigabytes(bytes)}, ${gigabytes(copiedBytes)} through COPY`,
  );
  return [
    ...words.map((line) => `- ${line}`),
    "",
    "| | jobs | size | seconds | client CPU, s | CPU per GB of database, s | CPU per GB copied, s | CPU per further GB copied, s | peak memory, MB | to the smallest |",
    "|---|---|---|---|---|---|---|---|---|---|",
    ...cells.map((cell) => `| ${lineOf(cell, sizes, cells).join(" | ")} |`),
  ].join("\n");
}

/**
 * @param {Cell} cell
 * @param {readonly Size[]} sizes
 * @param {readonly Cell[]} cells
 */
function lineOf(cell, sizes, cells) {
  const name = [cell.title, cell.jobs, `${cell.times} ×`];
  const own = costOf(cell, sizes);
  if (own === undefined) return [...name, outOf(cell), "", "", "", "", "", ""];
  const smallest = cells.find(({ title, jobs }) => title === cell.title && jobs === cell.jobs);
  const base = smallest === undefined || smallest === cell ? undefined : costOf(smallest, sizes);
  const { seconds, cpu, memory, bytes, copiedBytes } = own;
  return [
    ...name,
    fixed(seconds, 2),
    fixed(cpu, 2),
    fixed(cpu / (bytes / 1e9), 2),
    fixed(cpu / (copiedBytes / 1e9), 2),
    base === undefined ? "" : fixed((cpu - base.cpu) / ((copiedBytes - base.copiedBytes) / 1e9), 2),
    fixed(memory / 1e6, 0),
    base === undefined ? "" : `${fixed(memory / base.memory, 2)} ×`,
  ];
}

/**
 * A cell's medians; NaN for what was not measured, and nothing for a cell that is out.
 *
 * @param {Cell} cell
 * @param {readonly Size[]} sizes
 */
function costOf({ times, measurements, failure }, sizes) {
  const size = sizes.find((one) => one.times === times);
  if (size === undefined || failure !== undefined || measurements.length === 0) return undefined;
  const medianOf = (/** @type {readonly (number | undefined)[]} */ values) =>
    spreadOfMeasured(values)?.median ?? Number.NaN;
  return {
    bytes: size.bytes,
    copiedBytes: size.copiedBytes,
    seconds: medianOf(measurements.map(({ wallMs }) => wallMs)) / 1000,
    cpu: medianOf(measurements.map(({ cpuSeconds }) => cpuSeconds)),
    memory: medianOf(measurements.map(({ peakMemoryBytes }) => peakMemoryBytes)),
  };
}

/** @param {Cell} cell */
function outOf({ failure = "not measured" }) {
  return cell(`out: ${failure}`);
}

/**
 * @param {number} value
 * @param {number} digits
 */
function fixed(value, digits) {
  return Number.isNaN(value) ? "not measured" : value.toFixed(digits);
}
