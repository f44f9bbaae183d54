/** What `pgcopy check` prints: the worst first, and last what it comes to. */

import { printable, wrap } from "./display-width.js";
import { formatBytes, formatCount, formatNumberOf } from "./formatting.js";
import type { CheckReport, Finding } from "./library.js";
import type { ReportStyle } from "./output.js";

/** So many objects and statements of a finding without --verbose. */
const SHOWN = 10;

export interface CheckStyle extends ReportStyle {
  readonly verbose: boolean;
  /** Only errors and warnings. */
  readonly quiet: boolean;
}

type Severity = Finding["severity"];

const titles: Readonly<Record<Severity, string>> = {
  error: "To be mended before a clone",
  warning: "Surprises that a clone would bring",
  info: "Good to know",
};

export function checkLines(report: CheckReport, style: CheckStyle): string[] {
  const shown: Severity[] = style.quiet ? ["error", "warning"] : ["error", "warning", "info"];
  const sections = [
    style.quiet ? [] : summary(report, style),
    ...shown.map((severity) => findings(report, severity, style)),
    style.quiet ? [] : verdict(report, style),
  ];
  return sections
    .filter((lines) => lines.length > 0)
    .flatMap((lines) => ["", ...lines])
    .slice(1);
}

function summary(report: CheckReport, { width }: CheckStyle): string[] {
  const { tables, bytes, indexBytes, pgDump, databaseToCreate } = report;
  const facts = [
    ...(tables === undefined ? [] : [formatNumberOf(tables, "table")]),
    ...(bytes === undefined ? [] : [`${formatBytes(bytes)} of rows`]),
    ...(indexBytes === undefined ? [] : [`${formatBytes(indexBytes)} of indexes`]),
    ...(pgDump === undefined
      ? []
      : [`schema read with pg_dump ${pgDump.version} (${pgDump.path ?? pgDump.kind})`]),
    ...(databaseToCreate === undefined
      ? []
      : [`the database ${printable(databaseToCreate)} would be created`]),
  ];
  return [
    ...wrap(
      `Checked ${printable(report.source)} (PostgreSQL ${report.sourceVersion})`,
      width,
      "    ",
    ),
    ...wrap(
      `     to ${printable(report.target)} (PostgreSQL ${report.targetVersion})`,
      width,
      "    ",
    ),
    ...(facts.length === 0 ? [] : wrap(facts.join(", "), width)),
  ];
}

function findings(report: CheckReport, severity: Severity, style: CheckStyle): string[] {
  const those = report.findings.filter((one) => one.severity === severity);
  if (those.length === 0) return [];
  const { paint } = style;
  const colour = { error: paint.red, warning: paint.yellow, info: paint.bold }[severity];
  return [
    colour(`${titles[severity]} (${formatCount(those.length)})`),
    ...those.flatMap((one, index) => [...(index === 0 ? [] : [""]), ...finding(one, style)]),
  ];
}

const INDENT = " ".repeat(10);

/** The side stands before the first line; objects and statements a little further in. */
function finding({ side, title, items, advice, statements }: Finding, style: CheckStyle): string[] {
  const { paint, width } = style;
  const [first = "", ...rest] = wrap(printable(title), width - INDENT.length);
  return [
    `  ${paint.dim(side)}  ${first}`,
    ...rest.map((line) => INDENT + line),
    ...some(items, style).flatMap((item) => wrap(`${INDENT}  ${item}`, width, `${INDENT}    `)),
    ...wrap(`${INDENT}what to do: ${printable(advice)}`, width, INDENT).map((line) =>
      line.replace("what to do:", (label) => paint.bold(label)),
    ),
    // Not folded: a statement is there to be copied.
    ...some(
      statements.map((one) => `${one};`),
      style,
    ).map((one) => `${INDENT}  ${one}`),
  ];
}

function some(all: readonly string[], { verbose }: CheckStyle): string[] {
  const shown = (verbose || all.length <= SHOWN + 1 ? all : all.slice(0, SHOWN)).map(printable);
  const hidden = all.length - shown.length;
  return hidden === 0
    ? shown
    : [...shown, `and ${formatCount(hidden)} more (--verbose shows them all)`];
}

function verdict({ errors, warnings, complete }: CheckReport, { paint, width }: CheckStyle) {
  const surprises =
    warnings === 0 ? "" : `; ${formatNumberOf(warnings, "thing")} would bring a surprise`;
  const words =
    errors > 0
      ? `${formatNumberOf(errors, "thing is", "things are")} to be mended before a clone${surprises}.`
      : `Nothing found is in the way of a clone${surprises}.`;
  const rest = complete ? "" : " Not everything could be looked at: mend this, and check again.";
  const colour = errors > 0 ? paint.red : complete ? paint.green : paint.yellow;
  return wrap(words + rest, width).map(colour);
}
