/** The benchmark's page, of a small file of results: right HTML, nothing loaded, nothing unescaped, nothing lost. */

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { resultsPage } from "../../bench/page/results-page.js";
import { spread, spreadOfMeasured } from "../../bench/statistics.js";
import { elementsOf, textOf } from "./html-structure.js";

const file = new URL("../fixtures/bench/results.json", import.meta.url);
// biome-ignore lint/suspicious/noExplicitAny: the file is changed at will
const results = (): any => JSON.parse(readFileSync(file, "utf8"));

/** The same value with each of its strings changed. */
// biome-ignore lint/suspicious/noExplicitAny: any JSON
function withStrings(value: any, change: (text: string) => string): any {
  if (typeof value === "string") return change(value);
  if (Array.isArray(value)) return value.map((one) => withStrings(one, change));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [
      key,
      key === "contestant" ? one : withStrings(one, change),
    ]),
  );
}

describe("the benchmark's page", () => {
  const page = resultsPage(results());
  const text = textOf(page);

  test("is well-formed, loads nothing and runs nothing", () => {
    const names = new Set(elementsOf(page).map(({ name }) => name));
    for (const name of ["main", "h1", "figure", "svg", "rect", "table"])
      expect(names).toContain(name);
    for (const name of ["script", "img", "iframe"]) expect(names).not.toContain(name);
    expect(page).not.toMatch(/https?:|url\(|@import|\son\w+=/);
  });

  test.each([
    ["the servers", "PostgreSQL 15.18 to 15.18"],
    ["the machine, escaped", "A Processor <2 GHz>, 2 cores"],
    ["a setting that one server lacks", "fsync on "],
    ["the headline", "pgcopy, tiny 0.42 s pgcopy, mixed 8.00 s"],
    ["the data set", "Scale 0.02: 1.20 GB, 205 tables, 209 indexes; 3 rounds with 4 jobs"],
    ["pgcopy's line", "pgcopy 8.00 7.90 to 8.30 1.00 × 1.14 × 1.50 1.25 170"],
    ["another's line", "pg_dump | psql 30.50 30.00 to 31.00 3.81 × 4.36 × 1.00 0.83 12"],
    ["the goals", "Goals: 2 of 3 met"],
    ["a goal that was met", "mixed client CPU for each GB 1.5 s 1.25 s ✓ met"],
    [
      "one that was not",
      "tiny the time of node -e 0, added to pg_dump | psql 3 × 3.36 × ✗ not met",
    ],
    ["the floor", "+ foreign keys 0.30 s + ANALYZE 0.50 s = 14.00 s of CPU time"],
    ["the floor on the chart", "the servers’ own work on 2 cores: 7.00 s"],
    ["why there is no floor", "Not measured: permission denied for <file>"],
    ["who failed", 'status 1: relation "<b>" & others'],
    ["who was wrong", "its target is wrong: 1 of 205 tables differ"],
    ["who is missing", "Missing pgloader: pgloader is not on the PATH"],
    ["where the time went", "pg_dump: local 15.18; tables: 4 in binary, 0 in text"],
  ])("says %s", (_, words) => {
    expect(text).toContain(words);
  });

  test("says what pgcopy had expected, where the file knows", () => {
    expect(text).not.toContain("Estimated");
    const more = results();
    more.runs[0].profile.estimatedMs = 802;
    expect(textOf(resultsPage(more))).toContain(
      "Estimated: 0.80 s. Outcome: 0.40 s, so 0.50 × the estimate.",
    );
  });

  test("says of one that it is one", () => {
    const single = results();
    Object.assign(single.runs[1], { tables: 1, indexes: 1, rounds: 1, jobs: 1 });
    single.runs[1].floor.cores = 1;
    const found = textOf(resultsPage(single));
    expect(found).toContain("1.20 GB, 1 table, 1 index; 1 round with 1 job");
    expect(found).toContain("the servers’ own work on 1 core: ");
  });

  test("draws a bar for each that was measured, as long as its median", () => {
    const bars = elementsOf(page).filter(({ name, attributes }) => {
      return name === "rect" && /^(own|peer)/.test(attributes.get("class") ?? "");
    });
    expect(bars.map(({ attributes }) => attributes.get("class"))).toEqual([
      ...["own", "peer", "peer"],
      ...["own", "peer", "peer", "peer out"],
    ]);
    const widths = bars.map(({ attributes }) => Number(attributes.get("width")));
    expect((widths[4] as number) / (widths[3] as number)).toBeCloseTo(30.5 / 8, 1);
  });

  test("says nothing of what a gigabyte costs where none was copied", () => {
    const [tiny = "", mixed = ""] = page.split("<section>").slice(2);
    expect(tiny).not.toContain("CPU per GB");
    expect(mixed).toContain("CPU per GB");
  });

  test("shows no distance from a floor of less than 50 ms", () => {
    for (const [floorMs, shown] of [
      [50, true],
      [49.9, false],
    ] as const) {
      const found = results();
      found.runs[1].floor.floorMs = floorMs;
      expect(resultsPage(found).includes(">to the floor</th>")).toBe(shown);
    }
  });

  test("says who gathers no statistics, where the file knows", () => {
    expect(text).not.toContain("Without ANALYZE");
    const more = results();
    more.runs[1].results[1].analyzes = false;
    expect(textOf(resultsPage(more))).toContain(
      "Without ANALYZE, which the others and the floor include: pg_dump | psql.",
    );
  });

  test("shows one that copies nothing apart, in no bar and in no comparison", () => {
    const more = results();
    more.runs[1].results.push({
      contestant: "pgcopy-null",
      title: "pgcopy into null:",
      apart: true,
      measurements: [{ wallMs: 1500, cpuSeconds: 0.5, peakMemoryBytes: 99e6 }],
    });
    const found = resultsPage(more);
    expect(textOf(found)).toContain(
      "copies nothing: pgcopy into null:, 1.50 s (1.50 to 1.50); client CPU, s: 0.50; client memory, MB: 99.",
    );
    const charts = (text: string) => text.split("<p>Apart")[0];
    expect(charts(found)).toBe(page.slice(0, charts(found)?.length));
  });

  test("escapes every text, wherever it stands", () => {
    const hostile = resultsPage(withStrings(results(), (one) => `${one}"'><script>&amp;`));
    expect(elementsOf(hostile).map(({ name }) => name)).not.toContain("script");
    expect(textOf(hostile)).toContain(`mixed"'><script>&amp;`);
  });
});

describe("a file that lacks something", () => {
  test("of an older run, without titles, counts, missing ones and profiles", () => {
    const older = results();
    delete older.missing;
    for (const run of older.runs) {
      for (const key of ["description", "tables", "indexes", "floor", "goals", "profile"])
        delete run[key];
      for (const result of run.results) delete result.title;
    }
    const text = textOf(resultsPage(older));
    expect(text).toContain("Scale 0.02: 1.20 GB; 3 rounds");
    expect(text).toContain("pg_dump-psql 30.50");
    expect(text).not.toMatch(/Missing|Goals|own work|undefined|NaN/);
  });

  test("without pgcopy, nothing is compared with it", () => {
    const others = results();
    for (const run of others.runs)
      run.results = run.results.filter(
        (one: { contestant: string }) => one.contestant !== "pgcopy",
      );
    const text = textOf(resultsPage(others));
    expect(text).toContain("pg_dump | psql 30.50 30.00 to 31.00 4.36 × 1.00");
    expect(text).not.toMatch(/to pgcopy|undefined|NaN/);
  });

  test("in which nobody was measured, or without CPU time and memory", () => {
    const bare = results();
    for (const run of bare.runs)
      for (const result of run.results)
        for (const one of result.measurements) {
          delete one.cpuSeconds;
          delete one.peakMemoryBytes;
        }
    for (const result of bare.runs[0].results) result.measurements = [];
    const page = resultsPage(bare);
    elementsOf(page);
    expect(textOf(page)).toContain("1.14 × not measured not measured not measured");
    expect(textOf(page)).not.toMatch(/undefined|NaN|Infinity/);
  });
});

describe("a spread", () => {
  test.each([
    [[3], { median: 3, min: 3, max: 3 }],
    [[9, 1, 10], { median: 9, min: 1, max: 10 }],
    [[4, 1, 100, 2], { median: 3, min: 1, max: 100 }],
  ])("of %j", (values, expected) => {
    const kept = [...values];
    expect(spread(values)).toEqual(expected);
    expect(values).toEqual(kept);
  });

  test("leaves out what was not measured", () => {
    expect(spreadOfMeasured([undefined, 2, undefined, 4])?.median).toBe(3);
    expect(spreadOfMeasured([undefined])).toBeUndefined();
    expect(spreadOfMeasured([])).toBeUndefined();
  });
});
