/** The page's tables: what took longest, and everything, as far as it can be shown. */

import {
  formatAverage,
  formatBytes,
  formatCount,
  formatDuration,
  formatNumberOf,
} from "../formatting.js";
import type { FailedRun, RunRecord, SkippedTask, TaskRecord } from "../record/run-record.js";
import { type Html, html } from "./html.js";
import { groupOf } from "./task-groups.js";
import { jobWords, lengthMs, stateWords } from "./task-words.js";
import { momentWords } from "./time-axis.js";

/** A page with 20,000 rows takes seconds to open. The longest are those that one looks for. */
const MOST_ROWS = 1_000;
const LONGEST_TASKS = 15;

export interface Column<T> {
  readonly title: string;
  readonly number?: true;
  /** Left out where there is little room. */
  readonly optional?: true;
  readonly cell: (item: T) => string | Html;
}

export function table<T>(columns: readonly Column<T>[], items: readonly T[]): Html {
  const classOf = ({ number, optional }: Column<T>) => {
    const names = [number && "n", optional && "o"].filter((name) => name !== undefined);
    return names.length === 0 ? undefined : html` class="${names.join(" ")}"`;
  };
  return html`<div class="wide"><table><thead><tr>${columns.map((column) =>
    column.title === ""
      ? html`<td${classOf(column)}></td>`
      : html`<th scope="col"${classOf(column)}>${column.title}</th>`,
  )}</tr></thead><tbody>
${items.map(
  (item) =>
    html`<tr>${columns.map((column) => html`<td${classOf(column)}>${column.cell(item)}</td>`)}</tr>
`,
)}</tbody></table></div>`;
}

/** All of them behind one line; of very many those that took longest. */
export function folded<T extends { readonly durationMs: number }>(
  what: readonly [one: string, many: string],
  columns: readonly Column<T>[],
  items: readonly T[],
): Html | undefined {
  const shown = longest(items, MOST_ROWS, ({ durationMs }) => durationMs);
  const all = `All ${formatNumberOf(items.length, ...what)}`;
  const words =
    shown.length < items.length
      ? `The ${formatCount(shown.length)} longest of ${formatNumberOf(items.length, ...what)}`
      : all;
  return html`<details><summary>${words}</summary>${table(columns, shown)}</details>`;
}

const taskColumns: readonly Column<TaskRecord>[] = [
  { title: "task", cell: (task) => html`<code>${task.label}</code>${stateWords(task)}` },
  { title: "job", optional: true, cell: jobWords },
  { title: "began", number: true, cell: ({ beganMs }) => momentWords(beganMs) },
  { title: "took", number: true, cell: (task) => formatDuration(lengthMs(task)) },
  { title: "rows", number: true, optional: true, cell: (task) => ofCopy(task, countOf(task)) },
  {
    title: "size",
    number: true,
    optional: true,
    cell: (task) => ofCopy(task, formatBytes(task.bytes)),
  },
  {
    title: "speed",
    number: true,
    optional: true,
    cell: (task) => ofCopy(task, formatAverage(task.bytes, lengthMs(task)) ?? ""),
  },
];

function ofCopy({ kind }: TaskRecord, words: string): string {
  return groupOf(kind).id === "rows" ? words : "";
}

function countOf({ state, rows }: TaskRecord): string {
  return state === "done" ? formatCount(rows) : "";
}

/** Every task in the order in which they began: the timeline for those who can't see it. */
export function taskTable({ tasks }: RunRecord): Html | undefined {
  if (tasks.length === 0) return undefined;
  const items = tasks.map((task) => ({ task, durationMs: lengthMs(task) }));
  const columns = taskColumns.map((column): Column<(typeof items)[number]> => {
    return { ...column, cell: ({ task }) => column.cell(task) };
  });
  return folded(["task", "tasks"], columns, items);
}

/** Of a run without a report of its tables: its longest tasks. */
export function longestTasks({ tasks }: RunRecord): Html | undefined {
  if (tasks.length === 0) return undefined;
  const shown = longest(tasks, LONGEST_TASKS, lengthMs).sort((a, b) => lengthMs(b) - lengthMs(a));
  return html`<section><h2>Longest tasks</h2>${table(taskColumns, shown)}</section>`;
}

/** Those that failed or were going on when the run ended before its time, and those that never began because of them. */
export function unfinishedTasks(run: FailedRun): Html {
  // With keepGoing a task may have failed long before the run ended; without, it is what ended it.
  const goesOn = run.error.failures.length > 0;
  const isOpen = ({ state }: TaskRecord) => state !== "done" && !(goesOn && state === "failed");
  const failed = goesOn ? run.tasks.filter(({ state }) => state === "failed") : [];
  return html`${listed("Failed", failed)}${listed("Going on when it ended", run.tasks.filter(isOpen))}${leftOut(run)}`;
}

function listed(title: string, tasks: readonly TaskRecord[]): Html | undefined {
  if (tasks.length === 0) return undefined;
  return html`<h3>${title}</h3>${table(taskColumns, tasks.slice(0, MOST_ROWS))}`;
}

function leftOut({ skipped }: FailedRun): Html | undefined {
  if (skipped.length === 0) return undefined;
  const columns: readonly Column<SkippedTask>[] = [
    { title: "task", cell: ({ label }) => html`<code>${label}</code>` },
    {
      title: "needs, and that failed",
      cell: ({ because }) => html`<code>${because.map(({ label }) => label).join(", ")}</code>`,
    },
  ];
  return html`<h3>Left out</h3>${table(columns, skipped.slice(0, MOST_ROWS))}`;
}

/** In their own order. */
function longest<T>(items: readonly T[], most: number, length: (item: T) => number): T[] {
  if (items.length <= most) return [...items];
  const kept = new Set([...items].sort((a, b) => length(b) - length(a)).slice(0, most));
  return items.filter((item) => kept.has(item));
}
