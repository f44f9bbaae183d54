/** Tasks in words: what a piece of the timeline says when it is pointed at. */

import { formatAverage, formatBytes, formatDuration, formatNumberOf } from "../formatting.js";
import type { TaskRecord } from "../record/run-record.js";
import type { Segment } from "./segments.js";
import { groupOf } from "./task-groups.js";
import { momentWords } from "./time-axis.js";

const NAMED = 3;

/** Two lines: what it is, and when and how much. */
export function segmentWords({ tasks, beganMs, endedMs }: Segment): string {
  const [only] = tasks;
  const span = `${momentWords(beganMs)} to ${momentWords(endedMs)}`;
  if (tasks.length === 1 && only !== undefined) {
    return `${only.label}${stateWords(only)}\n${[span, ...taskFacts(only)].join(", ")}`;
  }
  const longest = [...tasks].sort((a, b) => lengthMs(b) - lengthMs(a)).slice(0, NAMED);
  const others = tasks.length - longest.length;
  const names = longest.map(({ label }) => label).join(", ");
  const more = others > 0 ? ` and ${formatNumberOf(others, "other")}` : "";
  return `${formatNumberOf(tasks.length, "short task")}: ${names}${more}\n${span}`;
}

/** `3.2 s`, and of a copy also `1,204 rows`, `38 MB`, `12 MB/s`. */
function taskFacts(task: TaskRecord): string[] {
  const took = formatDuration(lengthMs(task));
  if (groupOf(task.kind).id !== "rows") return [took];
  const speed = formatAverage(task.bytes, lengthMs(task));
  return [
    took,
    ...(task.state === "done" ? [formatNumberOf(task.rows, "row")] : []),
    formatBytes(task.bytes),
    ...(speed === undefined ? [] : [speed]),
  ];
}

/** Nothing for what went well. */
export function stateWords({ state }: TaskRecord): string {
  return state === "done" ? "" : ` (${state === "running" ? "not finished" : state})`;
}

/** The label without the words that its colour says already. */
export function shortLabel({ kind, label }: TaskRecord): string {
  if (kind === "copy")
    return label.replace(/^COPY /, "").replace(/ \(part (\d+) of (\d+)\)$/, " $1/$2");
  if (kind === "index") return label.replace(/^(CREATE )?(UNIQUE )?INDEX /, "");
  return label;
}

export function lengthMs(task: TaskRecord): number {
  return task.endedMs - task.beganMs;
}

/** `table job 3`; of a pool that has one job only, its name. */
export function jobWords({ pool, job }: { readonly pool: string; readonly job: number }): string {
  const words: Readonly<Record<string, string>> = { tables: "table job", indexes: "index job" };
  return pool === "control" ? "control" : `${words[pool] ?? pool} ${job}`;
}
