/**
 * What goes wrong while rows are copied: each time the error says which table, which side and what
 * the server said; nothing goes on working; the journal is true; and starting over gives it all.
 */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { CloneOptions } from "../src/index.js";
import { clone, type PgCopyError, type RunEvent } from "../src/index.js";
import { expectSameDatabase } from "./support/compare.js";
import {
  closeGates,
  createGatedSchema,
  createManySmallTables,
  MANY_TABLES,
  SMALL_TABLES,
  WIDE_ROWS,
} from "./support/gated-schema.js";
import { createDatabase, server, type TestDatabase } from "./support/servers.js";
import { openProxy } from "./support/tcp-proxy.js";
import { expectNoSessions, until, untilRunning } from "./support/waiting.js";

/** Much less than a statement that nobody stops would take. */
const SOON_MS = 5_000;

let source: TestDatabase;

beforeAll(async () => {
  source = await createDatabase(server(16), "faults");
  await createGatedSchema(source);
});

afterAll(async () => {
  await source[Symbol.asyncDispose]();
});

interface Attempt {
  readonly error: PgCopyError;
  readonly events: readonly RunEvent[];
}

/** Clones, does `meanwhile` what must make it fail, and checks all that holds for every failure. */
async function failingClone(
  target: TestDatabase,
  options: Partial<CloneOptions>,
  meanwhile: (events: readonly RunEvent[]) => Promise<void> = async () => {},
): Promise<Attempt> {
  const events: RunEvent[] = [];
  const running = clone({
    source: source.uri,
    target: target.uri,
    pgDump: "bundled",
    // What comes of a second try is in retry.test.ts.
    retries: 0,
    observer: (event) => events.push(event),
    progressIntervalMs: 0,
    // One that hangs must not be in the way of the next test.
    signal: AbortSignal.timeout(30_000),
    ...options,
  });
  running.catch(() => {});
  await meanwhile(events);
  const began = performance.now();
  const error: PgCopyError = await running.then(
    () => expect.unreachable("the clone did not fail"),
    (thrown) => thrown,
  );
  expect(performance.now() - began).toBeLessThan(SOON_MS);
  expect(error, error.message).toMatchObject({ name: "PgCopyError", code: "task_failed" });
  expect(error.advice).toContain("its schema pgcopy_journal lists the finished tasks");
  expect(error.advice).toMatch(/start over with --restart/i);
  expect(error.advice).toMatch(/go on with .*--resume/i);
  await expectNoSessions(source, target);
  await expectTrueJournal(target);
  return { error, events };
}

/** What the journal has recorded is there, and what it has not is not. */
async function expectTrueJournal(target: TestDatabase): Promise<void> {
  const recorded = await target.query<{ table: string; rows: string }>(
    `select substring(label from '^COPY (\\S+)') as table, sum(rows)::text as rows
     from pgcopy_journal.task where kind = 'copy' group by 1`,
  );
  const expected = new Map(recorded.map(({ table, rows }) => [table, rows]));
  for (const table of ["public.wide", ...SMALL_TABLES]) {
    const [row] = await target.query(`select count(*)::text as rows from ${table}`);
    expect(row, `rows of ${table}, as the journal has it`).toEqual({
      rows: expected.get(table) ?? "0",
    });
  }
}

async function startOver(target: TestDatabase): Promise<void> {
  await clone({
    source: source.uri,
    target: target.uri,
    pgDump: "bundled",
    dropIfExists: true,
    verify: "checksum",
  });
  await expectSameDatabase(source.uri, target.uri);
  expect(
    await target.query("select nspname from pg_namespace where nspname = 'pgcopy_journal'"),
  ).toEqual([]);
}

const isFinished = (table: string) => (event: RunEvent) =>
  event.type === "task_finished" && event.task.label === `COPY ${table}`;

/** Waits until the small tables are copied and the COPY of the wide one waits in the target. */
async function untilHalfDone(
  gates: { untilReached(): Promise<number> },
  events: readonly RunEvent[],
): Promise<number> {
  await until("the small tables are copied", () =>
    SMALL_TABLES.every((table) => events.some(isFinished(table))),
  );
  return await gates.untilReached();
}

async function recordedTables(target: TestDatabase): Promise<string[]> {
  const rows = await target.query<{ label: string }>(
    "select label from pgcopy_journal.task where kind = 'copy' order by label",
  );
  return rows.map(({ label }) => label);
}

describe("a connection that is cut in the middle of a COPY", () => {
  test("of the source", async () => {
    await using target = await createDatabase(server(16), "faults_copy");
    await using proxy = await openProxy(source.server);
    proxy.onChunk = (link) => {
      if (link.toClient > 2_000_000) link.cut();
    };
    const { error, events } = await failingClone(target, { source: proxy.through(source.uri) });
    expect(error.message).toMatch(/^COPY public\.wide failed on source: .*(ECONNRESET|terminated)/);
    expect(error).toMatchObject({ attempted: "COPY public.wide", side: "source", retrySafe: true });
    expect(events).toContainEqual(
      expect.objectContaining({
        type: "task_failed",
        task: expect.objectContaining({ kind: "copy", label: "COPY public.wide" }),
        error: expect.objectContaining({ code: "task_failed", side: "source" }),
      }),
    );
    expect(events.filter((event) => event.type === "task_failed")).toHaveLength(1);
    await startOver(target);
  });

  test("of the target", async () => {
    await using target = await createDatabase(server(16), "faults_copy");
    await using proxy = await openProxy(target.server);
    proxy.onChunk = (link) => {
      if (link.toServer > 2_000_000) link.cut();
    };
    const { error } = await failingClone(target, { target: proxy.through(target.uri) });
    expect(error.message).toMatch(
      /^COPY public\.wide failed on target: .*(ECONNRESET|EPIPE|terminated)/,
    );
    expect(error).toMatchObject({ attempted: "COPY public.wide", side: "target", retrySafe: true });
    await startOver(target);
  });

  test("of every session of the source", async () => {
    await using target = await createDatabase(server(16), "faults_copy");
    await using gates = await closeGates(target, { row: "100" });
    await using proxy = await openProxy(source.server);
    const { error } = await failingClone(
      target,
      { source: proxy.through(source.uri) },
      async (events) => {
        await untilHalfDone(gates, events);
        proxy.cutAll();
        await gates.open();
      },
    );
    expect(error.message).toMatch(/failed on source: .*(ECONNRESET|terminated|lost)/);
    expect(await recordedTables(target)).toEqual(SMALL_TABLES.map((table) => `COPY ${table}`));
  });

  test("of the source, where no new one comes through", async () => {
    await using target = await createDatabase(server(16), "faults_copy");
    await using proxy = await openProxy(source.server);
    const running: PromiseLike<void>[] = [];
    const { error } = await failingClone(target, {
      source: proxy.through(source.uri),
      observer: (event) => {
        if (event.type === "task_started" && event.task.kind === "copy" && running.length === 0)
          running.push(proxy[Symbol.asyncDispose]());
      },
    });
    await Promise.all(running);
    expect(error.message).toContain("connect");
    expect(error.side).toBe("source");
  });
});

describe("a COPY that the server ends", () => {
  test("by pg_terminate_backend on the source", async () => {
    await using target = await createDatabase(server(16), "faults_copy");
    await using gates = await closeGates(target, { row: "100" });
    const { error } = await failingClone(target, {}, async (events) => {
      await untilHalfDone(gates, events);
      const { pid } = await untilRunning(source, /^copy "public"\."wide"/);
      await source.query("select pg_terminate_backend($1)", [pid]);
      await gates.open();
    });
    expect(error).toMatchObject({ attempted: "COPY public.wide", side: "source" });
    expect(await recordedTables(target)).toEqual(SMALL_TABLES.map((table) => `COPY ${table}`));
    await gates[Symbol.asyncDispose]();
    await startOver(target);
  });

  test("by pg_terminate_backend on the target", async () => {
    await using target = await createDatabase(server(16), "faults_copy");
    await using gates = await closeGates(target, { row: "100" });
    const { error } = await failingClone(target, {}, async (events) => {
      const pid = await untilHalfDone(gates, events);
      await target.query("select pg_terminate_backend($1)", [pid]);
    });
    expect(error.message).toBe(
      "COPY public.wide failed on target: terminating connection due to administrator command (SQLSTATE 57P01)",
    );
    expect(error.server?.where).toContain("COPY wide, line 100");
    expect(error).toMatchObject({ attempted: "COPY public.wide", side: "target", retrySafe: true });
    expect(await recordedTables(target)).toEqual(SMALL_TABLES.map((table) => `COPY ${table}`));
    await gates[Symbol.asyncDispose]();
    await startOver(target);
  });

  test("by pg_cancel_backend on the target", async () => {
    await using target = await createDatabase(server(16), "faults_copy");
    await using gates = await closeGates(target, { row: "100" });
    const { error } = await failingClone(target, {}, async (events) => {
      const pid = await untilHalfDone(gates, events);
      await target.query("select pg_cancel_backend($1)", [pid]);
    });
    expect(error.message).toBe(
      "COPY public.wide failed on target: canceling statement due to user request (SQLSTATE 57014)",
    );
    expect(error.reason).toBe("canceled");
    expect(error.advice).toMatch(/^see in the server's log who cancelled it/);
  });

  test("by pg_cancel_backend on the source", async () => {
    await using target = await createDatabase(server(16), "faults_copy");
    await using gates = await closeGates(target, { row: "100" });
    const { error } = await failingClone(target, {}, async (events) => {
      await untilHalfDone(gates, events);
      const { pid } = await untilRunning(source, /^copy "public"\."wide"/);
      await source.query("select pg_cancel_backend($1)", [pid]);
      await gates.open();
    });
    expect(error.message).toBe(
      "COPY public.wide failed on source: canceling statement due to user request (SQLSTATE 57014)",
    );
  });

  test("because the target does not take a row", async () => {
    await using target = await createDatabase(server(16), "faults_copy");
    await using gates = await closeGates(target, { bad_row: "2000" });
    const { error } = await failingClone(target, {});
    expect(error.message).toBe(
      "COPY public.wide failed on target: row 2000 is not welcome here (SQLSTATE P0001)",
    );
    expect(error).toMatchObject({
      attempted: "COPY public.wide",
      side: "target",
      retrySafe: false,
      server: { sqlstate: "P0001", detail: "It came at a bad time." },
    });
    await gates[Symbol.asyncDispose]();
    await startOver(target);
  });

  test("because the target does not take a row, while the source is out of reach", async () => {
    await using target = await createDatabase(server(16), "faults_copy");
    await using gates = await closeGates(target, { bad_row: "100" });
    await using proxy = await openProxy(source.server);
    proxy.onChunk = (link) => {
      if (link.toClient > 2_000_000) link.stall();
    };
    await expect(
      clone({
        source: proxy.through(source.uri),
        target: target.uri,
        retries: 0,
        signal: AbortSignal.timeout(10_000),
      }),
    ).rejects.toMatchObject({
      code: "task_failed",
      message: expect.stringMatching(/^COPY public\.wide failed on target: row 100 is not welcome/),
    });
    proxy.cutAll();
    await expectNoSessions(source, target);
    await expectTrueJournal(target);
    await gates.open();
  });

  test("in one of a table's parts", async () => {
    await using target = await createDatabase(server(16), "faults_copy");
    await using gates = await closeGates(target, { bad_row: String(WIDE_ROWS - 1) });
    const { error } = await failingClone(target, { splitTablesLargerThan: 64 * 1024 });
    expect(error.message).toMatch(
      /^COPY public\.wide \(part (\d+) of \1\) failed on target: row 2999 is not welcome here/,
    );
    await gates[Symbol.asyncDispose]();
    await startOver(target);
  });
});

describe("when one task fails, what else runs is stopped", () => {
  test("an index build beside a COPY", async () => {
    await using target = await createDatabase(server(16), "faults_copy");
    await using gates = await closeGates(target, { index: "closed", row: "100" });
    const { error } = await failingClone(target, {}, async () => {
      await untilRunning(target, /gated_idx/);
      const { pid } = await untilRunning(target, /^copy "public"\."wide"/);
      await gates.untilReached();
      await target.query("select pg_cancel_backend($1)", [pid]);
    });
    expect(error.attempted).toBe("COPY public.wide");
    expect(
      await target.query("select from pg_class where relname = 'gated_idx'"),
      "the index that was being built",
    ).toEqual([]);
  });

  test("everything, when the session that holds the target's lock is lost", async () => {
    await using target = await createDatabase(server(16), "faults_copy");
    await using gates = await closeGates(target, { row: "100" });
    const { error } = await failingClone(target, {}, async (events) => {
      await untilHalfDone(gates, events);
      await target.query(
        `select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and application_name = 'pgcopy control'`,
      );
      await gates.open();
    });
    expect(error.side).toBe("target");
    await gates[Symbol.asyncDispose]();
    await startOver(target);
  });
});

describe("a batch of small tables", () => {
  let many: TestDatabase;
  beforeAll(async () => {
    many = await createDatabase(server(16), "faults_many");
    await createManySmallTables(many);
  });
  afterAll(async () => {
    await many[Symbol.asyncDispose]();
  });

  /** A table has all of its rows or none, and what the journal has recorded adds up to all there are. */
  async function expectWholeTables(target: TestDatabase): Promise<void> {
    let rows = 0;
    for (let n = 1; n <= MANY_TABLES; n++) {
      const [row] = await target.query(`select count(*)::int as count from many_${n}`);
      expect([0, 50], `rows of many_${n}`).toContain(row?.count);
      rows += row?.count;
    }
    const recorded = await target.query(
      "select coalesce(sum(rows), 0)::int as rows from pgcopy_journal.task where kind = 'copy'",
    );
    expect(recorded).toEqual([{ rows }]);
  }

  async function failure(target: TestDatabase, options: Partial<CloneOptions>) {
    const cloning = clone({
      source: many.uri,
      target: target.uri,
      jobs: 2,
      retries: 0,
      signal: AbortSignal.timeout(20_000),
      ...options,
    });
    const error: PgCopyError = await cloning.then(
      () => expect.unreachable("the clone did not fail"),
      (thrown) => thrown,
    );
    await expectNoSessions(many, target);
    await expectWholeTables(target);
    return error;
  }

  test("names the table whose row the target does not take", async () => {
    await using target = await createDatabase(server(16), "faults_copy");
    await using gates = await closeGates(target, { bad_row: "5010" });
    const error = await failure(target, {});
    expect(error).toMatchObject({
      code: "task_failed",
      side: "target",
      attempted: "COPY public.many_5",
      message: "COPY public.many_5 failed on target: row 5010 is not welcome here (SQLSTATE P0001)",
    });
    await gates[Symbol.asyncDispose]();
    await clone({ source: many.uri, target: target.uri, dropIfExists: true });
    await expectSameDatabase(many.uri, target.uri);
  });

  test("ends with the session that the target's server ends", async () => {
    await using target = await createDatabase(server(16), "faults_copy");
    await using gates = await closeGates(target, { row: "5010" });
    const failing = failure(target, {});
    await target.query("select pg_terminate_backend($1)", [await gates.untilReached()]);
    const error = await failing;
    expect(error).toMatchObject({ code: "task_failed", side: "target" });
    expect(error.message).toMatch(/^COPY public\.many_5 failed on target: terminating connection/);
  });

  test("ends with a connection that is cut, on either side", async () => {
    for (const side of ["source", "target"] as const) {
      await using target = await createDatabase(server(16), "faults_copy");
      await using gates = await closeGates(target, { row: "5010" });
      const database = side === "source" ? many : target;
      await using proxy = await openProxy(database.server);
      const failing = failure(target, { [side]: proxy.through(database.uri) });
      await gates.untilReached();
      proxy.cutAll();
      await gates.open();
      expect(await failing).toMatchObject({ code: "task_failed", side });
    }
  });

  test("is stopped by an aborted signal", async () => {
    await using target = await createDatabase(server(16), "faults_copy");
    await using gates = await closeGates(target, { row: "5010" });
    const controller = new AbortController();
    const failing = failure(target, { signal: controller.signal });
    await gates.untilReached();
    const beganMs = performance.now();
    controller.abort();
    expect(await failing).toMatchObject({ code: "interrupted" });
    expect(performance.now() - beganMs).toBeLessThan(SOON_MS);
  });
});
