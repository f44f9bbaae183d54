/** Bytes a second over the run, as an area on the timeline's axis, and as a table. */

import { formatBytes, formatThroughput } from "../formatting.js";
import type { RunRecord } from "../record/run-record.js";
import { type Html, html } from "./html.js";
import { doneWord } from "./opening.js";
import { groupOf } from "./task-groups.js";
import { momentWords } from "./time-axis.js";

const WIDTH = 100_000;
const HEIGHT = 1_000;
/** More points than these make the line no truer, only restless. */
const MOST_POINTS = 240;
const TABLE_ROWS = 24;

export interface Rate {
  readonly beganMs: number;
  readonly endedMs: number;
  readonly bytes: number;
  readonly bytesPerSecond: number;
}

/** The run's throughput in at most so many spans of one length; none where nothing was copied. */
export function rates({ throughput, durationMs }: RunRecord, most = MOST_POINTS): Rate[] {
  const { intervalMs, bytes } = throughput;
  const together = Math.max(1, Math.ceil(bytes.length / most));
  const spanMs = intervalMs * together;
  return Array.from({ length: Math.ceil(bytes.length / together) }, (_, i) => {
    const sum = bytes.slice(i * together, (i + 1) * together).reduce((a, b) => a + b, 0);
    const beganMs = i * spanMs;
    // The last span may go on after the run's end, when nothing could be copied any more.
    const endedMs = Math.max(Math.min(beganMs + spanMs, durationMs), beganMs + 1);
    return { beganMs, endedMs, bytes: sum, bytesPerSecond: (sum * 1000) / (endedMs - beganMs) };
  });
}

/** A line of the timeline; nothing where nothing was copied. */
export function throughputLine(run: RunRecord): Html | undefined {
  const points = rates(run);
  const peak = Math.max(0, ...points.map(({ bytesPerSecond }) => bytesPerSecond));
  if (peak === 0 || run.durationMs <= 0) return undefined;
  const top = roundRate(peak);
  return html`<div class="line rate"><span class="name"><b>${formatThroughput(top)}</b><b>0</b></span><div class="track"><svg role="img" aria-label="${throughputWords(run)}" viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none"><title>${throughputWords(run)}</title><path d="${area(points, run.durationMs, top)}"/><line x1="0" x2="${WIDTH}" y1="${HEIGHT / 2}" y2="${HEIGHT / 2}"/></svg></div></div>`;
}

function area(points: readonly Rate[], durationMs: number, top: number): string {
  const x = (ms: number) => Math.round((WIDTH * Math.min(ms, durationMs)) / durationMs);
  const y = (rate: number) => Math.round(HEIGHT * (1 - rate / top));
  const steps = points.map(
    ({ beganMs, endedMs, bytesPerSecond }) =>
      `L${x(beganMs)} ${y(bytesPerSecond)}L${x(endedMs)} ${y(bytesPerSecond)}`,
  );
  return `M0 ${HEIGHT}${steps.join("")}L${x(points.at(-1)?.endedMs ?? 0)} ${HEIGHT}Z`;
}

/** Rows were copied at 26 MB/s on average, at most 88 MB/s. */
export function throughputWords(run: RunRecord): string {
  const copies = run.tasks.filter(({ kind }) => groupOf(kind).id === "rows");
  const bytes = run.throughput.bytes.reduce((sum, one) => sum + one, 0);
  const beganMs = copies.reduce((least, task) => Math.min(least, task.beganMs), run.durationMs);
  const endedMs = copies.reduce((most, task) => Math.max(most, task.endedMs), 0);
  const done = doneWord(run);
  if (bytes === 0 || endedMs <= beganMs) return `No rows were ${done}.`;
  const average = (bytes * 1000) / (endedMs - beganMs);
  const peak = rates(run).reduce((a, b) => (b.bytesPerSecond > a.bytesPerSecond ? b : a));
  return `Rows were ${done} from ${momentWords(beganMs)} to ${momentWords(endedMs)}, ${formatBytes(bytes)} at ${formatThroughput(average)} on average, and at most ${formatThroughput(Math.max(peak.bytesPerSecond, average))}.`;
}

/** The same as numbers. */
export function throughputTable(run: RunRecord): Html | undefined {
  const points = rates(run, TABLE_ROWS);
  if (points.every(({ bytes }) => bytes === 0)) return undefined;
  return html`<details><summary>Throughput as a table</summary>
<table><thead><tr><th scope="col">from</th><th scope="col">to</th><th scope="col" class="n">${doneWord(run)}</th><th scope="col" class="n">throughput</th></tr></thead><tbody>${points.map(
    ({ beganMs, endedMs, bytes, bytesPerSecond }) =>
      html`<tr><td>${momentWords(beganMs)}</td><td>${momentWords(endedMs)}</td><td class="n">${formatBytes(bytes)}</td><td class="n">${formatThroughput(bytesPerSecond)}</td></tr>
`,
  )}</tbody></table></details>`;
}

/** The next of 1, 2, 5, 10, … in the unit that sizes of this order are written in. */
function roundRate(rate: number): number {
  let unit = 1;
  while (rate >= unit * 1024) unit *= 1024;
  const steps = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1024];
  return unit * (steps.find((step) => rate <= step * unit) ?? 1024);
}
