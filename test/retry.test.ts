/**
 * Connections that are lost while a clone runs, on either server: it goes on by itself, does nothing
 * twice, and what it makes is right. The report says what was tried again.
 */

import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type CloneOptions,
  type CloneReport,
  clone,
  type PgCopyError,
  type RunEvent,
} from "../src/index.js";
import { expectSameDatabase } from "./support/compare.js";
import { closeGates, createGatedSchema } from "./support/gated-schema.js";
import { createDatabase, server, type TestDatabase } from "./support/servers.js";
import { createShop } from "./support/shop-schema.js";
import { openProxy, type ProxyLink, type TcpProxy } from "./support/tcp-proxy.js";
import { expectNoSessions, until, untilRunning } from "./support/waiting.js";
import { SeededRandom } from "./unit/seeded-random.js";

let source: TestDatabase;
let gated: TestDatabase;

beforeAll(async () => {
  source = await createDatabase(server(16), "retry");
  await createShop(source, { rows: 20_000 });
  gated = await createDatabase(server(16), "retry_gated");
  await createGatedSchema(gated);
});

afterAll(async () => {
  await source[Symbol.asyncDispose]();
  await gated[Symbol.asyncDispose]();
});

const MOST_ENDED = 25;

interface Session {
  readonly pid: number;
  readonly name: string;
  readonly holds: boolean;
}

const sessionsQuery = `
select pid, application_name as name,
       backend_xmin is not null and (state = 'idle in transaction' or query ilike 'copy %') as holds
from pg_stat_activity where datname = $1 and starts_with(application_name, 'pgcopy') order by pid`;

/** Ends one session of pgcopy after the other, until it is stopped; gives what they were. */
async function endSessions(
  ends: Readonly<Record<"source" | "target", TestDatabase>>,
  random: SeededRandom,
  signal: AbortSignal,
): Promise<string[]> {
  const ended: string[] = [];
  const client = new pg.Client(ends.source.server.uri());
  await client.connect();
  // A statement that takes longer than the time between two of them would never come to its end.
  while (!signal.aborted && ended.length < MOST_ENDED) {
    const side = random.pick(["source", "target"] as const);
    const { rows } = await client.query<Session>(sessionsQuery, [ends[side].name]);
    // The snapshot is gone with the last session that has it; nobody promises to live through that.
    const mayEnd = side === "target" || rows.filter(({ holds }) => holds).length > 2;
    if (rows.length > 0 && mayEnd) {
      const { pid, name } = random.pick(rows);
      await client.query("select pg_terminate_backend($1)", [pid]);
      ended.push(`${side}: ${name}`);
      await until("the session is gone", async () => {
        const left = await client.query("select from pg_stat_activity where pid = $1", [pid]);
        return left.rows.length === 0;
      });
    }
    await new Promise((resolve) => setTimeout(resolve, random.between(20, 60)));
  }
  await client.end();
  return ended;
}

describe("sessions that are ended at random, on both servers", () => {
  test.each([1, 3])("seed %i", async (seed) => {
    await using target = await createDatabase(server(16), "retry_copy");
    const stop = new AbortController();
    let ending: Promise<string[]> | undefined;
    const options: CloneOptions = {
      source: source.uri,
      target: target.uri,
      pgDump: "bundled",
      threads: seed === 3 ? 2 : 1,
      splitTablesLargerThan: 256 * 1024,
      retries: 30,
      observer: (event) => {
        if (event.type === "task_started")
          ending ??= endSessions({ source, target }, new SeededRandom(seed), stop.signal);
      },
    };
    const report = await clone(options).finally(() => stop.abort());
    const ended = (await ending) ?? [];
    expect(ended.length, ended.join(", ")).toBeGreaterThan(5);
    expect(report.retries.length).toBeGreaterThan(0);
    await expectSameDatabase(source.uri, target.uri);
    await expectNoSessions(source, target);
  });
});

interface Retried {
  readonly report: CloneReport;
  readonly events: readonly RunEvent[];
}

/** Clones the gated database, does `meanwhile` what breaks something, and looks whether all is right. */
async function retriedClone(
  target: TestDatabase,
  options: Partial<CloneOptions>,
  meanwhile: (events: readonly RunEvent[]) => Promise<unknown> = async () => {},
  proxy?: TcpProxy,
): Promise<Retried> {
  const events: RunEvent[] = [];
  const running = clone({
    source: gated.uri,
    target: target.uri,
    pgDump: "bundled",
    observer: (event) => events.push(event),
    signal: AbortSignal.timeout(30_000),
    ...options,
  });
  running.catch(() => {});
  await meanwhile(events);
  const report = await running;
  await proxy?.[Symbol.asyncDispose]();
  await target.execute(`alter database ${target.name} reset all`);
  await expectSameDatabase(gated.uri, target.uri);
  await expectNoSessions(gated, target);
  return { report, events };
}

const WIDE = "COPY public.wide";

describe("a task whose session is lost", () => {
  test("is done again, and the report says why", async () => {
    await using target = await createDatabase(server(16), "retry_copy");
    await using gates = await closeGates(target, { row: "100" });
    const { report, events } = await retriedClone(target, {}, async () => {
      await target.query("select pg_terminate_backend($1)", [await gates.untilReached()]);
      await gates.open();
    });
    expect(report.retries).toEqual([
      expect.objectContaining({
        label: WIDE,
        attempt: 1,
        side: "target",
        sqlstate: "57P01",
        message: `${WIDE} failed on target: terminating connection due to administrator command (SQLSTATE 57P01)`,
      }),
    ]);
    const told = events.filter((event) => "task" in event && event.task.label === WIDE);
    expect(told.map(({ type }) => type)).toEqual(["task_started", "task_retried", "task_finished"]);
    expect(report.tables.find(({ name }) => name === "wide")?.rows).toBe(3_000);
  });

  test("is ended on its server first, which does not know that it is lost", async () => {
    await using target = await createDatabase(server(16), "retry_copy");
    await using gates = await closeGates(target, { index: "closed" });
    await using proxy = await openProxy(target.server);
    const first: number[] = [];
    const { report } = await retriedClone(
      target,
      { target: proxy.through(target.uri) },
      async (events) => {
        first.push((await untilRunning(target, /gated_idx/)).pid);
        // The server goes on with the index: it has nothing to say to its client.
        proxy.cutClients();
        await until("the task is tried again", () =>
          events.some(({ type }) => type === "task_retried"),
        );
        const left = await target.query("select from pg_stat_activity where pid = $1", first);
        expect(left, "the first try's process, when the second begins").toEqual([]);
        await gates.open();
      },
      proxy,
    );
    expect(report.retries.map(({ side }) => side)).toContain("target");
  });

  test("fails when its tries are used up", async () => {
    await using target = await createDatabase(server(16), "retry_copy");
    await using gates = await closeGates(target, { row: "100" });
    const failing = clone({
      source: gated.uri,
      target: target.uri,
      pgDump: "bundled",
      retries: 1,
    });
    failing.catch(() => {});
    const first = await gates.untilReached();
    await target.query("select pg_terminate_backend($1)", [first]);
    const second = await until("it stands there again", async () => {
      const pid = await gates.untilReached();
      return pid === first ? undefined : pid;
    });
    await target.query("select pg_terminate_backend($1)", [second]);
    await expect(failing).rejects.toMatchObject({
      code: "task_failed",
      message: expect.stringMatching(/^COPY public\.wide failed on target: .*\(tried 2 times\)$/),
    });
  });

  test("is not waited for once the run is stopped", async () => {
    await using target = await createDatabase(server(16), "retry_copy");
    await using proxy = await openProxy(target.server);
    const controller = new AbortController();
    const failing = clone({
      source: gated.uri,
      target: proxy.through(target.uri),
      pgDump: "bundled",
      signal: controller.signal,
      observer: ({ type }) => {
        // From here on nothing comes through to the target, and no new connection is taken.
        if (type === "task_started") void proxy[Symbol.asyncDispose]();
        if (type === "notice") waiting();
      },
    });
    let waiting = () => {};
    const waits = new Promise<void>((resolve) => {
      waiting = resolve;
    });
    failing.catch(() => {});
    await waits;
    const beganMs = performance.now();
    controller.abort();
    await expect(failing).rejects.toMatchObject({ code: "interrupted" });
    expect(performance.now() - beganMs).toBeLessThan(2_000);
  });
});

describe("a connection that is cut at COMMIT", () => {
  /** Cuts the connection of one copy when it is about to commit, or when its answer is on the way. */
  function cutAtCommit(proxy: TcpProxy, answer: "lost" | "never given"): { cuts: number } {
    const done = { cuts: 0 };
    let last: ProxyLink | undefined;
    let armed: ProxyLink | undefined;
    proxy.onChunk = (link) => {
      last = link;
      if (link !== armed) return;
      armed = undefined;
      done.cuts++;
      link.cut();
    };
    proxy.onClientData = (chunk) => {
      const text = chunk.toString("latin1");
      if (done.cuts > 0 || !text.includes("'copy:public.wide'") || !text.includes("commit")) return;
      if (answer === "lost") armed = last;
      else {
        done.cuts++;
        last?.cut();
      }
    };
    return done;
  }

  test("whose answer is lost has done its task", async () => {
    await using target = await createDatabase(server(16), "retry_copy");
    await using proxy = await openProxy(target.server);
    const done = cutAtCommit(proxy, "lost");
    const { report, events } = await retriedClone(target, { target: proxy.through(target.uri) });
    expect(done.cuts).toBe(1);
    expect(report.retries).toEqual([]);
    expect(events).toContainEqual(
      expect.objectContaining({
        message: `${WIDE} was committed: only the server's answer was lost`,
      }),
    );
    expect(report.tables.find(({ name }) => name === "wide")).toMatchObject({ rows: 3_000 });
  });

  test("which did not arrive has its task done again", async () => {
    await using target = await createDatabase(server(16), "retry_copy");
    await using proxy = await openProxy(target.server);
    const done = cutAtCommit(proxy, "never given");
    const { report } = await retriedClone(target, { target: proxy.through(target.uri) });
    expect(done.cuts).toBe(1);
    expect(report.retries.map(({ label }) => label)).toEqual([WIDE]);
  });
});

describe("of the sessions that a run keeps", () => {
  const endBy = (database: TestDatabase, name: string) =>
    database.query(
      `select pg_terminate_backend(pid) from (select pid from pg_stat_activity
       where datname = current_database() and application_name = $1 order by backend_start limit 1) a`,
      [name],
    );

  test("a lost holder of the snapshot is replaced, and then the other one", async () => {
    await using target = await createDatabase(server(16), "retry_copy");
    await using gates = await closeGates(target, { row: "100" });
    const replaced = (events: readonly RunEvent[]) =>
      events.filter(
        (event) => event.type === "notice" && event.message.includes("another one holds it now"),
      ).length;
    await retriedClone(target, { tableJobs: 1 }, async (events) => {
      await gates.untilReached();
      for (const holder of [1, 2]) {
        await endBy(gated, "pgcopy snapshot");
        await until("it is replaced", () => replaced(events) === holder);
      }
      // The session that copies is the last one that knows the first id.
      const { pid } = await untilRunning(gated, /^copy "public"\."wide"/);
      await gated.query("select pg_terminate_backend($1)", [pid]);
      await gates.open();
    });
  });

  test("the one that holds the target's lock is opened again, and takes the lock again", async () => {
    await using target = await createDatabase(server(16), "retry_copy");
    await using gates = await closeGates(target, { row: "100" });
    const locks = () =>
      target.query(
        `select pid from pg_locks where locktype = 'advisory' and objsubid = 1 and granted
         and database = (select oid from pg_database where datname = current_database())
         and pid in (select pid from pg_stat_activity where application_name = 'pgcopy control')`,
      );
    await retriedClone(target, {}, async () => {
      await gates.untilReached();
      const [before] = await locks();
      await endBy(target, "pgcopy control");
      await until("the lock is taken again", async () => {
        const [now] = await locks();
        return now !== undefined && now.pid !== before?.pid;
      });
      const error: PgCopyError = await clone({ source: gated.uri, target: target.uri }).then(
        () => expect.unreachable("a second run took the target"),
        (thrown) => thrown,
      );
      expect(error).toMatchObject({ code: "target_unfit" });
      await gates.open();
    });
  });
});
