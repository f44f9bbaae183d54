/** A connection that stands, and on which nothing moves: given up, unless the server still works on it. */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type CloneOptions, clone, type PgCopyError } from "../src/index.js";
import { expectSameDatabase } from "./support/compare.js";
import { closeGates, createGatedSchema } from "./support/gated-schema.js";
import { createDatabase, server, sessionsOf, type TestDatabase } from "./support/servers.js";
import { openProxy, type ProxyLink, type TcpProxy } from "./support/tcp-proxy.js";
import { until, untilRunning } from "./support/waiting.js";

/** Little enough for a test, and more than a busy machine takes for a round trip. */
const stallTimeout = 1;

let source: TestDatabase;

beforeAll(async () => {
  source = await createDatabase(server(16), "stalls");
  await createGatedSchema(source);
});

afterAll(async () => {
  await source[Symbol.asyncDispose]();
});

function start(target: TestDatabase, options: Partial<CloneOptions>) {
  const running = clone({
    source: source.uri,
    target: target.uri,
    pgDump: "bundled",
    stallTimeout,
    // Else what came through again would be done again, and go well.
    retries: 0,
    jobs: 1,
    signal: AbortSignal.timeout(30_000),
    ...options,
  });
  running.catch(() => {});
  return running;
}

async function failureOf(running: Promise<unknown>): Promise<PgCopyError> {
  return await running.then(
    () => expect.unreachable("the clone did not fail"),
    (thrown) => thrown,
  );
}

/** Where nothing comes through, the servers don't hear that their sessions are closed; but none of them works. */
async function expectNoneAtWork(...databases: readonly TestDatabase[]): Promise<void> {
  const sessions = (await Promise.all(databases.map((one) => sessionsOf(one)))).flat();
  expect(sessions.filter(({ state }) => state === "active")).toEqual([]);
}

/** Nothing comes through any more on what is open; what is opened later is another matter. */
function stallOpen(proxy: TcpProxy): void {
  for (const link of proxy.links) link.stall();
}

describe("a way that loses what is sent", () => {
  test.each([1, 2])("from the source, with %i thread", async (threads) => {
    await using target = await createDatabase(server(16), "stalls_source");
    await using gates = await closeGates(target, { row: "100" });
    await using proxy = await openProxy(source.server);
    const running = start(target, { source: proxy.through(source.uri), threads });
    await gates.untilReached();
    stallOpen(proxy);
    await gates.open();
    const error = await failureOf(running);
    expect(error).toMatchObject({
      code: "task_failed",
      attempted: "COPY public.wide",
      side: "source",
      reason: "stalled",
      retrySafe: true,
      message:
        "COPY public.wide failed on source: nothing moved for 1.0 s, and its server waits for pgcopy in turn",
    });
    expect(error.advice).toMatch(/^see the network, and the proxies or tunnels between/);
    await expectNoneAtWork(source, target);
  });

  test("to the target", async () => {
    await using target = await createDatabase(server(16), "stalls_target");
    await using gates = await closeGates(target, { row: "100" });
    await using proxy = await openProxy(target.server);
    const running = start(target, { target: proxy.through(target.uri) });
    await gates.untilReached();
    stallOpen(proxy);
    await gates.open();
    const error = await failureOf(running);
    expect(error).toMatchObject({
      attempted: "COPY public.wide",
      side: "target",
      reason: "stalled",
    });
    expect(error.message).toMatch(
      /nothing moved for 1\.0 s, and its server waits for pgcopy in turn$/,
    );
    // The target waits in the middle of a message, where it hears of no cancel, until its network tells it.
    await expectNoneAtWork(source);
  });

  test("to a server that is gone altogether", async () => {
    await using target = await createDatabase(server(16), "stalls_gone");
    await using gates = await closeGates(target, { index: "closed" });
    await using proxy = await openProxy(target.server);
    const running = start(target, {
      target: proxy.through(target.uri),
      ...{ retries: 1, retryTimeout: 3 },
    });
    await untilRunning(target, /gated_idx/);
    stallOpen(proxy);
    proxy.onChunk = (link) => link.cut();
    const error = await failureOf(running);
    expect(error.message).toMatch(
      /^the target was out of reach for [3-6]\.\d s: .*; before that, .* failed on target: nothing moved for 1\.0 s, and its server does not answer$/,
    );
    expect(error).toMatchObject({ code: "task_failed", side: "target" });
    await gates.open();
  });

  test("of a session that the server has ended, while the target waits for a lock", async () => {
    await using target = await createDatabase(server(16), "stalls_ended");
    await using gates = await closeGates(target, { row: "100" });
    const running = start(target, {});
    await gates.untilReached();
    const { pid } = await untilRunning(source, /^copy "public"."wide"/);
    await source.query("select pg_terminate_backend($1)", [pid]);
    const error = await failureOf(running);
    expect(error).toMatchObject({ attempted: "COPY public.wide", side: "source" });
    expect(error.message).toMatch(/its server knows no such session$|terminating connection/);
    await gates.open();
  });
});

describe("a server that works is waited for", () => {
  test.each([
    ["a COPY that waits in the target", { row: "100" }],
    ["a CREATE INDEX", { index: "closed" }],
  ] as const)("with %s", async (_, gate) => {
    await using target = await createDatabase(server(16), "stalls_works");
    await using gates = await closeGates(target, gate);
    await using proxy = await openProxy(target.server);
    const running = start(target, { target: proxy.through(target.uri) });
    await gates.untilReached();
    const [known, asking] = [new Set(proxy.links), new Set<ProxyLink>()];
    proxy.onChunk = (link) => {
      if (!known.has(link)) asking.add(link);
    };
    await until("the server was asked twice", () => asking.size >= 2);
    await gates.open();
    expect((await running).tables.find(({ name }) => name === "wide")?.rows).toBe(3_000);
    await expectSameDatabase(source.uri, target.uri);
  });
});
