/** What check says of a server that is too small, or set up for something else. */

import { afterAll, beforeAll, expect, it } from "vitest";
import type { CheckContext, ServerContext } from "../src/check/context.js";
import { diskSpace } from "../src/check/disk.js";
import type { Found } from "../src/check/finding.js";
import { targetSettings } from "../src/check/target-settings.js";
import { readServerFacts } from "../src/engine/check-servers.js";
import { check, connect, parseEndpoint, resolveCloneOptions } from "../src/index.js";
import { type LaunchedServer, launchServer } from "./support/launch-servers.js";
import { createDatabase, server, type TestDatabase, testServer } from "./support/servers.js";
import { inventCatalog, inventIndex, inventTable } from "./unit/invented-catalog.js";

let small: LaunchedServer;
let crowded: TestDatabase;

/** Room for 10 × (12 + 2) locks as documented, and for some 200 in truth. */
beforeAll(async () => {
  small = await launchServer(16, {
    max_connections: "12",
    max_prepared_transactions: "2",
    max_locks_per_transaction: "10",
    max_worker_processes: "2",
    autovacuum_max_workers: "1",
    max_wal_senders: "1",
    max_replication_slots: "1",
    wal_level: "replica",
    max_wal_size: "64MB",
    shared_buffers: "16MB",
  });
  crowded = await createDatabase(testServer(small.address), "crowded");
  await crowded.execute(`
    create procedure fill() language plpgsql as $$ begin
      for n in 1..300 loop execute format('create table t%s (n int)', n); commit; end loop;
    end $$;`);
  await crowded.execute("call fill()");
});

afterAll(async () => {
  await small?.[Symbol.asyncDispose]();
});

it("tells of too few lock slots, with the value to set, and of too few connections", async () => {
  const report = await check({ source: crowded.uri, target: server(18).uri(), jobs: 12 });
  const locks = report.findings.find((one) => one.check === "lock_slots");
  expect(locks).toMatchObject({
    severity: "error",
    side: "source",
    title: expect.stringMatching(
      /^pg_dump needs a lock on each table at once, 3\d\d in all; the server has room for 140$/,
    ),
    statements: ["alter system set max_locks_per_transaction = 32"],
  });
  expect(report.findings.find((one) => one.check === "schema")).toMatchObject({
    severity: "error",
    title: expect.stringMatching(/out of shared memory/),
  });
  const connections = report.findings.find((one) => one.check === "connections");
  expect(connections).toMatchObject({
    severity: "warning",
    title: expect.stringMatching(/^not enough free connections/),
  });
});

it("tells of a prepared transaction that locks a table for ever, and how to end it", async () => {
  await crowded.withClient(async (client) => {
    await client.query("begin");
    await client.query("lock table t7 in access exclusive mode");
    await client.query("prepare transaction 'left behind'");
  });
  try {
    const report = await check({ source: crowded.uri, target: server(18).uri() });
    expect(report.findings.find((one) => one.check === "locked_tables")).toMatchObject({
      severity: "error",
      items: ["public.t7: prepared transaction left behind"],
      statements: ["rollback prepared 'left behind'"],
    });
  } finally {
    await crowded.execute("rollback prepared 'left behind'");
  }
});

it("names what the source lacks for its changes to be followed", async () => {
  await crowded.execute("select pg_create_physical_replication_slot('taken')");
  try {
    const report = await check({
      source: crowded.uri,
      target: server(18).uri(),
      followReady: true,
    });
    const found = report.findings.filter((one) => one.check === "replication");
    expect(found.map(({ title, statements }) => [title, ...statements])).toEqual([
      [
        "wal_level of the source is replica: changes can't be followed",
        "alter system set wal_level = logical",
      ],
      [
        "all 1 replication slots of the source are taken",
        "alter system set max_replication_slots = 11",
      ],
    ]);
  } finally {
    await crowded.execute("select pg_drop_replication_slot('taken')");
  }
});

/** With a source of that size, which no test has the time for. */
async function found(
  look: (context: CheckContext) => Promise<readonly Found[]> | readonly Found[],
  { tableBytes, indexBytes }: { tableBytes: number; indexBytes: number },
): Promise<readonly Found[]> {
  const endpoint = await parseEndpoint(crowded.uri, {}, "target");
  if (endpoint.kind !== "server") throw new Error("not a server");
  const { signal } = new AbortController();
  await using target = await connect(endpoint, { side: "target", purpose: "test", signal });
  const options = resolveCloneOptions({ source: crowded.uri, target: crowded.uri, indexJobs: 3 });
  const facts = await readServerFacts(target);
  const catalog = inventCatalog({
    tables: [inventTable({ bytes: tableBytes })],
    indexes: [inventIndex({ bytes: indexBytes })],
  });
  const ends = { source: target, target, targetExists: true, targetEndpoint: {} };
  const context: ServerContext = {
    options,
    followReady: false,
    servers: ends as unknown as ServerContext["servers"],
    sourceFacts: facts,
    targetFacts: facts,
  };
  return await look({ ...context, catalog });
}

const GB = 1024 ** 3;

it("computes the target's settings from the size of the source and the jobs", async () => {
  const large = await found(targetSettings, { tableBytes: 30 * GB, indexBytes: 6 * GB });
  expect(large.map(({ statements }) => statements[0])).toEqual([
    "alter system set fsync = on",
    "alter system set full_page_writes = on",
    "alter system set autovacuum = on",
    "alter system set max_wal_size = '32GB'",
    "alter system set checkpoint_timeout = '30min'",
    `alter role "postgres" set maintenance_work_mem = '1GB'`,
    "alter system set shared_buffers = '1GB'",
    "alter system set wal_level = minimal",
  ]);
  expect(large.find(({ title }) => /maintenance_work_mem/.test(title))?.advice).toContain(
    "3 times",
  );
  const little = await found(targetSettings, { tableBytes: GB / 4, indexBytes: GB / 4 });
  expect(little.map(({ severity }) => severity)).toEqual(["warning", "warning", "info"]);
});

it("tells of standbys that the target waits for", async () => {
  await crowded.execute("alter system set synchronous_standby_names = 'absent'");
  await crowded.execute("select pg_reload_conf()");
  try {
    const all = await found(targetSettings, { tableBytes: 0, indexBytes: 0 });
    expect(all.map(({ title }) => title)).toContainEqual(
      expect.stringMatching(/synchronous_standby_names = absent$/),
    );
  } finally {
    await crowded.execute("alter system reset synchronous_standby_names");
    await crowded.execute("select pg_reload_conf()");
  }
});

it("knows the room on the disk of a target on this machine", async () => {
  expect(await found(diskSpace, { tableBytes: GB, indexBytes: GB })).toEqual([]);
  const [error] = await found(diskSpace, { tableBytes: 2 ** 50, indexBytes: 2 ** 40 });
  expect(error).toMatchObject({
    severity: "error",
    items: [expect.stringMatching(/\/data$/)],
    title: expect.stringMatching(/needs about 1025 TB .*; its disk has .* free$/),
  });
});
