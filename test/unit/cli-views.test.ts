import { describe, expect, test } from "vitest";
import { JsonView } from "../../src/cli/json.js";
import { lastEvents, runEvents } from "../../src/cli/json-events/json-events.js";
import { liveLines } from "../../src/cli/live-lines.js";
import { glyphsFor, type OutputStream, paintFor } from "../../src/cli/output.js";
import { PlainView } from "../../src/cli/plain.js";
import { QuietView } from "../../src/cli/quiet.js";
import { openView } from "../../src/cli/view.js";
import type { Progress, RunEvent, SnapshotPins } from "../../src/events.js";

function recorder(): OutputStream & { text: string } {
  return {
    text: "",
    write(text) {
      this.text += text;
      return true;
    },
  };
}

const task = { id: "1", kind: "copy", label: "COPY public.\u001b[2Jt" } as const;

function progressAt(atMs: number): RunEvent {
  return {
    type: "progress",
    atMs,
    rows: 3_204_118,
    bytes: 850_000_000,
    bytesTotal: 1_400_000_000,
    bytesPerSecond: 100_000_000,
    tablesDone: 12,
    tablesTotal: 17,
    indexesDone: 8,
    indexesTotal: 24,
    tasksDone: 20,
    tasksTotal: 60,
    doing: "copying",
    fraction: 0.62,
    remainingMs: 6200,
    running: [{ ...task, durationMs: 1, rows: 1, bytes: 1, fraction: 0.5, phase: "x" }],
  };
}

/** One of each type. */
function pinsAt(atMs: number): RunEvent {
  const pins = { ageTransactions: 18_204, oldest: false, deadRows: 1 };
  return { type: "snapshot_pins", atMs, heldMs: atMs, ...pins };
}

const events: RunEvent[] = [
  {
    type: "run_started",
    atMs: 0,
    pgcopyVersion: "1.2.3",
    startedAt: "2026-03-01T02:03:04.000Z",
    options: { jobs: 4 },
  },
  {
    type: "connected",
    atMs: 1,
    side: "source",
    endpoint: "postgres://me@old/shop",
    serverVersion: "15.8",
  },
  { type: "step_started", atMs: 2, step: "read catalog" },
  { type: "step_finished", atMs: 22, step: "read catalog", durationMs: 20 },
  {
    type: "notice",
    atMs: 23,
    level: "warning",
    message: "only 6 connections are left: going on with 3 jobs",
  },
  {
    type: "planned",
    atMs: 24,
    tables: 17,
    largeObjects: 0,
    indexes: 24,
    tasks: 60,
    bytes: 1_400_000_000,
  },
  { type: "task_started", atMs: 25, task, pool: "tables" },
  progressAt(1000),
  { type: "task_finished", atMs: 1026, task, durationMs: 1001, rows: 5, bytes: 2048 },
  {
    type: "task_retried",
    atMs: 1026,
    task,
    attempt: 1,
    error: { code: "task_failed", message: "gone" },
    delayMs: 200,
  },
  { type: "task_failed", atMs: 1027, task, error: { code: "task_failed", message: "no" } },
  {
    type: "resumed",
    atMs: 90,
    startedAt: "2026-11-01T02:03:04.000Z",
    ...{ tasksBefore: 3, tasks: 40, consistent: true },
  },
  { type: "task_failed", atMs: 1027, task, error: { code: "task_failed" }, goesOn: true },
  { type: "task_skipped", atMs: 1028, task, because: [task] },
  {
    type: "rows_rejected",
    atMs: 1027,
    task,
    ...{
      schema: "public",
      name: "\u001b[2Jt",
      rows: 3,
      file: "/tmp/r/public.t.rejected",
      reason: "no",
    },
  },
  { type: "task_stopped", atMs: 1028, task, durationMs: 3, bytes: 1024 },
  { type: "step_failed", atMs: 1029, step: "copy", durationMs: 1005 },
  {
    type: "database_finished",
    atMs: 1028,
    database: "shop",
    ...{ tables: 17, indexes: 24, rows: 5, bytes: 2048, durationMs: 1027, created: true },
  },
  { type: "snapshot_held", atMs: 1030, snapshot: "00000003-0000001B-1", tables: 17 },
  pinsAt(1040),
];

test("where there is no terminal, each thing that came to pass is a plain line", () => {
  const stream = recorder();
  const view = new PlainView(stream, false);
  for (const event of events) view.observe(event);
  expect(stream.text.split("\n")).toEqual([
    "source: PostgreSQL 15.8 at postgres://me@old/shop",
    "read catalog (20 ms)",
    "warning: only 6 connections are left: going on with 3 jobs",
    "planned: 17 tables, 24 indexes, about 1.3 GB",
    "COPY public.\\u{1b}[2Jt: gone; trying again in 200 ms",
    "COPY public.\\u{1b}[2Jt failed; stopping the rest",
    "resuming the run of 2026-11-01 02:03:04 UTC: 3 of 40 tasks are done",
    "COPY public.\\u{1b}[2Jt failed; going on with what doesn't need it",
    "warning: 3 rows of public.\\u{1b}[2Jt rejected, set aside in /tmp/r/public.t.rejected: no",
    "shop: 17 tables, 5 rows, 2.0 kB, 24 indexes in 1.0 s, created",
    "holding the snapshot 00000003-0000001B-1, with a fence around 17 tables; vacuum can't remove rows of this database that are deleted or updated from now on",
    "held for 1.0 s; 18,204 transactions since, and another session pins as many or more; 1 dead row in the database",
    "",
  ]);
});

test("what a held snapshot pins is said about every minute, and on a terminal all the time", () => {
  const stream = recorder();
  const view = new PlainView(stream, false);
  for (let atMs = 0; atMs <= 121_000; atMs += 10_000) view.observe(pinsAt(atMs));
  expect(stream.text.match(/^held for (.*?);/gm)).toEqual([
    "held for 0 ms;",
    "held for 1 min 0 s;",
    "held for 2 min 0 s;",
  ]);
  const pins = pinsAt(61_000) as RunEvent & SnapshotPins;
  const style = { paint: paintFor(recorder(), {}), glyphs: glyphsFor({}), columns: 40, rows: 20 };
  const lines = liveLines({ elapsedMs: 1, steps: [], stopping: true, pins }, style);
  expect(lines).toEqual(["  held for 1 min 1 s; 18,204 transact..."]);
});

test("about every ten seconds there is a line of progress", () => {
  const stream = recorder();
  const view = new PlainView(stream, false);
  for (let atMs = 0; atMs <= 31_000; atMs += 500) view.observe(progressAt(atMs));
  const figures =
    "62 % of the work; copied 12 of 17 tables, 811 MB of 1.3 GB, 3,204,118 rows, 95 MB/s; built 8 of 24 indexes; 6.2 s left";
  expect(stream.text).toBe(
    `after 10 s: ${figures}\nafter 20 s: ${figures}\nafter 30 s: ${figures}\n`,
  );
});

test("a line of progress says what goes on when nothing is copied any more", () => {
  const stream = recorder();
  const view = new PlainView(stream, false);
  const { remainingMs: _, ...copied } = progressAt(10_000) as RunEvent & Progress;
  const running = (["index", "foreign_key", "index"] as const).map((kind, n) => {
    return { id: String(n), kind, label: kind, durationMs: 1, rows: 0, bytes: 0 };
  });
  view.observe({ ...copied, tablesDone: 17, running } as RunEvent);
  expect(stream.text).toBe(
    "after 10 s: 62 % of the work; copied 17 tables, 811 MB, 3,204,118 rows; built 8 of 24 indexes; now building indexes and checking foreign keys\n",
  );
});

test("a step that takes long says once what may be in its way", () => {
  const stream = recorder();
  const clock = { ms: 0 };
  const view = new PlainView(stream, false, () => clock.ms);
  view.observe({ type: "step_started", atMs: 0, step: "connect" });
  view.observe({ type: "step_finished", atMs: 20, step: "connect", durationMs: 20 });
  view.observe({ type: "step_started", atMs: 20, step: "read the source" });
  for (clock.ms = 0; clock.ms < 20_000; clock.ms += 250) view.tick();
  expect(stream.text).toBe(
    "connect (20 ms)\nread the source goes on after 5.0 s: a lock on the source may be in the way; pg_stat_activity there shows it\n",
  );
});

describe("of many databases", () => {
  const inShop = events
    .filter(({ type }) => !type.startsWith("snapshot_"))
    .map((event): RunEvent => ({ ...event, database: "shop" }));

  test("each has a line when it is done, and what it says bears its name", () => {
    const stream = recorder();
    const view = new PlainView(stream, false);
    for (const event of inShop) view.observe(event);
    expect(stream.text.split("\n")).toEqual([
      "warning: shop: only 6 connections are left: going on with 3 jobs",
      "shop: COPY public.\\u{1b}[2Jt: gone; trying again in 200 ms",
      "shop: COPY public.\\u{1b}[2Jt failed; stopping the rest",
      "shop: resuming the run of 2026-11-01 02:03:04 UTC: 3 of 40 tasks are done",
      "shop: COPY public.\\u{1b}[2Jt failed; going on with what doesn't need it",
      "warning: shop: 3 rows of public.\\u{1b}[2Jt rejected, set aside in /tmp/r/public.t.rejected: no",
      "shop: 17 tables, 5 rows, 2.0 kB, 24 indexes in 1.0 s, created",
      "",
    ]);
    const quiet = recorder();
    for (const event of inShop) new QuietView(quiet).observe(event);
    expect(quiet.text).toBe(
      "pgcopy: warning: shop: only 6 connections are left: going on with 3 jobs\n" +
        "pgcopy: shop: COPY public.\\u{1b}[2Jt: gone; trying again in 200 ms\n" +
        "pgcopy: warning: shop: 3 rows of public.\\u{1b}[2Jt rejected, set aside in /tmp/r/public.t.rejected: no\n",
    );
  });

  test("a step that takes long is named with its database", () => {
    const stream = recorder();
    const clock = { ms: 0 };
    const view = new PlainView(stream, false, () => clock.ms);
    view.observe({ type: "step_started", atMs: 20, step: "read the source", database: "shop" });
    clock.ms = 6_000;
    view.tick();
    expect(stream.text).toMatch(/^shop: read the source goes on after 6.0 s: a lock on the source/);
  });

  test("on a terminal each task bears its database's name", () => {
    const running = [{ ...task, database: "shop", durationMs: 1, rows: 1, bytes: 1 }];
    const progress = { ...(progressAt(1) as RunEvent & Progress), running };
    const style = {
      paint: paintFor(recorder(), {}),
      glyphs: glyphsFor({}),
      columns: 120,
      rows: 20,
    };
    const lines = liveLines(
      {
        elapsedMs: 1,
        steps: [],
        stopping: false,
        progress: { ...progress, databasesDone: 2, databasesTotal: 7 },
      },
      style,
    );
    expect(lines[1]).toMatch(/^ {2}2 of 7 databases done {2}copied 12 of 17 tables/);
    expect(lines[3]).toMatch(/^ {2}shop: public\.\\u\{1b\}\[2Jt /);
  });

  test("the progress counts them", () => {
    const stream = recorder();
    const progress = progressAt(10_000) as RunEvent & Progress;
    new PlainView(stream, false).observe({
      ...progress,
      databasesDone: 2,
      databasesTotal: 7,
    } as RunEvent);
    expect(stream.text).toMatch(/ of the work; 2 of 7 databases done, copied 12 of 17 tables/);
  });
});

test("a clone to null: has read, and builds no index", () => {
  const stream = recorder();
  const view = new PlainView(stream, false);
  for (const event of events) {
    if (event.type === "progress") view.observe({ ...event, atMs: 11_000, doing: "reading" });
    if (event.type === "planned") view.observe({ ...event, indexes: 0 });
  }
  expect(stream.text).toMatch(/; read 12 of 17 tables, /);
  expect(stream.text).toMatch(/^planned: 17 tables, (?!.*index)/m);
  expect(stream.text).not.toContain("copied");
});

test("--verbose adds a line for every task", () => {
  const stream = recorder();
  const view = new PlainView(stream, true);
  for (const event of events) view.observe(event);
  expect(stream.text).toContain("COPY public.\\u{1b}[2Jt (5 rows, 2.0 kB, 1.0 s, 2.0 kB/s)\n");
});

test("--quiet leaves warnings", () => {
  const stream = recorder();
  const view = new QuietView(stream);
  for (const event of events) view.observe(event);
  expect(stream.text).toBe(
    "pgcopy: warning: only 6 connections are left: going on with 3 jobs\n" +
      "pgcopy: COPY public.\\u{1b}[2Jt: gone; trying again in 200 ms\n" +
      "pgcopy: warning: 3 rows of public.\\u{1b}[2Jt rejected, set aside in /tmp/r/public.t.rejected: no\n",
  );
});

test("--json writes every event as one line that holds what is documented, and nothing else", () => {
  const stream = recorder();
  const view = new JsonView(stream, false);
  for (const event of events) view.observe(event);
  const lines = stream.text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(lines).toEqual(events);
  expect(new Set(lines.map(({ type }) => type))).toEqual(new Set(Object.keys(runEvents)));
  for (const { type, atMs, database: _, ...fields } of lines) {
    expect(atMs).toBeTypeOf("number");
    const documented = runEvents[type as keyof typeof runEvents].fields;
    expect(Object.keys(documented)).toEqual(expect.arrayContaining(Object.keys(fields)));
  }
  expect(Object.keys(lastEvents)).toEqual([
    "report",
    "plan",
    "schema_comparison",
    "data_comparison",
    "check",
    ...["report_all", "plan_all", "ping", "run_progress", "hold", "error"],
  ]);
});

test("--json says an interruption as an event, and with --quiet nothing but the last line", () => {
  const loud = recorder();
  new JsonView(loud, false).stopping("interrupted");
  expect(JSON.parse(loud.text)).toEqual({
    type: "notice",
    atMs: 0,
    level: "warning",
    message: "interrupted",
  });
  const quiet = recorder();
  const view = new JsonView(quiet, true);
  for (const event of events) view.observe(event);
  expect(quiet.text).toBe("");
});

test("the view follows from the options and from where the output goes", async () => {
  const stdout = recorder();
  const nameOf = async (stderr: OutputStream, options: object, environment = {}) =>
    (await openView({ stdout, stderr, environment }, options)).constructor.name;
  const terminal = { ...recorder(), isTTY: true };
  expect(await nameOf(terminal, {})).toBe("TerminalView");
  expect(await nameOf(terminal, {}, { TERM: "dumb" })).toBe("PlainView");
  expect(await nameOf(recorder(), {})).toBe("PlainView");
  expect(await nameOf(terminal, { quiet: true })).toBe("QuietView");
  expect(await nameOf(terminal, { json: true })).toBe("JsonView");
});
