import { expect, test } from "vitest";
import { displayWidth } from "../../src/cli/display-width.js";
import { glyphsFor, paintFor } from "../../src/cli/output.js";
import { TerminalView } from "../../src/cli/terminal.js";
import type { Progress, RunEvent, RunningTask } from "../../src/events.js";
import { Screen } from "./terminal-screen.js";

const environment = { LANG: "en_US.UTF-8", TERM: "xterm" };
const ESC = "\u001b";
const MB = 1024 * 1024;

function open(columns = 80, rows = 24, overrides: Record<string, string> = {}) {
  const screen = new Screen(columns, rows);
  const clock = { ms: 0 };
  const set = { ...environment, ...overrides };
  const view = new TerminalView({
    stream: screen,
    paint: paintFor(screen, set),
    glyphs: glyphsFor(set),
    verbose: false,
    now: () => clock.ms,
  });
  return { screen, view, clock };
}

function copying(name: string, fields: Partial<RunningTask> = {}): RunningTask {
  return {
    id: `copy ${name}`,
    kind: "copy",
    label: `COPY ${name}`,
    durationMs: 4000,
    rows: 1_234_567,
    bytes: 400 * MB,
    fraction: 0.5,
    ...fields,
  };
}

function progress(running: readonly RunningTask[], fields: Partial<Progress> = {}): RunEvent {
  return {
    type: "progress",
    atMs: 5000,
    rows: 3_204_118,
    bytes: 812 * MB,
    bytesTotal: 1331 * MB,
    bytesPerSecond: 98 * MB,
    tablesDone: 12,
    tablesTotal: 17,
    indexesDone: 8,
    indexesTotal: 24,
    tasksDone: 20,
    tasksTotal: 60,
    doing: "copying",
    fraction: 0.62,
    remainingMs: 6200,
    running,
    ...fields,
  };
}

const indexBuild: RunningTask = {
  id: "index public.orders_customer_idx",
  kind: "index",
  label: "CREATE INDEX public.orders_customer_idx",
  durationMs: 12_000,
  rows: 0,
  bytes: 0,
  fraction: 0.25,
  phase: "building index: scanning table",
};

test("the whole run and all that is running show their figures in 80 columns", () => {
  const { screen, view } = open();
  view.observe(progress([copying("public.orders (part 3 of 8)"), indexBuild]));
  expect(screen.lines).toEqual([
    "  ━━━━━━━━━━━━━━━━━━━─────────────   62 % of the work  6.2 s left  5.0 s so far",
    "  copied 12 of 17 tables  812 MB of 1.3 GB  98 MB/s  built 8 of 24 indexes",
    "  running                                 rows   copied      speed         left",
    "  public.orders 3/8          ━━━━────    1.2 M   400 MB   100 MB/s        4.0 s",
    "  index public.orders_cust…  ━━──────         scanning table  12 s         36 s",
  ]);
  expect(screen.overflows).toBe(0);
});

test("once nothing is copied any more, what goes on takes the place of the speed", () => {
  const { screen, view } = open(100);
  view.observe(
    progress([indexBuild], { bytes: 900 * MB, bytesTotal: 900 * MB, tablesDone: 17, rows: 0 }),
  );
  expect(screen.lines[1]).toBe(
    "  copied 17 tables  900 MB  building indexes  built 8 of 24 indexes",
  );
});

test("a clone to null: reads, and has one server only", () => {
  const { screen, view } = open();
  const objects = { ...copying("large objects"), kind: "large_objects" } as const;
  view.observe(progress([copying("public.a")], { doing: "reading", indexesTotal: 0 }));
  expect(screen.lines[1]).toMatch(/^ {2}read 12 of 17 tables {2}812 MB of 1\.3 GB {2}98 MB\/s/);
  expect(screen.lines[2]).toMatch(/^ {2}running +rows +read +speed +left$/);
  view.observe(progress([objects], { doing: "reading", bytesPerSecond: 0, tablesTotal: 0 }));
  view.stopping("interrupted");
  expect(screen.lines.at(-1)).toBe("  stopping the work on the source");
  expect(screen.text).not.toMatch(/cop(y|ied)/);
});

test("rows that the server has not told are no zero", () => {
  const { screen, view } = open();
  view.observe(progress([copying("public.a", { rows: 0, bytes: 3.8 * MB })]));
  expect(screen.lines.at(-1)).toMatch(/^ {2}public\.a +━━━━──── +3\.8 MB +\d/);
});

test("a remainder that is over in a moment is not told", () => {
  const { screen, view } = open();
  view.observe(progress([indexBuild], { fraction: 0.99, remainingMs: 4 }));
  expect(screen.lines[0]).toMatch(/ 99 % of the work {2}5\.0 s so far$/);
});

test("more than was expected is no contradiction", () => {
  const { screen, view } = open();
  view.observe(progress([copying("public.a")], { bytes: 1500 * MB }));
  expect(screen.lines[1]).toContain("  1.5 GB of 1.5 GB  ");
});

test("a terminal that doesn't know its size is taken for one of 80 by 24", () => {
  const { screen, view } = open();
  const shown = open(0, 0);
  for (const one of [view, shown.view]) one.observe(progress([copying("public.a"), indexBuild]));
  const written = (one: typeof screen) => one.writes.join("");
  expect(written(shown.screen)).toBe(written(screen));
});

test.each([20, 40, 60, 80, 100, 132, 250])("nothing wraps at %i columns", (columns) => {
  const { screen, view } = open(columns);
  const words = "a long warning ".repeat(20).trim();
  view.observe({ type: "step_started", atMs: 0, step: "read catalog ".repeat(12) });
  view.tick();
  view.observe({ type: "notice", atMs: 1, level: "warning", message: words });
  view.observe(progress([copying("public.orders (part 3 of 8)"), indexBuild]));
  view.observe(progress([copying("a_schema.".repeat(30)), indexBuild], { remainingMs: 1e9 }));
  expect(screen.overflows).toBe(0);
  for (const line of screen.lines) expect(displayWidth(line)).toBeLessThan(columns);
  expect(screen.text.replace(/\s+/g, " ")).toContain(`warning: ${words}`);
});

test("names of wide characters are measured as the terminal shows them", () => {
  const { screen, view } = open(60);
  view.observe(
    progress([
      copying("店舗.注文明細の長い長い長い長い名前"),
      copying("🥜.👩‍👩‍👧‍👦 cafés"),
      copying("שלום"),
    ]),
  );
  expect(screen.overflows).toBe(0);
  expect(screen.text).toContain("店舗.注文明細");
  expect(screen.text).toContain("…");
});

test("a name that holds control codes is shown, not obeyed", () => {
  const { screen, view } = open();
  view.observe(progress([copying("x.\u001b[2Ja\nb\u0007\u202e")]));
  view.observe({ type: "notice", atMs: 2, level: "info", message: "one\ntwo\u001b[1A" });
  expect(screen.text).toContain("x.\\u{1b}[2Ja\\nb\\u{7}\\u{2…");
  expect(screen.text).toContain("one\\ntwo\\u{1b}[1A");
});

test("frames take the place of those before them, and finished steps stay above", () => {
  const { screen, view } = open(100);
  const heights: number[] = [];
  for (let at = 0; at < 40; at++) {
    if (at % 8 === 0)
      view.observe({ type: "step_finished", atMs: at, step: `step ${at / 8}`, durationMs: 20 });
    // Tasks come and go from frame to frame.
    const names = ["a", "b", "c", "d"].slice(0, 2 + (at % 3));
    view.observe(
      progress(
        names.map((name) => copying(`public.${name}`)),
        { rows: at },
      ),
    );
    const finished = screen.lines.filter((line) => line.startsWith("✓")).length;
    heights.push(screen.lines.length - finished);
  }
  expect(screen.lines.slice(0, 5)).toEqual([0, 1, 2, 3, 4].map((n) => `✓ step ${n} (20 ms)`));
  expect(screen.lines.filter((line) => line.includes("public.a"))).toHaveLength(1);
  expect(screen.text).toContain(" 39 rows");
  expect(screen.text).not.toContain(" 38 rows");
  // The most tasks at a time were four; from then on the area keeps its height.
  expect(new Set(heights.slice(2))).toEqual(new Set([7]));
});

test("a shorter line leaves nothing of the longer one before it", () => {
  const { screen, view } = open();
  view.observe(progress([indexBuild, copying("public.a_table_with_a_long_name")]));
  const { remainingMs: _, ...rest } = progress([]) as RunEvent & Progress;
  view.observe({ ...rest, rows: 1, bytesPerSecond: 0 } as RunEvent);
  expect(screen.text).toBe(
    [
      "  ━━━━━━━━━━━━━━━━━━━━━━━━────────────────   62 % of the work  5.0 s so far",
      "  copied 12 of 17 tables  812 MB of 1.3 GB  built 8 of 24 indexes  1 row",
    ].join("\n"),
  );
});

test("every frame is one write, and shown at once", () => {
  const { screen, view } = open();
  view.observe(progress([copying("public.a"), indexBuild]));
  view.observe(progress([copying("public.b")]));
  expect(screen.writes).toHaveLength(2);
  for (const frame of screen.writes) {
    expect(frame.split("\u001b[?2026h")).toHaveLength(2);
    expect(frame.endsWith("\u001b[?7h\u001b[?2026l")).toBe(true);
  }
});

test("there are never more live lines than the terminal has rows", () => {
  const { screen, view } = open(80, 10);
  const many = Array.from({ length: 30 }, (_, n) => copying(`public.table_${n}`));
  for (let at = 0; at < 20; at++) view.observe(progress(many, { rows: at }));
  expect(screen.lines).toHaveLength(9);
  expect(screen.lines.at(-1)).toBe("  and 24 more running");
  expect(screen.lines.filter((line) => line.includes("table_0"))).toHaveLength(1);
});

test("a terminal that becomes narrower keeps nothing of the wider frame", () => {
  const { screen, view } = open(120);
  view.observe({ type: "step_finished", atMs: 1, step: "connect", durationMs: 20 });
  view.observe(progress([copying("public.a"), copying("public.b"), indexBuild]));
  screen.resize(50);
  expect(screen.lines[0]).toBe("✓ connect (20 ms)");
  expect(screen.lines.filter((line) => line.includes("12 of 17 tables"))).toHaveLength(1);
  expect(screen.lines.filter((line) => line.includes("public.b"))).toHaveLength(1);
  expect(screen.lines.length).toBeLessThanOrEqual(8);
});

test("the cursor is hidden while it draws, and always given back", () => {
  const { screen, view } = open();
  view.observe({
    type: "connected",
    atMs: 0,
    side: "source",
    endpoint: "postgres://a/b",
    serverVersion: "15.8",
  });
  view.observe(progress([copying("public.a")]));
  expect(screen.cursorHidden).toBe(true);
  view.close();
  expect(screen.cursorHidden).toBe(false);
  expect(screen.text).toBe("  source: PostgreSQL 15.8 at postgres://a/b");
  const { length } = screen.writes;
  view.close();
  view.tick();
  view.observe(progress([]));
  expect(screen.writes).toHaveLength(length);
});

test("a suspended view draws again when it goes on", () => {
  const { screen, view } = open();
  view.observe(progress([copying("public.a")]));
  view.suspend();
  expect(screen.cursorHidden).toBe(false);
  expect(screen.text).toBe("");
  view.tick();
  expect(screen.text).toContain("public.a");
});

test("steps without tasks show how long they have been going on", () => {
  const { screen, view, clock } = open();
  clock.ms = 1000;
  view.observe({ type: "step_started", atMs: 500, step: "dump schema" });
  clock.ms = 3200;
  view.tick();
  expect(screen.text).toBe("  dump schema … 2.2 s");
});

test("a step that takes long says what may be in its way", () => {
  const { screen, view, clock } = open();
  view.observe({ type: "step_started", atMs: 0, step: "read the source" });
  clock.ms = 4900;
  view.tick();
  expect(screen.lines).toEqual(["  read the source … 4.9 s"]);
  clock.ms = 5100;
  view.tick();
  expect(screen.lines).toEqual([
    "  read the source … 5.1 s",
    "    a lock on the source may be in the way; pg_stat_activity there shows it",
  ]);
});

test("a task that has ended is off the screen at once", () => {
  const { screen, view } = open();
  view.observe(progress([copying("public.a"), copying("public.b")]));
  const { id, kind, label } = copying("public.a");
  view.observe({
    type: "task_finished",
    atMs: 5100,
    task: { id, kind, label },
    durationMs: 1,
    rows: 1,
    bytes: 1,
  });
  view.tick();
  expect(screen.text).not.toContain("public.a");
  expect(screen.text).toContain("public.b");
});

test("an interruption is said, and stays in sight", () => {
  const { screen, view } = open();
  view.observe(progress([copying("public.a")]));
  view.stopping("interrupted: stopping the work on both servers");
  expect(screen.lines[0]).toBe("  interrupted: stopping the work on both servers");
  expect(screen.lines.at(-1)).toBe("  stopping the work on both servers");
});

test("NO_COLOR takes the colours away, and a plain locale the drawn characters", () => {
  const coloured = open();
  coloured.view.observe(progress([copying("public.a")]));
  expect(coloured.screen.writes.join("")).toContain("\u001b[32m━");
  const plain = open(80, 24, { NO_COLOR: "1", LANG: "C" });
  plain.view.observe(progress([copying("public.a")]));
  plain.view.observe({ type: "step_finished", atMs: 1, step: "connect", durationMs: 20 });
  expect(plain.screen.writes.join("")).not.toMatch(new RegExp(`${ESC}\\[\\d+m`));
  expect(plain.screen.text).toMatch(/^[\x20-\x7e\n]+$/);
  expect(plain.screen.text).toContain("####");
});
