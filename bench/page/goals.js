// @ts-check
/** What pgcopy was to reach, and whether it did. */

import { html } from "./html.js";

/** Nothing where no run has goals. @param {readonly import("./results.js").DataSetRun[]} runs */
export function goalsSection(runs) {
  const list = runs.flatMap(({ dataSet, goals = [] }) =>
    goals.map((goal) => ({ dataSet, ...goal })),
  );
  if (list.length === 0) return undefined;
  const met = list.filter((goal) => goal.met).length;
  return html`<section>
<h2>Goals: ${met} of ${list.length} met</h2>
<div class="scroll"><table><thead><tr><th scope="col">data set</th><th scope="col">goal</th><th scope="col" class="n">at most</th><th scope="col" class="n">reached</th><th scope="col"></th></tr></thead><tbody>${list.map(
    ({ dataSet, goal, atMost, unit, reached, met }) =>
      html`<tr><td>${dataSet}</td><td>${goal}</td><td class="n">${atMost} ${unit}</td><td class="n">${reached.toFixed(2)} ${unit}</td><td class="${met ? "good" : "bad"}">${met ? "✓ met" : "✗ not met"}</td></tr>
`,
  )}</tbody></table></div>
</section>`;
}
