/** Runs that never were, told event by event as the engine tells them, for the recorder and the page. */

import type { CloneReport } from "../../src/engine/report.js";
import type { RunEvent, TaskKind } from "../../src/events.js";
import { RunRecorder } from "../../src/record/run-recorder.js";
import { SeededRandom } from "./seeded-random.js";

export interface InventedTask {
  readonly kind: TaskKind;
  readonly label: string;
  readonly pool: string;
  readonly durationMs: number;
  readonly rows?: number;
  readonly bytes?: number;
}

export interface InventedRun {
  readonly tasks: readonly InventedTask[];
  readonly jobs?: Readonly<Record<string, number>>;
  readonly options?: Readonly<Record<string, unknown>>;
}

const SETUP_MS = 400;

/** Every task starts as soon as its pool has a free job, in the order given. */
export function inventedEvents({ tasks, jobs = {}, options = {} }: InventedRun): RunEvent[] {
  const events: RunEvent[] = [
    {
      ...{ type: "run_started", atMs: 0, pgcopyVersion: "1.2.3", options },
      startedAt: "2026-03-01T02:03:04.000Z",
    },
    { type: "step_started", atMs: 0, step: "connect" },
    connected("source", "15.18"),
    connected("target", "18.4"),
    { type: "step_finished", atMs: SETUP_MS, step: "connect", durationMs: SETUP_MS },
    { type: "step_started", atMs: SETUP_MS, step: "copy" },
    {
      ...{ type: "planned", atMs: SETUP_MS, tasks: tasks.length },
      ...{ tables: 1, largeObjects: 0, indexes: 1, bytes: sum(tasks) },
    },
  ];
  const free = new Map<string, number[]>();
  const moments: RunEvent[] = [];
  for (const [i, { kind, label, pool, durationMs, rows = 0, bytes = 0 }] of tasks.entries()) {
    const times = free.get(pool) ?? Array.from({ length: jobs[pool] ?? 1 }, () => SETUP_MS);
    free.set(pool, times);
    const began = Math.min(...times);
    const atMs = began + durationMs;
    times[times.indexOf(began)] = atMs;
    const task = { id: `${i}`, kind, label };
    moments.push({ type: "task_started", atMs: began, task, pool });
    moments.push({ type: "task_finished", atMs, task, durationMs, rows, bytes });
  }
  // At one moment a task ends before the next one starts.
  const order = (event: RunEvent) => (event.type === "task_finished" ? 0 : 1);
  moments.sort((a, b) => a.atMs - b.atMs || order(a) - order(b));
  const endMs = moments.at(-1)?.atMs ?? SETUP_MS;
  const finished = { step: "copy", durationMs: endMs - SETUP_MS };
  return [...events, ...moments, { type: "step_finished", atMs: endMs, ...finished }];
}

function connected(side: "source" | "target", serverVersion: string): RunEvent {
  const endpoint = `postgres://me@${side === "source" ? "old" : "new"}.example.com/shop`;
  return { type: "connected", atMs: 20, side, endpoint, serverVersion };
}

function sum(tasks: readonly InventedTask[]): number {
  return tasks.reduce((total, { bytes = 0 }) => total + bytes, 0);
}

/** The report of such a run, were it one. */
export function inventedReport(run: InventedRun, fields: Partial<CloneReport> = {}): CloneReport {
  const recorder = new RunRecorder();
  for (const event of inventedEvents(run)) recorder.observe(event);
  const record = recorder.record();
  const copies = record.tasks.filter(({ kind }) => kind === "copy");
  const tables = copies.map(({ label, rows, bytes, beganMs, endedMs }) => ({
    ...{ schema: "public", name: label.replace(/^COPY public\./, ""), rows, bytes, parts: 1 },
    ...{ durationMs: endedMs - beganMs, format: "binary" as const, freeze: true },
    formatReason: "every column's binary form is the same on both ends",
  }));
  const indexes = record.tasks
    .filter(({ kind }) => kind === "index")
    .map(({ label, beganMs, endedMs }) => ({
      ...{ schema: "public", name: label.replace(/^CREATE INDEX public\./, "") },
      ...{ table: "public.t", durationMs: endedMs - beganMs },
    }));
  return {
    ...record,
    source: record.source ?? "",
    target: record.target ?? "",
    sourceVersion: "15.18",
    targetVersion: "18.4",
    snapshot: "00000003-0000001B-1",
    pgDump: { kind: "bundled", version: "18.3" },
    estimatedSeconds: 1,
    databaseCreated: true,
    rolesCreated: [],
    jobs: { tableJobs: run.jobs?.tables ?? 1, indexJobs: run.jobs?.indexes ?? 1 },
    threads: 1,
    work: [],
    rows: tables.reduce((total, { rows }) => total + rows, 0),
    bytes: tables.reduce((total, { bytes }) => total + bytes, 0),
    tables,
    largeObjects: { count: 0, bytes: 0, durationMs: 0 },
    indexes,
    slowestTables: slowest(tables),
    slowestIndexes: slowest(indexes),
    sequences: 3,
    ...fields,
  };
}

function slowest<T extends { readonly durationMs: number }>(list: readonly T[]): T[] {
  return [...list].sort((a, b) => b.durationMs - a.durationMs).slice(0, 10);
}

/** Many tables with their indexes, most of them small. */
export function manyTasks(tables: number, indexesEach: number): InventedTask[] {
  const random = new SeededRandom(4711);
  return Array.from({ length: tables }, (_, i): InventedTask[] => {
    const bytes = Math.round(2000 / (random.next() + 0.0001));
    const durationMs = 1 + Math.round(bytes / 20_000);
    const name = `public.table_${i}`;
    return [
      { kind: "copy", label: `COPY ${name}`, pool: "tables", durationMs, rows: i, bytes },
      ...Array.from({ length: indexesEach }, (_, j): InventedTask => {
        const label = `CREATE INDEX ${name}_${j}_idx`;
        return { kind: "index", label, pool: "indexes", durationMs: Math.ceil(durationMs / 3) };
      }),
    ];
  }).flat();
}
