/**
 * What the live area shows, as lines of a given width: two for the whole run, a row of titles, then
 * one line for each thing that is running. Pure: the state goes in, lines come out.
 */

import { movesData, type Progress, type RunningTask, type SnapshotPins } from "../events.js";
import { displayWidth, fitEnd, fitStart, printable, truncate } from "./display-width.js";
import {
  activityWords,
  builtWords,
  copiedWords,
  DONE_WORDS,
  databasesWords,
  leftWords,
  pinsWords,
  rowsWords,
  speedWords,
} from "./event-words.js";
import {
  formatBytes,
  formatCompactCount,
  formatDuration,
  formatPercent,
  formatThroughput,
} from "./formatting.js";
import type { Glyphs, Paint } from "./output.js";
import { stepHint } from "./step-hints.js";

export interface LiveState {
  readonly elapsedMs: number;
  /** Steps that began and have not ended, with the time since they began. */
  readonly steps: readonly { readonly step: string; readonly durationMs: number }[];
  readonly progress?: Progress | undefined;
  readonly pins?: SnapshotPins | undefined;
  readonly stopping: boolean;
}

export interface LiveStyle {
  readonly paint: Paint;
  readonly glyphs: Glyphs;
  readonly columns: number;
  readonly rows: number;
}

const BAR_COLUMNS = { least: 8, most: 40, ofTask: 8 };
const ROWS_COLUMNS = 7;
const BYTES_COLUMNS = 7;
const SPEED_COLUMNS = 9;
const LEFT_COLUMNS = 11;
/** Columns of a task's line beside its name, with the gaps between them. */
const FACTS_COLUMNS = ROWS_COLUMNS + BYTES_COLUMNS + SPEED_COLUMNS + 4;
/** Longer names are rare, and figures far from their names hard to read. */
const LONGEST_NAME = 70;

export function liveLines(state: LiveState, style: LiveStyle): string[] {
  const { progress } = state;
  const running = progress?.running ?? [];
  const lines: string[] = [];
  if (progress !== undefined) {
    lines.push(overallLine(progress, state, style), countsLine(progress, style));
  }
  if (state.pins !== undefined) lines.push(fitted(`  ${pinsWords(state.pins)}`, style));
  if (running.length === 0)
    lines.push(...stepLines(state, style).slice(0, style.rows - lines.length));
  else
    lines.push(
      ...taskLines(running, style, {
        room: style.rows - lines.length,
        doing: progress?.doing ?? "copying",
      }),
    );
  if (state.stopping && state.pins === undefined) {
    lines.splice(style.rows - 1);
    const where = progress?.doing === "reading" ? "the source" : "both servers";
    lines.push(fitted(`  stopping the work on ${where}`, style));
  }
  return lines;
}

/** The bar takes what the figures leave; where that is too little, the last figures go. */
function overallLine(progress: Progress, { elapsedMs }: LiveState, style: LiveStyle): string {
  const percent = fitEnd(formatPercent(progress.fraction), 5);
  const figures = [
    `${percent} of the work`,
    ...leftWords(progress),
    `${formatDuration(elapsedMs)} so far`,
  ];
  const room = () =>
    style.columns - 2 - figures.reduce((sum, figure) => sum + 2 + displayWidth(figure), 0);
  while (room() < BAR_COLUMNS.least && figures.length > 1) figures.pop();
  if (room() < BAR_COLUMNS.least) figures[0] = percent;
  const columns = Math.max(0, Math.min(BAR_COLUMNS.most, room()));
  return ["", bar(progress.fraction, columns, style), ...figures].join("  ");
}

/** The first of these lines that fits: rows and speed are the first to go. */
function countsLine(progress: Progress, style: LiveStyle): string {
  const copied = [...databasesWords(progress), ...copiedWords(progress)];
  const built = builtWords(progress);
  const now = speedWords(progress) ?? activityWords(progress);
  const moving = now === undefined ? [] : [now];
  const lines = [
    [...copied, ...moving, ...built, ...rowsWords(progress)],
    [...copied, ...moving, ...built],
    [...copied, ...built],
    copied,
  ].map((words) => `  ${words.join("  ")}`);
  const fitting = lines.find((line) => displayWidth(line) <= style.columns);
  return fitting ?? fitted(lines.at(-1) ?? "", style);
}

function stepLines({ steps }: LiveState, style: LiveStyle): string[] {
  return steps.flatMap(({ step, durationMs }) => {
    const line = `  ${printable(step)} ${style.glyphs.ellipsis} ${formatDuration(durationMs)}`;
    const hint = stepHint(step, durationMs);
    return [line, ...(hint === undefined ? [] : [`    ${hint}`])].map((one) => fitted(one, style));
  });
}

/** At most `room` lines; those that don't fit are counted in the last one. */
function taskLines(
  running: readonly RunningTask[],
  style: LiveStyle,
  { room, doing }: { readonly room: number; readonly doing: Progress["doing"] },
): string[] {
  const withTitles = doing !== "comparing" && room >= running.length + 1;
  const lines = withTitles ? [titlesLine(DONE_WORDS[doing], style)] : [];
  const shown = running.length <= room ? running.length : Math.max(0, room - 1);
  for (const task of running.slice(0, shown)) lines.push(taskLine(task, style));
  const hidden = running.length - shown;
  if (hidden > 0 && room > 0) lines.push(fitted(`  and ${hidden} more running`, style));
  return lines;
}

function titlesLine(done: string, style: LiveStyle): string {
  const facts = ["rows", done, "speed"].map((title, index) =>
    fitEnd(title, [ROWS_COLUMNS, BYTES_COLUMNS, SPEED_COLUMNS][index] ?? 0),
  );
  return style.paint.dim(
    columnsOf({ name: "running", bar: "", facts: facts.join("  "), left: "left" }, style),
  );
}

function taskLine(task: RunningTask, style: LiveStyle): string {
  const known = task.fraction !== undefined;
  return columnsOf(
    {
      name: shortName(task),
      bar: known ? bar(task.fraction ?? 0, BAR_COLUMNS.ofTask, style) : "",
      facts: movesData(task) ? copyFacts(task) : otherFacts(task, style),
      left: remainingOf(task),
    },
    style,
  );
}

/** Puts the columns side by side; a narrow terminal loses them from the right, the name never. */
function columnsOf(
  cells: { name: string; bar: string; facts: string; left: string },
  { columns, glyphs }: LiveStyle,
): string {
  const others: string[] = [];
  let room = columns - 2;
  const add = (cell: string, width: number) => {
    if (room - width - 2 < 20) return;
    others.push(cell);
    room -= width + 2;
  };
  add(cells.bar === "" ? " ".repeat(BAR_COLUMNS.ofTask) : cells.bar, BAR_COLUMNS.ofTask);
  add(fitEnd(cells.facts, FACTS_COLUMNS, glyphs.ellipsis), FACTS_COLUMNS);
  add(fitEnd(cells.left, LEFT_COLUMNS, glyphs.ellipsis), LEFT_COLUMNS);
  const name = fitStart(cells.name, Math.min(room, LONGEST_NAME), glyphs.ellipsis);
  return ["", name, ...others].join("  ").trimEnd();
}

function copyFacts(task: RunningTask): string {
  const perSecond = task.durationMs < 100 ? 0 : (task.bytes / task.durationMs) * 1000;
  return [
    // The server tells the rows of a COPY only after a while, and old ones never.
    fitEnd(task.rows === 0 ? "" : formatCompactCount(task.rows), ROWS_COLUMNS),
    fitEnd(formatBytes(task.bytes), BYTES_COLUMNS),
    fitEnd(perSecond === 0 ? "" : formatThroughput(perSecond), SPEED_COLUMNS),
  ].join("  ");
}

/** The server's word for what it does (`sorting live tuples`), and for how long it has. */
function otherFacts(task: RunningTask, { glyphs }: LiveStyle): string {
  const elapsed = formatDuration(task.durationMs);
  const phase = printable(task.phase ?? "").replace(/^building index: /, "");
  const room = FACTS_COLUMNS - displayWidth(elapsed) - 2;
  return `${truncate(phase, room, glyphs.ellipsis)}  ${elapsed}`;
}

/** From how far it got in its time; too early to say below one in fifty. */
function remainingOf({ fraction, durationMs }: RunningTask): string {
  if (fraction === undefined || fraction < 0.02 || fraction > 1) return "";
  return formatDuration((durationMs * (1 - fraction)) / fraction);
}

/** The label without the words that the line's other columns say already. */
function shortName({ database, kind, label }: RunningTask): string {
  const name = shortLabel({ kind, label });
  return database === undefined ? name : `${printable(database)}: ${name}`;
}

function shortLabel({ kind, label }: Pick<RunningTask, "kind" | "label">): string {
  const name = printable(label);
  if (movesData({ kind }))
    return name.replace(/^COPY /, "").replace(/ \(part (\d+) of (\d+)\)$/, " $1/$2");
  if (kind === "index") return name.replace(/^(CREATE )?(UNIQUE )?INDEX /, "index ");
  return name;
}

function bar(fraction: number, columns: number, { paint, glyphs }: LiveStyle): string {
  const done = Math.floor(Math.min(1, Math.max(0, fraction)) * columns);
  return (
    paint.green(glyphs.barDone.repeat(done)) + paint.dim(glyphs.barLeft.repeat(columns - done))
  );
}

function fitted(text: string, { columns, glyphs }: LiveStyle): string {
  return truncate(text, columns, glyphs.ellipsis);
}
