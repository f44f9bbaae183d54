/** What a run over all databases prints in the end: a line for each, and the totals. */

import { printable, wrap } from "./display-width.js";
import {
  formatAverage,
  formatBytes,
  formatCount,
  formatDuration,
  formatNumberOf,
} from "./formatting.js";
import type { CloneAllReport, CloneReport, PlanAllReport } from "./library.js";
import type { ReportStyle } from "./output.js";
import { conflictLines, type PlanStyle, refusalLines } from "./plan-report.js";
import { rolesWords, section, titled, warningLines } from "./report.js";
import { RETRIES_TITLE, retryLines } from "./retry-lines.js";
import { tableLines } from "./table.js";

export function cloneAllLines(report: CloneAllReport, style: ReportStyle): string[] {
  const { paint, width } = style;
  const speed = formatAverage(report.bytes, report.durationMs);
  const totals = [
    formatNumberOf(report.databases.length, "database"),
    formatNumberOf(report.tables, "table"),
    formatNumberOf(report.rows, "row"),
    formatBytes(report.bytes),
    formatNumberOf(report.indexes, "index", "indexes"),
    formatNumberOf(report.sequences, "sequence"),
  ];
  const time = `in ${formatDuration(report.durationMs)}${speed === undefined ? "" : ` (${speed})`}`;
  return joined([
    [
      ...ends("Copied all databases of", report, width),
      ...rolesWords("Created", report.rolesCreated, width),
      ...wrap(`${totals.join(", ")} ${time}`, width).map(paint.bold),
    ],
    databases(report, style),
    leftOut(report, style),
    verification(report, style),
    warningLines(report.warnings, style),
    section(RETRIES_TITLE, retryLines(retriesOf(report), style), style),
  ]);
}

function retriesOf({ databases }: CloneAllReport): CloneReport["retries"] {
  return databases.flatMap(({ database, retries }) =>
    retries.map((one) => ({ ...one, label: `${database}: ${one.label}` })),
  );
}

export function planAllLines(plan: PlanAllReport, style: PlanStyle): string[] {
  const { paint, width } = style;
  const totals = [
    formatNumberOf(plan.databases.length, "database"),
    formatNumberOf(plan.tables, "table"),
    `about ${formatBytes(plan.bytes)}`,
    formatNumberOf(plan.indexes, "index", "indexes"),
    formatNumberOf(plan.sequences, "sequence"),
  ];
  return joined([
    [
      ...ends("Copies all databases of", plan, width),
      ...rolesWords("Creates", plan.rolesToCreate, width),
      ...wrap(totals.join(", "), width).map(paint.bold),
    ],
    plannedDatabases(plan, style),
    leftOut(plan, style),
    conflictLines(plan.conflicts, style),
    refusalLines(plan.refusals, style),
    warningLines(plan.warnings, style),
  ]);
}

function joined(sections: readonly string[][]): string[] {
  return sections
    .filter((lines) => lines.length > 0)
    .flatMap((lines) => ["", ...lines])
    .slice(1);
}

type Ends = Pick<CloneAllReport, "source" | "target" | "sourceVersion" | "targetVersion">;

function ends(verb: string, report: Ends, width: number): string[] {
  const { source, target, sourceVersion, targetVersion } = report;
  return [
    ...wrap(`${verb} ${printable(source)} (PostgreSQL ${sourceVersion})`, width, "    "),
    ...wrap(`    to ${printable(target)} (PostgreSQL ${targetVersion})`, width, "    "),
  ];
}

function databases({ databases: all }: CloneAllReport, style: ReportStyle): string[] {
  const lines = tableLines(
    [
      { title: "database", align: "left" },
      { title: "tables", align: "right" },
      { title: "rows", align: "right", optional: true },
      { title: "size", align: "right" },
      { title: "indexes", align: "right", optional: true },
      { title: "time", align: "right" },
      { title: "target", align: "left", optional: true },
    ],
    all.map((one) => [
      printable(one.database),
      formatCount(one.tables.length),
      formatCount(one.rows),
      formatBytes(one.bytes),
      formatCount(one.indexes.length),
      formatDuration(one.durationMs),
      targetWords(one),
    ]),
    style.tableWidth - 2,
  );
  return all.length === 0 ? [] : section("Databases", titled(lines, style), style);
}

function targetWords({ finishedBefore, databaseCreated }: CloneAllReport["databases"][number]) {
  if (finishedBefore) return "was finished before";
  return databaseCreated ? "created" : "was there";
}

function plannedDatabases({ databases: all }: PlanAllReport, style: ReportStyle): string[] {
  const lines = tableLines(
    [
      { title: "database", align: "left" },
      { title: "tables", align: "right" },
      { title: "size", align: "right" },
      { title: "indexes", align: "right", optional: true },
      { title: "in the way", align: "right", optional: true },
      { title: "target", align: "left", optional: true },
    ],
    all.map((one) => [
      printable(one.database),
      formatCount(one.tables.length),
      formatBytes(one.bytes),
      formatCount(one.indexes.length),
      formatCount(one.conflicts.length),
      one.databaseToCreate === undefined ? "is there" : "to be created",
    ]),
    style.tableWidth - 2,
  );
  return all.length === 0 ? [] : section("Databases", titled(lines, style), style);
}

function leftOut({ leftOut: all }: Pick<CloneAllReport, "leftOut">, style: ReportStyle): string[] {
  const lines = all.flatMap(({ database, reason }) =>
    wrap(printable(`${database}: ${reason}`), style.width - 2, "  "),
  );
  return section("Left out", lines, style);
}

function verification({ databases: all }: CloneAllReport, style: ReportStyle): string[] {
  const verified = all.flatMap((one) => one.verification ?? []);
  const [first] = verified;
  if (first === undefined) return [];
  const by = first.mode === "count" ? "row count" : "checksum";
  const tables = verified.reduce((sum, one) => sum + one.tables, 0);
  const words = `Verified by ${by}: ${formatNumberOf(tables, "table")} of ${formatNumberOf(verified.length, "database")} are the same on both ends.`;
  return wrap(words, style.width).map(style.paint.green);
}
