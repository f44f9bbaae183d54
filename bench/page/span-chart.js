// @ts-check
/** Where pgcopy's time went: its steps, and the tasks of each kind from their first to their last. */

import { counted } from "../amounts.js";
import { axisTo, CHART_WIDTH, gridOf, labelWidth } from "./axis.js";
import { html } from "./html.js";

/** At the right, for what is said after a line that reaches the end. */
const FIGURES = 250;
const ROW = 24;
const BAR = 12;
const TOP = 6;

/**
 * @param {import("../profile.js").Profile} profile
 */
export function spanChart(profile) {
  const lines = [...steps(profile), ...kinds(profile)];
  const left = labelWidth(lines.map(({ name }) => name));
  const axis = axisTo(profile.reportedMs / 1000, { left, width: CHART_WIDTH - left - FIGURES });
  const bottom = TOP + lines.length * ROW;
  return html`<figure class="chart"><svg role="img" aria-label="When each step and each kind of task ran" viewBox="0 0 ${CHART_WIDTH} ${bottom + 22}">
${gridOf(axis, { top: TOP, bottom, unit: "s" })}
${lines.map(({ name, kind, fromMs, toMs, words }, i) => {
  const middle = TOP + i * ROW + ROW / 2;
  const [from, to] = [axis.x(fromMs / 1000), axis.x(toMs / 1000)];
  return html`<text class="name" x="${left - 10}" y="${middle + 5}" text-anchor="end">${name}</text><rect class="${kind}" x="${from}" y="${middle - BAR / 2}" width="${Math.max(1.5, to - from).toFixed(1)}" height="${BAR}"/><text class="soft" x="${to + 8}" y="${middle + 5}">${words}</text>
`;
})}
</svg></figure>`;
}

/**
 * Files of older runs don't say when a step began.
 *
 * @param {import("../profile.js").Profile} profile
 */
function steps({ steps: list }) {
  let endedMs = 0;
  return list.map(({ step, beganMs = endedMs, durationMs }) => {
    endedMs = beganMs + durationMs;
    return {
      name: `step: ${step}`,
      kind: "step",
      fromMs: beganMs,
      toMs: endedMs,
      words: `${durationMs} ms`,
    };
  });
}

/** @param {import("../profile.js").Profile} profile */
function kinds({ work }) {
  const list = [...work].sort((a, b) => a.firstMs - b.firstMs);
  return list.map(({ kind, tasks, durationMs, firstMs, lastMs }) => ({
    name: `tasks: ${kind.replaceAll("_", " ")}`,
    kind: "tasks",
    fromMs: firstMs,
    toMs: lastMs,
    words: `${counted(tasks, "task")}, ${durationMs} ms in all jobs`,
  }));
}
