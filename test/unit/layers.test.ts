/** The layers of docs/architecture.md: imports go downwards only, and only the top one speaks. */

import { isBuiltin } from "node:module";
import { describe, expect, test } from "vitest";
import packageJson from "../../package.json" with { type: "json" };
import { codeOf, importsOf, sourceFiles } from "./source-files.js";

/** Lowest first. What stands on one line are siblings, which don't know each other. */
const layers: readonly (readonly string[])[] = [
  ["errors.ts", "version.ts", "printable.ts", "formatting.ts", "nearest-name.ts", "techniques.ts"],
  ["events.ts", "filters/", "run/"],
  ["options/", "record/"],
  ["config/"],
  ["endpoint/"],
  ["postgres/", "pgdata/"],
  ["catalog/", "snapshot/"],
  ["plan/"],
  ["schema/", "load/", "verify/"],
  ["engine/"],
  ["check/", "page/"],
  ["clone-to-null.ts", "resume-clone.ts"],
  [
    "check.ts",
    "clone.ts",
    "compare-data.ts",
    "compare-schema.ts",
    "plan.ts",
    "list.ts",
    "ping.ts",
    "progress.ts",
    "hold.ts",
  ],
  ["plan-all.ts"],
  ["clone-all.ts"],
  ["index.ts"],
  ["cli/"],
];

const members = layers.flatMap((names, layer) => names.map((name) => ({ name, layer })));

/** The folder or file of the table that a file is, or is in. */
function memberOf(path: string) {
  return members.find(({ name }) => (name.endsWith("/") ? path.startsWith(name) : path === name));
}

/** What is wrong with an import; undefined if nothing is. */
function objection(from: string, to: string): string | undefined {
  const [importer, imported] = [memberOf(from), memberOf(to)];
  if (importer === undefined || imported === undefined) return undefined;
  if (importer.name === imported.name || imported.layer < importer.layer) return undefined;
  const where = imported.layer === importer.layer ? "beside" : "above";
  return `src/${from} imports src/${to}: ${imported.name} is ${where} ${importer.name}`;
}

const imports = sourceFiles.flatMap((from) => importsOf(from).map((one) => ({ from, ...one })));
const ownImports = imports.filter((one) => sourceFiles.includes(one.of));
const foreignImports = imports.filter((one) => !sourceFiles.includes(one.of));

test("the rule tells good from bad", () => {
  expect(objection("clone.ts", "engine/run.ts")).toBeUndefined();
  expect(objection("engine/run.ts", "engine/report.ts")).toBeUndefined();
  expect(objection("plan/parts.ts", "clone.ts")).toBe(
    "src/plan/parts.ts imports src/clone.ts: clone.ts is above plan/",
  );
  expect(objection("load/analyze.ts", "schema/dump.ts")).toBe(
    "src/load/analyze.ts imports src/schema/dump.ts: schema/ is beside load/",
  );
});

test("the imports are found", () => {
  expect(importsOf("clone.ts")).toContainEqual({ of: "engine/read-source.ts", typeOnly: false });
  expect(importsOf("index.ts")).toContainEqual({ of: "catalog/catalog.ts", typeOnly: true });
  expect(importsOf("schema/bundled-pg-dump.ts")).toContainEqual({
    of: "schema/bundled-pg-dump-worker.js",
    typeOnly: false,
  });
  expect(imports.length).toBeGreaterThan(sourceFiles.length);
});

test("every file belongs to a layer, and every layer has a file", () => {
  expect(sourceFiles.filter((path) => memberOf(path) === undefined)).toEqual([]);
  const used = new Set(sourceFiles.map((path) => memberOf(path)?.name));
  expect(members.map(({ name }) => name).filter((name) => !used.has(name))).toEqual([]);
});

test("imports go downwards only, never between siblings", () => {
  expect(ownImports.flatMap((one) => objection(one.from, one.of) ?? [])).toEqual([]);
});

test("no two files import each other, not even in a wide circle; types may", () => {
  const done = new Set<string>();
  const circles: string[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    if (trail.includes(path)) {
      circles.push([...trail.slice(trail.indexOf(path)), path].join(" → "));
      return;
    }
    if (done.has(path)) return;
    for (const one of ownImports)
      if (one.from === path && !one.typeOnly) visit(one.of, [...trail, path]);
    done.add(path);
  };
  for (const path of sourceFiles) visit(path, []);
  expect(circles).toEqual([]);
});

test("only declared packages are imported, and the command line's by the command line alone", () => {
  const declared = Object.keys({
    ...packageJson.dependencies,
    ...packageJson.optionalDependencies,
  });
  const wrong = foreignImports
    .filter(({ from, of }) => {
      const name = packageName(of);
      const known = isBuiltin(of) || declared.includes(name);
      return !known || (name === "commander" && !from.startsWith("cli/"));
    })
    .map(({ from, of }) => `src/${from} imports ${of}`);
  expect(wrong).toEqual([]);
});

describe("only the command line", () => {
  test.each([
    ["reads the environment", /\bprocess\s*\.\s*env\b/],
    ["prints", /\bconsole\s*\.|\bprocess\s*\.\s*(stdout|stderr)\b/],
    ["exits", /\bprocess\s*\.\s*(exit|exitCode|abort)\b/],
    // A worker has a process.argv of its own; the bundled pg_dump wants to find its name in it.
    ["reads its arguments", /\bprocess\s*\.\s*(stdin\b|argv\b(?!\[1\] = "pg_dump"))/],
    ["handles signals", /\bprocess\s*\.\s*(on|once|prependListener|addListener)\b/],
  ])("%s", (_, words) => {
    const engine = sourceFiles.filter((path) => !path.startsWith("cli/"));
    expect(engine.filter((path) => words.test(codeOf(path)))).toEqual([]);
  });
});

test("no module is named after what it is not about", () => {
  const vague = /(^|\/)(utils?|helpers?|common|types|misc|shared)(\.|\/)/;
  expect(sourceFiles.filter((path) => vague.test(path))).toEqual([]);
});

/** `@scope/name/path` and `name/path` without the path. */
function packageName(specifier: string): string {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}
