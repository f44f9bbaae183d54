// @ts-check
/** A data set as bars: each contestant's median, with a line from its minimum to its maximum. */

import { axisTo, CHART_WIDTH, gridOf, labelWidth } from "./axis.js";
import { html } from "./html.js";
import { pgcopySeconds, timedResults, titleOf } from "./results.js";

/** At the right, for a bar's figures. */
const FIGURES = 140;
const ROW = 28;
const BAR = 14;
const TOP = 22;

/** @typedef {{ label: string, seconds: number }} Mark a line across all bars */

/**
 * Nothing where nobody was measured.
 *
 * @param {import("./results.js").DataSetRun} run
 * @param {readonly Mark[]} marks
 */
export function barChart(run, marks) {
  const timed = timedResults(run);
  if (timed.length === 0) return undefined;
  const base = pgcopySeconds(run);
  const most = Math.max(
    ...timed.map(({ seconds }) => seconds.max),
    ...marks.map(({ seconds }) => seconds),
  );
  const left = labelWidth(timed.map(({ result }) => titleOf(result)));
  const axis = axisTo(most, { left, width: CHART_WIDTH - left - FIGURES });
  const bottom = TOP + timed.length * ROW;
  const words = timed.map(
    ({ result, seconds }) => `${titleOf(result)} ${seconds.median.toFixed(2)} s`,
  );
  return html`<figure class="chart"><svg role="img" aria-label="${run.dataSet}: ${words.join(", ")}" viewBox="0 0 ${CHART_WIDTH} ${bottom + 22}">
${gridOf(axis, { top: TOP, bottom, unit: "s" })}
${timed.map(({ result, seconds }, i) => bar(result, seconds, { axis, base, top: TOP + i * ROW }))}
${marks.map((mark) => markLine(mark, axis, bottom))}
</svg></figure>`;
}

/**
 * @param {import("./results.js").ContestantResult} result
 * @param {import("../statistics.js").Spread} seconds
 * @param {{ axis: import("./axis.js").Axis, base: number | undefined, top: number }} place
 */
function bar(result, { median, min, max }, { axis: { x }, base, top }) {
  const middle = top + ROW / 2;
  const left = x(0);
  const own = result.contestant.startsWith("pgcopy-") || result.contestant === "pgcopy";
  const out = result.failure === undefined ? "" : " out";
  const ratio = base === undefined ? "" : `${(median / base).toFixed(2)} ×`;
  return html`<g><title>${titleOf(result)}: median ${median.toFixed(2)} s, ${min.toFixed(2)} to ${max.toFixed(2)} s${out && ", then out"}</title>
<text class="${own ? "own" : "name"}" x="${left - 10}" y="${middle + 5}" text-anchor="end">${titleOf(result)}</text>
<rect class="${own ? "own" : "peer"}${out}" x="${left}" y="${middle - BAR / 2}" width="${(x(median) - left).toFixed(1)}" height="${BAR}"/>
<path class="whisker" d="M${x(min)} ${middle}H${x(max)}M${x(min)} ${middle - 4}v8M${x(max)} ${middle - 4}v8"/>
<text class="figure" x="${x(max) + 10}" y="${middle + 5}">${median.toFixed(2)} s <tspan class="soft" dx="6">${ratio}</tspan></text></g>
`;
}

/**
 * @param {Mark} mark
 * @param {import("./axis.js").Axis} axis
 * @param {number} bottom
 */
function markLine({ label, seconds }, { x }, bottom) {
  return html`<g class="mark"><line x1="${x(seconds)}" x2="${x(seconds)}" y1="${TOP - 4}" y2="${bottom}"/><text x="${x(seconds)}" y="${TOP - 9}" text-anchor="middle">${label} ${seconds.toFixed(2)} s</text></g>`;
}
