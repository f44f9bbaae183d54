/** A comparison of schemas, for people: what differs, grouped by object, then the sum of it. */

import { printable, wrap } from "./display-width.js";
import { formatCount, formatDuration, formatNumberOf } from "./formatting.js";
import type { SchemaComparison } from "./library.js";
import { type DiffLine, diffLines } from "./line-diff.js";
import type { ReportStyle } from "./output.js";
import { section, warningLines } from "./report.js";

export interface ComparisonStyle extends ReportStyle {
  readonly verbose: boolean;
}

type SchemaDifference = SchemaComparison["differences"][number];

/** Of statements that one end has and the other lacks, so many lines are shown. */
const LINES_SHOWN = 12;

export const STATUS_WORDS = {
  only_on_source: "only on the source",
  only_on_target: "only on the target",
  different: "different",
} as const;

export function schemaComparisonLines(
  comparison: SchemaComparison,
  style: ComparisonStyle,
): string[] {
  const sections = [
    comparedLines("schema", comparison, style),
    ...[...byObject(comparison.differences)].map(([object, differences]) =>
      objectLines(object, differences, style),
    ),
    section("Good to know", noteLines(comparison, style), style),
    warningLines(comparison.warnings, style),
    sumLines(comparison, style),
  ];
  return sections
    .filter((lines) => lines.length > 0)
    .flatMap((lines) => ["", ...lines])
    .slice(1);
}

/** Which two were compared. */
export function comparedLines(
  what: string,
  compared: Pick<SchemaComparison, "source" | "target" | "sourceVersion" | "targetVersion">,
  { width }: ReportStyle,
): string[] {
  const { source, target, sourceVersion, targetVersion } = compared;
  const server = (endpoint: string, version: string) =>
    `${printable(endpoint)} (PostgreSQL ${printable(version)})`;
  return [
    ...wrap(`Compared the ${what} of ${server(source, sourceVersion)}`, width, "    "),
    ...wrap(`    with ${server(target, targetVersion)}`, width, "    "),
  ];
}

function byObject(differences: readonly SchemaDifference[]): Map<string, SchemaDifference[]> {
  const objects = new Map<string, SchemaDifference[]>();
  for (const difference of differences) {
    const known = objects.get(difference.object);
    if (known === undefined) objects.set(difference.object, [difference]);
    else known.push(difference);
  }
  return objects;
}

function objectLines(
  object: string,
  differences: readonly SchemaDifference[],
  style: ComparisonStyle,
): string[] {
  return [
    style.paint.bold(printable(object)),
    ...differences.flatMap((difference) => {
      const entry = difference.entry === object ? "" : `${printable(difference.entry)}: `;
      return [
        ...wrap(`  ${entry}${STATUS_WORDS[difference.status]}`, style.width, "    "),
        ...changeLines(difference, style),
      ];
    }),
  ];
}

function changeLines({ source, target }: SchemaDifference, style: ComparisonStyle): string[] {
  const lines = diffLines(linesOf(source), linesOf(target));
  if (lines.length === 0) return ["    (in a secret, which is not shown)"];
  const changed = lines.every(({ kind }) => kind === "removed" || kind === "added");
  const most = style.verbose || !changed ? lines.length : LINES_SHOWN;
  const hidden = lines.length - most;
  const show = withVisibleTabs(lines);
  return [
    ...lines.slice(0, most).map((line) => painted(line, show(line.text), style)),
    ...(hidden > 0
      ? [`    and ${formatNumberOf(hidden, "more line")} (--verbose shows them all)`]
      : []),
  ];
}

function linesOf(statements: readonly string[]): string[] {
  return statements.flatMap((sql) => sql.split("\n"));
}

/** Tabs are shown as spaces, unless that would make two lines look the same that are not. */
function withVisibleTabs(lines: readonly DiffLine[]): (text: string) => string {
  const plain = (text: string) => printable(text.replaceAll("\t", "    "));
  const texts = (kind: DiffLine["kind"]) =>
    lines.filter((line) => line.kind === kind).map(({ text }) => plain(text));
  const removed = new Set(texts("removed"));
  return texts("added").some((text) => removed.has(text)) ? printable : plain;
}

function painted({ kind }: DiffLine, text: string, { paint }: ComparisonStyle): string {
  switch (kind) {
    case "removed":
      return paint.red(`    - ${text}`);
    case "added":
      return paint.green(`    + ${text}`);
    case "same":
      return paint.dim(`      ${text}`);
    case "gap":
      return paint.dim("      ...");
  }
}

function noteLines({ notes }: SchemaComparison, style: ComparisonStyle): string[] {
  return notes.flatMap(({ what, source, target }) =>
    wrap(
      `${printable(what)}: ${printable(source ?? "none")} on the source, ${printable(target ?? "none")} on the target`,
      style.width - 2,
      "  ",
    ),
  );
}

function sumLines(comparison: SchemaComparison, { paint, width }: ComparisonStyle): string[] {
  const { differences, entries, durationMs, pgDump } = comparison;
  const how = `pg_dump ${pgDump.version}, ${formatDuration(durationMs)}`;
  if (comparison.same) {
    const same = `The schemas are the same: ${formatCount(entries)} entries (${how}).`;
    return wrap(same, width).map(paint.green);
  }
  const count = (status: SchemaDifference["status"]) =>
    differences.filter((one) => one.status === status).length;
  const counts = (["different", "only_on_source", "only_on_target"] as const)
    .filter((status) => count(status) > 0)
    .map((status) => `${formatCount(count(status))} ${STATUS_WORDS[status]}`);
  const objects = formatNumberOf(byObject(differences).size, "object");
  const entriesOf = `${formatNumberOf(differences.length, "entry", "entries")} of ${objects}`;
  const sum = `The schemas differ in ${entriesOf}: ${counts.join(", ")} (${how}). Lines with - are the source's, with + the target's.`;
  return wrap(sum, width).map(paint.red);
}
