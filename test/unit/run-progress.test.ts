/** What `pgcopy progress` makes of what it reads, and how it says it. */

import { describe, expect, test } from "vitest";
import { paintFor } from "../../src/cli/output.js";
import { progressLines } from "../../src/cli/progress-lines.js";
import { type ProgressReport, sinceThen } from "../../src/engine/run-progress.js";
import { statementLabel } from "../../src/load/running-statements.js";

const journal = {
  source: "postgres://old/shop",
  snapshot: "00000003-0000001B-1",
  pgcopyVersion: "0.1.0",
  startedAt: "2026-11-20T16:55:03.120Z",
  attempt: 2,
  attemptStartedAt: "2026-11-20T17:10:00.000Z",
};
const none: ProgressReport = {
  target: "postgres://new/shop",
  state: "none",
  rows: 0,
  bytes: 0,
  running: [],
  hidden: [],
};
const running: ProgressReport = {
  ...none,
  state: "running",
  journal,
  holder: { pid: 4711, role: "nora" },
  elapsedMs: 61_000,
  tasksDone: 3,
  tasksTotal: 12,
  rows: 1_000,
  bytes: 2048,
  running: [
    { pid: 5, label: "COPY public.orders", durationMs: 1500, rows: 800, bytes: 1024 },
    { pid: 6, label: "CREATE INDEX i ON public.t", durationMs: 10, waitsFor: [99] },
  ],
};

describe("a run's statements are named", () => {
  test.each([
    [
      "begin; set local x = '1'; truncate only public.a; copy public.a from stdin",
      "copy public.a from stdin",
    ],
    [
      "CREATE INDEX i ON public.t USING btree (a, b); insert into x",
      "CREATE INDEX i ON public.t USING btree",
    ],
    [
      "CREATE USER MAPPING FOR x SERVER y OPTIONS (password 'secret')",
      "CREATE USER MAPPING FOR x SERVER y OPTIONS",
    ],
    ["CREATE SUBSCRIPTION s CONNECTION 'password=secret'", "CREATE SUBSCRIPTION s CONNECTION"],
    ["begin", "begin"],
    ["", ""],
  ])("%s", (script, label) => {
    expect(statementLabel(script)).toBe(label);
  });
});

describe("while it is watched", () => {
  test("a journal that has gone, and the lock with it, is a run that finished", () => {
    const closing = sinceThen(running, { ...none, state: "preparing", holder: { pid: 4711 } });
    expect(closing).toMatchObject({ state: "preparing", journal, tasksDone: 12, running: [] });
    expect(sinceThen(closing, none)).toMatchObject({ state: "finished", journal, tasksDone: 12 });
    expect(sinceThen(running, none)).toMatchObject({ state: "finished" });
  });

  test("one that never had a journal has done nothing that could be finished", () => {
    const preparing: ProgressReport = { ...none, state: "preparing" };
    expect(sinceThen(undefined, none)).toBe(none);
    expect(sinceThen(preparing, none)).toBe(none);
    expect(sinceThen(preparing, running)).toBe(running);
  });
});

test("it is shown with what each statement does or waits for", () => {
  const style = { paint: paintFor({ write: () => true }, {}), width: 80, tableWidth: 80 };
  expect(progressLines(running, style)).toEqual([
    "postgres://old/shop to postgres://new/shop: running for 1 min 1 s",
    "  began 2026-11-20 16:55:03 UTC, resumed 2026-11-20 17:10:00 UTC; pgcopy 0.1.0",
    "  process 4711, role nora",
    "  3 of 12 tasks done (25 %); 1,000 rows, 2.0 kB; 2 statements running",
    "  running                     rows    size  phase                 done    for",
    "  COPY public.orders           800  1.0 kB                              1.5 s",
    "  CREATE INDEX i ON public.t                waits for process 99        10 ms",
  ]);
});
