/**
 * What servers may fail of in the middle of a run: each is named, with the object, the side and what to do.
 * All of them happen on real servers.
 */

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type CloneOptions, clone, type FailureReason, type PgCopyError } from "../src/index.js";
import { newDirectoryOwner } from "../src/pgdata/server-owner.js";
import { closeGates, closeTableGate, createGatedSchema } from "./support/gated-schema.js";
import { type LaunchedServer, launchServer } from "./support/launch-servers.js";
import { startReplica } from "./support/replica.js";
import {
  createDatabase,
  server,
  type TestDatabase,
  type TestServer,
  testServer,
  uniqueName,
} from "./support/servers.js";
import { expectNoSessions, until } from "./support/waiting.js";

interface Expected {
  readonly reason: FailureReason;
  readonly side: "source" | "target";
  readonly message: RegExp;
  readonly advice: RegExp;
}

/** Clones, does `meanwhile` what makes it fail, and checks what the user is told. */
async function expectFailure(
  ends: { readonly source: TestDatabase; readonly target: TestDatabase },
  { reason, side, message, advice }: Expected,
  meanwhile: () => Promise<unknown>,
  options: Partial<CloneOptions> = {},
): Promise<PgCopyError> {
  const running = clone({
    source: ends.source.uri,
    target: ends.target.uri,
    pgDump: "bundled",
    // One that hangs must not be in the way of the next test.
    signal: AbortSignal.timeout(20_000),
    // What passes by itself would be tried again.
    retries: 0,
    ...options,
  });
  running.catch(() => {});
  await meanwhile();
  const error: PgCopyError = await running.then(
    () => expect.unreachable("the clone did not fail"),
    (thrown) => thrown,
  );
  expect(error, error.message).toMatchObject({ code: "task_failed", side, reason });
  expect(error.message).toMatch(message);
  expect(error.advice).toMatch(advice);
  expect(error.advice).toContain("its schema pgcopy_journal lists the finished tasks");
  await expectNoSessions(ends.source, ends.target);
  return error;
}

let source: TestDatabase;

beforeAll(async () => {
  source = await createDatabase(server(16), "failing");
  await createGatedSchema(source);
});

afterAll(async () => {
  await source[Symbol.asyncDispose]();
});

describe("in the middle of a run", () => {
  test("the role is not allowed any more what it was", async () => {
    await using target = await createDatabase(server(16), "failing_revoked");
    await using gates = await closeTableGate(target);
    await using reader = await newRole(source);
    await source.execute(`grant select on all tables in schema public to ${reader.name};
      grant select on all sequences in schema public to ${reader.name}`);
    await expectFailure(
      { source, target },
      {
        reason: "permission_denied",
        side: "source",
        message: /^COPY public\.wide failed on source: permission denied for table wide/,
        advice: /^grant the role what it lacks/,
      },
      async () => {
        await gates.untilReached();
        await source.execute(`revoke select on wide from ${reader.name}`);
        await gates.open();
      },
      { source: reader.uri },
    );
  });

  test("it becomes read-only, as after a failover", async () => {
    await using target = await createDatabase(server(16), "failing_read_only");
    await using gates = await closeTableGate(target);
    await expectFailure(
      { source, target },
      {
        reason: "read_only",
        side: "target",
        message:
          /failed on target: cannot execute .* in a read-only transaction \(SQLSTATE 25006\)/,
        advice: /^connect to the server that is the primary now/,
      },
      async () => {
        await gates.untilReached();
        // From then on whoever makes a table finds its transaction read-only.
        await target.execute(`create or replace function waiting.when_a_table_comes()
          returns event_trigger language plpgsql as $$
          begin perform pg_catalog.set_config('transaction_read_only', 'on', true); end $$`);
        await gates.open();
      },
    );
  });

  test("the database is dropped under the run", async () => {
    await using target = await createDatabase(server(16), "failing_dropped");
    await using gates = await closeGates(target, { row: "100" });
    const running = clone({ source: source.uri, target: target.uri, retries: 0 });
    running.catch(() => {});
    await gates.untilReached();
    await source.execute(`drop database ${target.name} with (force)`);
    const error: PgCopyError = await running.then(
      () => expect.unreachable("the clone did not fail"),
      (thrown) => thrown,
    );
    expect(error).toMatchObject({ code: "task_failed", side: "target" });
    expect(["session_ended", "database_dropped"]).toContain(error.reason);
    expect(error.advice).toMatch(/server's log/);
    await expectNoSessions(source);
    // For what is disposed of.
    await source.execute(`create database ${target.name}`);
  });

  test("a temporary file is not to be that large", async () => {
    await using large = await createDatabase(server(16), "failing_sort");
    await large.execute(
      "create table t as select g as n from generate_series(1, 100000) g; create index on t (n)",
    );
    await using target = await createDatabase(server(16), "failing_limit");
    await target.execute(`alter database ${target.name} set temp_file_limit = '64kB'`);
    await expectFailure(
      { source: large, target },
      {
        reason: "limit_exceeded",
        side: "target",
        message: /^CREATE INDEX public\.t_n_idx failed on target: temporary file size exceeds/,
        advice: /temp_file_limit/,
      },
      async () => {},
      { maintenanceWorkMem: 1024 ** 2 },
    );
  });
});

/** A role that may connect, with the URI that does so. */
async function newRole(
  database: TestDatabase,
): Promise<AsyncDisposable & { readonly name: string; readonly uri: string }> {
  const name = uniqueName("reader");
  await database.execute(`create role ${name} login password 'reader'`);
  return {
    name,
    uri: database.uri.replace(/\/\/[^@]*@/, `//${name}:reader@`),
    [Symbol.asyncDispose]: () => database.execute(`drop owned by ${name}; drop role ${name}`),
  };
}

describe.runIf(process.platform === "linux")("on a server with little", () => {
  let little: LaunchedServer;
  let narrow: TestServer;

  beforeAll(async () => {
    little = await launchServer(15, { max_connections: "20", max_locks_per_transaction: "10" });
    narrow = testServer(little.address);
  });

  afterAll(async () => {
    await little[Symbol.asyncDispose]();
  });

  test("no lock is left", async () => {
    await using target = await createDatabase(narrow, "failing_locks");
    await using gates = await closeGates(target, { row: "100" });
    await using hog = await holdAllLocks(target);
    await expectFailure(
      { source, target },
      {
        reason: "out_of_locks",
        side: "target",
        message: /failed on target: out of shared memory \(SQLSTATE 53200\)/,
        advice: /^raise max_locks_per_transaction there/,
      },
      async () => {
        await gates.untilReached();
        await hog.take();
        await gates.open();
      },
      { jobs: 1 },
    );
  });

  test("no connection is left", async () => {
    await using target = await createDatabase(server(16), "failing_slots");
    await using gates = await closeTableGate(target);
    await using few = await createDatabase(narrow, "failing_few");
    await createGatedSchema(few);
    const others: pg.Client[] = [];
    try {
      await expectFailure(
        { source: few, target },
        {
          reason: "out_of_connections",
          side: "source",
          message: /too many clients already/,
          advice: /^ask for fewer jobs, end sessions that are not needed/,
        },
        async () => {
          await gates.untilReached();
          await takeAllConnections(few, others);
          await gates.open();
          // The run's own sessions have ended when one comes in again.
          await until("the run has failed", () => connectsAgain(few));
        },
      );
    } finally {
      await Promise.all(others.map((client) => client.end()));
    }
  });

  test("its disk is full", async () => {
    await using wide = await createDatabase(server(15), "failing_wide");
    await wide.execute(`create table big (filler text); alter table big alter filler set storage plain;
      insert into big select repeat('x', 7900) from generate_series(1, 2600)`);
    await using target = await createDatabase(narrow, "failing_disk");
    // No file of a session that begins from now on may be longer: like a full disk, it cuts a write short.
    const limit = ["--fsize=17000000", `--pid=${little.process.processId}`];
    await promisify(execFile)("prlimit", limit, { ...(await newDirectoryOwner()) });
    await expectFailure(
      { source: wide, target },
      {
        reason: "disk_full",
        side: "target",
        message: /^COPY public\.big failed on target: could not extend file .* \(SQLSTATE 53100\)/,
        advice: /^free space on the target's disks/,
      },
      async () => {},
    );
  });
});

async function holdAllLocks(
  target: TestDatabase,
): Promise<AsyncDisposable & { take(): Promise<void> }> {
  const client = new pg.Client({ connectionString: target.uri, application_name: "hog" });
  await client.connect();
  return {
    take: async () => {
      await client.query(`do $$ begin
          for i in 1 .. 1000000 loop perform pg_advisory_lock(i); end loop;
        exception when others then null; end $$`);
      // A caught error gives the locks of its block back; these stay.
      for (let i = 0; ; i++) {
        try {
          await client.query("select pg_advisory_lock($1, g) from generate_series(1, 50) g", [i]);
        } catch {
          return;
        }
      }
    },
    [Symbol.asyncDispose]: () => client.end(),
  };
}

async function takeAllConnections(database: TestDatabase, taken: pg.Client[]): Promise<void> {
  for (;;) {
    const client = new pg.Client({ connectionString: database.uri });
    client.on("error", () => {});
    try {
      await client.connect();
    } catch {
      return;
    }
    taken.push(client);
  }
}

async function connectsAgain(database: TestDatabase): Promise<boolean> {
  return await database.query("select").then(
    () => true,
    () => false,
  );
}

describe.runIf(process.platform === "linux")("a source that is a standby", () => {
  test("names its recovery conflict; promoted, it goes on to be read", async () => {
    await using primary = await launchServer(15);
    const origin = await createDatabase(testServer(primary.address), "failing_standby");
    await createGatedSchema(origin);
    await using replica = await startReplica(primary, { max_standby_streaming_delay: "0" });
    const uri = replica.uri(origin.name);

    await using target = await createDatabase(server(15), "failing_conflict");
    await using gates = await closeTableGate(target);
    await expectFailure(
      { source: origin, target },
      {
        reason: "recovery_conflict",
        side: "source",
        message: /conflict with recovery/,
        advice: /^for the length of the copy set hot_standby_feedback = on/,
      },
      async () => {
        await gates.untilReached();
        await origin.execute("delete from wide where id < 100");
        await origin.execute("vacuum wide");
        await until("the snapshot's holder was ended", async () => {
          const client = new pg.Client({ connectionString: uri });
          await client.connect();
          const { rowCount } = await client.query(
            "select from pg_stat_activity where application_name = 'pgcopy snapshot'",
          );
          await client.end();
          return rowCount === 0;
        });
        await gates.open();
      },
      { source: uri },
    );

    await using promoted = await createDatabase(server(15), "failing_promoted");
    await using gate = await closeGates(promoted, { row: "200" });
    const running = clone({ source: uri, target: promoted.uri });
    running.catch(() => {});
    await gate.untilReached();
    const client = new pg.Client({ connectionString: uri });
    await client.connect();
    await client.query("select pg_promote()");
    await client.end();
    await gate.open();
    expect((await running).tables.find(({ name }) => name === "wide")?.rows).toBe(2_901);
  });
});
