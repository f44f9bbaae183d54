/** The report of a finished clone, for people: about one screen, nothing wider than asked. */

import { printable, wrap } from "./display-width.js";
import { filterLines } from "./filter-lines.js";
import { formatLines, type TableFormat } from "./format-lines.js";
import {
  formatAverage,
  formatBytes,
  formatCount,
  formatDuration,
  formatMoment,
  formatNumberOf,
} from "./formatting.js";
import type { CloneReport } from "./library.js";
import type { ReportStyle } from "./output.js";
import { partsLines } from "./parts-lines.js";
import { RETRIES_TITLE, retryLines } from "./retry-lines.js";
import { selectionLines } from "./selection-lines.js";
import { tableLines } from "./table.js";

export function reportLines(report: CloneReport, style: ReportStyle): string[] {
  const sections = [
    summary(report, style),
    times(report, style),
    slowestTables(report, style),
    slowestIndexes(report, style),
    section("In parts", inParts(report, style.width - 2), style),
    section("Formats", formatLines(usedFormats(report), style.width - 2), style),
    section(SELECTION_TITLE, selectionLines(report.tables, style.width - 2), style),
    verification(report, style),
    section("Filters", filterLines(report.filters, style), style),
    warningLines(report.warnings, style),
    section(RETRIES_TITLE, retryLines(report.retries, style), style),
  ];
  return sections
    .filter((lines) => lines.length > 0)
    .flatMap((lines) => ["", ...lines])
    .slice(1);
}

function summary(report: CloneReport, { paint, width }: ReportStyle): string[] {
  // Its bytes are those of all attempts, its time is the last one's.
  const speed =
    report.resumed === undefined ? formatAverage(report.bytes, report.durationMs) : undefined;
  const totals = [
    formatNumberOf(report.tables.length, "table"),
    formatNumberOf(report.rows, "row"),
    ...largeObjectsWords(report.largeObjects.count),
    formatBytes(report.bytes),
    ...(report.nothingCopied === true
      ? []
      : [
          formatNumberOf(report.indexes.length, "index", "indexes"),
          formatNumberOf(report.sequences, "sequence"),
        ]),
  ];
  const [first, ...rest] = wrap(
    `${totals.join(", ")} in ${formatDuration(report.durationMs)}${speed === undefined ? "" : ` (${speed})`}`,
    width,
  );
  return [
    ...ends(report, width),
    ...rolesWords("Created", report.rolesCreated, width),
    ...resumedWords(report.resumed, width),
    paint.bold(first ?? ""),
    ...rest.map(paint.bold),
  ];
}

function resumedWords(resumed: CloneReport["resumed"], width: number): string[] {
  if (resumed === undefined) return [];
  const { startedAt, attempts, tasksBefore, consistent } = resumed;
  const moment = consistent
    ? "all rows are of one moment"
    : "its rows are of more than one moment (--not-consistent)";
  const words = `Resumed: begun at ${formatMoment(startedAt)}, started ${attempts} times; ${formatNumberOf(tasksBefore, "task")} had been done before; ${moment}`;
  return wrap(words, width, "    ");
}

function ends(report: CloneReport, width: number): string[] {
  const from = server(report.source, report.sourceVersion);
  if (report.nothingCopied === true)
    return [
      ...wrap(`Read ${from}`, width, "    "),
      ...wrap("Nothing was copied: the target null: throws away what it gets", width, "    "),
    ];
  const created = report.databaseCreated ? ", database created" : "";
  return [
    ...wrap(`Copied ${from}`, width, "    "),
    ...wrap(`    to ${server(report.target, report.targetVersion)}${created}`, width, "    "),
  ];
}

/** `Created 3 roles: nora, …`; many names are no summary. */
export function rolesWords(verb: string, roles: readonly string[], width: number): string[] {
  if (roles.length === 0) return [];
  const shown = roles.slice(0, ROLES_SHOWN).map(printable).join(", ");
  const more = roles.length > ROLES_SHOWN ? `, and ${roles.length - ROLES_SHOWN} more` : "";
  return wrap(`${verb} ${formatNumberOf(roles.length, "role")}: ${shown}${more}`, width, "    ");
}

const ROLES_SHOWN = 20;

function server(endpoint: string, version: string): string {
  return `${printable(endpoint)} (PostgreSQL ${printable(version)})`;
}

function times(report: CloneReport, style: ReportStyle): string[] {
  const steps = report.steps.map(({ step, durationMs }) => `${step} ${formatDuration(durationMs)}`);
  const work = report.work
    .toSorted((a, b) => b.durationMs - a.durationMs)
    .map(({ kind, durationMs }) => `${kind.replaceAll("_", " ")} ${formatDuration(durationMs)}`);
  const { tableJobs, indexJobs } = report.jobs;
  const how = [
    formatNumberOf(tableJobs, "table job"),
    ...(report.nothingCopied === true ? [] : [formatNumberOf(indexJobs, "index job")]),
    ...threadsWords(report.threads),
    `pg_dump ${report.pgDump.version} (${report.pgDump.path ?? report.pgDump.kind})`,
  ];
  return [
    ...labelled("With", how, style),
    ...labelled("Steps", steps, style),
    ...labelled("Work", [...work, "summed over the jobs"], style),
  ];
}

/** Nothing where the main thread copies alone, as it mostly does. */
export function threadsWords(threads: number): string[] {
  return threads === 1 ? [] : [formatNumberOf(threads, "thread")];
}

export const SELECTION_TITLE = "Filtered and masked";

const LABEL_COLUMNS = 7;

/** `Steps  connect 20 ms, …`, folded under its first word. */
function labelled(
  label: string,
  words: readonly string[],
  { paint, width }: ReportStyle,
): string[] {
  const lines = wrap(printable(words.join(", ")), width - LABEL_COLUMNS);
  return lines.map(
    (line, index) => paint.bold((index === 0 ? label : "").padEnd(LABEL_COLUMNS)) + line,
  );
}

function inParts({ tables }: CloneReport, width: number): string[] {
  const lines = partsLines(tables, width);
  return lines.length === 0
    ? []
    : [...lines, ...wrap("A table's time is that of all its parts, added up.", width)];
}

function slowestTables({ slowestTables: tables }: CloneReport, style: ReportStyle): string[] {
  const lines = tableLines(
    [
      { title: "table", align: "left" },
      { title: "rows", align: "right", optional: true },
      { title: "size", align: "right", optional: true },
      { title: "time", align: "right" },
      { title: "speed", align: "right", optional: true },
      { title: "parts", align: "right", optional: true },
      { title: "format", align: "left", optional: true },
    ],
    tables.map((table) => [
      qualified(table),
      formatCount(table.rows),
      formatBytes(table.bytes),
      formatDuration(table.durationMs),
      formatAverage(table.bytes, table.durationMs) ?? "",
      String(table.parts),
      table.freeze ? `${table.format}, freeze` : table.format,
    ]),
    style.tableWidth - 2,
  );
  return tables.length === 0 ? [] : section("Slowest tables", titled(lines, style), style);
}

function slowestIndexes({ slowestIndexes: indexes }: CloneReport, style: ReportStyle): string[] {
  const lines = tableLines(
    [
      { title: "index", align: "left" },
      { title: "on", align: "left", optional: true },
      { title: "time", align: "right" },
    ],
    indexes.map((index) => [
      qualified(index),
      printable(index.table),
      formatDuration(index.durationMs),
    ]),
    style.tableWidth - 2,
  );
  return indexes.length === 0 ? [] : section("Slowest indexes", titled(lines, style), style);
}

function usedFormats({ tables }: CloneReport): TableFormat[] {
  return tables.map((table) => ({
    name: qualified(table),
    format: table.format,
    reason: table.formatReason,
  }));
}

/** A report with differences does not exist: clone throws `verification_failed`, naming them. */
function verification({ verification: verified }: CloneReport, style: ReportStyle): string[] {
  if (verified === undefined) return [];
  const by = verified.mode === "count" ? "row count" : "checksum";
  const compared = [
    formatNumberOf(verified.tables, "table"),
    ...largeObjectsWords(verified.largeObjects),
  ];
  const are = verified.tables + verified.largeObjects === 1 ? "is" : "are";
  return wrap(
    `Verified by ${by}: ${compared.join(" and ")} ${are} the same on both ends.`,
    style.width,
  ).map(style.paint.green);
}

/** Nothing where there are none: few databases have any. */
export function largeObjectsWords(count: number): string[] {
  return count === 0 ? [] : [formatNumberOf(count, "large object")];
}

export function warningLines(warnings: readonly string[], style: ReportStyle): string[] {
  const lines = warnings.flatMap((warning) => wrap(printable(warning), style.width - 2, "  "));
  return warnings.length === 0 ? [] : section("Warnings", lines.map(style.paint.yellow), style);
}

export function section(title: string, lines: readonly string[], { paint }: ReportStyle): string[] {
  return lines.length === 0 ? [] : [paint.bold(title), ...lines.map((line) => `  ${line}`)];
}

/** The first line of a table is its titles. */
export function titled([titles, ...rows]: readonly string[], { paint }: ReportStyle): string[] {
  return [paint.dim(titles ?? ""), ...rows];
}

export function qualified({ schema, name }: { schema: string; name: string }): string {
  return printable(`${schema}.${name}`);
}
