/** What `pgcopy progress` saw, as lines. Pure. */

import { printable, wrap } from "./display-width.js";
import {
  formatBytes,
  formatCompactCount,
  formatCount,
  formatDuration,
  formatNumberOf,
  formatPercent,
} from "./formatting.js";
import type { ProgressReport } from "./library.js";
import type { ReportStyle } from "./output.js";
import { tableLines } from "./table.js";

/** The whole, for people. */
export function progressLines(report: ProgressReport, style: ReportStyle): string[] {
  const lines = [
    headline(report),
    ...runLines(report).map((line) => `  ${line}`),
    ...adviceLines(report),
    ...report.hidden.map((what) => `  ${what}`),
  ].flatMap((line) => wrap(line, style.width, "    "));
  return [...lines, ...statementLines(report, style)];
}

function headline({ state, target, journal, elapsedMs, holder }: ProgressReport): string {
  const to = printable(target);
  const what = journal === undefined ? `a copy to ${to}` : `${printable(journal.source)} to ${to}`;
  switch (state) {
    case "none":
      return `no run of pgcopy is copying to ${to}, and none has left a journal there`;
    case "preparing":
      return journal === undefined
        ? `a run is preparing to copy to ${to}, or was refused a moment ago`
        : `${what}: finishing`;
    case "running":
      return elapsedMs === undefined
        ? `${what}: running${holder === undefined ? "" : `, process ${holder.pid}`}`
        : `${what}: running for ${formatDuration(elapsedMs)}`;
    case "finished":
      return `${what}: finished`;
    case "died":
      return `${what}: ended without having finished; nobody is at it`;
  }
}

function runLines(report: ProgressReport): string[] {
  const { journal, holder } = report;
  const lines: string[] = [];
  if (journal !== undefined) {
    const last =
      journal.lastFinishedAt === undefined
        ? ""
        : `, last task done ${moment(journal.lastFinishedAt)}`;
    const resumed = journal.attempt === 1 ? "" : `, resumed ${moment(journal.attemptStartedAt)}`;
    lines.push(
      `began ${moment(journal.startedAt)}${resumed}${last}; pgcopy ${journal.pgcopyVersion}`,
    );
  }
  if (holder !== undefined) {
    const { pid, role, address } = holder;
    const who = [
      `process ${pid}`,
      ...(role === undefined ? [] : [`role ${printable(role)}`]),
      ...(address === undefined ? [] : [`from ${address}`]),
    ];
    lines.push(who.join(", "));
  }
  if (journal !== undefined) lines.push(progressSummary(report));
  return lines;
}

/** `412 of 2,041 tasks done (20 %); 3,204,118 rows, 1.2 GB`. */
export function progressSummary(report: ProgressReport): string {
  const { tasksDone = 0, tasksTotal = 0, rows, bytes, running } = report;
  const done =
    tasksTotal === 0
      ? `${formatNumberOf(tasksDone, "task")} done`
      : `${formatCount(tasksDone)} of ${formatNumberOf(tasksTotal, "task")} done (${formatPercent(tasksDone / tasksTotal)})`;
  const now =
    running.length === 0 ? "" : `; ${formatNumberOf(running.length, "statement")} running`;
  return `${done}; ${formatNumberOf(rows, "row")}, ${formatBytes(bytes)}${now}`;
}

function adviceLines({ state, journal, target }: ProgressReport): string[] {
  if (state !== "died") return [];
  const ends = `${printable(journal?.source ?? "SOURCE")} ${printable(target)}`;
  return [
    `  what to do: go on from there with pgcopy clone ${ends} --resume, or start over with --restart`,
  ];
}

/** The statements, one each, and below one that waits what it waits for. */
function statementLines({ running }: ProgressReport, style: ReportStyle): string[] {
  if (running.length === 0) return [];
  const columns = [
    { title: "  running", align: "left" },
    { title: "rows", align: "right", optional: true },
    { title: "size", align: "right" },
    { title: "phase", align: "left", optional: true },
    { title: "done", align: "right", optional: true },
    { title: "for", align: "right" },
  ] as const;
  const rows = running.map(({ label, rows, bytes, phase, fraction, durationMs, waitsFor }) => [
    `  ${printable(label)}`,
    rows === undefined || rows === 0 ? "" : formatCompactCount(rows),
    bytes === undefined ? "" : formatBytes(bytes),
    waitsFor === undefined
      ? printable(phase ?? "")
      : `waits for process ${waitsFor.length === 0 ? "?" : waitsFor.join(", ")}`,
    fraction === undefined ? "" : formatPercent(fraction),
    formatDuration(durationMs),
  ]);
  const [titles = "", ...lines] = tableLines(columns, rows, style.tableWidth);
  return [style.paint.dim(titles), ...lines];
}

/** `2026-11-20 16:55:03 UTC`. */
function moment(iso: string): string {
  return `${iso.slice(0, 19).replace("T", " ")} UTC`;
}
