// @ts-check
/**
 * A data set as bars: each contestant's median, with a line from its minimum to its maximum, and the
 * floor as a line across all of them.
 */

import { counted } from "../amounts.js";
import { axisTo, CHART_WIDTH, gridOf, labelWidth } from "./axis.js";
import { workTime } from "./floor.js";
import { html } from "./html.js";
import { floorOf, pgcopySeconds, timedResults, titleOf } from "./results.js";

/** At the right, for a bar's figures. */
const FIGURES = 140;
const ROW = 28;
const BAR = 14;
const TOP = 22;

/**
 * Nothing where nobody was measured.
 *
 * @param {import("./results.js").DataSetRun} run
 */
export function barChart(run) {
  const timed = timedResults(run);
  if (timed.length === 0) return undefined;
  const base = pgcopySeconds(run);
  const floor = floorOf(run);
  const most = Math.max(...timed.map(({ seconds }) => seconds.max), (floor?.floorMs ?? 0) / 1000);
  const left = labelWidth(timed.map(({ result }) => titleOf(result)));
  const axis = axisTo(most, { left, width: CHART_WIDTH - left - FIGURES });
  const bottom = TOP + timed.length * ROW;
  const words = timed.map(
    ({ result, seconds }) => `${titleOf(result)} ${seconds.median.toFixed(2)} s`,
  );
  return html`<figure class="chart"><svg role="img" aria-label="${run.dataSet}: ${words.join(", ")}" viewBox="0 0 ${CHART_WIDTH} ${bottom + 22}">
${gridOf(axis, { top: TOP, bottom, unit: "s" })}
${timed.map(({ result, seconds }, i) => bar(result, seconds, { axis, base, top: TOP + i * ROW }))}
${floor && floorLine(floor, axis, bottom)}
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
 * @param {import("./results.js").Floor} floor
 * @param {import("./axis.js").Axis} axis
 * @param {number} bottom
 */
function floorLine({ floorMs, cores }, { x }, bottom) {
  const at = x(floorMs / 1000);
  return html`<g class="mark"><line x1="${at}" x2="${at}" y1="${TOP - 4}" y2="${bottom}"/><text x="${at}" y="${TOP - 9}" text-anchor="middle">the servers’ own work on ${counted(cores, "core")}: ${workTime(floorMs)}</text></g>`;
}
