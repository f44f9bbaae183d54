/** What `pgcopy progress` makes of what it reads, and how it says it. */

import { beforeEach, describe, expect, test } from "vitest";
import { paintFor } from "../../src/cli/output.js";
import { progressLines } from "../../src/cli/progress-lines.js";
import { type ProgressReport, sinceThen } from "../../src/engine/run-progress.js";
import { RunWatch } from "../../src/engine/run-watch.js";
import { PgCopyError } from "../../src/errors.js";
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

test("the command that goes on with a run that died is one line, and for its journal's owner", () => {
  const style = { paint: paintFor({ write: () => true }, {}), width: 40, tableWidth: 40 };
  const died: ProgressReport = {
    ...none,
    target: "postgres://looker@new/shop",
    state: "died",
    journal: { ...journal, source: "postgres://old/it's", owner: "nora b" },
  };
  const lines = progressLines(died, style, "./my journal");
  expect(lines).toContain(
    "    pgcopy clone 'postgres://old/it'\\''s' postgres://nora%20b@new/shop --dir './my journal' --resume",
  );
  expect(lines.join(" ")).toContain("--not-consistent");
});

describe("over a restart of the target", () => {
  const lost = new PgCopyError("gone", { code: "task_failed", retrySafe: true });
  const died: ProgressReport = { ...running, state: "died" };
  let nowMs: number;
  let watch: RunWatch;
  const states = (...looks: readonly (ProgressReport | Error)[]) =>
    Promise.all(
      looks.map(async (one) => {
        const { state } = await watch.see(() =>
          one instanceof Error ? Promise.reject(one) : Promise.resolve(one),
        );
        return state;
      }),
    );

  beforeEach(async () => {
    nowMs = 0;
    watch = new RunWatch(() => nowMs);
    expect(await states(running)).toEqual(["running"]);
  });

  test("the target is waited for, but not for ever", async () => {
    expect(await states(lost)).toEqual(["waiting"]);
    nowMs = 59_000;
    expect(await states(lost)).toEqual(["waiting"]);
    nowMs = 60_000;
    await expect(states(lost)).rejects.toBe(lost);
  });

  test("so is the run, which takes its time to come back", async () => {
    expect(await states(lost)).toEqual(["waiting"]);
    nowMs = 29_000;
    expect(await states(died)).toEqual(["waiting"]);
    expect(await states(running)).toEqual(["running"]);
    nowMs = 30_000;
    expect(await states(died)).toEqual(["died"]);
  });

  test("what doesn't pass is thrown, and all at the first look", async () => {
    const denied = new PgCopyError("denied", { code: "connection_failed" });
    await expect(states(denied)).rejects.toBe(denied);
    watch = new RunWatch();
    await expect(states(lost)).rejects.toBe(lost);
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
