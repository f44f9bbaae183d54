/** Events in words, for the two views that people read. */

import {
  movesData,
  type Progress,
  type RunEvent,
  type SnapshotPins,
  type TaskKind,
} from "../events.js";
import { printable } from "./display-width.js";
import {
  formatAverage,
  formatBytes,
  formatCount,
  formatDuration,
  formatMoment,
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
  const { database, type } = event;
  if (database === undefined) return lineOf(event, verbose);
  // Of many databases, what each one's steps are says little: one line when it is done.
  if (!verbose && /^(connected|planned|step_finished)$/.test(type)) return undefined;
  const line = lineOf(event, verbose);
  const name = printable(database);
  return (
    line && { ...line, text: line.text.replace(/^(warning: )?/, (first) => `${first}${name}: `) }
  );
}

function lineOf(event: RunEvent, verbose: boolean): EventLine | undefined {
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
          ...(event.largeObjects === 0 ? [] : [formatNumberOf(event.largeObjects, "large object")]),
          // A clone to null: builds none, whatever the source has.
          ...(event.indexes === 0 ? [] : [formatNumberOf(event.indexes, "index", "indexes")]),
          `about ${formatBytes(event.bytes)}`,
        ].join(", ")}`,
      };
    case "resumed":
      return {
        kind: "fact",
        text: `resuming the run of ${printable(formatMoment(event.startedAt))}: ${event.tasksBefore} of ${formatNumberOf(event.tasks, "task")} ${event.tasksBefore === 1 ? "is" : "are"} done`,
      };
    case "notice":
      return event.level === "warning"
        ? { kind: "warning", text: `warning: ${printable(event.message)}` }
        : { kind: "fact", text: printable(event.message) };
    case "step_finished":
      return { kind: "done", text: `${event.step} (${formatDuration(event.durationMs)})` };
    case "task_finished":
      return verbose ? { kind: "done", text: finishedTask(event) } : undefined;
    case "rows_rejected":
      return { kind: "warning", text: rejectedRows(event) };
    case "task_failed":
      // The error itself ends the run's output; this says at once why the run is coming to its end.
      return {
        kind: "failed",
        text: `${printable(event.task.label)} failed; ${event.goesOn ? "going on with what doesn't need it" : "stopping the rest"}`,
      };
    case "task_retried":
      return { kind: "warning", text: retriedTask(event) };
    case "database_finished":
      return { kind: "done", text: finishedDatabase(event) };
    case "snapshot_held":
      return { kind: "fact", text: heldWords(event) };
    case "run_started":
    case "step_started":
    // The error that a failed step ends the run with says it all.
    case "step_failed":
    case "task_started":
    case "task_stopped":
    // The error at the end names them, each with the reason.
    case "task_skipped":
    case "snapshot_pins":
    case "progress":
      return undefined;
  }
}

function heldWords({ snapshot, tables }: RunEvent & { type: "snapshot_held" }): string {
  const fence =
    tables === undefined ? "" : `, with a fence around ${formatNumberOf(tables, "table")}`;
  return `holding the snapshot ${snapshot}${fence}; vacuum can't remove rows of this database that are deleted or updated from now on`;
}

/** `held for 3 min 12 s; 18,204 transactions since; 1,024 dead rows in the database`. */
export function pinsWords({ heldMs, ageTransactions, oldest, deadRows }: SnapshotPins): string {
  const only = oldest ? "" : ", and another session pins as many or more";
  return `held for ${formatDuration(heldMs)}; ${formatNumberOf(ageTransactions, "transaction")} since${only}; ${formatNumberOf(deadRows, "dead row")} in the database`;
}

/** A step as it is shown while it goes on: `shop: read the source`. */
export function stepName({ database, step }: { database?: string; step: string }): string {
  return database === undefined ? step : `${database}: ${step}`;
}

function finishedDatabase(event: RunEvent & { type: "database_finished" }): string {
  const facts = [
    formatNumberOf(event.tables, "table"),
    formatNumberOf(event.rows, "row"),
    formatBytes(event.bytes),
    formatNumberOf(event.indexes, "index", "indexes"),
  ];
  const created = event.created ? ", created" : "";
  return `${facts.join(", ")} in ${formatDuration(event.durationMs)}${created}`;
}

/** `COPY public.orders failed on target: …; trying again in 0.4 s`. */
function retriedTask({ task, attempt, error, delayMs }: RunEvent & { type: "task_retried" }) {
  const message = String(error.message ?? "");
  // Of a task with many statements, the one that failed is named by the message.
  const named = message.startsWith(task.label) ? message : `${task.label}: ${message}`;
  const again = attempt === 1 ? "trying again" : `trying again (${attempt} tries failed)`;
  return printable(`${named}; ${again} in ${formatDuration(delayMs)}`);
}

function finishedTask(event: RunEvent & { type: "task_finished" }): string {
  const { task, rows, bytes, durationMs } = event;
  const facts = [formatDuration(durationMs)];
  if (movesData(task)) {
    facts.unshift(formatBytes(bytes));
    if (task.kind === "copy") facts.unshift(formatNumberOf(rows, "row"));
    const average = formatAverage(bytes, durationMs);
    if (average !== undefined) facts.push(average);
  }
  return `${printable(task.label)} (${facts.join(", ")})`;
}

function rejectedRows(event: RunEvent & { type: "rows_rejected" }): string {
  const { schema, name, rows, file, reason } = event;
  const table = printable(`${schema}.${name}`);
  return `warning: ${formatNumberOf(rows, "row")} of ${table} rejected, set aside in ${printable(file)}: ${printable(reason)}`;
}

/** The whole run in one line: `62 % of the work; copied 12 of 17 tables, 812 MB of 1.3 GB, …`. */
export function progressWords(progress: Progress): string {
  const now = activityWords(progress);
  const copied = [
    ...databasesWords(progress),
    ...copiedWords(progress),
    ...rowsWords(progress),
    speedWords(progress),
  ];
  return [
    `${formatPercent(progress.fraction)} of the work`,
    copied.filter((words) => words !== undefined).join(", "),
    ...builtWords(progress),
    ...(now === undefined ? [] : [`now ${now}`]),
    ...leftWords(progress),
  ]
    .filter((words) => words !== "")
    .join("; ");
}

/** `6.2 s left`; of what seems to be over in a moment the estimate has been wrong as often as right. */
export function leftWords({ remainingMs }: Progress): string[] {
  return remainingMs === undefined || remainingMs < 1000
    ? []
    : [`${formatDuration(remainingMs)} left`];
}

/** What was done with the rows. */
export const DONE_WORDS: Readonly<Record<Progress["doing"], string>> = {
  copying: "copied",
  reading: "read",
  comparing: "compared",
};

/** `copied 12 of 17 tables` and `812 MB of 1.3 GB`; the totals go once they are reached. */
export function copiedWords(progress: Progress): string[] {
  const { tablesDone, tablesTotal, bytes, bytesTotal, doing } = progress;
  const done = DONE_WORDS[doing];
  if (doing === "comparing") {
    return [`${done} ${formatCount(tablesDone)} of ${formatNumberOf(tablesTotal, "table")}`];
  }
  const ofAll = `${formatBytes(bytes)} of ${formatBytes(Math.max(bytes, bytesTotal))}`;
  // Large objects alone.
  if (tablesTotal === 0) return bytesTotal === 0 ? [] : [`${done} ${ofAll}`];
  return tablesDone === tablesTotal
    ? [`${done} ${formatNumberOf(tablesTotal, "table")}`, formatBytes(bytes)]
    : [`${done} ${formatCount(tablesDone)} of ${formatNumberOf(tablesTotal, "table")}`, ofAll];
}

/** `3 of 7 databases done`. */
export function databasesWords({ databasesDone, databasesTotal }: Progress): string[] {
  if (databasesTotal === undefined) return [];
  return [
    `${formatCount(databasesDone ?? 0)} of ${formatNumberOf(databasesTotal, "database")} done`,
  ];
}

/** `built 8 of 24 indexes`. */
export function builtWords({ indexesDone, indexesTotal }: Progress): string[] {
  if (indexesTotal === 0) return [];
  const all = formatNumberOf(indexesTotal, "index", "indexes");
  return [
    indexesDone === indexesTotal ? `built ${all}` : `built ${formatCount(indexesDone)} of ${all}`,
  ];
}

/** `3,204,118 rows`; not before the first are known. */
export function rowsWords({ rows }: Progress): string[] {
  return rows === 0 ? [] : [formatNumberOf(rows, "row")];
}

/** How fast rows are copied, while any are: what was copied a few seconds ago is no speed. */
export function speedWords({ running, bytesPerSecond }: Progress): string | undefined {
  const isCopying = running.some(movesData);
  return isCopying ? formatThroughput(bytesPerSecond) : undefined;
}

const ACTIVITIES: Readonly<Record<TaskKind, string>> = {
  pre_data: "creating tables",
  copy: "copying",
  large_objects: "copying large objects",
  verify: "comparing tables",
  release_snapshot: "letting go of the snapshot",
  index: "building indexes",
  constraint: "adding constraints",
  foreign_key: "checking foreign keys",
  post_data: "creating triggers and the like",
  acl: "granting privileges",
  refresh: "refreshing materialized views",
  sequences: "setting sequences",
  analyze: "gathering statistics",
  statistics: "copying statistics",
  finish: "finishing",
};

/** What goes on when nothing is copied. */
export function activityWords({ running, doing }: Progress): string | undefined {
  const kinds = new Set(running.map(({ kind }) => kind));
  if (kinds.size === 0 || kinds.has("copy")) return undefined;
  const words = [...kinds].map((kind) => ACTIVITIES[kind]).join(" and ");
  return doing === "reading" ? words.replace("copying large", "reading large") : words;
}
