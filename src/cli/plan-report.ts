/** What `pgcopy plan` prints. */

import { printable, wrap } from "./display-width.js";
import { about, estimateLines } from "./estimate-lines.js";
import { filterLines } from "./filter-lines.js";
import { formatLines } from "./format-lines.js";
import { formatBytes, formatCount, formatDuration, formatNumberOf } from "./formatting.js";
import type { PlanReport } from "./library.js";
import type { ReportStyle } from "./output.js";
import { partsLines } from "./parts-lines.js";
import {
  largeObjectsWords,
  qualified,
  rolesWords,
  SELECTION_TITLE,
  section,
  threadsWords,
  titled,
  warningLines,
} from "./report.js";
import { selectionLines } from "./selection-lines.js";
import { tableLines } from "./table.js";

/** So many tables, indexes and conflicts without --verbose. */
const SHOWN = 20;

export interface PlanStyle extends ReportStyle {
  readonly verbose: boolean;
}

export function planLines(plan: PlanReport, style: PlanStyle): string[] {
  const sections = [
    summary(plan, style),
    section("Estimate", estimateLines(plan.estimate, style.width - 2), style),
    tables(plan, style),
    section("In parts", partsLines(plan.tables, style.width - 2), style),
    section("Formats", formatLines(formats(plan), style.width - 2), style),
    section(SELECTION_TITLE, selectionLines(plan.tables, style.width - 2), style),
    indexes(plan, style),
    style.verbose ? tasks(plan, style) : [],
    conflictLines(plan.conflicts, style),
    refusalLines(plan.refusals, style),
    section("Filters", filterLines(plan.filters, style), style),
    warningLines(plan.warnings, style),
  ];
  return sections
    .filter((lines) => lines.length > 0)
    .flatMap((lines) => ["", ...lines])
    .slice(1);
}

function summary(plan: PlanReport, { paint, width }: PlanStyle): string[] {
  const totals = [
    formatNumberOf(plan.tables.length, "table"),
    ...largeObjectsWords(plan.largeObjects.count),
    `about ${formatBytes(plan.bytes)}`,
    formatNumberOf(plan.indexes.length, "index", "indexes"),
    formatNumberOf(plan.sequences, "sequence"),
    formatNumberOf(plan.tasks.length, "task"),
  ];
  const { tableJobs, indexJobs } = plan.jobs;
  const time = about(plan.estimatedSeconds);
  const [tableWords, indexWords] = [
    formatNumberOf(tableJobs, "table job"),
    formatNumberOf(indexJobs, "index job"),
  ];
  const [threads] = threadsWords(plan.threads);
  const jobs =
    threads === undefined
      ? `with ${tableWords} and ${indexWords}`
      : `with ${tableWords}, ${indexWords} and ${threads}`;
  const created =
    plan.databaseToCreate === undefined
      ? []
      : wrap(`Creates the database ${printable(plan.databaseToCreate)}.`, width);
  return [
    ...wrap(`Copies ${printable(plan.source)} (PostgreSQL ${plan.sourceVersion})`, width, "    "),
    ...wrap(`    to ${printable(plan.target)} (PostgreSQL ${plan.targetVersion})`, width, "    "),
    ...created,
    ...rolesWords("Creates", plan.rolesToCreate, width),
    ...wrap(
      `Reads the schema with pg_dump ${plan.pgDump.version} (${plan.pgDump.path ?? plan.pgDump.kind}).`,
      width,
    ),
    ...wrap(`${totals.join(", ")}; ${time} ${jobs}`, width).map(paint.bold),
  ];
}

function tables(plan: PlanReport, style: PlanStyle): string[] {
  const largestFirst = plan.tables.toSorted((a, b) => b.bytes - a.bytes);
  const lines = tableLines(
    [
      { title: "table", align: "left" },
      { title: "rows (estimate)", align: "right", optional: true },
      { title: "size", align: "right" },
      { title: "parts", align: "right", optional: true },
      { title: "format", align: "left", optional: true },
    ],
    shownOf(largestFirst, style).map((table) => [
      qualified(table),
      // -1: never analyzed.
      table.estimatedRows < 0 ? "unknown" : formatCount(table.estimatedRows),
      formatBytes(table.bytes),
      String(table.parts),
      table.freeze ? `${table.format}, freeze` : table.format,
    ]),
    style.tableWidth - 2,
  );
  if (plan.tables.length === 0) return [];
  return section("Tables", [...titled(lines, style), ...hiddenOf(plan.tables, style)], style);
}

function formats(plan: PlanReport) {
  return plan.tables.map((table) => ({
    name: qualified(table),
    format: table.format,
    reason: table.formatReason,
  }));
}

function indexes(plan: PlanReport, style: PlanStyle): string[] {
  const lines = tableLines(
    [
      { title: "index", align: "left" },
      { title: "on", align: "left", optional: true },
      { title: "kind", align: "left", optional: true },
      { title: "how", align: "left", optional: true },
    ],
    shownOf(plan.indexes, style).map((index) => [
      qualified(index),
      qualified(index.table),
      index.kind,
      index.method,
    ]),
    style.tableWidth - 2,
  );
  if (plan.indexes.length === 0) return [];
  return section("Indexes", [...titled(lines, style), ...hiddenOf(plan.indexes, style)], style);
}

function tasks(plan: PlanReport, style: PlanStyle): string[] {
  const lines = tableLines(
    [
      { title: "task", align: "left" },
      { title: "cost", align: "right" },
      { title: "needs", align: "right", optional: true },
    ],
    plan.tasks.map((task) => [
      printable(task.label),
      formatDuration(task.cost * 1000),
      String(task.needs.length + (task.after?.length ?? 0)),
    ]),
    style.tableWidth - 2,
  );
  return section("Tasks", titled(lines, style), style);
}

export function conflictLines(conflicts: readonly string[], style: PlanStyle): string[] {
  if (conflicts.length === 0) return [];
  const { paint, width } = style;
  const lines = shownOf(conflicts, style).map(printable);
  const all = [...lines, ...hiddenOf(conflicts, style)];
  const title = "In the way: clone would refuse (--drop-if-exists drops these first)";
  return [
    ...wrap(title, width).map(paint.red),
    ...all.flatMap((line) => wrap(`  ${line}`, width, "    ")),
  ];
}

export function refusalLines(refusals: readonly string[], { paint, width }: PlanStyle): string[] {
  if (refusals.length === 0) return [];
  const lines = refusals.flatMap((one) => wrap(`  ${printable(one)}`, width, "    "));
  return [paint.red("Clone would refuse (pgcopy check says what to do)"), ...lines];
}

function shownOf<T>(items: readonly T[], { verbose }: PlanStyle): readonly T[] {
  return verbose ? items : items.slice(0, SHOWN);
}

function hiddenOf(items: readonly unknown[], style: PlanStyle): string[] {
  const hidden = items.length - shownOf(items, style).length;
  return hidden === 0 ? [] : [`and ${formatCount(hidden)} more (--verbose shows them all)`];
}
