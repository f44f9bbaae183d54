/** `pgcopy progress`: a run as another session sees it, while it is at work, when it has died, and when it is done. */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { clone, list, type ProgressReport, progress, watchProgress } from "../src/index.js";
import { runCli, startCli } from "./support/cli.js";
import { closeGates, createGatedSchema } from "./support/gated-schema.js";
import { launchServer } from "./support/launch-servers.js";
import { createManagedRole } from "./support/managed-role.js";
import { createDatabase, server, type TestDatabase, testServer } from "./support/servers.js";
import { until } from "./support/waiting.js";

let source: TestDatabase;

beforeAll(async () => {
  source = await createDatabase(server(16), "progress");
  await createGatedSchema(source);
});

afterAll(async () => {
  await source[Symbol.asyncDispose]();
});

const withoutPassword = (uri: string) => uri.replace(/:[^:@/]+@/, "@");

describe.each([13, 18] as const)("on PostgreSQL %i", (major) => {
  test("a run at work is shown, watched to its end, and then gone", async () => {
    await using target = await createDatabase(server(major), "progress_run");
    await using stranger = await createManagedRole(server(major));
    await using gates = await closeGates(target, { row: "2990" });
    const running = clone({ source: source.uri, target: target.uri, jobs: 2 });
    running.catch(() => {});
    const pid = await gates.untilReached();

    const report = await progress({ target: target.uri });
    expect(report).toMatchObject({
      target: withoutPassword(target.uri),
      state: "running",
      journal: { source: withoutPassword(source.uri), pgcopyVersion: expect.stringMatching(/^\d/) },
      holder: { role: "postgres", application: "pgcopy control", address: "127.0.0.1" },
      hidden: [],
    });
    expect(report.tasksDone).toBeLessThan(report.tasksTotal ?? 0);
    const copying = report.running.find((one) => one.pid === pid);
    expect(copying?.label).toMatch(/^copy (")?public(")?\.(")?wide(")?$/i);
    expect(copying?.waitsFor).toHaveLength(1);
    if (major >= 14) {
      expect(copying?.bytes).toBeGreaterThan(1_000_000);
      expect(report.bytes).toBeGreaterThanOrEqual(copying?.bytes ?? 0);
    }

    const seen = await progress({ target: stranger.uri(target) });
    expect(seen).toMatchObject({ state: "running", holder: { pid: report.holder?.pid } });
    expect(seen.journal).toBeUndefined();
    expect(seen.hidden).toHaveLength(2);

    const cli = await runCli(["progress", target.uri]);
    expect(cli).toMatchObject({ exitCode: 0, stderr: "" });
    expect(cli.stdout).toContain(`process ${report.holder?.pid}, role postgres, from 127.0.0.1`);
    expect(cli.stdout).toMatch(/copy \S*public\S*wide/i);
    expect(cli.stdout).not.toContain(target.server.password);

    const watching = startCli(["progress", target.uri, "--watch", "--json"]);
    await until("it has looked", () => watching.stdout.includes("run_progress"));
    await gates.open();
    await running;
    const { exitCode, stdout } = await watching.ended;
    expect(exitCode).toBe(0);
    const events = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(events.at(-1)).toMatchObject({ type: "run_progress", state: "finished", running: [] });
    expect(events.at(-1).tasksDone).toBe(report.tasksTotal);

    const after = await runCli(["progress", target.uri]);
    expect(after.exitCode).toBe(4);
    expect(after.stdout.replace(/\s+/g, " ")).toContain("no run of pgcopy is copying to");
  });
});

test("a run that was killed: what is done, that nobody is at it, and how to go on", async () => {
  await using target = await createDatabase(server(16), "progress_dead");
  await using gates = await closeGates(target, { index: "closed" });
  const cli = startCli(["clone", source.uri, target.uri, "--quiet"]);
  await gates.untilReached();
  const reports = watchProgress({ target: target.uri, progressIntervalMs: 20 });
  expect((await reports.next()).value).toMatchObject({ state: "running" });
  cli.kill("SIGKILL");
  await cli.ended;
  let last: ProgressReport | undefined;
  for await (const report of reports) last = report;
  expect(last).toMatchObject({ state: "died", journal: { source: withoutPassword(source.uri) } });
  expect(last?.rows).toBeGreaterThanOrEqual(100);
  // The server goes on with what its client no longer waits for.
  expect(last?.running.map(({ label }) => label)).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/^CREATE INDEX (gated_idx )?ON public\.small_1/),
    ]),
  );

  const { exitCode, stdout } = await runCli(["progress", target.uri]);
  expect(exitCode).toBe(5);
  const command = `pgcopy clone ${withoutPassword(source.uri)} ${withoutPassword(target.uri)} --resume`;
  expect(stdout.split("\n")).toContain(`    ${command}`);
  expect(stdout.replace(/\s+/g, " ")).toContain(
    "nobody is at it: it ended without having finished, or waits to connect again",
  );
});

test("a restart of the target is waited out by who watches, as it is by the run", async () => {
  await using launched = await launchServer(16);
  await using target = await createDatabase(testServer(launched.address), "progress_restart");
  await using gates = await closeGates(target, { row: "2990" });
  const running = clone({ source: source.uri, target: target.uri });
  running.catch(() => {});
  await gates.untilReached();
  const watching = startCli(["progress", target.uri, "--watch"]);
  await until("it has looked", () => watching.stdout.includes("tasks done"));
  await launched.restart("SIGINT");
  await gates.open().catch(() => {});
  await target.execute(`alter database ${target.name} reset all`);
  await running;
  const { exitCode, stdout } = await watching.ended;
  expect(stdout).toContain("the connection to the target was lost; waiting for it");
  expect(stdout).toMatch(/: finished$/m);
  expect(exitCode).toBe(0);
});

test.each([[], ["--watch"]])(
  "a database that doesn't exist: no run is at it (%s)",
  async (...flags) => {
    const missing = source.uri.replace(source.name, "progress_never_made");
    const { exitCode, stdout } = await runCli(["progress", missing, ...flags, "--json"]);
    expect(exitCode).toBe(4);
    expect(JSON.parse(stdout.trimEnd())).toMatchObject({ state: "none" });
    const listed = await list("tables", { endpoint: missing }).catch((error) => error);
    expect(listed).toMatchObject({ code: "connection_failed", reason: undefined });
  },
);

test("stopping to watch is an interruption, and no harm to the run", async () => {
  await using target = await createDatabase(server(16), "progress_stop");
  await using gates = await closeGates(target, { row: "100" });
  const running = clone({ source: source.uri, target: target.uri });
  running.catch(() => {});
  await gates.untilReached();
  const watching = startCli(["progress", "--watch"], { PGCOPY_TARGET: target.uri });
  await until("it has looked", () => watching.stdout.includes("tasks done"));
  watching.kill("SIGINT");
  expect((await watching.ended).exitCode).toBe(130);
  await gates.open();
  await expect(running).resolves.toMatchObject({ databaseCreated: false });
});

test("a schema of the journal's name that pgcopy has not made is not read: its functions would run", async () => {
  await using target = await createDatabase(server(16), "progress_forged");
  await target.execute(`
    create table traces (who text);
    create function trace() returns text language plpgsql as $$
      begin insert into traces values (current_user); return 'postgres://nowhere/x'; end $$;
    create schema pgcopy_journal;
    create view pgcopy_journal.run as select trace() as source, now() as started_at, 1 as tasks;
    create table pgcopy_journal.attempt (no int, snapshot text, pgcopy_version text, started_at timestamptz);
    insert into pgcopy_journal.attempt values (1, 'x', '1', now());
    create table pgcopy_journal.task (id text, rows bigint, bytes bigint, finished_at timestamptz)`);
  const report = await progress({ target: target.uri });
  expect(report).toMatchObject({ state: "none", hidden: [expect.stringContaining("is not read")] });
  expect(await target.query("select from traces")).toEqual([]);
  await target.execute(`
    drop view pgcopy_journal.run;
    create type hidden as (n int);
    create function hidden_to_int(hidden) returns int language plpgsql as $$
      begin insert into traces values (current_user); return 1; end $$;
    create cast (hidden as int) with function hidden_to_int as implicit;
    create table pgcopy_journal.run (source text, started_at timestamptz, tasks hidden);
    insert into pgcopy_journal.run values ('x', now(), row(1)::hidden)`);
  expect(await progress({ target: target.uri })).toMatchObject({ state: "none" });
  expect(await target.query("select from traces")).toEqual([]);
});

/** The planner folds what a function gives that says of itself to be immutable; what that one calls may write. */
test.each([
  ["an index's expression", "create index on pgcopy_journal.run ((source || trace()))"],
  ["an index's condition", "create index on pgcopy_journal.run (source) where source <> trace()"],
  [
    "statistics",
    "create statistics pgcopy_journal.s on (source || trace()), tasks from pgcopy_journal.run",
  ],
  ["a check", "alter table pgcopy_journal.run add check (source <> trace() || 'y')"],
])("nor is one whose reading would be planned with a function, of %s", async (_of, forge) => {
  await using target = await createDatabase(server(16), "progress_planned");
  await target.execute(`
    create table traces (who text);
    create schema pgcopy_journal;
    create table pgcopy_journal.run (source text, started_at timestamptz, tasks int);
    insert into pgcopy_journal.run values ('x', now(), 1);
    create table pgcopy_journal.attempt (no int, snapshot text, pgcopy_version text, started_at timestamptz);
    insert into pgcopy_journal.attempt values (1, 'x', '1', now());
    create table pgcopy_journal.task (id text, rows bigint, bytes bigint, finished_at timestamptz);
    create function write() returns void language sql as 'insert into public.traces values (current_user)';
    create function trace() returns text immutable language plpgsql as $$ begin return 'x'; end $$;
    ${forge};
    create or replace function trace() returns text immutable language plpgsql as $$
      begin perform public.write(); return 'x'; end $$`);
  await target.execute(`alter database ${target.name} set constraint_exclusion = 'on'`);
  const report = await progress({ target: target.uri });
  expect(report).toMatchObject({ state: "none", hidden: [expect.stringContaining("is not read")] });
  expect(await target.query("select from traces")).toEqual([]);
});
