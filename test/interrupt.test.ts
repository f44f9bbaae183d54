/**
 * Being interrupted: wherever the run is, within two seconds nothing of it runs on either server any
 * more, and the error says what is left and how to go on.
 */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type CloneOptions, clone, type PgCopyError, type RunEvent } from "../src/index.js";
import { findPgDump } from "../src/schema/find-pg-dump.js";
import { runCli, startCli } from "./support/cli.js";
import { expectSameDatabase } from "./support/compare.js";
import { closeGates, closeTableGate, createGatedSchema } from "./support/gated-schema.js";
import { createDatabase, server, sessionsOf, type TestDatabase } from "./support/servers.js";
import { openProxy } from "./support/tcp-proxy.js";
import { expectNoSessions, until, untilRunning } from "./support/waiting.js";

const SOON_MS = 2_000;

let source: TestDatabase;

beforeAll(async () => {
  source = await createDatabase(server(16), "interrupt");
  await createGatedSchema(source);
});

afterAll(async () => {
  await source[Symbol.asyncDispose]();
});

/** Clones, aborts the signal when `whenToStop` resolves, and gives the error, which must come soon. */
async function interruptedClone(
  target: TestDatabase,
  whenToStop: (events: readonly RunEvent[]) => Promise<unknown>,
  options: Partial<CloneOptions> = {},
): Promise<PgCopyError> {
  const events: RunEvent[] = [];
  const controller = new AbortController();
  const running = clone({
    source: source.uri,
    target: target.uri,
    pgDump: "bundled",
    observer: (event) => events.push(event),
    signal: controller.signal,
    ...options,
  });
  running.catch(() => {});
  let beganMs = 0;
  try {
    await whenToStop(events);
  } finally {
    beganMs = performance.now();
    controller.abort();
  }
  const error: PgCopyError = await running.then(
    () => expect.unreachable("the clone was not interrupted"),
    (thrown) => thrown,
  );
  expect(performance.now() - beganMs).toBeLessThan(SOON_MS);
  expect(error, error.message).toMatchObject({ name: "PgCopyError", code: "interrupted" });
  expect(error.message).toMatch(/interrupted$/);
  expect(error.advice).toBeTruthy();
  expect(events.filter((event) => event.type === "task_failed")).toEqual([]);
  await expectNoSessions(source, target);
  return error;
}

function expectLeftovers(error: PgCopyError): void {
  expect(error.advice).toContain("its schema pgcopy_journal lists the finished tasks");
  expect(error.advice).toMatch(/start over with --restart/i);
  expect(error.advice).toMatch(/go on with .*--resume/i);
  expect(error.advice).not.toContain("nothing is left");
}

async function relationsOf(target: TestDatabase): Promise<string[]> {
  const rows = await target.query<{ name: string }>(
    "select oid::regclass::text as name from pg_class where oid >= 16384 and relkind <> 't'",
  );
  return rows.map(({ name }) => name);
}

describe("an aborted signal stops", () => {
  test("a COPY, and starting over gives it all", async () => {
    await using target = await createDatabase(server(16), "interrupt_copy");
    await using gates = await closeGates(target, { row: "100" });
    const error = await interruptedClone(target, () => gates.untilReached());
    expect(error.message).toMatch(/was interrupted$/);
    expectLeftovers(error);
    expect(await target.query("select from wide")).toEqual([]);
    await gates[Symbol.asyncDispose]();
    await clone({ source: source.uri, target: target.uri, dropIfExists: true });
    await expectSameDatabase(source.uri, target.uri);
  });

  test("a CREATE INDEX", async () => {
    await using target = await createDatabase(server(16), "interrupt_index");
    await using gates = await closeGates(target, { index: "closed" });
    const error = await interruptedClone(target, async () => {
      await untilRunning(target, /gated_idx/);
      await gates.untilReached();
    });
    expect(error.message).toBe("CREATE INDEX gated_idx ON public.small_1 was interrupted");
    expectLeftovers(error);
    expect(await relationsOf(target)).not.toContain("gated_idx");
  });

  test("the making of tables", async () => {
    await using target = await createDatabase(server(16), "interrupt_pre_data");
    await using gates = await closeTableGate(target);
    const error = await interruptedClone(target, () => gates.untilReached());
    expectLeftovers(error);
    expect(await relationsOf(target)).not.toContain("wide");
  });

  test("work that waits for a lock on the target", async () => {
    await using target = await createDatabase(server(16), "interrupt_lock");
    await clone({ source: source.uri, target: target.uri });
    await target.withClient(async (client) => {
      await client.query("begin; lock table small_2 in access share mode");
      const error = await interruptedClone(target, () => untilRunning(target, /drop table/i), {
        dropIfExists: true,
      });
      expect(error.advice).toContain("nothing is left to clean up");
    });
    await expectSameDatabase(source.uri, target.uri);
  });
});

const localPgDump = await findPgDump({
  environment: process.env,
  signal: new AbortController().signal,
  minimumMajor: 15,
});

describe.each([
  ["bundled", "bundled"],
  ["local", localPgDump?.path],
])("an aborted signal stops the %s pg_dump", (_, pgDump) => {
  test.runIf(pgDump !== undefined)("while it waits for a lock", async () => {
    await using target = await createDatabase(server(15), "interrupt_dump");
    await using locked = await createDatabase(server(15), "interrupt_locked");
    await locked.execute("create table t (id int); create table u (id int)");
    await locked.withClient(async (client) => {
      await client.query("begin; alter table u add column more int");
      const error = await interruptedClone(target, () => untilRunning(locked, /^lock table/i), {
        source: locked.uri,
        ...(pgDump === undefined ? {} : { pgDump }),
      });
      expect(error.advice).toContain("nothing is left to clean up; the same command starts again");
    });
    await expectNoSessions(locked);
    expect(await relationsOf(target)).toEqual([]);
  });
});

describe("an aborted signal", () => {
  test("from the beginning: nothing is connected to", async () => {
    await using target = await createDatabase(server(16), "interrupt_first");
    const events: RunEvent[] = [];
    await expect(
      clone({
        source: source.uri,
        target: target.uri,
        signal: AbortSignal.abort(),
        observer: (event) => events.push(event),
      }),
    ).rejects.toMatchObject({ code: "interrupted", advice: expect.stringContaining("again") });
    expect(events.map(({ type }) => type)).not.toContain("connected");
  });

  test("with a reason of the caller's own is still a PgCopyError", async () => {
    await using target = await createDatabase(server(16), "interrupt_reason");
    await using gates = await closeGates(target, { row: "100" });
    const controller = new AbortController();
    const running = clone({ source: source.uri, target: target.uri, signal: controller.signal });
    running.catch(() => {});
    await gates.untilReached();
    controller.abort(new Error("the pod is drained"));
    await expect(running).rejects.toMatchObject({ name: "PgCopyError", code: "interrupted" });
    await expectNoSessions(source, target);
  });

  test("ends a run whose network is dead, though neither server hears of it", async () => {
    await using target = await createDatabase(server(16), "interrupt_dead");
    await using gates = await closeGates(target, { row: "100" });
    await using fromSource = await openProxy(source.server);
    await using toTarget = await openProxy(target.server);
    const controller = new AbortController();
    const running = clone({
      source: fromSource.through(source.uri),
      target: toTarget.through(target.uri),
      signal: controller.signal,
    });
    running.catch(() => {});
    await gates.untilReached();
    fromSource.stall();
    toTarget.stall();
    const beganMs = performance.now();
    controller.abort();
    await expect(running).rejects.toMatchObject({
      code: "interrupted",
      items: [
        expect.stringMatching(/^the target did not answer the cancel: .* may still run there/),
      ],
    });
    expect(performance.now() - beganMs).toBeLessThan(6_000);
  });
});

describe("Ctrl-C", () => {
  test("stops the work, says what is left and how to go on, and exits with 130", async () => {
    await using target = await createDatabase(server(16), "interrupt_cli");
    await using gates = await closeGates(target, { row: "100" });
    const cli = startCli(["clone", source.uri, target.uri]);
    await gates.untilReached();
    const beganMs = performance.now();
    cli.kill("SIGINT");
    await expectNoSessions(source, target);
    expect(performance.now() - beganMs).toBeLessThan(SOON_MS);
    const { exitCode, stdout, stderr } = await cli.ended;
    expect(exitCode).toBe(130);
    expect(stdout).toBe("");
    const lines = stderr.trimEnd().split("\n");
    expect(lines).toContain(
      "interrupted: stopping the work on both servers (once more leaves at once)",
    );
    expect(lines.at(-3)).toBe("pgcopy: the clone was interrupted");
    // Which of the jobs has stopped first is not certain.
    expect(lines.at(-2)).toMatch(/^ {2}in the middle of: ./);
    expect(lines.at(-1)).toMatch(/^ {2}what to do: the target .*pgcopy_journal lists/);
    expect(lines.at(-1)).toMatch(/(start over with --restart|--not-consistent)$/);
    expect(stderr).not.toMatch(/^ +at /m);

    await gates[Symbol.asyncDispose]();
    const again = await runCli(["clone", source.uri, target.uri, "--drop-if-exists", "--quiet"]);
    expect(again).toEqual({ exitCode: 0, stdout: "", stderr: "" });
    await expectSameDatabase(source.uri, target.uri);
  });

  test("with --json ends with one error event, and SIGTERM is the same", async () => {
    await using target = await createDatabase(server(16), "interrupt_json");
    await using gates = await closeGates(target, { row: "100" });
    const cli = startCli(["clone", source.uri, target.uri, "--json"]);
    await gates.untilReached();
    cli.kill("SIGTERM");
    const { exitCode, stdout } = await cli.ended;
    expect(exitCode).toBe(130);
    const events = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(events.filter(({ type }) => type === "error")).toHaveLength(1);
    expect(events.at(-1)).toMatchObject({
      type: "error",
      code: "interrupted",
      exitCode: 130,
      message: expect.stringMatching(/was interrupted$/),
      advice: expect.stringContaining("--resume"),
    });
  });

  test("before anything was changed says so", async () => {
    await using target = await createDatabase(server(16), "interrupt_early");
    await using locked = await createDatabase(server(16), "interrupt_locked");
    await locked.execute("create table t (id int)");
    await locked.withClient(async (client) => {
      await client.query("begin; lock table t in access exclusive mode");
      const cli = startCli(["clone", locked.uri, target.uri]);
      await untilRunning(locked, /./);
      await until("it waits for the lock", async () => {
        const rows = await client.query("select from pg_locks where not granted");
        return rows.rowCount !== 0;
      });
      cli.kill("SIGINT");
      const { exitCode, stderr } = await cli.ended;
      expect(exitCode).toBe(130);
      expect(stderr).toContain("what to do: nothing is left to clean up");
      await expectNoSessions(locked, target);
    });
  });

  test("twice leaves at once, though the network is dead", async () => {
    await using target = await createDatabase(server(16), "interrupt_twice");
    await using gates = await closeGates(target, { row: "100" });
    await using toTarget = await openProxy(target.server);
    const cli = startCli(["clone", source.uri, toTarget.through(target.uri)]);
    await gates.untilReached();
    toTarget.stall();
    cli.kill("SIGINT");
    await until("it has heard of it", () => cli.stderr.includes("interrupted: stopping"));
    // A second signal counts only a second after the first: npm sends one Ctrl-C twice.
    await until("it has ended", () => {
      cli.kill("SIGINT");
      return cli.hasEnded;
    });
    const { exitCode, stderr } = await cli.ended;
    expect(exitCode).toBe(130);
    expect(stderr.trimEnd()).toMatch(/\(once more leaves at once\)$/);
    toTarget.cutAll();
    await gates.open();
    await until("the server has noticed", async () => (await sessionsOf(target)).length === 0);
  });
});

test("kill -9: the servers end what the process was doing, though nobody cancels it", async () => {
  await using target = await createDatabase(server(16), "interrupt_killed");
  await using gates = await closeGates(target, { index: "closed" });
  const cli = startCli(["clone", source.uri, target.uri]);
  await untilRunning(target, /gated_idx/);
  await gates.untilReached();
  cli.kill("SIGKILL");
  await cli.ended;
  await expectNoSessions(source, target);
  expect(await relationsOf(target)).not.toContain("gated_idx");
});
