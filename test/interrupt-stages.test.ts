/** Being interrupted at each stage of each verb: within two seconds nothing of it runs any more, and the error names what stays. */

import { existsSync } from "node:fs";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type CloneOptions,
  check,
  clone,
  compareData,
  compareSchema,
  list,
  type PgCopyError,
  ping,
  plan,
  type RunEvent,
} from "../src/index.js";
import { closeGates, closeTableGate, createGatedSchema } from "./support/gated-schema.js";
import {
  createDatabase,
  dropDatabase,
  server,
  type TestDatabase,
  uniqueName,
} from "./support/servers.js";
import { openProxy } from "./support/tcp-proxy.js";
import { expectNoSessions, until, untilRunning } from "./support/waiting.js";

const SOON_MS = 2_000;

let source: TestDatabase;

beforeAll(async () => {
  source = await createDatabase(server(16), "stages");
  await createGatedSchema(source);
});

afterAll(async () => {
  await source[Symbol.asyncDispose]();
});

/** Starts `work`, aborts its signal when `whenToStop` resolves, and gives the error, which must come soon. */
async function interrupted(
  work: (signal: AbortSignal) => Promise<unknown>,
  whenToStop: () => Promise<unknown>,
  ...databases: readonly TestDatabase[]
): Promise<PgCopyError> {
  const controller = new AbortController();
  const running = work(controller.signal);
  running.catch(() => {});
  let beganMs = 0;
  try {
    // One that fails by itself says why.
    await Promise.race([whenToStop(), running.then(() => expect.unreachable("it has ended"))]);
  } finally {
    beganMs = performance.now();
    controller.abort();
  }
  const error: PgCopyError = await running.then(
    () => expect.unreachable("it was not interrupted"),
    (thrown) => thrown,
  );
  await expectNoSessions(...databases);
  expect(performance.now() - beganMs).toBeLessThan(SOON_MS);
  expect(error, error.message).toMatchObject({ name: "PgCopyError", code: "interrupted" });
  return error;
}

describe("an aborted signal stops", () => {
  const verbs = {
    clone: (uri: string, signal: AbortSignal) => clone({ source: uri, target: source.uri, signal }),
    plan: (uri: string, signal: AbortSignal) => plan({ source: uri, target: source.uri, signal }),
    check: (uri: string, signal: AbortSignal) => check({ source: uri, target: source.uri, signal }),
    compareSchema: (uri: string, signal: AbortSignal) =>
      compareSchema({ source: uri, target: source.uri, signal }),
    compareData: (uri: string, signal: AbortSignal) =>
      compareData({ source: uri, target: source.uri, signal }),
    list: (uri: string, signal: AbortSignal) => list("tables", { endpoint: uri, signal }),
    ping: (uri: string, signal: AbortSignal) => ping({ endpoint: uri, signal }),
  };

  test.each(Object.entries(verbs))(
    "%s, which connects to a host that says nothing",
    async (_, verb) => {
      const sockets: Socket[] = [];
      const silent = createServer((socket) => sockets.push(socket.on("error", () => {})));
      await new Promise<void>((listening) => silent.listen(0, "127.0.0.1", listening));
      const { port } = silent.address() as { port: number };
      try {
        const uri = `postgres://someone@127.0.0.1:${port}/db`;
        const error = await interrupted(
          (signal) => verb(uri, signal),
          () => until("it has connected", () => sockets.length > 0),
          source,
        );
        expect(error.advice).toMatch(/^nothing is left to clean up/);
      } finally {
        for (const socket of sockets) socket.destroy();
        silent.close();
      }
    },
  );

  test.each([
    ["plan", verbs.plan],
    ["compareSchema", verbs.compareSchema],
    ["compareData", verbs.compareData],
  ] as const)("%s, which waits for a lock on the source", async (_, verb) => {
    await using locked = await createDatabase(server(16), "stages_locked");
    await locked.execute("create table t (id int)");
    await locked.withClient(async (client) => {
      await client.query("begin; lock table t in access exclusive mode");
      await interrupted(
        (signal) => verb(locked.uri, signal),
        () =>
          until("it waits for the lock", async () => {
            const { rowCount } = await client.query("select from pg_locks where not granted");
            return rowCount !== 0;
          }),
        source,
        locked,
      );
    });
  });

  test("a COPY that the source keeps waiting", async () => {
    await using target = await createDatabase(server(16), "stages_source");
    await using gates = await closeTableGate(target);
    await source.withClient(async (client) => {
      await interrupted(
        (signal) => clone({ source: source.uri, target: target.uri, signal }),
        async () => {
          await gates.untilReached();
          await client.query("begin; lock table wide in access exclusive mode");
          await gates.open();
          await untilRunning(source, /^copy "public"."wide"/);
        },
        source,
        target,
      );
    });
  });

  test("a foreign key that waits on the target", async () => {
    await using source = await createDatabase(server(16), "stages_waiting");
    await createGatedSchema(source);
    await source.execute("create table child (wide_id int references wide)");
    await using target = await createDatabase(server(16), "stages_target");
    await using gates = await closeGates(target, { row: "100" });
    await target.withClient(async (client) => {
      const error = await interrupted(
        (signal) => clone({ source: source.uri, target: target.uri, signal }),
        async () => {
          await gates.untilReached();
          await client.query("begin; lock table child in row exclusive mode");
          await gates.open();
          await untilRunning(target, /foreign key/i);
        },
        source,
        target,
      );
      expect(error.advice).toContain("its schema pgcopy_journal lists the finished tasks");
    });
  });

  test("copies in threads", async () => {
    await using target = await createDatabase(server(16), "stages_threads");
    await using gates = await closeGates(target, { row: "100" });
    await interrupted(
      (signal) => clone({ source: source.uri, target: target.uri, threads: 2, signal }),
      () => gates.untilReached(),
      source,
      target,
    );
  });

  test("a CREATE INDEX on a server that no cancel request comes through to", async () => {
    await using target = await createDatabase(server(16), "stages_deaf");
    await using gates = await closeGates(target, { index: "closed" });
    await using proxy = await openProxy(target.server);
    await interrupted(
      (signal) => clone({ source: source.uri, target: proxy.through(target.uri), signal }),
      async () => {
        await untilRunning(target, /gated_idx/);
        await gates.untilReached();
        const known = new Set(proxy.links);
        proxy.onChunk = (link) => {
          if (!known.has(link)) link.cut();
        };
      },
      source,
      target,
    );
  });
});

describe("the error names what stays:", () => {
  /** Aborts at the first event that fits. */
  async function interruptedAt(
    options: Pick<CloneOptions, "source" | "target"> & Partial<CloneOptions>,
    isMoment: (event: RunEvent) => boolean,
  ): Promise<string | undefined> {
    const controller = new AbortController();
    const observer = (event: RunEvent) => {
      if (isMoment(event)) controller.abort();
    };
    const error: PgCopyError = await clone({
      ...options,
      observer,
      signal: controller.signal,
    }).then(
      () => expect.unreachable("the clone was not interrupted"),
      (thrown) => thrown,
    );
    expect(error.code).toBe("interrupted");
    return error.advice;
  }
  const isNotice = (words: RegExp) => (event: RunEvent) =>
    event.type === "notice" && words.test(event.message);

  test("a database and a role that the run created", async () => {
    const role = uniqueName("stays");
    await using origin = await createDatabase(server(15), "stages_roles");
    await origin.execute(
      `create role ${role}; create table t (n int); alter table t owner to ${role}`,
    );
    const name = uniqueName("stages_created");
    const target = server(16).uri(name);
    const options = { source: origin.uri, target, roles: true };
    try {
      const early = await interruptedAt(options, isNotice(/^created the target database/));
      expect(early).toBe(
        `the same command starts again; the database ${name}, which this run created, stays; the role that this run created stays: ${role}`,
      );
      await dropDatabase(server(16), name);
      await source.execute(`drop role ${role}`);
      const late = await interruptedAt(options, ({ type }) => type === "task_started");
      expect(late).toMatch(
        new RegExp(
          `or drop the database ${name}, which this run created; the role that this run created stays: ${role}$`,
        ),
      );
    } finally {
      await dropDatabase(server(16), name);
      await source.execute(`drop role if exists ${role}`);
      await origin.execute(`drop owned by ${role}; drop role ${role}`);
    }
    await expectNoSessions(origin);
  });

  test("that objects were dropped, to be replaced", async () => {
    await using target = await createDatabase(server(16), "stages_dropped");
    await target.execute("create table small_1 (n int)");
    const advice = await interruptedAt(
      { source: source.uri, target: target.uri, dropIfExists: true },
      isNotice(/^dropped 1 objects/),
    );
    expect(advice).toBe(
      "the same command starts again; an object of the target was dropped, to be replaced",
    );
    await expectNoSessions(source, target);
  });

  test("a data directory that the run initialised; its server is stopped", async () => {
    const base = await mkdtemp(join(tmpdir(), "pgcopy-stages-"));
    // As root: another user runs the server.
    await chmod(base, 0o777);
    const directory = join(base, "data");
    try {
      const advice = await interruptedAt(
        { source: source.uri, target: `pgdata:${directory}`, environment: process.env },
        ({ type }) => type === "connected",
      );
      expect(advice).toBe(
        `the same command starts again; the data directory ${directory}, which this run initialised, stays`,
      );
      expect(existsSync(join(directory, "PG_VERSION"))).toBe(true);
      expect(existsSync(join(directory, "postmaster.pid"))).toBe(false);
    } finally {
      await rm(base, { recursive: true, force: true });
    }
  });
});
