/** What every job did, moment by moment, above one time axis with the throughput. */

import { formatNumberOf, formatPercent } from "../formatting.js";
import type { RunRecord, StepTime, TaskRecord } from "../record/run-record.js";
import { type Html, html } from "./html.js";
import { type Lane, lanes, type Segment } from "./segments.js";
import { taskGroups } from "./task-groups.js";
import { jobWords, lengthMs, segmentWords, shortLabel, stateWords } from "./task-words.js";
import { throughputLine } from "./throughput-chart.js";
import { percentOf, ticks } from "./time-axis.js";

/** The lines' own units: their width does not matter, they are stretched. */
const WIDTH = 100_000;
const HEIGHT = 18;
/** A label further right would go over the edge. */
const LAST_LABEL_FRACTION = 0.95;
/** What is narrower has no room for a name, however far one zooms in. */
const NAMED_FRACTION = 0.004;
/** And this has some only when one does. */
const SLIM_FRACTION = 0.05;
const ZOOMS = [1, 2, 4, 8, 16];

export function timeline(run: RunRecord): Html {
  const { durationMs } = run;
  const lines = lanes(run.tasks, durationMs);
  return html`<section>
<h2 id="timeline">What ran when</h2>
${legend(lines)}
<figure class="run" aria-labelledby="timeline">
${lines.length > 0 && zoom()}
<div class="scroll" tabindex="0" role="region" aria-labelledby="timeline"><div class="canvas">
<div class="grid" aria-hidden="true">${ticks(durationMs).map(
    ({ atMs }) => html`<i style="left:${percentOf(atMs, durationMs)}"></i>`,
  )}</div>
<div class="line axis" aria-hidden="true"><span class="name"></span><div class="track">${ticks(
    durationMs,
  )
    .filter(({ atMs }) => atMs <= durationMs * LAST_LABEL_FRACTION)
    .map(
      ({ atMs, label }) => html`<span style="left:${percentOf(atMs, durationMs)}">${label}</span>`,
    )}</div></div>
${stepsLine(run.steps, durationMs)}
${throughputLine(run)}
${lines.map((lane) => laneLine(lane, durationMs))}
</div></div>
<p class="readout" role="status" hidden></p>
</figure>
</section>`;
}

/** Only what is on the lines. */
function legend(lines: readonly Lane[]): Html | undefined {
  const used = new Set(lines.flatMap(({ segments }) => segments.map(({ group }) => group)));
  const states = new Set(lines.flatMap(({ tasks }) => tasks.map(({ state }) => state)));
  if (used.size === 0) return undefined;
  const swatch = (name: string, title: string) =>
    html`<li><svg class="swatch" viewBox="0 0 14 14" aria-hidden="true"><rect class="${name}" width="14" height="14"/></svg>${title}</li>`;
  return html`<ul class="legend">${taskGroups
    .filter((group) => used.has(group))
    .map(({ id, title }) => swatch(id, title))}${
    states.has("failed") && swatch("failed", "failed")
  }${(states.has("stopped") || states.has("running")) && swatch("rows stopped", "stopped")}</ul>`;
}

/** Without a script: the style sheet widens the canvas for the one that is chosen. */
function zoom(): Html {
  return html`<fieldset class="zoom"><legend>Width</legend>${ZOOMS.map(
    (times) =>
      html`<label><input type="radio" name="zoom" value="${times}"${times === 1 && html` checked`}> ${times}×</label>`,
  )}</fieldset>`;
}

function stepsLine(steps: readonly StepTime[], durationMs: number): Html {
  return html`<div class="line steps" aria-hidden="true"><span class="name">steps</span><div class="track">${steps.map(
    ({ step, beganMs, durationMs: lasted, failed }) =>
      html`<span${failed === true && html` class="failed"`} style="left:${percentOf(beganMs, durationMs)};width:${percentOf(lasted, durationMs)}" title="${step}">${step}</span>`,
  )}</div></div>`;
}

function laneLine(lane: Lane, durationMs: number): Html {
  const busyMs = lane.tasks.reduce((sum, task) => sum + lengthMs(task), 0);
  const busy = durationMs <= 0 ? 0 : busyMs / durationMs;
  const words = `${jobWords(lane)}: ${formatNumberOf(lane.tasks.length, "task")}, busy ${formatPercent(busy)} of the run`;
  return html`<div class="line"><span class="name">${jobWords(lane)}</span><div class="track"><svg class="lane" role="img" aria-label="${words}" viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none">${lane.segments.map(
    (segment) => bar(segment, durationMs),
  )}</svg>${lane.segments.map((segment) => name(segment, durationMs))}</div></div>
`;
}

function bar(segment: Segment, durationMs: number): Html {
  const at = (ms: number) => (durationMs <= 0 ? 0 : Math.round((WIDTH * ms) / durationMs));
  const x = Math.min(at(segment.beganMs), WIDTH - 40);
  const width = Math.max(at(segment.endedMs) - x, 40);
  return html`<rect class="${classOf(segment)}${segment.tasks.length === 1 && width > WIDTH / 400 && " wide"}" x="${x}" width="${width}" height="${HEIGHT}"><title>${segmentWords(segment)}</title></rect>`;
}

function classOf({ group, tasks }: Segment): string {
  const { state } = tasks[0] as TaskRecord;
  if (state === "failed") return "failed";
  return state === "done" ? group.id : `${group.id} stopped`;
}

/** On top of the bar, where the text is not stretched along. */
function name(segment: Segment, durationMs: number): Html | undefined {
  const { tasks, beganMs, endedMs } = segment;
  const [only] = tasks;
  if (only === undefined || tasks.length > 1) return undefined;
  const fraction = durationMs <= 0 ? 0 : (endedMs - beganMs) / durationMs;
  if (fraction < NAMED_FRACTION) return undefined;
  return html`<span class="${classOf(segment)}${fraction < SLIM_FRACTION && " slim"}" aria-hidden="true" style="left:${percentOf(beganMs, durationMs)};width:${percentOf(endedMs - beganMs, durationMs)}">${shortLabel(only)}${stateWords(only)}</span>`;
}
