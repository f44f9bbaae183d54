/** The rest of the page: where the time went, what was slow, and how the run was set up. */

import type { CloneReport, IndexReport, TableReport } from "../engine/report.js";
import {
  formatAverage,
  formatBytes,
  formatCount,
  formatDuration,
  formatNumberOf,
  formatPercent,
} from "../formatting.js";
import type { RunRecord } from "../record/run-record.js";
import { type Html, html } from "./html.js";
import { doneWord } from "./opening.js";
import { type Column, folded, table } from "./tables.js";
import { groupOf, kindWords } from "./task-groups.js";
import { lengthMs } from "./task-words.js";

interface Work {
  readonly kind: RunRecord["tasks"][number]["kind"];
  readonly tasks: number;
  readonly durationMs: number;
  readonly longestMs: number;
}

/** The time of all jobs together, by kind of task. */
export function workSection({ tasks }: RunRecord): Html | undefined {
  if (tasks.length === 0) return undefined;
  const kinds = new Map<string, Work>();
  for (const task of tasks) {
    const { kind } = task;
    const sum = kinds.get(kind) ?? { kind, tasks: 0, durationMs: 0, longestMs: 0 };
    const durationMs = sum.durationMs + lengthMs(task);
    const longestMs = Math.max(sum.longestMs, lengthMs(task));
    kinds.set(kind, { kind, tasks: sum.tasks + 1, durationMs, longestMs });
  }
  const work = [...kinds.values()].sort((a, b) => b.durationMs - a.durationMs);
  const totalMs = work.reduce((sum, { durationMs }) => sum + durationMs, 0);
  const share = ({ durationMs }: Work) => (totalMs === 0 ? 0 : durationMs / totalMs);
  return html`<section><h2>Where the time went</h2>
<p>Summed over the jobs, which work side by side.</p>
${table<Work>(
  [
    { title: "work", cell: ({ kind }) => kindWords(kind) },
    { title: "tasks", number: true, cell: (one) => formatCount(one.tasks) },
    { title: "time", number: true, cell: (one) => formatDuration(one.durationMs) },
    {
      title: "longest",
      number: true,
      optional: true,
      cell: (one) => formatDuration(one.longestMs),
    },
    { title: "share", number: true, cell: (one) => percentWords(share(one)) },
    { title: "", optional: true, cell: (one) => meter(share(one), groupOf(one.kind).id) },
  ],
  work,
)}</section>`;
}

/** What took a moment did take it. */
function percentWords(fraction: number): string {
  return fraction > 0 && fraction < 0.01 ? "< 1 %" : formatPercent(fraction);
}

/** A bar that says nothing that the number beside it does not. */
function meter(fraction: number, name: string): Html {
  const width = Number((100 * Math.min(1, fraction)).toFixed(2));
  return html`<svg class="meter" aria-hidden="true"><rect class="${name}" width="${width}%" height="100%"/></svg>`;
}

export function slowestSections(report: CloneReport): Html {
  const { tables, indexes, slowestTables, slowestIndexes } = report;
  const longest = (list: readonly { readonly durationMs: number }[]) => list[0]?.durationMs ?? 0;
  const tableColumns = columnsOfTables(longest(slowestTables));
  const indexColumns = columnsOfIndexes(longest(slowestIndexes));
  return html`${
    tables.length > 0 &&
    html`<section><h2>Slowest tables</h2>${table(tableColumns, slowestTables)}
${tables.length > slowestTables.length && folded(["table", "tables"], tableColumns, tables)}</section>`
  }
${
  indexes.length > 0 &&
  html`<section><h2>Slowest indexes</h2>${table(indexColumns, slowestIndexes)}
${indexes.length > slowestIndexes.length && folded(["index", "indexes"], indexColumns, indexes)}</section>`
}`;
}

function columnsOfTables(longestMs: number): readonly Column<TableReport>[] {
  return [
    { title: "table", cell: (one) => html`<code>${one.schema}.${one.name}</code>` },
    { title: "rows", number: true, optional: true, cell: ({ rows }) => formatCount(rows) },
    { title: "size", number: true, cell: ({ bytes }) => formatBytes(bytes) },
    { title: "time", number: true, cell: ({ durationMs }) => formatDuration(durationMs) },
    {
      title: "speed",
      number: true,
      optional: true,
      cell: ({ bytes, durationMs }) => formatAverage(bytes, durationMs) ?? "",
    },
    { title: "parts", number: true, optional: true, cell: ({ parts }) => formatCount(parts) },
    {
      title: "format",
      optional: true,
      cell: ({ format, freeze }) => (freeze ? `${format}, freeze` : format),
    },
    { title: "", optional: true, cell: ({ durationMs }) => share(durationMs, longestMs, "rows") },
  ];
}

function columnsOfIndexes(longestMs: number): readonly Column<IndexReport>[] {
  return [
    { title: "index", cell: (one) => html`<code>${one.schema}.${one.name}</code>` },
    { title: "on", optional: true, cell: (one) => html`<code>${one.table}</code>` },
    { title: "time", number: true, cell: ({ durationMs }) => formatDuration(durationMs) },
    { title: "", optional: true, cell: ({ durationMs }) => share(durationMs, longestMs, "build") },
  ];
}

function share(durationMs: number, longestMs: number, name: string): Html {
  return meter(longestMs === 0 ? 0 : durationMs / longestMs, name);
}

interface Format {
  readonly format: string;
  readonly reason: string;
  readonly names: string[];
}

/** So many tables of one format and reason are named. */
const NAMED = 12;
const SUMMED = "Their times are those of all parts together, which ran side by side.";

export function formatSection(report: CloneReport): Html | undefined {
  const { tables } = report;
  const done = doneWord(report);
  if (tables.length === 0) return undefined;
  const formats = new Map<string, Format>();
  for (const { schema, name, format, formatReason: reason } of tables) {
    const one = formats.get(`${format} ${reason}`) ?? { format, reason, names: [] };
    one.names.push(`${schema}.${name}`);
    formats.set(`${format} ${reason}`, one);
  }
  const parted = tables.filter(({ parts }) => parts > 1);
  const parts = parted.map(
    ({ schema, name, parts: many, partsReason }) =>
      `${schema}.${name} (${many}${partsReason === undefined ? "" : `: ${partsReason}`})`,
  );
  return html`<section><h2>Formats and parts</h2>
${table<Format>(
  [
    { title: "format", cell: ({ format }) => format },
    { title: "tables", number: true, cell: ({ names }) => formatCount(names.length) },
    { title: "why", cell: ({ reason }) => reason },
    { title: "which", optional: true, cell: ({ names }) => html`<code>${someOf(names)}</code>` },
  ],
  [...formats.values()].sort((a, b) => b.names.length - a.names.length),
)}
<p>${
    parted.length === 0
      ? `Every table was ${done} in one part.`
      : html`${formatNumberOf(parted.length, "table")} ${parted.length === 1 ? "was" : "were"} ${done} in parts: <code>${someOf(parts)}</code>. ${SUMMED}`
  }</p></section>`;
}

function someOf(names: readonly string[]): string {
  const shown = names.length <= NAMED + 1 ? names : names.slice(0, NAMED);
  const hidden = names.length - shown.length;
  return shown.join(", ") + (hidden === 0 ? "" : ` and ${formatCount(hidden)} more`);
}
