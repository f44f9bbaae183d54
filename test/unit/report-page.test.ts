/** The page of a run as text: right HTML, nothing loaded, nothing unescaped, and all that one wants to know. */

import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { PgCopyError } from "../../src/errors.js";
import { reportPage } from "../../src/page/report-page.js";
import { lanes, segments } from "../../src/page/segments.js";
import { rates } from "../../src/page/throughput-chart.js";
import { ticks } from "../../src/page/time-axis.js";
import { RunRecorder } from "../../src/record/run-recorder.js";
import { elementsOf, textOf } from "./html-structure.js";
import { type InventedTask, inventedEvents, inventedReport, manyTasks } from "./invented-run.js";

const kB = 1024;
const MB = 1024 * kB;

const fourTasks: InventedTask[] = [
  { kind: "pre_data", label: "create 3 tables", pool: "indexes", durationMs: 90 },
  {
    ...{ kind: "copy", label: "COPY public.orders", pool: "tables" },
    ...{ durationMs: 4000, rows: 1_234_567, bytes: 200 * MB },
  },
  { kind: "index", label: "CREATE INDEX public.orders_idx", pool: "indexes", durationMs: 1500 },
  { kind: "verify", label: "verify public.orders", pool: "tables", durationMs: 700 },
];

describe("the page of a clone", () => {
  const report = inventedReport(
    { tasks: fourTasks, options: { jobs: 8, verify: "checksum" } },
    {
      verification: { mode: "checksum", tables: 1, largeObjects: 0, mismatches: [] },
      warnings: ["the source holds 3 large objects"],
    },
  );
  const page = reportPage(report);
  const text = textOf(page);

  test("is well-formed, and of a modest size", () => {
    const names = new Set(elementsOf(page).map(({ name }) => name));
    for (const name of ["main", "header", "h1", "figure", "svg", "table", "th", "details"])
      expect(names).toContain(name);
    expect(page.length).toBeLessThan(40 * kB);
  });

  test.each([
    ["the verdict", "✓ Copied in 5.1 s"],
    ["both ends", "from postgres://me@old.example.com/shop PostgreSQL 15.18 to postgres://me@new"],
    ["whether it was made", "PostgreSQL 18.4, database created"],
    ["when", "2026-03-01 02:03:04 UTC to 2026-03-01 02:03:09 UTC"],
    ["the proof", "Verified by checksum: 1 table is the same on both ends."],
    ["the totals", "1,234,567"],
    ["the warnings", "Warnings the source holds 3 large objects"],
    ["throughput", "200 MB at 50 MB/s on average"],
    ["the slowest", "Slowest tables"],
    ["the steps", "connect 0.00 s 400 ms copy 0.40 s 4.7 s"],
    ["the options", "jobs 8 verify checksum"],
    ["the snapshot", "00000003-0000001B-1"],
    ["the pg_dump", "18.3 ( bundled )"],
    ["the formats", "binary 1 every column's binary form is the same on both ends orders"],
    ["the parts", "Every table was copied in one part."],
  ])("tells %s", (_what, words) => {
    expect(text.replaceAll("public.", "")).toContain(words);
  });

  test("says a task's figures where one points at it, and in a table", () => {
    const words = "COPY public.orders\n0.40 s to 4.40 s, 4.0 s, 1,234,567 rows, 200 MB, 50 MB/s";
    expect(page).toContain(`<title>${words}</title>`);
    expect(text).toContain("All 4 tasks task job began took");
    expect(text).toContain("verify public.orders table job 1 4.40 s 700 ms");
  });

  test("names each job's line", () => {
    expect(page).toContain('aria-label="table job 1: 2 tasks, busy 92 % of the run"');
    expect(page).toContain('aria-label="index job 1: 2 tasks, busy 31 % of the run"');
  });

  test("loads nothing, and lets nothing but its own script run", () => {
    for (const { name, attributes } of elementsOf(page)) {
      const loads = ["src", "srcset", "data", "action", "poster", "ping", "background"];
      expect([...attributes.keys()].filter((attribute) => loads.includes(attribute))).toEqual([]);
      if (attributes.has("href"))
        expect([name, attributes.get("href")]).toEqual(["link", "data:,"]);
    }
    expect(page).not.toMatch(/url\(|@import|@font-face/);
    const script = /<script>([\s\S]*?)<\/script>/.exec(page)?.[1] ?? "";
    const hash = createHash("sha256").update(script).digest("base64");
    expect(page).toContain(`default-src &#39;none&#39;`);
    expect(page).toContain(`script-src &#39;sha256-${hash}&#39;`);
  });

  test("is for light, dark and paper", () => {
    expect(page).toContain("@media screen and (prefers-color-scheme: dark)");
    expect(page).toContain("@media print");
    expect(page).toContain('<html lang="en">');
  });

  test("an unverified copy is called so", () => {
    const unverified = textOf(reportPage(inventedReport({ tasks: fourTasks })));
    expect(unverified).toContain("Not verified: the rows of both ends were not compared.");
    expect(unverified).toContain("options none: the defaults");
  });

  test("an empty database has a page", () => {
    const empty = reportPage(inventedReport({ tasks: [] }));
    elementsOf(empty);
    expect(textOf(empty)).toContain("No rows were copied.");
  });
});

test("the page of a clone to null: speaks of reading, and of nothing that only a target has", () => {
  const report = inventedReport(
    { tasks: fourTasks.filter(({ kind }) => kind === "copy") },
    { nothingCopied: true, target: "null:", targetVersion: "", databaseCreated: false },
  );
  const page = reportPage(report);
  const text = textOf(page);
  expect(text).toContain("Read, and nothing copied, in 4.4 s");
  expect(text).toContain("read 200 MB");
  expect(text).toContain("Rows were read from 0.40 s to 4.40 s, 200 MB");
  expect(text).toContain("Every table was read in one part.");
  expect(text).not.toMatch(/indexes|sequences|index job|verified/i);
  expect(text.replaceAll("nothing copied", "")).not.toContain("copied");
  const many = { ...report, tables: report.tables.map((one) => ({ ...one, parts: 2 })) };
  expect(textOf(reportPage(many))).toContain("1 table was read in parts");
});

describe("whatever things are called", () => {
  const name = `"<script>alert(1)</script>'&\u202e\u0007`;
  const task: InventedTask = { kind: "copy", label: name, pool: name, durationMs: 900, bytes: 9 };

  test("it is text on the page", () => {
    const report = inventedReport(
      { tasks: [task], options: { [name]: { [name]: name } } },
      {
        warnings: [name],
        source: name,
        target: name,
        pgDump: { kind: "local", path: name, version: name },
      },
    );
    const failed = recorded([task]).failed(
      new PgCopyError(name, {
        code: "task_failed",
        ...{ attempted: name, advice: name, items: [name] },
        server: { severity: "ERROR", sqlstate: name, message: name, detail: name, hint: name },
      }),
    );
    for (const page of [reportPage(report), reportPage(failed)]) {
      const elements = elementsOf(page);
      expect(elements.filter(({ name }) => name === "script").length).toBe(1);
      expect(page).not.toContain("<script>alert");
      for (const character of ["\u202e", "\u0007"]) expect(page).not.toContain(character);
      expect(textOf(page)).toContain(`"<script>alert(1)</script>'&\\u{202e}\\u{7}`);
    }
  });
});

function recorded(tasks: readonly InventedTask[]): RunRecorder {
  const recorder = new RunRecorder();
  for (const event of inventedEvents({ tasks })) recorder.observe(event);
  return recorder;
}

describe("the page of a run that failed", () => {
  const error = new PgCopyError("CREATE INDEX public.orders_idx failed on target: no", {
    code: "task_failed",
    server: { severity: "ERROR", sqlstate: "23505", message: "no", detail: "Key (id)=(4)." },
    items: ["public.orders"],
    advice: "start over with --drop-if-exists",
    statements: ['grant select on table "public"."orders" to "nora"'],
  });

  test("tells what happened, what to do, and how far it came", () => {
    const recorder = new RunRecorder();
    const events = inventedEvents({ tasks: fourTasks });
    for (const event of events.filter(({ atMs }) => atMs <= 600)) recorder.observe(event);
    const copy = { id: "1", kind: "copy", label: "COPY public.orders" } as const;
    const index = { id: "2", kind: "index", label: "CREATE INDEX public.orders_idx" } as const;
    recorder.observe({ type: "task_failed", atMs: 700, task: index, error: {} });
    recorder.observe({ type: "task_stopped", atMs: 800, task: copy, durationMs: 400, bytes: MB });
    recorder.observe({ type: "step_failed", atMs: 900, step: "copy", durationMs: 500 });
    const page = reportPage(recorder.failed(error));
    elementsOf(page);
    const text = textOf(page);
    for (const words of [
      "✗ Failed after 900 ms",
      "tasks done 1 of 4",
      "What happened CREATE INDEX public.orders_idx failed on target: no",
      "detail Key (id)=(4). error code task_failed SQLSTATE 23505 public.orders",
      "What to do start over with --drop-if-exists",
      "Going on when it ended",
      'start over with --drop-if-exists grant select on table "public"."orders" to "nora";',
      "CREATE INDEX public.orders_idx (failed) index job 1",
      "COPY public.orders (stopped) table job 1 0.40 s 400 ms 1.0 MB",
      "Longest tasks",
      "copy (not finished)",
    ])
      expect(text).toContain(words);
    expect(text).not.toContain("Slowest tables");
    expect(page).toContain('class="failed wide"');
    expect(page).toContain('class="rows stopped');
  });

  test("after it had gone on tells what failed, what went on, and what was left out", () => {
    const recorder = recorded(fourTasks);
    const copy = { id: "5", kind: "copy", label: "COPY public.<b>" } as const;
    const index = { id: "6", kind: "index", label: "INDEX public.<i>" } as const;
    recorder.observe({ type: "task_started", atMs: 5000, task: copy, pool: "tables" });
    recorder.observe({ type: "task_failed", atMs: 5001, task: copy, error: {}, goesOn: true });
    recorder.observe({ type: "task_skipped", atMs: 5002, task: index, because: [copy] });
    const failures = [new PgCopyError("no", { code: "task_failed" })];
    const all = new PgCopyError("1 task failed", { code: "task_failed", failures });
    const page = reportPage(recorder.failed(all));
    elementsOf(page);
    const text = textOf(page);
    expect(text).toMatch(/ Failed task job .* COPY public\.<b> \(failed\) table job 1 /);
    expect(text).toContain("Left out task needs, and that failed INDEX public.<i> COPY public.<b>");
    expect(text).not.toContain("Going on when it ended");
  });

  test.each([
    ["interrupted", "✗ Interrupted after 5.1 s"],
    ["verification_failed", "✗ Copied in 5.1 s, with differences"],
    ["rows_rejected", "✗ Copied in 5.1 s, but for rejected rows"],
    ["internal", "✗ Failed after 5.1 s"],
  ] as const)("%s", (code, words) => {
    const run = recorded(fourTasks).failed(new PgCopyError("it ended", { code }));
    expect(textOf(reportPage(run))).toContain(words);
  });

  test("names the rows that were rejected before, safely", () => {
    const rejected = { schema: "public", name: "<b>t", rows: 3, file: "t.rejected", reason: "no" };
    const run = {
      ...recorded(fourTasks).failed(new PgCopyError("no", { code: "task_failed" })),
      rejected: [rejected],
    };
    elementsOf(reportPage(run));
    expect(textOf(reportPage(run))).toContain(
      "Rejected rows 3 rows of public.<b>t in t.rejected ; the first: no",
    );
  });

  test("before it had connected to anything", () => {
    const recorder = new RunRecorder();
    const startedAt = "2026-03-01T02:03:04.000Z";
    recorder.observe({ type: "run_started", atMs: 0, pgcopyVersion: "1", startedAt, options: {} });
    recorder.observe({ type: "step_started", atMs: 0, step: "connect" });
    recorder.observe({ type: "step_failed", atMs: 3000, step: "connect", durationMs: 3000 });
    const page = reportPage(recorder.failed(new PgCopyError("no", { code: "connection_failed" })));
    elementsOf(page);
    const text = textOf(page);
    expect(text).toContain("✗ Failed after 3.0 s from not connected to to not connected to");
    expect(text).toContain("connect (not finished) 0.00 s 3.0 s");
    expect(text).toContain("tasks none was begun");
  });
});

describe("20,000 tasks", () => {
  const tasks = manyTasks(2000, 9);

  test.each([
    ["16 jobs", { tables: 8, indexes: 8 }],
    ["256 jobs", { tables: 128, indexes: 128 }],
    ["2 jobs", { tables: 1, indexes: 1 }],
  ])("of %s make a page of some megabytes at most", (_what, jobs) => {
    const report = inventedReport({ tasks, jobs });
    const page = reportPage(report);
    elementsOf(page);
    expect(page.length).toBeLessThan(3 * MB);
    expect(textOf(page)).toContain("The 1,000 longest of 20,000 tasks");
    const drawn = lanes(report.tasks, report.durationMs).flatMap((lane) => lane.segments);
    expect(drawn.length).toBeLessThan(16_000);
    expect(drawn.flatMap((segment) => segment.tasks).length).toBe(20_000);
  });
});

describe("what is too short to be drawn", () => {
  const task = (beganMs: number, endedMs: number, state: "done" | "failed" = "done") => ({
    ...{ id: `${beganMs}`, kind: "copy" as const, label: "", pool: "tables", job: 1 },
    ...{ rows: 0, bytes: 0, beganMs, endedMs, state },
  });
  const pieces = (...tasks: ReturnType<typeof task>[]) =>
    segments(tasks, 10).map(({ beganMs, endedMs, tasks: own }) => [beganMs, endedMs, own.length]);

  test("is drawn with its neighbours, and what is long for itself", () => {
    expect(pieces(task(0, 2), task(2, 9), task(9, 30), task(30, 33), task(33, 35))).toEqual([
      [0, 9, 2],
      [9, 30, 1],
      [30, 35, 2],
    ]);
  });

  test("is not drawn over a gap, nor without end", () => {
    expect(pieces(task(0, 2), task(50, 52))).toEqual([
      [0, 2, 1],
      [50, 52, 1],
    ]);
    const many = Array.from({ length: 100 }, (_, i) => task(i, i + 1));
    expect(pieces(...many).length).toBe(3);
  });

  test("is drawn for itself if it failed", () => {
    expect(pieces(task(0, 2), task(2, 4, "failed"), task(4, 5)).map(([, , many]) => many)).toEqual([
      1, 1, 1,
    ]);
  });
});

describe("the time axis", () => {
  test.each([
    [0, ["0"]],
    [7, ["0", "1 ms", "2 ms", "3 ms", "4 ms", "5 ms", "6 ms", "7 ms"]],
    [3200, ["0", "500 ms", "1 s", "1.5 s", "2 s", "2.5 s", "3 s"]],
    [100_000, ["0", "15 s", "30 s", "45 s", "1 min", "75 s", "90 s"]],
    [3_600_000, ["0", "10 min", "20 min", "30 min", "40 min", "50 min", "1 h"]],
    [30 * 3_600_000, ["0", "6 h", "12 h", "18 h", "1 d", "30 h"]],
  ])("of %d ms", (durationMs, labels) => {
    expect(ticks(durationMs).map(({ label }) => label)).toEqual(labels);
  });

  test("ends within a hundred days, too", () => {
    expect(ticks(100 * 86_400_000).length).toBeLessThanOrEqual(9);
  });
});

test("throughput is drawn in no more points than can be seen, and loses no byte", () => {
  const report = inventedReport({ tasks: manyTasks(500, 1), jobs: { tables: 2, indexes: 1 } });
  const points = rates(report);
  expect(points.length).toBeLessThanOrEqual(240);
  const bytes = points.reduce((sum, point) => sum + point.bytes, 0);
  expect(Math.abs(bytes - report.bytes)).toBeLessThan(points.length * 10);
});
