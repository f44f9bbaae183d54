/** What is kept of a run from its events: the same for one that ends well and one that does not. */

import { describe, expect, test } from "vitest";
import { PgCopyError } from "../../src/errors.js";
import type { RunEvent, TaskInfo } from "../../src/events.js";
import { RunRecorder } from "../../src/record/run-recorder.js";
import { ThroughputMeter } from "../../src/record/throughput-meter.js";
import { type InventedTask, inventedEvents } from "./invented-run.js";

function recorderOf(events: readonly RunEvent[]): RunRecorder {
  const recorder = new RunRecorder();
  for (const event of events) recorder.observe(event);
  return recorder;
}

const copy = (name: string, durationMs: number, bytes = 0): InventedTask => ({
  ...{ kind: "copy", label: `COPY public.${name}`, pool: "tables" },
  ...{ durationMs, bytes, rows: bytes / 10 },
});

describe("the tasks of a run", () => {
  const tasks = [copy("a", 100, 1000), copy("b", 30, 500), copy("c", 50), copy("d", 50)];
  const index: InventedTask = { ...copy("x", 20), kind: "index", pool: "indexes" };
  const events = inventedEvents({ tasks: [...tasks, index], jobs: { tables: 2, indexes: 2 } });

  test("get the first job of their pool that is free, and keep their times", () => {
    const record = recorderOf(events).record();
    const shown = record.tasks.map(({ label, pool, job, beganMs, endedMs }) => {
      return [label.replace(/^COPY public\./, ""), `${pool} ${job}`, beganMs, endedMs];
    });
    expect(shown).toEqual([
      ["a", "tables 1", 400, 500],
      ["b", "tables 2", 400, 430],
      ["x", "indexes 1", 400, 420],
      ["c", "tables 2", 430, 480],
      ["d", "tables 2", 480, 530],
    ]);
    expect(record.tasks[0]).toMatchObject({ rows: 100, bytes: 1000, state: "done" });
  });

  test("the servers, the steps, the options and what was planned are kept with them", () => {
    const options = { jobs: 2, verify: "count" };
    expect(recorderOf(inventedEvents({ tasks, options })).record()).toMatchObject({
      pgcopyVersion: "1.2.3",
      startedAt: "2026-03-01T02:03:04.000Z",
      options,
      source: "postgres://me@old.example.com/shop",
      targetVersion: "18.4",
      planned: { tables: 1, tasks: 4, bytes: 1500 },
      steps: [
        { step: "connect", beganMs: 0, durationMs: 400 },
        { step: "copy", beganMs: 400 },
      ],
      warnings: [],
    });
  });

  test("a record in the middle has what runs until then", () => {
    const begun = events.filter(({ atMs }) => atMs < 420);
    const record = recorderOf(begun).record(415);
    expect(record.durationMs).toBe(415);
    expect(record.tasks.map(({ state, endedMs }) => [state, endedMs])).toEqual([
      ["running", 415],
      ["running", 415],
      ["running", 415],
    ]);
    expect(record.steps.at(-1)).toEqual({ step: "copy", beganMs: 400, durationMs: 15 });
  });

  test("another run's beginning begins anew", () => {
    const before: RunEvent = { type: "step_started", atMs: 7, step: "make up the shop" };
    const record = recorderOf([before, ...events, ...events]).record();
    expect(record).toEqual(recorderOf(events).record());
    expect(record.tasks.length).toBe(5);
  });
});

describe("a run that fails", () => {
  const [a, b]: TaskInfo[] = ["a", "b"].map((id) => ({ id, kind: "copy", label: `COPY ${id}` }));
  const failure = new PgCopyError("COPY a failed on target", { code: "task_failed" });
  const rejected = { schema: "public", name: "a", rows: 3, file: "a.rejected", reason: "no" };
  const events: RunEvent[] = [
    { type: "run_started", atMs: 0, pgcopyVersion: "1", startedAt: "2026-03-01", options: {} },
    { type: "step_started", atMs: 0, step: "copy" },
    { type: "task_started", atMs: 10, task: a as TaskInfo, pool: "tables" },
    { type: "task_started", atMs: 10, task: b as TaskInfo, pool: "tables" },
    { type: "notice", atMs: 11, level: "warning", message: "mind the gap" },
    { type: "notice", atMs: 11, level: "info", message: "all aboard" },
    { type: "task_failed", atMs: 50, task: a as TaskInfo, error: {} },
    { type: "rows_rejected", atMs: 50, task: a as TaskInfo, ...rejected },
    { type: "task_stopped", atMs: 60, task: b as TaskInfo, durationMs: 50, bytes: 300 },
    { type: "step_failed", atMs: 70, step: "copy", durationMs: 70 },
  ];

  test("has its tasks, its step, its warnings, its rejected rows and its error", () => {
    const run = recorderOf(events).failed(failure);
    expect(run).toMatchObject({ error: failure, durationMs: 70, warnings: ["mind the gap"] });
    expect(run.rejected).toEqual([rejected]);
    expect(run.steps).toEqual([{ step: "copy", beganMs: 0, durationMs: 70, failed: true }]);
    expect(run.tasks.map(({ state, endedMs, bytes }) => [state, endedMs, bytes])).toEqual([
      ["failed", 50, 0],
      ["stopped", 60, 300],
    ]);
  });

  test("that went on has each task's error, and what was left out", () => {
    const c: TaskInfo = { id: "c", kind: "index", label: "INDEX c" };
    const [, , , , , , failed] = events as [...RunEvent[]];
    const run = recorderOf([
      ...events.slice(0, 6),
      { ...(failed as RunEvent & { type: "task_failed" }), error: { code: "task_failed" } },
      { type: "task_skipped", atMs: 60, task: c, because: [a as TaskInfo] },
    ]).failed(failure);
    expect(run.tasks[0]).toMatchObject({ state: "failed", error: { code: "task_failed" } });
    expect(run.skipped).toEqual([{ ...c, because: [a] }]);
    expect(run.tasks.map(({ id }) => id)).toEqual(["a", "b"]);
  });

  test("has nothing before it began", () => {
    expect(recorderOf([]).hasBegun).toBe(false);
    expect(recorderOf(events.slice(0, 1)).hasBegun).toBe(true);
  });
});

describe("throughput", () => {
  const total = (bytes: readonly number[]) => bytes.reduce((sum, one) => sum + one, 0);

  test("a task's bytes are spread over its time", () => {
    const events = inventedEvents({ tasks: [copy("a", 100, 1000)] });
    const { intervalMs, bytes } = recorderOf(events).record().throughput;
    expect(intervalMs).toBe(25);
    expect(bytes.slice(0, 16)).toEqual(Array(16).fill(0));
    expect(bytes.slice(16)).toEqual([250, 250, 250, 250]);
  });

  test("or, where progress was told, over the time in which they were copied", () => {
    const events = inventedEvents({ tasks: [copy("a", 100, 1000)] });
    const running = { id: "0", kind: "copy", label: "", durationMs: 50, rows: 0, bytes: 900 };
    const progress = { type: "progress", atMs: 450, running: [running] } as unknown as RunEvent;
    const { bytes } = recorderOf([
      ...events.filter(({ atMs }) => atMs < 450),
      progress,
      ...events.filter(({ atMs }) => atMs >= 450),
    ]).record().throughput;
    expect(bytes.slice(16)).toEqual([450, 450, 50, 50]);
  });

  test("of a run of three days takes no more room, and loses nothing", () => {
    const meter = new ThroughputMeter();
    const minute = 60_000;
    for (let i = 0; i < 3 * 24 * 60; i++) meter.add(i * minute, (i + 1) * minute, 6000);
    const { intervalMs, bytes } = meter.throughput;
    expect(bytes.length).toBeLessThanOrEqual(1000);
    expect(intervalMs * bytes.length).toBeGreaterThanOrEqual(3 * 24 * 60 * minute);
    expect(Math.abs(total(bytes) - 3 * 24 * 60 * 6000)).toBeLessThan(1000);
    const even = (6000 * intervalMs) / minute;
    for (const one of bytes.slice(0, -1)) expect(Math.abs(one - even)).toBeLessThan(1);
  });

  test("what took no time is counted, too", () => {
    const meter = new ThroughputMeter();
    meter.add(50, 50, 10);
    expect(total(meter.throughput.bytes)).toBe(10);
  });
});
