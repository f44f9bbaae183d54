/** A comparison of data, for people: what differs, table by table, then the sum of it. */

import { type ComparisonStyle, comparedLines, STATUS_WORDS } from "./compare-schema-lines.js";
import { printable, wrap } from "./display-width.js";
import { formatCount, formatDuration, formatNumberOf } from "./formatting.js";
import type { DataComparison } from "./library.js";
import { qualified, section, warningLines } from "./report.js";

type TableDifference = DataComparison["tableDifferences"][number];
type DifferingRow = NonNullable<TableDifference["rows"]>[number];
type SequenceDifference = DataComparison["sequenceDifferences"][number];
type LargeObjects = NonNullable<DataComparison["largeObjects"]>;

/** Large objects that differ, and tables that were not compared: so many are named. */
const NAMES_SHOWN = 20;

export function dataComparisonLines(comparison: DataComparison, style: ComparisonStyle): string[] {
  const { tableDifferences, sequenceDifferences, largeObjects } = comparison;
  const sections = [
    comparedLines("data", comparison, style),
    ...tableDifferences.map((difference) => tableLines(difference, style)),
    section("Sequences", sequenceDifferences.map(sequenceLine), style),
    section("Large objects", largeObjectLines(largeObjects), style),
    section("Not compared", notComparedLines(comparison, style), style),
    warningLines(comparison.warnings, style),
    sumLines(comparison, style),
  ];
  return sections
    .filter((lines) => lines.length > 0)
    .flatMap((lines) => ["", ...lines])
    .slice(1);
}

function tableLines(difference: TableDifference, style: ComparisonStyle): string[] {
  const { rows = [], unexamined } = difference;
  const more = differingRows(difference) - rows.reduce((sum, row) => sum + rowsOf(row), 0);
  return [
    ...wrap(`${qualified(difference)}: ${tableWords(difference)}`, style.width, "  ").map(
      style.paint.bold,
    ),
    ...columnLines(difference).flatMap((line) => wrap(`  ${line}`, style.width, "    ")),
    ...rows.flatMap((row) => rowLines(row, style)),
    ...(more > 0 ? [`  and ${formatNumberOf(more, "more row")} (--limit shows more)`] : []),
    ...(unexamined === undefined
      ? []
      : wrap(
          `  and some in ${formatNumberOf(unexamined.ranges, "further range")} of keys, of ${formatNumberOf(Math.max(unexamined.sourceRows, unexamined.targetRows), "row")}, not looked into`,
          style.width,
          "    ",
        )),
  ];
}

function differingRows(difference: TableDifference): number {
  const { onlyOnSource = 0, onlyOnTarget = 0, differentRows = 0 } = difference;
  return onlyOnSource + onlyOnTarget + differentRows;
}

/** Without a key one line stands for all rows that are equal, of which one end has more. */
function rowsOf({ rowHash, onSource = 0, onTarget = 0 }: DifferingRow): number {
  return rowHash === undefined ? 1 : Math.abs(onSource - onTarget);
}

function tableWords(difference: TableDifference): string {
  const { status, populatedOn, sourceRows = 0, targetRows = 0 } = difference;
  if (status === "populated_on_one_end") return `populated on the ${populatedOn} only`;
  if (status !== "different") return STATUS_WORDS[status];
  const { onlyOnSource = 0, onlyOnTarget = 0, differentRows = 0 } = difference;
  const counts = [
    ...(differentRows > 0 ? [`${formatCount(differentRows)} different`] : []),
    ...(onlyOnSource > 0 ? [`${formatCount(onlyOnSource)} only on the source`] : []),
    ...(onlyOnTarget > 0 ? [`${formatCount(onlyOnTarget)} only on the target`] : []),
  ];
  const least = difference.unexamined === undefined ? "" : "at least ";
  const rows =
    sourceRows === targetRows
      ? `${formatNumberOf(sourceRows, "row")} on both ends`
      : `${formatNumberOf(sourceRows, "row")} on the source, ${formatCount(targetRows)} on the target`;
  return counts.length === 0 ? `other columns (${rows})` : `${least}${counts.join(", ")} (${rows})`;
}

function columnLines(difference: TableDifference): string[] {
  const { columnsOnlyOnSource = [], columnsOnlyOnTarget = [], key, rows } = difference;
  const named = (names: readonly string[]) => names.map(printable).join(", ");
  return [
    ...(columnsOnlyOnSource.length > 0
      ? [`columns only on the source: ${named(columnsOnlyOnSource)}`]
      : []),
    ...(columnsOnlyOnTarget.length > 0
      ? [`columns only on the target: ${named(columnsOnlyOnTarget)}`]
      : []),
    ...(rows !== undefined && key?.length === 0
      ? ["no key that both ends have: rows are told by their hash"]
      : []),
  ];
}

const STATUS_COLUMNS = 20;

function rowLines(row: DifferingRow, style: ComparisonStyle): string[] {
  const what = row.rowHash === undefined ? keyWords(row) : hashWords(row);
  const line = `  ${STATUS_WORDS[row.status].padEnd(STATUS_COLUMNS)}${what}`;
  return [
    ...wrap(line, style.width, " ".repeat(STATUS_COLUMNS + 2)),
    ...(row.values ?? []).flatMap(({ column, source, target }) => [
      ...valueLine("-", column, source, style),
      ...valueLine("+", column, target, style),
    ]),
  ];
}

function keyWords({ key, columns = [] }: DifferingRow): string {
  const words = key.map(({ column, value }) => `${printable(column)} = ${printable(value)}`);
  const differing = columns.length === 0 ? "" : `: ${columns.map(printable).join(", ")}`;
  return `${words.join(", ")}${differing}`;
}

function hashWords({ rowHash, onSource = 0, onTarget = 0 }: DifferingRow): string {
  return `row hash ${rowHash}: ${formatCount(onSource)} on the source, ${formatCount(onTarget)} on the target`;
}

function valueLine(
  sign: "-" | "+",
  column: string,
  value: string | null | undefined,
  { paint }: ComparisonStyle,
): string[] {
  if (value === undefined) return [];
  const line = `    ${sign} ${printable(column)}: ${value === null ? "NULL" : printable(JSON.stringify(value))}`;
  return [sign === "-" ? paint.red(line) : paint.green(line)];
}

function sequenceLine({ schema, name, status, source, target }: SequenceDifference): string {
  const sequence = qualified({ schema, name });
  if (source === undefined || target === undefined)
    return `${sequence}: only on the ${source ? "source" : "target"}`;
  const state = ({ lastValue, isCalled }: typeof source) =>
    isCalled ? lastValue : `${lastValue} (not yet given out)`;
  return `${sequence}: the target is ${status}, ${state(target)}; the source is at ${state(source)}`;
}

function largeObjectLines(objects: LargeObjects | undefined): string[] {
  if (objects === undefined) return [];
  const { onlyOnSource, onlyOnTarget, different, contentsNotCompared, more } = objects;
  const line = (words: string, oids: readonly number[]) => {
    const hidden = oids.length - NAMES_SHOWN;
    const rest = hidden > 0 ? ` and ${formatCount(hidden)} more` : "";
    return oids.length === 0 ? [] : [`${words}: ${oids.slice(0, NAMES_SHOWN).join(", ")}${rest}`];
  };
  return [
    ...(objects.source === objects.target
      ? []
      : [
          `${formatCount(objects.source)} on the source, ${formatCount(objects.target)} on the target`,
        ]),
    ...line("only on the source", onlyOnSource),
    ...line("only on the target", onlyOnTarget),
    ...line("different", different),
    ...(more ? ["and perhaps more"] : []),
    ...(contentsNotCompared === undefined
      ? []
      : [`only their OIDs were compared: ${contentsNotCompared}`]),
  ];
}

function largeObjectCount({ source, contentsNotCompared }: LargeObjects): string {
  const count = formatNumberOf(source, "large object");
  return contentsNotCompared === undefined ? count : `${count} (by OID only)`;
}

function notComparedLines({ notCompared }: DataComparison, style: ComparisonStyle): string[] {
  const shown = style.verbose ? notCompared : notCompared.slice(0, NAMES_SHOWN);
  const hidden = notCompared.length - shown.length;
  return [
    ...shown.flatMap(({ schema, name, reason }) =>
      wrap(
        `${schema === "" ? printable(name) : qualified({ schema, name })}: ${reason}`,
        style.width - 2,
        "  ",
      ),
    ),
    ...(hidden > 0 ? [`and ${formatCount(hidden)} more (--verbose shows them all)`] : []),
  ];
}

function sumLines(comparison: DataComparison, { paint, width }: ComparisonStyle): string[] {
  const { tables, rows, sequences, tableDifferences, sequenceDifferences, durationMs } = comparison;
  const time = formatDuration(durationMs);
  const objects = comparison.largeObjects;
  const counted = [
    `${formatNumberOf(tables, "table")} with ${formatNumberOf(rows, "row")}`,
    ...(objects === undefined ? [] : [largeObjectCount(objects)]),
    formatNumberOf(sequences, "sequence"),
  ];
  if (comparison.same) {
    return wrap(`The data is the same: ${counted.join(", ")} (${time}).`, width).map(paint.green);
  }
  const differing = [
    ...(tableDifferences.length > 0 ? [formatNumberOf(tableDifferences.length, "table")] : []),
    ...(sequenceDifferences.length > 0
      ? [formatNumberOf(sequenceDifferences.length, "sequence")]
      : []),
    ...(objects !== undefined &&
    objects.onlyOnSource.length + objects.onlyOnTarget.length + objects.different.length > 0
      ? ["large objects"]
      : []),
  ];
  const sum = `The data differs in ${differing.join(", ")}; compared were ${counted.join(", ")} (${time}).`;
  return wrap(sum, width).map(paint.red);
}
