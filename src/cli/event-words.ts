/** Events in words, for the two views that people read. */

import type { Progress, RunEvent } from "../events.js";
import { printable } from "./display-width.js";
import {
  formatAverage,
  formatBytes,
  formatCount,
  formatDuration,
  formatNumberOf,
  formatPercent,
  formatThroughput,
} from "./formatting.js";

/** A line that stays: what came to pass, and how it should stand out. */
export interface EventLine {
  readonly kind: "fact" | "done" | "warning" | "failed";
  readonly text: string;
}

/** The line of an event; `undefined` for those that leave none. */
export function eventLine(event: RunEvent, verbose: boolean): EventLine | undefined {
  switch (event.type) {
    case "connected":
      return {
        kind: "fact",
        text: `${event.side}: PostgreSQL ${printable(event.serverVersion)} at ${printable(event.endpoint)}`,
      };
    case "planned":
      return {
        kind: "fact",
        text: `planned: ${[
          formatNumberOf(event.tables, "table"),
          formatNumberOf(event.indexes, "index", "indexes"),
          `about ${formatBytes(event.bytes)}`,
        ].join(", ")}`,
      };
    case "notice":
      return event.level === "warning"
        ? { kind: "warning", text: `warning: ${printable(event.message)}` }
        : { kind: "fact", text: printable(event.message) };
    case "step_finished":
      return { kind: "done", text: `${event.step} (${formatDuration(event.durationMs)})` };
    case "task_finished":
      return verbose ? { kind: "done", text: finishedTask(event) } : undefined;
    case "task_failed":
      // The error itself ends the run's output; this says at once why the run is coming to its end.
      return { kind: "failed", text: `${printable(event.task.label)} failed; stopping the rest` };
    case "step_started":
    case "task_started":
    case "progress":
      return undefined;
  }
}

function finishedTask(event: RunEvent & { type: "task_finished" }): string {
  const { task, rows, bytes, durationMs } = event;
  const facts = [formatDuration(durationMs)];
  if (task.kind === "copy") {
    facts.unshift(formatNumberOf(rows, "row"), formatBytes(bytes));
    const average = formatAverage(bytes, durationMs);
    if (average !== undefined) facts.push(average);
  }
  return `${printable(task.label)} (${facts.join(", ")})`;
}

/** The whole run in one line: `62 %, 812 MB of 1.3 GB, 98 MB/s, …`. */
export function progressWords(progress: Progress): string {
  const words = [
    formatPercent(progress.fraction),
    bytesOfTotal(progress),
    formatThroughput(progress.bytesPerSecond),
    ...countWords(progress),
  ];
  if (progress.remainingMs !== undefined)
    words.push(`${formatDuration(progress.remainingMs)} left`);
  return words.join(", ");
}

/** The total is an estimate from the catalog; once it is surpassed it says nothing any more. */
export function bytesOfTotal({ bytes, bytesTotal }: Progress): string {
  return bytes > bytesTotal
    ? formatBytes(bytes)
    : `${formatBytes(bytes)} of ${formatBytes(bytesTotal)}`;
}

export function countWords(progress: Progress): string[] {
  const { tablesDone, tablesTotal, indexesDone, indexesTotal } = progress;
  return [
    `${formatCount(tablesDone)} of ${formatNumberOf(tablesTotal, "table")}`,
    `${formatCount(indexesDone)} of ${formatNumberOf(indexesTotal, "index", "indexes")}`,
    formatNumberOf(progress.rows, "row"),
  ];
}
