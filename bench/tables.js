// @ts-check
/** The results as Markdown. */

import { counted, gigabytes } from "./amounts.js";
import { analyzeNote } from "./contestants/contestant.js";
import { estimateWords } from "./estimate.js";
import { parts } from "./floor/statements.js";
import { comparableFloorMs } from "./floor/summary.js";
import { cell } from "./markdown.js";
import { spread, spreadOfMeasured } from "./statistics.js";

/**
 * @typedef {import("./rounds.js").Result} Result
 * @typedef {import("./statistics.js").Spread} Spread
 */

/**
 * The machine's and the servers' facts.
 *
 * @param {import("./machine.js").MachineFacts} machine
 * @param {Record<"source" | "target", { version: string, settings: Record<string, string> }>} servers
 * @returns {string}
 */
export function factsTable(machine, servers) {
  const names = [
    ...new Set(Object.values(servers).flatMap(({ settings }) => Object.keys(settings))),
  ];
  return [
    `pgcopy ${machine.pgcopy} (${machine.commit}), Node.js ${machine.node}, which takes ${machine.nodeStartMs.toFixed(0)} ms to start`,
    `${machine.processor}, ${counted(machine.cores, "core")}, ${gigabytes(machine.memoryBytes)} of memory, ${machine.system}; load average ${machine.loadAverage[0]?.toFixed(2)} at the start`,
    "",
    "| server | source | target |",
    "|---|---|---|",
    `| PostgreSQL | ${servers.source.version} | ${servers.target.version} |`,
    ...names.map(
      (name) =>
        `| ${name} | ${servers.source.settings[name] ?? ""} | ${servers.target.settings[name] ?? ""} |`,
    ),
  ].join("\n");
}

/**
 * One data set: seconds as median (minimum to maximum), how many times pgcopy's median that is, and
 * how many times the floor divided by the cores; below it, who does less than the others.
 *
 * @param {readonly Result[]} results
 * @param {import("./floor/summary.js").FloorResult} floor
 * @returns {string}
 */
export function resultsTable(results, floor) {
  const floorMs = comparableFloorMs(floor);
  const pgcopy = results.find(({ contestant }) => contestant.name === "pgcopy");
  const base = pgcopy === undefined ? undefined : wallSpread(pgcopy)?.median;
  const note = analyzeNote(results.map(({ contestant }) => contestant));
  return [
    "| contestant | seconds | to pgcopy | to the floor | client CPU, s | client memory, MB |",
    "|---|---|---|---|---|---|",
    ...results
      .filter(({ contestant }) => !contestant.apart)
      .map((result) => {
        const wall = wallSpread(result);
        if (wall === undefined) return `| ${titleOf(result)} | ${failed(result)} | | | | |`;
        const cpu = spreadOfMeasured(result.measurements.map((one) => one.cpuSeconds));
        const memory = spreadOfMeasured(result.measurements.map((one) => one.peakMemoryBytes));
        const cells = [
          titleOf(result),
          `${seconds(wall)}${result.failure === undefined ? "" : `, then ${failed(result)}`}`,
          base === undefined ? "" : `${(wall.median / base).toFixed(2)} ×`,
          floorMs === undefined ? "" : `${((wall.median * 1000) / floorMs).toFixed(2)} ×`,
          cpu === undefined ? "not measured" : cpu.median.toFixed(2),
          memory === undefined ? "not measured" : (memory.median / 1e6).toFixed(0),
        ];
        return `| ${cells.join(" | ")} |`;
      }),
    ...(note === undefined ? [] : [`\n${note}`]),
    ...results.filter(({ contestant }) => contestant.apart).map(apartLine),
  ].join("\n");
}

/** Of one that copies nothing, and so is not compared with the others. @param {Result} result */
function apartLine(result) {
  const wall = wallSpread(result);
  if (wall === undefined) return `\nApart: ${titleOf(result)}, ${failed(result)}`;
  const cpu = spreadOfMeasured(result.measurements.map((one) => one.cpuSeconds))?.median;
  const memory = spreadOfMeasured(result.measurements.map((one) => one.peakMemoryBytes))?.median;
  const client =
    cpu === undefined || memory === undefined
      ? ""
      : `; client CPU ${cpu.toFixed(2)} s, client memory ${(memory / 1e6).toFixed(0)} MB`;
  return `\nApart: ${titleOf(result)}, ${seconds(wall)} s${client}`;
}

const partTitles = {
  out: "COPY TO /dev/null",
  in: "COPY FROM a file, FREEZE",
  indexes: "indexes",
  foreignKeys: "foreign keys",
  analyze: "ANALYZE",
};

/**
 * The servers' own work, part by part.
 *
 * @param {import("./floor/summary.js").FloorResult} floor
 * @returns {string}
 */
export function floorTable(floor) {
  if ("unmeasured" in floor) return `The floor can't be measured: ${floor.unmeasured}`;
  const { partsMs, workMs, floorMs, cores, basis } = floor;
  const row = (/** @type {string} */ title, /** @type {number} */ ms) =>
    `| ${title} | ${(ms / 1000).toFixed(3)} |`;
  return [
    `| the servers' own work | ${basis === "cpu" ? "CPU" : "elapsed"}, s |`,
    "|---|---|",
    ...parts.map((part) => row(partTitles[part], partsMs[part])),
    row("all of it", workMs),
    row(`the floor: divided by ${counted(cores, "core")}`, floorMs),
  ].join("\n");
}

/**
 * What was to be reached, and whether it was.
 *
 * @param {readonly import("./goals.js").Judgement[]} goals
 * @returns {string}
 */
export function goalsTable(goals) {
  return [
    "| goal | at most | reached | met |",
    "|---|---|---|---|",
    ...goals.map(
      ({ goal, atMost, unit, reached, met }) =>
        `| ${cell(goal)} | ${atMost} ${unit} | ${reached.toFixed(2)} ${unit} | ${met ? "yes" : "no"} |`,
    ),
  ].join("\n");
}

/**
 * Where pgcopy's time went.
 *
 * @param {import("./profile.js").Profile} profile
 * @returns {string}
 */
export function profileTable(profile) {
  const startMs = Math.round(profile.wallMs - profile.reportedMs);
  const estimate = estimateWords(profile);
  return [
    `One more run of pgcopy: ${Math.round(profile.wallMs)} ms, of which ${startMs} ms to start and end the process; pg_dump: ${profile.pgDump}; tables: ${profile.tables.binary} in binary, ${profile.tables.text} in text, ${profile.tables.frozen} frozen`,
    ...(estimate === undefined ? [] : [estimate]),
    "",
    "| step | ms |",
    "|---|---|",
    ...profile.steps.map(({ step, durationMs }) => `| ${step} | ${durationMs} |`),
    "",
    "| tasks | number | ms, summed over the jobs | from, ms | to, ms |",
    "|---|---|---|---|---|",
    ...profile.work.map(
      ({ kind, tasks, durationMs, firstMs, lastMs }) =>
        `| ${kind} | ${tasks} | ${durationMs} | ${firstMs} | ${lastMs} |`,
    ),
  ].join("\n");
}

/** @param {Result} result */
function wallSpread({ measurements }) {
  return measurements.length === 0
    ? undefined
    : spread(measurements.map(({ wallMs }) => wallMs / 1000));
}

/** @param {Result} result */
function titleOf({ contestant }) {
  return cell(contestant.title);
}

/** @param {Result} result */
function failed({ failure }) {
  return cell(`out: ${failure}`);
}

/** @param {Spread} spread */
function seconds({ median, min, max }) {
  return `${median.toFixed(2)} (${min.toFixed(2)} to ${max.toFixed(2)})`;
}
