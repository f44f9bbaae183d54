/**
 * `threads`: what arrives is the same as without, what fails says so in the same words, and nothing is
 * left: no session on a server, no thread.
 */

import type { Worker } from "node:worker_threads";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type CloneOptions, clone, type PgCopyError, type RunEvent } from "../src/index.js";
import { expectSameData, expectSameDatabase } from "./support/compare.js";
import {
  closeGates,
  closeTableGate,
  createGatedSchema,
  SMALL_TABLES,
} from "./support/gated-schema.js";
import { createHardSchema } from "./support/hard-schema.js";
import {
  createDatabase,
  server,
  sessionsOf,
  type TestDatabase,
  uniqueName,
} from "./support/servers.js";
import { expectNoSessions, until, untilRunning } from "./support/waiting.js";

let source: TestDatabase;

beforeAll(async () => {
  source = await createDatabase(server(16), "threads");
  await createGatedSchema(source);
});

afterAll(async () => {
  await source[Symbol.asyncDispose]();
});

/** A clone, with the threads that it has copied in. */
function cloneInThreads(options: CloneOptions) {
  const threads: Worker[] = [];
  let planned = false;
  const started = (worker: Worker) => {
    // The bundled pg_dump has a thread too, and is gone by then.
    if (planned) threads.push(worker);
  };
  process.on("worker", started);
  const running = clone({
    pgDump: "bundled",
    // One that hangs must not be in the way of the next test.
    signal: AbortSignal.timeout(30_000),
    ...options,
    observer: (event) => {
      planned ||= event.type === "planned";
      options.observer?.(event);
    },
  }).finally(() => process.off("worker", started));
  running.catch(() => {});
  return { running, threads };
}

/** The error of a clone that fails, once nothing of it is left. */
async function failure(
  options: CloneOptions,
  meanwhile: (threads: readonly Worker[]) => Promise<unknown> = async () => {},
): Promise<PgCopyError> {
  const { running, threads } = cloneInThreads(options);
  await meanwhile(threads);
  const error: PgCopyError = await running.then(
    () => expect.unreachable("the clone did not fail"),
    (thrown) => thrown,
  );
  expectEnded(threads);
  return error;
}

/** A thread that has ended has no number any more. */
function expectEnded(threads: readonly Worker[]): void {
  expect(threads.map(({ threadId }) => threadId)).toEqual(threads.map(() => -1));
}

/** The error with several threads, which must be that of one. */
async function sameFailure(options: Omit<CloneOptions, "threads">): Promise<PgCopyError> {
  const [inOne, inThreads] = [
    await failure({ ...options, threads: 1 }),
    await failure({ ...options, threads: 2, dropIfExists: true }),
  ];
  // What is left, and how to go on, is each run's own.
  const told = (error: PgCopyError) => ({
    ...error.toJSON(),
    advice: error.advice?.replace(/; the target postgres.*$/, ""),
  });
  expect(told(inThreads)).toEqual(told(inOne));
  expect(inThreads.name).toBe("PgCopyError");
  return inThreads;
}

describe("a clone in three threads", () => {
  test("is the source: the hard schema, in parts, verified", async () => {
    await using hard = await createDatabase(server(16), "threads_hard");
    await createHardSchema(hard);
    await using target = await createDatabase(server(16), "threads_copy");
    const bytes = { told: 0 };
    const { running, threads } = cloneInThreads({
      source: hard.uri,
      target: target.uri,
      jobs: 8,
      threads: 3,
      splitTablesLargerThan: 256 * 1024,
      verify: "checksum",
      observer: (event) => {
        if (event.type === "task_finished") bytes.told += event.bytes;
      },
    });
    const report = await running;
    expect(report.threads).toBe(3);
    expect(report.verification?.mismatches).toEqual([]);
    expect(report.largeObjects.count).toBeGreaterThan(0);
    expect(bytes.told).toBe(report.bytes);
    expect(threads).toHaveLength(3);
    expectEnded(threads);
    await expectNoSessions(hard, target);
    await expectSameDatabase(hard.uri, target.uri);
  });

  test("tells its progress", async () => {
    await using target = await createDatabase(server(16), "threads_copy");
    await using gates = await closeGates(target, { row: "2500" });
    let copied = 0;
    const { running } = cloneInThreads({
      source: source.uri,
      target: target.uri,
      threads: 3,
      progressIntervalMs: 20,
      observer: (event) => {
        if (event.type !== "progress") return;
        const wide = event.running.find(({ label }) => label === "COPY public.wide");
        copied = Math.max(copied, wide?.bytes ?? 0);
      },
    });
    await gates.untilReached();
    await until("the bytes of the running copy are told", () => copied > 20_000_000);
    await gates.open();
    const report = await running;
    expect(report.tables.find(({ name }) => name === "wide")?.bytes).toBeGreaterThanOrEqual(copied);
    await expectSameData(source.uri, target.uri);
  });

  test("lets go of the source when the last row is read", async () => {
    await using target = await createDatabase(server(16), "threads_copy");
    await using gates = await closeGates(target, { index: "closed" });
    const { running, threads } = cloneInThreads({
      source: source.uri,
      target: target.uri,
      threads: 3,
    });
    await gates.untilReached();
    await until("only the snapshot's session is left", async () => {
      const sessions = await sessionsOf(source);
      return threads.length > 0 && sessions.every(({ state }) => state === "idle");
    });
    expect((await sessionsOf(source)).map((one) => one.application_name)).toEqual([
      "pgcopy snapshot",
    ]);
    await gates.open();
    await running;
  });

  test("opens no session more than there are jobs", async () => {
    await using many = await createDatabase(server(16), "threads_many");
    await many.execute(`
      do $$ begin
        for n in 1..40 loop
          execute format('create table t%s as select i as id, repeat(''x'', 100) as word from generate_series(1, 3000) i', n);
          execute format('create index on t%s (id)', n);
        end loop;
      end $$`);
    const role = uniqueName("threads_limited");
    // One for the session that controls, and as many as there are jobs.
    await many.execute(`create role ${role} login password 'few' connection limit 8`);
    {
      await using target = await createDatabase(server(16), "threads_copy");
      await target.execute(`alter database ${target.name} owner to ${role}`);
      const { running, threads } = cloneInThreads({
        source: many.uri,
        target: target.uri.replace(/\/\/[^@]+@/, `//${role}:few@`),
        jobs: 8,
        threads: 3,
        verify: "count",
        splitTablesLargerThan: 64 * 1024,
        noOwner: true,
        noAcl: true,
      });
      const report = await running;
      expect(report.jobs).toEqual({ tableJobs: 4, indexJobs: 3 });
      expect(threads).toHaveLength(3);
      await expectSameData(many.uri, target.uri);
    }
    await many.execute(`drop role ${role}`);
  });
});

describe("an error is word for word that of one thread", () => {
  test("of a row that the target does not take", async () => {
    await using target = await createDatabase(server(16), "threads_copy");
    await using _ = await closeGates(target, { bad_row: "2000" });
    const error = await sameFailure({ source: source.uri, target: target.uri });
    expect(error).toMatchObject({
      code: "task_failed",
      message: "COPY public.wide failed on target: row 2000 is not welcome here (SQLSTATE P0001)",
      attempted: "COPY public.wide",
      server: { detail: "It came at a bad time." },
    });
    await expectNoSessions(source, target);
  });

  test("of a mask, whose words are kept back", async () => {
    await using target = await createDatabase(server(16), "threads_copy");
    const error = await sameFailure({
      source: source.uri,
      target: target.uri,
      mask: { "public.wide.id": "payload::int" },
    });
    expect(error.message).toMatch(
      /an expression failed \(SQLSTATE 22P02\); the message is kept back/,
    );
    expect(JSON.stringify(error)).not.toContain("xxx");
    await expectNoSessions(source, target);
  });
});

describe("a thread that has ended gets no copy any more", () => {
  test.each([
    ["the other one does all", 1],
    ["the main thread does all, if none is left", 2],
  ])("%s", async (_, ended) => {
    await using target = await createDatabase(server(16), "threads_copy");
    // Threads have begun by then, and have nothing to do yet.
    await using gates = await closeTableGate(target);
    const ends = { source: source.uri, target: target.uri };
    const { running, threads } = cloneInThreads({ ...ends, threads: 2, verify: "checksum" });
    await gates.untilReached();
    expect(threads).toHaveLength(2);
    for (const thread of threads.slice(0, ended)) await thread.terminate();
    await gates.open();
    expect((await running).verification?.mismatches).toEqual([]);
    // None was started in its place.
    expect(threads).toHaveLength(2);
    expectEnded(threads);
    await expectNoSessions(source, target);
    await gates[Symbol.asyncDispose]();
    await expectSameDatabase(source.uri, target.uri);
  });
});

describe("a copy in a thread is stopped", () => {
  test("by the signal: on both servers", async () => {
    await using target = await createDatabase(server(16), "threads_copy");
    await using gates = await closeGates(target, { row: "100" });
    const stop = new AbortController();
    const ends = { source: source.uri, target: target.uri, threads: 2, signal: stop.signal };
    const error = await failure(ends, async () => {
      await gates.untilReached();
      stop.abort();
    });
    expect(error.code).toBe("interrupted");
    expect(error.message).toMatch(/was interrupted$/);
    await expectNoSessions(source, target);
    expect(await target.query("select from wide")).toEqual([]);
  });

  test.each(["source", "target"] as const)("with its session on the %s", async (side) => {
    await using target = await createDatabase(server(16), "threads_copy");
    await using gates = await closeGates(target, { row: "100" });
    const ends = { source, target };
    const error = await failure(
      { source: source.uri, target: target.uri, threads: 2, retries: 0 },
      async () => {
        await gates.untilReached();
        const { pid } = await untilRunning(ends[side], /^copy "public"\."wide"/);
        await ends[side].query("select pg_terminate_backend($1)", [pid]);
        if (side === "source") await gates.open();
      },
    );
    expect(error).toMatchObject({ code: "task_failed", attempted: "COPY public.wide", side });
    await expectNoSessions(source, target);
  });

  test.each([
    ["is ended", (thread: Worker) => thread.terminate(), "exit code 1"],
    // What is no message of ours is a mistake of ours, which nobody catches.
    [
      "makes a mistake",
      async (thread: Worker) => thread.postMessage(null),
      "Cannot read properties of null (reading 'type')",
    ],
  ])("with its thread, which %s", async (_, end, words) => {
    await using target = await createDatabase(server(16), "threads_copy");
    // Its session waits for a lock, and would not notice for as long as that is held.
    await using gates = await closeGates(target, { row: "100" });
    const copied = new Set<string>();
    const observer = (event: RunEvent) => {
      if (event.type === "task_finished") copied.add(event.task.label);
    };
    const error = await failure(
      { source: source.uri, target: target.uri, threads: 2, retries: 0, observer },
      async (threads) => {
        await gates.untilReached();
        // They would fail, too, and perhaps first.
        await until("the other tables are copied", () =>
          SMALL_TABLES.every((table) => copied.has(`COPY ${table}`)),
        );
        for (const thread of threads) await end(thread);
      },
    );
    expect(error).toMatchObject({
      code: "task_failed",
      message: `COPY public.wide failed: the thread that did it ended: ${words}`,
      attempted: "COPY public.wide",
      retrySafe: true,
    });
    await expectNoSessions(source, target);
    await gates[Symbol.asyncDispose]();
    await clone({ source: source.uri, target: target.uri, dropIfExists: true });
    await expectSameDatabase(source.uri, target.uri);
  });
});
