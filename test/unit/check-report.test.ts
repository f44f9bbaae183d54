/** What pgcopy check prints. */

import { expect, test } from "vitest";
import { checkLines } from "../../src/cli/check-report.js";
import { paintFor } from "../../src/cli/output.js";
import type { CheckReport, Finding } from "../../src/index.js";

const paint = paintFor({ write: () => true }, {});
const style = { paint, width: 80, tableWidth: 80, verbose: false, quiet: false };

const finding = (rest: Partial<Finding> = {}): Finding => ({
  check: "missing_roles",
  severity: "error",
  side: "target",
  title: "the target lacks a role that the source's objects need",
  items: ["nora (owner of 1 object)"],
  advice: "create them on the target, or go without them: --no-owner --no-acl",
  statements: ['create role "nora"'],
  ...rest,
});

function report(findings: readonly Finding[], rest: Partial<CheckReport> = {}): CheckReport {
  const count = (severity: string) => findings.filter((one) => one.severity === severity).length;
  return {
    source: "postgres://me@old/shop",
    target: "postgres://me@new/shop",
    sourceVersion: "13.4",
    targetVersion: "18.1",
    tables: 14,
    bytes: 3e9,
    indexBytes: 1e9,
    complete: true,
    errors: count("error"),
    warnings: count("warning"),
    infos: count("info"),
    findings,
    ...rest,
  };
}

test("an error stands with its side, objects, advice and SQL; the verdict comes last", () => {
  const lines = checkLines(report([finding(), finding({ severity: "info" })]), style);
  expect(lines.slice(4, 11)).toEqual([
    "To be mended before a clone (1)",
    "  target  the target lacks a role that the source's objects need",
    "            nora (owner of 1 object)",
    "          what to do: create them on the target, or go without them: --no-owner",
    "          --no-acl",
    '            create role "nora";',
    "",
  ]);
  expect(lines.at(-1)).toBe("1 thing is to be mended before a clone.");
});

test("a report with nothing in the way says so, and what it could not look at", () => {
  const fine = checkLines(report([finding({ severity: "warning" })]), style);
  expect(fine.at(-1)).toBe(
    "Nothing found is in the way of a clone; 1 thing would bring a surprise.",
  );
  const partly = checkLines(report([], { complete: false }), style).join(" ");
  expect(partly).toContain("Not everything could be looked at");
});

test("no line is wider than asked, but for statements, which are there to be copied", () => {
  const items = Array.from({ length: 30 }, (_, n) => `public.a_table_with_a_rather_long_name_${n}`);
  const long = finding({ items, statements: [`grant select on ${items.join(", ")} to "me"`] });
  for (const width of [40, 80]) {
    const lines = checkLines(report([long]), { ...style, width });
    const wide = lines.filter((line) => line.length > width);
    expect(wide).toEqual([expect.stringMatching(/^ {12}grant select .*;$/)]);
    expect(lines.some((line) => /and 20 more/.test(line))).toBe(true);
  }
  const all = checkLines(report([long]), { ...style, verbose: true });
  expect(all.join("\n")).toContain("long_name_29");
});

test("--quiet shows errors and warnings, and nothing where there are none", () => {
  const quiet = { ...style, quiet: true };
  expect(checkLines(report([finding({ severity: "info" })]), quiet)).toEqual([]);
  expect(checkLines(report([finding()]), quiet)[0]).toBe("To be mended before a clone (1)");
});

test("what a server says is made safe to show", () => {
  const odd = finding({ title: "a \u001b[2J title", items: ["line\nbreak"] });
  const text = checkLines(report([odd]), style).join("\n");
  expect(text).not.toContain("\u001b");
  expect(text).toContain("line\\nbreak");
});
