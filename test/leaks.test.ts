/** The checks after every test find what is left, or they would be worth nothing. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parseEndpoint } from "../src/endpoint/parse-endpoint.js";
import { connect } from "../src/postgres/connect.js";
import { holdings, leftInProcess, leftOnServers, unwatchDatabase } from "./support/leaks.js";
import { createDatabase, server } from "./support/servers.js";

/** One look, without waiting for what is left to go. */
const NOW = 0;
/** A closed handle is told of a little later. */
const A_MOMENT = 50;

test("a session, and a replication slot", async () => {
  await using database = await createDatabase(server(16), "leaks");
  const endpoint = await parseEndpoint(database.uri, {}, "source");
  if (endpoint.kind !== "server") throw new Error("no server");
  const signal = new AbortController().signal;
  const session = await connect(endpoint, { side: "source", purpose: "leak", signal });
  await database.query("select pg_create_logical_replication_slot('pgcopy_leak', 'test_decoding')");
  const left = await leftOnServers(NOW);
  expect(left).toHaveLength(2);
  expect(left[0]).toContain(`in ${database.name}: session ${session.processId}, pgcopy leak, idle`);
  expect(left[1]).toContain(`in ${database.name}: replication slot pgcopy_leak`);
  await database.query("select pg_drop_replication_slot('pgcopy_leak')");
  await session.close();
  expect(await leftOnServers()).toEqual([]);
});

test("a session in a database that is dropped", async () => {
  const database = await createDatabase(server(16), "leaks");
  await database.withClient(async (client) => {
    await client.query("set application_name = 'pgcopy leak'");
    await unwatchDatabase(database.server, database.name, NOW);
  });
  await database[Symbol.asyncDispose]();
  expect(await leftOnServers(NOW)).toEqual([
    expect.stringContaining(`in ${database.name}: session`),
  ]);
  expect(await leftOnServers(NOW)).toEqual([]);
});

test("a listener, a file and a child", async () => {
  const before = holdings();
  expect(await leftInProcess(before, NOW)).toEqual([]);
  const listener = createServer().listen(0, "127.0.0.1");
  await once(listener, "listening");
  expect(await leftInProcess(before, NOW)).toEqual(["TCPServerWrap"]);
  listener.close();
  await once(listener, "close");
  const file = await mkdtemp(join(tmpdir(), "pgcopy-"));
  expect(await leftInProcess(before, A_MOMENT)).toEqual([file]);
  await rm(file, { recursive: true });
  const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
  await once(child, "spawn");
  const left = await leftInProcess(before, NOW);
  expect(left).toContain("ProcessWrap");
  if (process.platform === "linux")
    expect(left.join()).toContain(`child process ${child.pid} ${process.execPath} -e setInterval`);
  child.kill();
  await once(child, "exit");
});
