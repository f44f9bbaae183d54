/** `--all-databases`: two instances of their own, with databases of many kinds. */

import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { parseEndpoint } from "../src/endpoint/parse-endpoint.js";
import { cloneAll, type PgCopyError, planAll, type RunEvent } from "../src/index.js";
import { connect } from "../src/postgres/connect.js";
import { ConnectionPool } from "../src/postgres/connection-pool.js";
import { quoteName } from "../src/postgres/quote.js";
import { SessionBudget } from "../src/postgres/session-budget.js";
import { runCli } from "./support/cli.js";
import { expectSameData, expectSameDatabase } from "./support/compare.js";
import { type LaunchedServer, launchServer } from "./support/launch-servers.js";
import { databaseOn, type TestDatabase, testServer } from "./support/servers.js";

// Seven databases are read twice and copied, most of it by the bundled pg_dump.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

let source: LaunchedServer;
let target: LaunchedServer;
beforeAll(async () => {
  [source, target] = await Promise.all([launchServer(16), launchServer(18)]);
  await fill();
});
afterEach(emptyTarget);
afterAll(async () => {
  await Promise.all([source, target].map((one) => one?.[Symbol.asyncDispose]()));
});

const on = (one: LaunchedServer, name: string) => databaseOn(testServer(one.address), name);
const ends = () => ({
  source: on(source, "template1").uri,
  target: on(target, "template1").uri,
});

const odd = `Odd "name' of ünï`;
const copied = [odd, "closed_to_others", "empty", "icu", "latin", "many", "shop"];

/** Each statement by itself: CREATE DATABASE takes no company. */
async function run(database: TestDatabase, ...statements: string[]): Promise<void> {
  await database.withClient(async (client) => {
    for (const statement of statements) await client.query(statement);
  });
}

async function fill(): Promise<void> {
  const postgres = on(source, "postgres");
  await run(
    postgres,
    "create role nora login password 'secret'",
    "create role app",
    "grant app to nora with admin option",
    "create database shop owner nora connection limit 50",
    "create database empty",
    "create database latin encoding 'LATIN1' locale 'C' template template0",
    "create database icu locale_provider icu icu_locale 'de-DE' locale 'C' template template0",
    `create database ${quoteName(odd)}`,
    "create database many",
    "create database closed_to_others",
    "revoke all on database closed_to_others from public",
    "create database no_connections allow_connections false",
    "create database my_template is_template true",
    "alter database shop set statement_timeout = '7s'",
    "alter database empty set default_transaction_read_only = on",
    "comment on database shop is 'the shop'",
  );
  await on(source, "shop").execute(`
    create schema s authorization nora;
    create table s.orders (id int primary key, note text);
    insert into s.orders select g, repeat('x', 100) from generate_series(1, 20000) g;
    create index on s.orders (note); create index on s.orders (id, note);
    alter table s.orders owner to nora; grant select on s.orders to app`);
  await on(source, "latin").execute("create table t as select 'Käse' as cheese");
  await on(source, "icu").execute(
    "create table t (w text primary key); insert into t values ('ä'), ('z')",
  );
  await on(source, odd).execute(`create table "T t" as select 1 as n`);
  await on(source, "many").execute(
    Array.from(
      { length: 60 },
      (_, i) => `create table t${i} (n int primary key); insert into t${i} values (${i});`,
    ).join("\n"),
  );
}

async function emptyTarget(): Promise<void> {
  const postgres = on(target, "postgres");
  const databases = await postgres.query("select datname from pg_database where oid >= 16384");
  for (const { datname } of databases) {
    await run(postgres, `drop database ${quoteName(datname)} with (force)`);
  }
  const roles = await postgres.query("select rolname from pg_roles where oid >= 16384");
  for (const { rolname } of roles) await run(postgres, `drop owned by ${rolname} cascade`);
  for (const { rolname } of roles) await run(postgres, `drop role ${rolname}`);
}

const databasesQuery = `
  select datname, pg_get_userbyid(datdba) as owner, pg_encoding_to_char(encoding) as encoding,
    datcollate, datlocprovider, datconnlimit, shobj_description(oid, 'pg_database') as comment,
    (select setconfig from pg_db_role_setting where setdatabase = d.oid and setrole = 0) as settings,
    datacl::text
  from pg_database d where datname = any($1) order by 1`;
const databasesOf = (one: LaunchedServer) => on(one, "postgres").query(databasesQuery, [copied]);

async function refused(options: Parameters<typeof cloneAll>[0]): Promise<PgCopyError> {
  return await cloneAll(options).then(
    () => {
      throw new Error("the clone should have failed");
    },
    (error: PgCopyError) => error,
  );
}

const rolesOn = async (one: LaunchedServer) =>
  await on(one, "postgres").query("select rolname from pg_roles where oid >= 16384 order by 1");
const databasesOn = async (one: LaunchedServer) =>
  await on(one, "postgres").query("select datname from pg_database where oid >= 16384 order by 1");

describe("all databases of a server", () => {
  it("arrive as they were, with the roles, on one bound of tasks and sessions", async () => {
    const events: RunEvent[] = [];
    const how = { jobs: 2, threads: 2, verify: "checksum" } as const;
    const options = { ...ends(), ...how, progressIntervalMs: 20 };
    const watched = watchSessions();
    const report = await cloneAll({ ...options, observer: (event) => events.push(event) });
    const most = await watched();

    expect(report.threads).toBe(2);
    expect(report.databases.map(({ database }) => database)).toEqual(copied);
    expect(report.rolesCreated).toEqual(["nora", "app"]);
    expect(report.leftOut).toEqual([
      { database: "my_template", reason: "it is a template" },
      { database: "no_connections", reason: "it allows no connections" },
      { database: "postgres", reason: "it holds nothing of users" },
    ]);
    expect(report.warnings).toEqual([]);
    expect(await databasesOf(source)).toHaveLength(copied.length);
    expect(await databasesOf(target)).toEqual(await databasesOf(source));
    expect(await databasesOn(target)).toHaveLength(copied.length);
    for (const name of copied) {
      if (name === "latin") await expectSameData(on(source, name).uri, on(target, name).uri);
      else await expectSameDatabase(on(source, name).uri, on(target, name).uri);
    }
    expect({ tables: report.tables, rows: report.rows }).toEqual({ tables: 64, rows: 20064 });
    expectBounds(events, { tables: 2, indexes: 2 });
    // Two open databases: a session for each, and what may copy or build; the two instance sessions.
    expect(most).toEqual({ jobs: expect.any(Number), copies: expect.any(Number) });
    expect(most.jobs).toBeLessThanOrEqual(4);
    expect(most.copies).toBeLessThanOrEqual(2);
    const finished = events.filter(({ type }) => type === "database_finished");
    expect(finished.map(({ database }) => database).sort()).toEqual([...copied].sort());
    const last = events.findLast((event) => event.type === "progress");
    expect(last).toMatchObject({ databasesTotal: copied.length, tablesTotal: 64 });
  });

  it("with postgres, where it holds something; what exists follows clone's rules", async () => {
    await on(source, "postgres").execute("create table mine as select 1 as n");
    try {
      await run(on(target, "postgres"), "create database shop");
      await on(target, "shop").execute("create schema s; create table s.orders (n int)");
      const error = await refused(ends());
      expect(error).toMatchObject({
        code: "target_unfit",
        message: "not all databases can be cloned: there is something in the way",
        items: ["shop: schema s", "shop: table s.orders"],
        advice:
          "nothing was changed; replace the objects with --drop-if-exists, or drop these databases on the target",
      });
      expect(await rolesOn(target), "nothing was changed").toEqual([]);
      expect(await databasesOn(target)).toEqual([{ datname: "shop" }]);
      const planned = await planAll(ends());
      expect(planned.conflicts).toEqual(error.items);
      expect(planned.rolesToCreate).toEqual(["nora", "app"]);
      expect(planned.databases.map(({ database }) => database)).toEqual(
        [...copied, "postgres"].sort(),
      );
      expect(await databasesOn(target)).toEqual([{ datname: "shop" }]);

      const report = await cloneAll({ ...ends(), dropIfExists: true });
      expect(report.warnings).toEqual([
        expect.stringMatching(
          /^shop: the target database shop keeps its own properties .*statement_timeout is 7s/,
        ),
      ]);
      expect(await on(target, "postgres").query("select n from mine")).toEqual([{ n: 1 }]);
    } finally {
      await on(source, "postgres").execute("drop table mine");
      await on(target, "postgres").execute("drop table if exists mine");
    }
  });

  it("of a server that shares the target's is refused", async () => {
    const error = await refused({
      source: on(source, "shop").uri,
      target: on(source, "postgres").uri,
    });
    expect(error).toMatchObject({
      code: "target_unfit",
      message: "source and target are the same server: each database is there already",
    });
  });

  it("whose statistics a target can't take are refused before anything is copied", async () => {
    const options = { source: ends().target, target: ends().source, statistics: "copy" } as const;
    const before = await databasesOn(source);
    expect(await refused(options)).toMatchObject({
      code: "target_unfit",
      message: expect.stringMatching(/^statistics can be copied to PostgreSQL 18 or newer/),
    });
    expect(await databasesOn(source)).toEqual(before);
  });

  it("take the version of an extension that only one of them has", async () => {
    await on(source, "shop").execute("create extension hstore version '1.7'");
    try {
      const hstore = { name: "hstore", version: "1.7" };
      const unknown = { ...ends(), requirements: [hstore, { name: "postgis", version: "3.4.2" }] };
      expect(await refused(unknown)).toMatchObject({ code: "usage", items: ["postgis 3.4.2"] });
      await expect(planAll(unknown)).rejects.toMatchObject({ code: "usage" });
      expect([await rolesOn(target), await databasesOn(target)]).toEqual([[], []]);

      await cloneAll({ ...ends(), requirements: [hstore] });
      expect(
        await on(target, "shop").query(
          "select extversion from pg_extension where extname = 'hstore'",
        ),
      ).toEqual([{ extversion: "1.7" }]);
    } finally {
      await on(source, "shop").execute("drop extension hstore");
    }
  });

  it("are refused with what helps, and before a role is made, where none can be created", async () => {
    await run(on(target, "postgres"), "create role cloud login createrole password 'secret'");
    const to = ends().target.replace(/\/\/[^@]*@/, "//cloud:secret@");
    const error = await refused({ source: ends().source, target: to, noOwner: true, noAcl: true });
    expect(error).toMatchObject({
      code: "target_unfit",
      items: copied.map(
        (name) =>
          `${name === odd ? quoteName(name) : name}: the target's role may not create the database ${name}`,
      ),
      advice: "nothing was changed; let it create databases, or create this one beforehand",
    });
    expect(await rolesOn(target)).toEqual([{ rolname: "cloud" }]);
  });

  it("have no snapshot in common", async () => {
    const options = { ...ends(), snapshot: "00000003-0000001B-1" };
    expect(await refused(options)).toMatchObject({ code: "usage" });
  });
});

it("a target of few connections is not asked for more than it has", async () => {
  await using small = await launchServer(18, {
    max_connections: "10",
    max_wal_senders: "0",
    superuser_reserved_connections: "0",
  });
  const options = { source: ends().source, target: on(small, "postgres").uri };
  const report = await cloneAll({ ...options, jobs: 8 });
  expect(report.databases.map(({ database }) => database)).toEqual(copied);
  expect(report.warnings[0]).toMatch(
    /^not enough free connections .*target 7 of the server's 10\): going on with/,
  );
});

it("pools of two databases keep to one budget of sessions", async () => {
  const signal = new AbortController().signal;
  const budget = new SessionBudget(2);
  const poolIn = async (name: string) => {
    const endpoint = await parseEndpoint(on(source, name).uri, {}, "source");
    if (endpoint.kind !== "server") throw new Error("no server");
    return new ConnectionPool(
      2,
      () => connect(endpoint, { side: "source", purpose: "budget", signal }),
      budget,
    );
  };
  /** Neither gives its session back before both have one. */
  const pids = async (pool: ConnectionPool) => {
    let held = 0;
    let both = () => {};
    const bothHold = new Promise<void>((resolve) => {
      both = resolve;
    });
    const take = () =>
      pool.with(signal, async (session) => {
        if (++held === 2) both();
        await bothHold;
        return session.processId;
      });
    return await Promise.all([take(), take()]);
  };
  await using one = await poolIn("shop");
  await using other = await poolIn("empty");
  expect(new Set([...(await pids(one)), ...(await pids(other)), ...(await pids(one))]).size).toBe(
    6,
  );
  await expect
    .poll(() =>
      on(source, "postgres").query(
        "select datname from pg_stat_activity where application_name = 'pgcopy budget'",
      ),
    )
    .toEqual([{ datname: "shop" }, { datname: "shop" }]);
});

describe("a database that fails", () => {
  it("stops all others, and the error names it and what became of them", async () => {
    await on(source, "latin").execute(`
      create function fail(int) returns int immutable language plpgsql as
        $$ begin if $1 = 7 then raise exception 'seven'; end if; return $1; end $$;
      create table bad (n int); create index bad_n on bad (n);
      insert into bad select g from generate_series(1, 9) g;
      create or replace function fail(int) returns int immutable language sql as 'select $1';
      create index bad_fail on bad (fail(n));
      create or replace function fail(int) returns int immutable language plpgsql as
        $$ begin if $1 = 7 then raise exception 'seven'; end if; return $1; end $$;`);
    try {
      const error = await refused({ ...ends(), jobs: 1 });
      expect(error.code).toBe("task_failed");
      expect(error.message).toMatch(/^database latin: .*bad_fail.* failed on target: seven/);
      expect(error.advice).toMatch(
        /^the target postgres:.*\/latin holds a part.*; databases finished: .*; begun: .*latin.*; not begun: /,
      );
      expect(error.advice).toMatch(/the roles that this run created stay: nora, app$/);
      const sessions = await on(target, "postgres").query(
        "select from pg_stat_activity where application_name ~ '^pgcopy'",
      );
      expect(sessions).toEqual([]);
    } finally {
      await on(source, "latin").execute("drop table bad; drop function fail");
    }
  });

  it("keeps no other from being copied with keepGoing, and all that failed is named", async () => {
    const bad = `create table bad (n int); insert into bad values (1), (2);
      create function one(int) returns int immutable language sql as 'select $1';
      create unique index bad_one on bad (one(n));
      create or replace function one(int) returns int immutable language sql as 'select 1'`;
    const failing = ["icu", "latin"];
    for (const name of failing) await on(source, name).execute(bad);
    try {
      const error = await refused({ ...ends(), keepGoing: true });
      expect(error.message).toBe(`2 of ${copied.length} databases failed; all others are done`);
      expect(error.code).toBe("task_failed");
      expect(error.failures.map(({ server }) => server?.sqlstate)).toEqual(["23505", "23505"]);
      for (const name of failing)
        expect(error.items).toContainEqual(
          expect.stringMatching(
            `^database ${name}: CREATE UNIQUE INDEX public.bad_one failed on target: `,
          ),
        );
      expect(error.advice).toMatch(/begun: (icu, latin|latin, icu); not begun: none/);
      for (const name of copied.filter((name) => !failing.includes(name))) {
        // It says that the database is whole, for a resumed run.
        await on(target, name).execute(
          "begin read write; drop schema pgcopy_journal cascade; commit",
        );
        await expectSameData(on(source, name).uri, on(target, name).uri);
      }
    } finally {
      for (const name of failing)
        await on(source, name).execute("drop table bad; drop function one");
    }
  });

  it("to be read is told before anything is changed", async () => {
    await on(source, "icu").execute(
      "create table secret (n int); revoke all on database icu from public",
    );
    await run(
      on(source, "postgres"),
      "create role reader login password 'secret'",
      "grant pg_read_all_data to reader",
      "grant connect on database closed_to_others to reader",
    );
    try {
      const { source: uri, target: to } = ends();
      const reader = uri.replace(/\/\/[^@]*@/, "//reader:secret@");
      const events: RunEvent[] = [];
      const report = await cloneAll({
        source: reader,
        target: to,
        noRolePasswords: true,
        observer: (event) => events.push(event),
      });
      expect(report.leftOut).toContainEqual({
        database: "icu",
        reason: "the source's role may not connect to it",
      });
      expect(report.warnings).toContain(
        "the database icu is left out: the source's role may not connect to it",
      );
      await emptyTarget();
      await on(source, "many").execute("revoke pg_read_all_data from reader");
      const error = await refused({ source: reader, target: to, noRolePasswords: true });
      expect(error.code).toBe("source_unfit");
      expect(error.message).toMatch(/^database .*: the source's role may not read/);
      expect([await rolesOn(target), await databasesOn(target)]).toEqual([[], []]);
    } finally {
      await on(source, "icu").execute(
        "drop table secret; grant connect, temporary on database icu to public",
      );
      await run(on(source, "postgres"), "drop owned by reader", "drop role reader");
    }
  });
});

it("a database whose rows are refused stops no other one, and has a directory of its own", async () => {
  const checking = (bad: string) =>
    `create or replace function is_fit(n int) returns boolean immutable language sql as $$select not (${bad})$$;`;
  const databases = ["with_bad_rows", "With More"];
  await run(
    on(source, "postgres"),
    ...databases.map((name) => `create database ${quoteName(name)}`),
  );
  const directory = await mkdtemp(join(tmpdir(), "pgcopy-rejects-"));
  try {
    for (const name of databases) {
      await on(source, name).execute(
        `${checking("false")} create table t (id int check (public.is_fit(id)));
         insert into t select generate_series(1, 9); ${checking("n % 4 = 0")}`,
      );
    }
    const error = await refused({ ...ends(), rejectDir: directory });
    expect(error.code).toBe("rows_rejected");
    expect(error.message).toMatch(/refused 4 rows of 2 tables/);
    for (const [name, folder] of [
      ["with_bad_rows", "with_bad_rows"],
      ["With More", "%57ith%20%4Dore"],
    ] as const) {
      const file = join(directory, folder, "public.t.rejected");
      expect(await readFile(file, "utf8")).toBe("4\n8\n");
      expect(error.items.join("\n")).toContain(`public.t: 2 rows rejected, in ${file}`);
      expect(await on(target, name).query("select count(*)::int as n from t")).toEqual([{ n: 7 }]);
    }
    expect((await databasesOn(target)).map(({ datname }) => datname)).toEqual(
      [...copied, ...databases].sort(),
    );
  } finally {
    await rm(directory, { recursive: true });
    await run(
      on(source, "postgres"),
      ...databases.map((name) => `drop database ${quoteName(name)}`),
    );
  }
});

describe("the command", () => {
  it("prints a line for each database, and the totals", async () => {
    const { source: from, target: to } = ends();
    const planned = await runCli(["plan", from, to, "--all-databases"]);
    expect(planned.stdout).toMatch(/^Copies all databases of postgres:/);
    expect(planned.stdout).toMatch(/shop +1 .*to be created/);
    expect(planned.exitCode).toBe(0);

    const done = await runCli(["clone", from, to, "--all-databases", "--verify", "count"]);
    expect(done.exitCode, done.stderr).toBe(0);
    expect(done.stderr).toMatch(/^shop: 1 table, 20,000 rows, .* in .*, created$/m);
    expect(done.stdout).toMatch(/^Created 2 roles: nora, app$/m);
    expect(done.stdout).toMatch(/^7 databases, 64 tables, 20,064 rows, .* in /m);
    expect(done.stdout).toMatch(/^ {2}my_template: it is a template$/m);
    expect(done.stdout).toMatch(
      /^Verified by row count: 64 tables of 7 databases are the same on both ends\.$/m,
    );
  });

  it("plans with the exit code of the clone, also where --drop-if-exists is no help", async () => {
    await run(on(source, "postgres"), "create role boss superuser");
    await run(
      on(target, "postgres"),
      "create role cloud login createrole createdb password 'secret'",
    );
    try {
      const { source: from, target: uri } = ends();
      const to = uri.replace(/\/\/[^@]*@/, "//cloud:secret@");
      const flags = ["--all-databases", "--drop-if-exists", "--json"];
      const { exitCode, stdout } = await runCli(["plan", from, to, ...flags]);
      const { conflicts, refusals } = JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
      expect(conflicts).toEqual([]);
      const words = "the target's role may not create a role of the source: boss (superuser)";
      expect(refusals).toContain(words);
      expect(exitCode).toBe(4);
      const printed = await runCli(["plan", from, to, "--all-databases"]);
      expect(printed.stdout.replaceAll(/\s+/g, " ")).toContain(
        `Clone would refuse (pgcopy check says what to do) ${words}`,
      );
    } finally {
      await run(on(source, "postgres"), "drop role boss");
    }
  });

  it("says of which database each JSON line is", async () => {
    const { source: from, target: to } = ends();
    const { stdout } = await runCli(["plan", from, to, "--all-databases", "--json"]);
    const lines = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines.at(-1)).toMatchObject({ type: "plan_all", tables: 64 });
    const databases = lines.filter(({ step }) => step === "read the source");
    expect(new Set(databases.map(({ database }) => database))).toEqual(new Set(copied));
  });
});

/** At no moment did more tasks run in a pool's places than it has; a task may have a place of another pool's. */
function expectBounds(
  events: readonly RunEvent[],
  bounds: { readonly tables: number; readonly indexes: number },
): void {
  const running = { tables: 0, indexes: 0 };
  const most = { tables: 0, indexes: 0 };
  const pools = new Map<string, "tables" | "indexes">();
  for (const event of events) {
    const key = "task" in event ? `${event.database} ${event.task.id}` : "";
    if (event.type === "task_started" && event.pool !== "control") {
      const pool = event.pool as "tables" | "indexes";
      pools.set(key, pool);
      most[pool] = Math.max(most[pool], ++running[pool]);
    } else if (event.type === "task_finished") {
      const pool = pools.get(key);
      if (pool !== undefined) running[pool]--;
    }
  }
  expect(running).toEqual({ tables: 0, indexes: 0 });
  expect(most.tables).toBeLessThanOrEqual(bounds.tables);
  expect(most.indexes).toBeLessThanOrEqual(bounds.indexes);
}

/** Counts pgcopy's sessions on both servers until the returned function is called, and gives the most at a time. */
function watchSessions(): () => Promise<{ jobs: number; copies: number }> {
  const most = { jobs: 0, copies: 0 };
  let watching = true;
  const count = async (one: LaunchedServer, purpose: string, key: "jobs" | "copies") =>
    await on(one, "postgres").withClient(async (client) => {
      while (watching) {
        const { rows } = await client.query(
          "select count(*)::int as n from pg_stat_activity where application_name = $1",
          [purpose],
        );
        most[key] = Math.max(most[key], rows[0].n);
      }
    });
  const counting = Promise.all([
    count(target, "pgcopy job", "jobs"),
    count(source, "pgcopy copy", "copies"),
  ]);
  return async () => {
    watching = false;
    await counting;
    return most;
  };
}
