/** `--all-databases --resume`: what was finished is left alone, what was begun goes on, what is missing comes. */

import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { type AllDatabasesOptions, cloneAll, type RunEvent } from "../src/index.js";
import { quoteName } from "../src/postgres/quote.js";
import { type RunningCli, startCli } from "./support/cli.js";
import { expectSameDatabase } from "./support/compare.js";
import { closeGates, createGatedSchema, type Gate } from "./support/gated-schema.js";
import { type LaunchedServer, launchServer } from "./support/launch-servers.js";
import { databaseOn, type TestDatabase, testServer } from "./support/servers.js";
import { expectNoSessions, until } from "./support/waiting.js";

vi.setConfig({ testTimeout: 60_000 });

const names = ["first", "second", "third"] as const;
let source: LaunchedServer;
let target: LaunchedServer;
let dir: string;

const on = (one: LaunchedServer, name: string) => databaseOn(testServer(one.address), name);
const ends = () => ({ source: on(source, "template1").uri, target: on(target, "template1").uri });

beforeAll(async () => {
  [source, target] = await Promise.all([launchServer(16), launchServer(16)]);
  for (const name of names) await on(source, "postgres").execute(`create database ${name}`);
  await on(source, "first").execute(`
    create table big (id int primary key, word text);
    insert into big select n, 'word ' || n from generate_series(1, 400000) n`);
  await createGatedSchema(on(source, "second"));
  await on(source, "third").execute(`
    create table t (id int primary key); insert into t values (1);
    create function note() returns event_trigger language plpgsql as 'begin end';
    create event trigger notes on ddl_command_end execute function note()`);
  await on(source, "postgres").execute(
    "alter database third set default_transaction_read_only = on",
  );
});

afterAll(async () => {
  await Promise.all([source, target].map((one) => one?.[Symbol.asyncDispose]()));
});

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "pgcopy-all-"));
});

afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
  for (const name of names)
    await on(target, "postgres").execute(`drop database if exists ${quoteName(name)} with (force)`);
});

function start(flags: readonly string[] = []): RunningCli {
  const { source, target } = ends();
  return startCli(["clone", source, target, "--all-databases", "--jobs", "2", ...flags]);
}

/** Whether what a database's journal says; false where there is none yet. */
async function journalSays(name: string, query: string): Promise<boolean> {
  try {
    return (await on(target, name).query(query)).length > 0;
  } catch {
    return false;
  }
}

async function isFinished(name: string): Promise<boolean> {
  const lines = await readFile(join(dir, name, "journal.jsonl"), "utf8").catch(() => "");
  if (lines.includes('\n{"report":')) return true;
  return await journalSays(name, "select from pgcopy_journal.run where report is not null");
}

async function kill(running: RunningCli): Promise<void> {
  running.kill("SIGKILL");
  await running.ended;
}

/** Kills a run, with SIGKILL, when the first database is done and the second stands before a gate. */
async function killedInSecond(
  gate: Partial<Record<Gate, string>>,
  flags: readonly string[] = [],
): Promise<void> {
  await on(target, "postgres").execute("create database second");
  const second = on(target, "second");
  await using gates = await closeGates(second, gate);
  const running = start(flags);
  await gates.untilReached();
  await until("the first is finished", () => isFinished("first"));
  await kill(running);
  await gates.open();
  await expectNoSessions(second, on(target, "third"));
  // However far it got: one is to be missing.
  await on(target, "postgres").execute("drop database if exists third with (force)");
}

async function cloned(options: Partial<AllDatabasesOptions>) {
  const events: RunEvent[] = [];
  const report = await cloneAll({
    ...ends(),
    jobs: 2,
    observer: (event) => events.push(event),
    ...options,
  });
  return { events, report };
}

async function expectAllTheSame(): Promise<void> {
  for (const name of names) {
    const [here, there] = [on(source, name), on(target, name)];
    await expectSameDatabase(here.uri, there.uri);
    expect(await journals(there)).toEqual([]);
  }
}

const journals = (database: TestDatabase) =>
  database.query("select from pg_namespace where nspname = 'pgcopy_journal'");

describe("a run over all databases that was killed in the second", () => {
  test.each([{}, { dir: true }])("goes on: %j", async ({ dir: inDirectory = false }) => {
    const kept = inDirectory ? { dir } : {};
    await killedInSecond({ index: "closed" }, inDirectory ? ["--dir", dir] : []);
    const { events, report } = await cloned({ resume: true, ...kept });
    const started = events.flatMap((event) =>
      event.type === "task_started" ? `${event.database}: ${event.task.id}` : [],
    );
    expect(started.filter((task) => task.startsWith("first:"))).toEqual([]);
    expect(started).not.toContain("second: pre-data");
    expect(started).toContain("third: pre-data");
    expect(
      report.databases.map(({ database, rows, finishedBefore }) => [
        database,
        rows,
        finishedBefore,
      ]),
    ).toEqual([
      ["first", 400_000, true],
      ["second", 3_300, undefined],
      ["third", 1, undefined],
    ]);
    await expectAllTheSame();
    expect(await readdir(dir)).toEqual([]);
  });

  test("is refused where a snapshot is gone, naming the database; or goes on without", async () => {
    await killedInSecond({ row: "2900" }, ["--split-tables-larger-than", "64 kB"]);
    const error = await cloned({ resume: true }).catch((thrown) => thrown);
    expect(error).toMatchObject({ code: "source_unfit", items: ["second"] });
    expect(await isFinished("first")).toBe(true);
    const { report } = await cloned({ resume: true, notConsistent: true });
    expect(report.databases.map(({ finishedBefore }) => finishedBefore)).toEqual([
      true,
      undefined,
      undefined,
    ]);
    await expectAllTheSame();
  });

  test("starts all over", async () => {
    await killedInSecond({ row: "2900" });
    const { report } = await cloned({ restart: true });
    expect(report.databases.map(({ finishedBefore }) => finishedBefore)).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    await expectAllTheSame();
  });
});

test("a run that was killed at its very end is ended", async () => {
  const running = start();
  await until("the last one has a journal", () =>
    journalSays("third", "select from pgcopy_journal.run"),
  );
  await on(target, "third").withClient(async (client) => {
    await client.query("begin; lock table pgcopy_journal.attempt in access share mode");
    await until("its journal is to go", async () => {
      const { rows } = await client.query(
        "select from pg_locks where not granted and locktype = 'relation'",
      );
      return rows.length > 0;
    });
    await kill(running);
    // It would go on when the lock is gone.
    await client.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'pgcopy%'",
    );
    await expectNoSessions(on(target, "third"));
  });
  expect(await journals(on(target, "first"))).toEqual([]);
  const { report, events } = await cloned({ resume: true });
  expect(events.filter(({ type }) => type === "task_started")).toEqual([]);
  expect(report.databases.map(({ database }) => database)).toEqual(["third"]);
  const leftOut = report.leftOut.map(({ database }) => database);
  expect(leftOut).toEqual(expect.arrayContaining(["first", "second"]));
  await expectAllTheSame();
});
