// @ts-check
/** One data set: the bars, the same as numbers, who is out, and where pgcopy's time went. */

import { counted, gigabytes, sizeOf } from "../amounts.js";
import { analyzeNote } from "../contestants/contestant.js";
import { estimateWords } from "../estimate.js";
import { comparableFloorMs } from "../floor/summary.js";
import { barChart } from "./bar-chart.js";
import { floorWords } from "./floor.js";
import { html } from "./html.js";
import { cpuSecondsOf, peakMemoryOf, pgcopySeconds, timedResults, titleOf } from "./results.js";
import { spanChart } from "./span-chart.js";

/** Of less than this, what a gigabyte would cost says nothing: it is the start that costs. */
const LEAST_BYTES = 100e6;

/**
 * @typedef {import("./results.js").DataSetRun} DataSetRun
 * @typedef {ReturnType<typeof timedResults>[number]} Timed
 */

/** @param {DataSetRun} run */
export function dataSetSection(run) {
  return html`<section>
<h2>${run.dataSet}</h2>
${run.description !== undefined && html`<p>${run.description}</p>`}
<p class="aside">${size(run)}; ${counted(run.rounds, "round")} with ${counted(run.jobs, "job")}</p>
${barChart(run)}
${numbers(run)}
${withoutAnalyze(run)}
${timedResults(run, true).map(apart)}
${out(run)}
${floorWords(run)}
${run.profile && profile(run.profile)}
</section>
`;
}

/** @param {DataSetRun} run */
function size({ bytes, tables, indexes, scale }) {
  const known = tables !== undefined && indexes !== undefined;
  return `Scale ${scale}: ${known ? sizeOf({ bytes, tables, indexes }) : gigabytes(bytes)}`;
}

/** @param {DataSetRun} run */
function numbers(run) {
  const timed = timedResults(run);
  if (timed.length === 0) return undefined;
  const columns = columnsOf(run);
  return html`<div class="scroll"><table><thead><tr><th scope="col">contestant</th>${columns.map(
    ({ name }) => html`<th scope="col" class="n">${name}</th>`,
  )}</tr></thead><tbody>${timed.map(
    (
      one,
    ) => html`<tr${one.result.contestant === "pgcopy" && html` class="own"`}><td>${titleOf(one.result)}</td>${columns.map(
      ({ cell }) => html`<td class="n">${cell(one)}</td>`,
    )}</tr>
`,
  )}</tbody></table></div>`;
}

/** @param {DataSetRun} run */
function withoutAnalyze(run) {
  const contestants = timedResults(run).map(({ result }) => ({
    title: titleOf(result),
    analyzes: result.analyzes,
  }));
  const note = analyzeNote(contestants);
  return note && html`<p class="aside">${note}.</p>`;
}

/**
 * @param {DataSetRun} run
 * @returns {{ name: string, cell: (one: Timed) => string }[]}
 */
function columnsOf(run) {
  const base = pgcopySeconds(run);
  const copiedBytes = run.profile?.copiedBytes ?? 0;
  const columns = [
    column("median, s", ({ seconds }) => seconds.median.toFixed(2)),
    column(
      "min to max, s",
      ({ seconds: { min, max } }) => `${min.toFixed(2)} to ${max.toFixed(2)}`,
    ),
    column("client CPU, s", ({ result }) => fixed(cpuSecondsOf(result), 1, 2)),
    column("client memory, MB", ({ result }) => fixed(peakMemoryOf(result), 1e6, 0)),
  ];
  const ratioTo =
    (/** @type {number} */ base) =>
    (/** @type {Timed} */ { seconds }) =>
      `${(seconds.median / base).toFixed(2)} ×`;
  const floorMs = comparableFloorMs(run.floor);
  if (floorMs !== undefined) columns.splice(2, 0, column("to the floor", ratioTo(floorMs / 1000)));
  if (base !== undefined) columns.splice(2, 0, column("to pgcopy", ratioTo(base)));
  if (copiedBytes >= LEAST_BYTES) {
    const perGigabyte = column("CPU per GB copied, s", ({ result }) =>
      fixed(cpuSecondsOf(result), copiedBytes / 1e9, 2),
    );
    columns.splice(-1, 0, perGigabyte);
  }
  return columns;
}

/**
 * @param {string} name
 * @param {(one: Timed) => string} cell
 */
function column(name, cell) {
  return { name, cell };
}

/**
 * @param {number | undefined} value
 * @param {number} unit
 * @param {number} digits
 */
function fixed(value, unit, digits) {
  return value === undefined ? "not measured" : (value / unit).toFixed(digits);
}

/** One that copies nothing, and so is not compared with the others. @param {Timed} timed */
function apart({ result, seconds: { median, min, max } }) {
  const cpu = fixed(cpuSecondsOf(result), 1, 2);
  const memory = fixed(peakMemoryOf(result), 1e6, 0);
  return html`<p>Apart, for it copies nothing: ${titleOf(result)}, ${median.toFixed(2)} s (${min.toFixed(2)} to ${max.toFixed(2)}); client CPU, s: ${cpu}; client memory, MB: ${memory}.</p>`;
}

/** @param {DataSetRun} run */
function out({ results }) {
  const list = results.filter(({ failure }) => failure !== undefined);
  if (list.length === 0) return undefined;
  return html`<h3>Out</h3><ul>${list.map(
    (result) => html`<li class="bad">${titleOf(result)}: ${result.failure}</li>`,
  )}</ul>`;
}

/** @param {import("../profile.js").Profile} found */
function profile(found) {
  const { wallMs, reportedMs, tables, pgDump } = found;
  const estimate = estimateWords(found);
  return html`<h3>Where pgcopy’s time goes</h3>
<p class="aside">One more run, in no median: ${Math.round(wallMs)} ms, of which ${Math.round(wallMs - reportedMs)} ms to start and end the process; pg_dump: ${pgDump}; tables: ${tables.binary} in binary, ${tables.text} in text, ${tables.frozen} frozen.</p>
${estimate && html`<p>${estimate}.</p>`}
${spanChart(found)}`;
}
