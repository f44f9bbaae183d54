/** The top of the page: what was copied, whether that went well, and what there is to know of it. */

import type { CloneReport } from "../engine/report.js";
import {
  formatAverage,
  formatBytes,
  formatCount,
  formatDuration,
  formatNumberOf,
} from "../formatting.js";
import type { FailedRun, RunRecord } from "../record/run-record.js";
import { type Html, html } from "./html.js";
import { unfinishedTasks } from "./tables.js";
import { groupOf } from "./task-groups.js";

export type ReportedRun = CloneReport | FailedRun;

/** What was done with the rows: all that the page says of them has this word. */
export function doneWord({ nothingCopied }: RunRecord): "read" | "copied" {
  return nothingCopied === true ? "read" : "copied";
}

/** Whether the rows were only read. */
export function onlyRead(run: RunRecord): boolean {
  return run.nothingCopied === true;
}

export function hasFailed(run: ReportedRun): run is FailedRun {
  return "error" in run;
}

/** The page's one sentence; also its title. */
export function verdict(run: ReportedRun): string {
  const time = formatDuration(run.durationMs);
  if (!hasFailed(run))
    return `${onlyRead(run) ? "Read, and nothing copied," : "Copied"} in ${time}`;
  if (run.error.code === "interrupted") return `Interrupted after ${time}`;
  if (run.error.code === "verification_failed") return `Copied in ${time}, with differences`;
  if (run.error.code === "rows_rejected") return `Copied in ${time}, but for rejected rows`;
  return `Failed after ${time}`;
}

export function opening(run: ReportedRun): Html {
  const began = new Date(run.startedAt);
  const ended = new Date(began.getTime() + run.durationMs);
  const sign = hasFailed(run) ? "✗" : "✓";
  return html`<header>
<p class="release">pgcopy ${run.pgcopyVersion}</p>
<h1 class="${hasFailed(run) ? "bad" : "good"}"><span aria-hidden="true">${sign}</span> ${verdict(run)}</h1>
<dl class="ends">
${end("from", run.source, run.sourceVersion)}
${end("to", run.target, run.targetVersion, !hasFailed(run) && run.databaseCreated)}
<div><dt>when</dt><dd>${moment(began)} to ${moment(ended)}</dd></div>
</dl>
${!hasFailed(run) && !onlyRead(run) && verification(run)}
${figures(run)}
</header>
${hasFailed(run) && problem(run)}
${hasFailed(run) && rejected(run)}
${warnings(run)}
${retries(run)}`;
}

function end(
  label: string,
  endpoint: string | undefined,
  serverVersion: string | undefined,
  created = false,
): Html {
  const facts = [
    ...(!serverVersion ? [] : [`PostgreSQL ${serverVersion}`]),
    ...(created ? ["database created"] : []),
  ];
  return html`<div><dt>${label}</dt><dd>${
    endpoint === undefined
      ? "not connected to"
      : html`<code>${endpoint}</code> <span class="aside">${facts.join(", ")}</span>`
  }</dd></div>`;
}

function moment(time: Date): Html | string {
  if (Number.isNaN(time.getTime())) return "an unknown time";
  const iso = time.toISOString();
  return html`<time datetime="${iso}">${iso.slice(0, 19).replace("T", " ")} UTC</time>`;
}

function verification({ verification: verified }: CloneReport): Html {
  if (verified === undefined)
    return html`<p class="verdict">Not verified: the rows of both ends were not compared.</p>`;
  const by = verified.mode === "count" ? "row count" : "checksum";
  const { tables, largeObjects } = verified;
  const objects = largeObjects === 0 ? "" : ` and ${formatNumberOf(largeObjects, "large object")}`;
  const are = tables + largeObjects === 1 ? "is" : "are";
  const compared = `${formatNumberOf(tables, "table")}${objects}`;
  return html`<p class="verdict good">Verified by ${by}: ${compared} ${are} the same on both ends.</p>`;
}

function figures(run: ReportedRun): Html {
  const list = hasFailed(run) ? reached(run) : totals(run);
  return html`<dl class="figures">${list.map(
    ([title, figure]) => html`<div><dt>${title}</dt><dd>${figure}</dd></div>`,
  )}</dl>`;
}

type Figure = readonly [title: string, figure: string];

function totals(report: CloneReport): Figure[] {
  const speed = formatAverage(report.bytes, report.durationMs);
  return [
    ["tables", formatCount(report.tables.length)],
    ["rows", formatCount(report.rows)],
    [doneWord(report), formatBytes(report.bytes)],
    ...(speed === undefined ? [] : [["over the whole run", speed] as const]),
    ...(onlyRead(report)
      ? []
      : [
          ["indexes", formatCount(report.indexes.length)] as const,
          ["sequences", formatCount(report.sequences)] as const,
        ]),
    ...(report.largeObjects.count === 0
      ? []
      : [["large objects", formatCount(report.largeObjects.count)] as const]),
  ];
}

/** How far a run came that did not come to its end. */
function reached(run: RunRecord): Figure[] {
  const { planned, tasks } = run;
  if (planned === undefined) return [["tasks", "none was begun"]];
  const done = tasks.filter(({ state }) => state === "done");
  const copies = done.filter(({ kind }) => groupOf(kind).id === "rows");
  const sum = (key: "rows" | "bytes") => copies.reduce((total, task) => total + task[key], 0);
  return [
    ["tasks done", `${formatCount(done.length)} of ${formatCount(planned.tasks)}`],
    ["rows", formatCount(sum("rows"))],
    [
      doneWord(run),
      `${formatBytes(sum("bytes"))} of about ${formatBytes(Math.max(planned.bytes, sum("bytes")))}`,
    ],
    ["tables planned", formatCount(planned.tables)],
    ...(onlyRead(run) ? [] : [["indexes planned", formatCount(planned.indexes)] as const]),
  ];
}

function problem(run: FailedRun): Html {
  const { message, attempted, code, server, advice, items, statements } = run.error;
  const lines: readonly (readonly [string, string | undefined])[] = [
    ["in the middle of", code === "interrupted" ? attempted : undefined],
    ["detail", server?.detail],
    ["hint", server?.hint],
    ["where", server?.where],
    ["error code", code],
    ["SQLSTATE", server?.sqlstate],
  ];
  return html`<section class="problem" aria-labelledby="problem"><h2 id="problem">What happened</h2>
<p class="message">${message}</p>
<dl class="facts">${lines.map(
    ([label, words]) => words !== undefined && html`<div><dt>${label}</dt><dd>${words}</dd></div>`,
  )}</dl>
${items.length > 0 && html`<ul class="items">${items.map((item) => html`<li>${item}</li>`)}</ul>`}
${advice !== undefined && html`<h3>What to do</h3><p>${advice}</p>`}
${statements.length > 0 && html`<ul class="items">${statements.map((one) => html`<li>${one};</li>`)}</ul>`}
${unfinishedTasks(run)}</section>`;
}

/** Also where the run failed for another reason: these rows are not in the target. */
function rejected({ rejected: list }: FailedRun): Html | undefined {
  if (list.length === 0) return undefined;
  return html`<section class="warnings"><h2>Rejected rows</h2><ul>${list.map(
    ({ schema, name, rows, file, reason }) =>
      html`<li>${formatNumberOf(rows, "row")} of <code>${schema}.${name}</code> in <code>${file}</code>; the first: ${reason}</li>`,
  )}</ul></section>`;
}

function warnings({ warnings: list }: RunRecord): Html | undefined {
  if (list.length === 0) return undefined;
  return html`<section class="warnings"><h2>Warnings</h2><ul>${list.map(
    (warning) => html`<li>${warning}</li>`,
  )}</ul></section>`;
}

/** More are the doing of one and the same thing. */
const MOST_RETRIES = 100;

function retries({ retries: list }: RunRecord): Html | undefined {
  if (list.length === 0) return undefined;
  const more = list.length - MOST_RETRIES;
  return html`<section class="warnings"><h2>Tried again</h2><ul>${list
    .slice(0, MOST_RETRIES)
    .map(
      ({ label, message, atMs }) =>
        html`<li>after ${formatDuration(atMs)}: ${message.startsWith(label) ? "" : `${label}: `}${message}</li>`,
    )}</ul>${more > 0 && html`<p>And ${formatCount(more)} more.</p>`}</section>`;
}
