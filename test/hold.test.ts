/** `pgcopy hold`: what is copied from a held snapshot is of one moment; who is in the way is told; and what is lost. */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { clone, type Hold, hold, type PgCopyError, type RunEvent } from "../src/index.js";
import { runCli, startCli } from "./support/cli.js";
import { expectSameDatabase } from "./support/compare.js";
import { closeGates, createGatedSchema, WIDE_ROWS } from "./support/gated-schema.js";
import { createDatabase, server, type TestDatabase } from "./support/servers.js";
import { startStandby } from "./support/standby.js";
import { openTransactionPooler } from "./support/transaction-pooler.js";
import { expectNoSessions, until } from "./support/waiting.js";

const ROWS = 2_000;

async function createAccounts(major: 13 | 16 | 18): Promise<TestDatabase> {
  const database = await createDatabase(server(major), "hold");
  await database.execute(`
    create table accounts (id int primary key, balance int not null);
    insert into accounts select n, 100 from generate_series(1, ${ROWS}) n;
    create table transfers (amount int not null);`);
  return database;
}

/** Moves money about, in one transaction each, so that the sum of all balances never changes. */
function keepWriting(database: TestDatabase): { stop(): Promise<number> } {
  let stopped = false;
  let written = 0;
  const writing = database.withClient(async (client) => {
    while (!stopped) {
      await client.query(`
        begin; update accounts set balance = balance - 1 where id = 1 + random() * ${ROWS - 1};
        insert into transfers (amount) values (1); delete from accounts where id = ${ROWS - written};
        commit`);
      written++;
    }
  });
  return {
    stop: async () => {
      stopped = true;
      await writing;
      return written;
    },
  };
}

describe.each([13, 18] as const)("on PostgreSQL %i", (major) => {
  test("clones from a snapshot that another process holds are of one moment, with writers in between", async () => {
    await using source = await createAccounts(major);
    await using first = await createDatabase(server(18), "hold_first");
    await using second = await createDatabase(server(18), "hold_second");
    const holder = startCli(["hold", source.uri, "--fence"]);
    const id = await until("it says its id", () => /^(\S+)\n$/.exec(holder.stdout)?.[1]);
    const writers = keepWriting(source);
    for (const target of [first, second]) {
      const cloned = await runCli(["clone", source.uri, target.uri, "--snapshot", id, "--quiet"]);
      expect(cloned).toEqual({ exitCode: 0, stdout: "", stderr: "" });
    }
    expect(await writers.stop()).toBeGreaterThan(0);
    await expectSameDatabase(first.uri, second.uri);
    expect(
      await first.query("select count(*)::int as rows, sum(balance)::int as sum from accounts"),
    ).toEqual([{ rows: ROWS, sum: ROWS * 100 }]);
    expect(await first.query("select from transfers")).toEqual([]);

    const truncate = "set lock_timeout = '200ms'; truncate transfers";
    await expect(source.execute(truncate)).rejects.toMatchObject({ code: "55P03" });
    holder.kill("SIGTERM");
    const { exitCode, stdout, stderr } = await holder.ended;
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: `${id}\n` });
    expect(stderr).toMatch(/holding the snapshot \S+, with a fence around 2 tables; vacuum can't/);
    expect(stderr).toMatch(/^held for .* transactions? since/m);
    expect(stderr).not.toContain(source.server.password);
    await expectNoSessions(source);
    await source.execute(truncate);
    const late = await runCli([
      "clone",
      source.uri,
      first.uri,
      "--snapshot",
      id,
      "--drop-if-exists",
    ]);
    expect(late.exitCode).toBe(4);
    expect(late.stderr).toContain(`snapshot ${id} can't be used on the source`);
  });
});

test("a clone that was killed is resumed from it: all of it is of that moment", async () => {
  await using source = await createDatabase(server(16), "hold_resume");
  await createGatedSchema(source);
  await using target = await createDatabase(server(18), "hold_resumed");
  await using held = await hold({ source: source.uri, fence: true });
  const clone = ["clone", source.uri, target.uri, "--snapshot", held.snapshot, "--quiet"];
  {
    await using gates = await closeGates(target, { row: String(WIDE_ROWS / 2) });
    const killed = startCli([...clone, "--jobs", "1"]);
    await gates.untilReached();
    killed.kill("SIGKILL");
    await killed.ended;
  }
  await source.execute("delete from wide; update small_3 set word = 'late'");
  expect(await runCli([...clone, "--resume"])).toEqual({ exitCode: 0, stdout: "", stderr: "" });
  expect(await target.query("select count(*)::int as n from wide")).toEqual([{ n: WIDE_ROWS }]);
  expect(await target.query("select from small_3 where word = 'late'")).toEqual([]);
});

describe("the fence", () => {
  let source: TestDatabase;
  beforeAll(async () => {
    source = await createDatabase(server(16), "fence");
  });
  afterAll(async () => {
    await source[Symbol.asyncDispose]();
  });

  /** Takes the fence while somebody has ACCESS EXCLUSIVE on a table, does `meanwhile`, and lets that one go. */
  async function fenceBehind(
    script: string,
    meanwhile: () => Promise<void>,
  ): Promise<{ held: Hold; warnings: string[]; pid: number }> {
    const warnings: string[] = [];
    const observer = (event: RunEvent) => {
      if (event.type === "notice") warnings.push(event.message);
    };
    return await source.withClient(async (client) => {
      await client.query(`begin; ${script}`);
      const { rows } = await client.query("select pg_backend_pid() as pid");
      const holding = hold({ source: source.uri, fence: true, observer });
      holding.catch(() => {});
      await until("it says who is in the way", () => warnings.length > 0);
      await meanwhile();
      await client.query("commit");
      return { held: await holding, warnings, pid: rows[0].pid };
    });
  }

  test("says who is in the way, and begins anew with a table that was created meanwhile", async () => {
    await source.execute("create table a (n int); create table b (n int)");
    const { held, warnings, pid } = await fenceBehind("lock table b in access exclusive mode", () =>
      source.execute("create table c (n int); insert into c values (1)"),
    );
    await using _held = held;
    expect(warnings).toEqual([
      expect.stringMatching(
        new RegExp(
          `^waiting for a lock on public.b, behind process ${pid} \\(postgres, test, idle in transaction`,
        ),
      ),
    ]);
    expect(held.tables).toBe(3);
    for (const table of ["a", "b", "c"]) {
      await source.execute(`insert into ${table} values (2)`);
      const drop = `set lock_timeout = '50ms'; drop table ${table}`;
      await expect(source.execute(drop)).rejects.toMatchObject({ code: "55P03" });
    }
  });

  test("begins anew when a table is dropped before it is locked", async () => {
    await source.execute("create table if not exists a (n int); create table d (n int)");
    const [{ tables = 0 } = {}] = await source.query<{ tables: number }>(
      "select count(*)::int as tables from pg_tables where schemaname = 'public'",
    );
    const { held } = await fenceBehind("drop table d", async () => {});
    await using _held = held;
    expect(held.tables).toBe(tables - 1);
  });

  test("gives up after its time, naming who is in the way, and leaves nothing", async () => {
    await source.execute("create table if not exists a (n int)");
    await source.withClient(async (client) => {
      await client.query("begin; lock table a in access exclusive mode");
      const { exitCode, stdout, stderr } = await runCli([
        "hold",
        source.uri,
        "--fence",
        "--lock-timeout",
        "1200ms",
      ]);
      expect({ exitCode, stdout }).toEqual({ exitCode: 4, stdout: "" });
      expect(stderr).toMatch(/pgcopy: the fence waited too long for a lock on public\.a/);
      expect(stderr).toMatch(/^ {4}process \d+ \(postgres, test, idle in transaction/m);
    });
    await expectNoSessions(source);
  });
});

describe("a session that is lost", () => {
  /** The process ids of the sessions that hold the snapshot, the first one first. */
  const holders = async (source: TestDatabase) => {
    const rows = await source.query<{ pid: number }>(
      `select pid from pg_stat_activity where datname = current_database()
       and application_name = 'pgcopy hold' and backend_xmin is not null order by backend_start`,
    );
    return rows.map(({ pid }) => pid);
  };

  test.each([false, true])(
    "is replaced, the id that is good now is told (fence: %s)",
    async (fence) => {
      await using source = await createAccounts(16);
      const ids: string[] = [];
      const warnings: string[] = [];
      const notes: string[] = [];
      await using held = await hold({
        source: source.uri,
        fence,
        observer: (event) => {
          if (event.type === "snapshot_held") ids.push(event.snapshot);
          if (event.type === "notice")
            (event.level === "warning" ? warnings : notes).push(event.message);
        },
      });
      await source.execute("delete from accounts where id <= 500");
      for (let loss = 1; loss <= 2; loss++) {
        const [first] = await holders(source);
        await source.query("select pg_terminate_backend($1)", [first]);
        await until("there are two again", async () => {
          const now = await holders(source);
          return ids.length > loss && now.length === 2 && !now.includes(first ?? 0);
        });
      }
      expect(new Set(ids).size).toBe(3);
      expect(held.snapshot).toBe(ids.at(-1));
      expect(warnings).toEqual([]);
      const reasons = notes.filter((note) => note.includes("was lost; another one holds"));
      expect(reasons).toEqual([
        expect.stringContaining(`exported ${ids[0]} was`),
        expect.stringContaining(`exported ${ids[1]} was`),
      ]);
      const rows = await source.withClient(async (client) => {
        await client.query("begin isolation level repeatable read");
        await client.query(`set transaction snapshot '${held.snapshot}'`);
        return (await client.query("select count(*)::int as n from accounts")).rows;
      });
      expect(rows).toEqual([{ n: ROWS }]);
      const truncate = source.execute("set lock_timeout = '50ms'; truncate transfers");
      if (fence) await expect(truncate).rejects.toMatchObject({ code: "55P03" });
      else await truncate;
    },
  );

  test("together with the other one: the snapshot is gone, said, and the exit code is 5", async () => {
    await using source = await createAccounts(16);
    const holder = startCli(["hold", source.uri]);
    await until("it holds", () => holder.stdout.includes("\n"));
    await until("twice", async () => (await holders(source)).length === 2);
    await source.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name like 'pgcopy hold%'",
    );
    const { exitCode, stdout, stderr } = await holder.ended;
    expect(exitCode).toBe(5);
    expect(stdout).toMatch(/^\S+\n$/);
    expect(stderr).toContain("pgcopy: the snapshot is gone: every session that held it was lost");
    await expectNoSessions(source);
  });
});

test("what is pinned is told time and again; the end of --for is a good end", async () => {
  await using source = await createAccounts(16);
  const events: RunEvent[] = [];
  await using held = await hold({
    source: source.uri,
    observer: (event) => events.push(event),
    progressIntervalMs: 100,
  });
  for (let n = 0; n < 5; n++) await source.execute(`delete from accounts where id = ${n + 1}`);
  await until("their age is seen", () =>
    events.some((event) => event.type === "snapshot_pins" && event.ageTransactions >= 5),
  );
  await held.release();
  await expect(held.ended).resolves.toBeUndefined();
  const timed = await runCli(["hold", source.uri, "--for", "300ms", "--json"]);
  expect(timed).toMatchObject({ exitCode: 0, stderr: "" });
  const told = await runCli(["hold", source.uri, "--for", "300ms"]);
  expect(told.stderr).toMatch(/^let go of the snapshot after \d+ ms \(--for\)$/m);
  const lines = timed.stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  const { snapshot } = lines.find(({ type }) => type === "snapshot_held");
  expect(lines.at(-1)).toMatchObject({ type: "hold", snapshot, durationMs: expect.any(Number) });
  await expectNoSessions(source);
});

test("an aborted signal lets go of it, or stops the taking of it", async () => {
  await using source = await createAccounts(16);
  const controller = new AbortController();
  const held = await hold({ source: source.uri, signal: controller.signal });
  controller.abort();
  await held.ended;
  await expectNoSessions(source);
  await expect(hold({ source: source.uri, signal: controller.signal })).rejects.toMatchObject({
    code: "interrupted",
  });
});

test("a transaction pooler and a data directory are refused", async () => {
  await using source = await createAccounts(16);
  await using pooler = await openTransactionPooler(source);
  const error: PgCopyError = await hold({ source: pooler.uri }).then(
    () => expect.unreachable("it was held"),
    (thrown) => thrown,
  );
  expect(error).toMatchObject({ code: "source_unfit" });
  expect(error.message).toContain("transaction pooler");
  await expect(hold({ source: "pgdata:/nowhere" })).rejects.toMatchObject({ code: "usage" });
});

test("a limit for the fence's locks without a fence is wrong usage", async () => {
  const { exitCode, stderr } = await runCli([
    "hold",
    "postgres://nowhere/x",
    "--lock-timeout",
    "5s",
  ]);
  expect(exitCode).toBe(2);
  expect(stderr).toContain("--lock-timeout needs --fence");
});

test("on a standby it says what may end it", async () => {
  await using standby = await startStandby(
    "create table public.t (n int); insert into public.t values (1)",
  );
  const warnings: string[] = [];
  await using held = await hold({
    source: standby.uri(),
    fence: true,
    observer: (event) => {
      if (event.type === "notice") warnings.push(event.message);
    },
  });
  expect(held.tables).toBe(1);
  expect(warnings).toEqual([
    expect.stringMatching(/^the source is a standby, which ends the sessions/),
  ]);
  expect(warnings[0]).toContain("hot_standby_feedback is off");
  await using target = await createDatabase(server(18), "hold_standby");
  await clone({ source: standby.uri(), target: target.uri, snapshot: held.snapshot });
  expect(await target.query("select n from t")).toEqual([{ n: 1 }]);
});
