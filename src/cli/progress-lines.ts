/** What `pgcopy progress` saw, as lines. Pure. */

import { printable, wrap } from "./display-width.js";
import {
  formatBytes,
  formatCompactCount,
  formatCount,
  formatDuration,
  formatMoment,
  formatNumberOf,
  formatPercent,
} from "./formatting.js";
import type { ProgressReport } from "./library.js";
import type { ReportStyle } from "./output.js";
import { tableLines } from "./table.js";

export const waitingWords =
  "the connection to the target was lost; waiting for it, and for the run to come back";

/** The whole, for people. `dir`: where the journal is, if not in the target. */
export function progressLines(report: ProgressReport, style: ReportStyle, dir?: string): string[] {
  const lines = [
    headline(report),
    ...runLines(report).map((line) => `  ${line}`),
    ...report.hidden.map((what) => `  ${what}`),
  ].flatMap((line) => wrap(line, style.width, "    "));
  return [...lines, ...adviceLines(report, style, dir), ...statementLines(report, style)];
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
    case "waiting":
      return `${what}: ${waitingWords}`;
    case "finished":
      return `${what}: finished`;
    case "died":
      return `${what}: nobody is at it: it ended without having finished, or waits to connect again`;
  }
}

function runLines(report: ProgressReport): string[] {
  const { journal, holder } = report;
  const lines: string[] = [];
  if (journal !== undefined) {
    const last =
      journal.lastFinishedAt === undefined
        ? ""
        : `, last task done ${formatMoment(journal.lastFinishedAt)}`;
    const resumed =
      journal.attempt === 1 ? "" : `, resumed ${formatMoment(journal.attemptStartedAt)}`;
    lines.push(
      `began ${formatMoment(journal.startedAt)}${resumed}${last}; pgcopy ${journal.pgcopyVersion}`,
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

/** The command is not wrapped, so that it can be pasted. */
function adviceLines(
  report: ProgressReport,
  { width }: ReportStyle,
  dir: string | undefined,
): string[] {
  if (report.state !== "died") return [];
  const wrapped = (words: string) => wrap(`  ${words}`, width, "    ");
  return [
    ...wrapped(
      "what to do: look at its terminal first: after a restart of the target it comes back by itself. If it has ended, go on from there with",
    ),
    `    pgcopy clone ${[...ends(report), ...(dir === undefined ? [] : ["--dir", dir])].map(shellWord).join(" ")} --resume`,
    ...wrapped(
      "If rows are left to be read, they are consistent with those that are there only while somebody still holds its snapshot (docs/resume.md); otherwise --restart, or --resume --not-consistent",
    ),
  ];
}

/** The target as the role that may go on with the run. */
function ends({ journal, target }: ProgressReport): string[] {
  const owner = journal?.owner;
  const to =
    owner === undefined
      ? target
      : target.replace(/^postgres:\/\/[^@/]*@/, () => `postgres://${encodeURIComponent(owner)}@`);
  return [journal?.source ?? "SOURCE", to];
}

/** What is from a journal may be anything, and is for pasting into a shell. */
function shellWord(word: string): string {
  const shown = printable(word);
  return /^[\w@%+=:,./-]+$/.test(shown) ? shown : `'${shown.replaceAll("'", "'\\''")}'`;
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
