/** The fault proxy itself: it does what its rules say, where they say it. */

import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type FaultProxy, openFaultProxy } from "./support/fault-proxy.js";
import { createDatabase, server, type TestDatabase } from "./support/servers.js";

let database: TestDatabase;

beforeAll(async () => {
  database = await createDatabase(server(16), "proxied");
  await database.execute("create table t (id int primary key)");
});

afterAll(async () => {
  await database[Symbol.asyncDispose]();
});

/** A session through the proxy, of which nobody minds that it is lost. */
async function connectThrough(proxy: FaultProxy, name = "one"): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: proxy.through(database.uri),
    application_name: name,
  });
  client.on("error", () => {});
  await client.connect();
  return client;
}

const idsOf = async () =>
  (await database.query("select id from t order by id")).map(({ id }) => id);

describe("the proxy", () => {
  test("passes all on where no rule says otherwise", async () => {
    await using proxy = await openFaultProxy(database.server);
    const client = await connectThrough(proxy);
    const { rows } = await client.query("select repeat('x', 3000000) as text");
    expect(rows[0].text).toHaveLength(3_000_000);
    await client.end();
  });

  test("cuts before a COMMIT, which the server then never sees", async () => {
    await using proxy = await openFaultProxy(database.server);
    const rule = proxy.rule({
      connection: "one",
      from: "client",
      at: { message: "Query", text: /^commit/ },
      fault: { do: "cut" },
    });
    const other = await connectThrough(proxy, "other");
    await other.query("begin");
    await other.query("commit");
    const client = await connectThrough(proxy);
    await client.query("begin; insert into t values (1)");
    await expect(client.query("commit")).rejects.toThrow("terminated");
    expect(await rule.fired).toBe("one");
    expect(await idsOf()).toEqual([]);
    await other.end();
  });

  test("resets before the server's word that it has committed", async () => {
    await using proxy = await openFaultProxy(database.server);
    proxy.rule({
      from: "server",
      at: { message: "CommandComplete", text: /^COMMIT/ },
      fault: { do: "reset" },
    });
    const client = await connectThrough(proxy);
    await client.query("begin; insert into t values (2)");
    await expect(client.query("commit")).rejects.toThrow(/ECONNRESET|terminated/);
    expect(await idsOf()).toEqual([2]);
  });

  test("cuts after a message that is passed on", async () => {
    await using proxy = await openFaultProxy(database.server);
    proxy.rule({
      from: "server",
      at: { message: "DataRow", nth: 3 },
      fault: { do: "cut", after: true },
    });
    const client = await connectThrough(proxy);
    const rows: unknown[] = [];
    const query = new pg.Query("select n from generate_series(1, 10) n");
    query.on("row", (row) => rows.push(row.n));
    const failed = new Promise((resolve) => query.on("error", resolve));
    client.query(query);
    await failed;
    expect(rows).toEqual([1, 2, 3]);
  });

  test("stalls at the nth connection until it is released, and no other", async () => {
    await using proxy = await openFaultProxy(database.server);
    const rule = proxy.rule({
      connection: /^many/,
      nthConnection: 2,
      from: "client",
      at: { message: "Query" },
      fault: { do: "stall" },
    });
    const [first, second] = [
      await connectThrough(proxy, "many 1"),
      await connectThrough(proxy, "many 2"),
    ];
    const stalled = second.query("select 2 as n");
    expect(await rule.fired).toBe("many 2");
    expect((await first.query("select 1 as n")).rows).toEqual([{ n: 1 }]);
    rule.release();
    expect((await stalled).rows).toEqual([{ n: 2 }]);
    await Promise.all([first.end(), second.end()]);
  });

  test("acts at a byte: all before it arrive", async () => {
    await using proxy = await openFaultProxy(database.server);
    const rule = proxy.rule({ from: "server", at: { byte: 100_000 }, fault: { do: "cut" } });
    const client = await connectThrough(proxy);
    let received = 0;
    // biome-ignore lint/suspicious/noExplicitAny: its socket is no part of the driver's types
    (client as any).connection.stream.on("data", (chunk: Buffer) => {
      received += chunk.length;
    });
    const [link] = proxy.links;
    const before = link?.sentBy("server") ?? 0;
    await expect(client.query("select repeat('x', 1000000)")).rejects.toThrow("terminated");
    expect(received).toBe(100_000 - before);
    expect(rule.count).toBe(1);
  });

  test("loses bytes, with the connection going on or not", async () => {
    await using proxy = await openFaultProxy(database.server);
    const at = { message: "Query", text: /pg_catalog.version/ } as const;
    const lost = "select pg_catalog.version()".length + 6;
    const rule = proxy.rule({ from: "client", at, fault: { do: "drop", bytes: lost } });
    const client = await connectThrough(proxy);
    const unanswered = client.query("select pg_catalog.version()");
    await rule.fired;
    // What the server knows nothing of is answered by the answer to the next.
    void client.query("select 1").catch(() => {});
    const stream = (client as unknown as { connection: { query(text: string): void } }).connection;
    stream.query("select 7 as n");
    expect((await unanswered).rows).toEqual([{ n: 7 }]);
    proxy.rule({ from: "client", at, fault: { do: "drop", bytes: 10, cut: true } });
    const other = await connectThrough(proxy);
    await expect(other.query("select pg_catalog.version()")).rejects.toThrow("terminated");
  });

  test("delays, and slows down", async () => {
    await using proxy = await openFaultProxy(database.server);
    proxy.rule({
      from: "client",
      at: { message: "Query" },
      fault: { do: "delay", delayMs: 100 },
    });
    proxy.rule({
      from: "server",
      at: { message: "RowDescription", nth: 2 },
      fault: { do: "slow", bytesPerSecond: 100_000 },
    });
    const client = await connectThrough(proxy);
    const timed = async (sql: string) => {
      const began = performance.now();
      await client.query(sql);
      return performance.now() - began;
    };
    expect(await timed("select 1")).toBeGreaterThan(95);
    expect(await timed("select repeat('x', 20000)")).toBeGreaterThan(180);
    await client.end();
  });
});
