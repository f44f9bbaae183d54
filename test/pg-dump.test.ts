/** The schema's script, from the bundled pg_dump and from a local one, off real servers. */

import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, type TestContext, test } from "vitest";
import type { ServerEndpoint } from "../src/endpoint/endpoint.js";
import { parseEndpoint } from "../src/endpoint/parse-endpoint.js";
import type { PgCopyError } from "../src/errors.js";
import { connect } from "../src/postgres/connect.js";
import type { Connection } from "../src/postgres/connection.js";
import { type DumpSchemaOptions, dumpSchema, type SchemaDump } from "../src/schema/dump.js";
import { type FoundPgDump, findPgDump } from "../src/schema/find-pg-dump.js";
import {
  createDatabase,
  databaseOn,
  server,
  sessionsOf,
  type TestDatabase,
  type TestMajor,
  testMajors,
} from "./support/servers.js";

const never = new AbortController().signal;
const environment = { PATH: process.env.PATH, ProgramFiles: process.env.ProgramFiles };

const hardSchema = `
  create schema "odd ""schema""; --";
  create type public.mood as enum ('calm', 'don''t');
  create table public.customers (
    id bigint generated always as identity primary key,
    email text unique,
    feeling public.mood default 'calm',
    "select" text collate "C" check ("select" <> '')
  );
  create table "odd ""schema""; --"."a
table" (customer bigint references public.customers, price numeric(10, 2) default 0.1 + 0.2);
  create view public.moods as select feeling, count(*) from public.customers group by 1;
  create index on public.customers (lower(email)) where id > 0;
  create function public.posing(line text default E'a\\nb') returns text language sql as $body$
select $$
--
-- TOC entry 1 (class 1259 OID 1)
-- Name: nothing; Type: TABLE; Schema: public; Owner: nobody
--
\\restrict abc
\\unrestrict abc$$ || '\\' -- a backslash at the end of a line: \\
$body$;
  comment on table public.customers is 'two
\\Restrict lines';
  grant select on public.customers to pg_monitor;
`;

/** A session on the database, in a transaction that has exported its snapshot. */
async function hold(
  database: TestDatabase,
  changes: Partial<ServerEndpoint> = {},
): Promise<{ source: Connection; snapshotId: string } & AsyncDisposable> {
  const endpoint = (await parseEndpoint(database.uri, {}, "source")) as ServerEndpoint;
  const source = await connect(
    { ...endpoint, ...changes },
    { side: "source", purpose: "test holder", signal: never },
  );
  await source.execute("begin", "begin isolation level repeatable read");
  const rows = await source.query<{ id: string }>("export", "select pg_export_snapshot() as id");
  return {
    source,
    snapshotId: rows[0]?.id ?? "",
    [Symbol.asyncDispose]: () => source.close(),
  };
}

type Choices = Partial<Omit<DumpSchemaOptions, "snapshotId">>;

async function dump(database: TestDatabase, choices: Choices = {}): Promise<SchemaDump> {
  await using held = await hold(database);
  return await dumpSchema(held.source, { ...options, snapshotId: held.snapshotId, ...choices });
}

const options = { environment, signal: never, noOwner: false, noAcl: false };

/** A pg_dump of this machine for servers of this version; without one the test is skipped. */
async function localPgDump(major: number, context: TestContext): Promise<FoundPgDump> {
  const found = await findPgDump({ environment, minimumMajor: major, signal: never });
  if (found === undefined) context.skip(`no pg_dump ${major} or newer is on this machine`);
  return found as FoundPgDump;
}

/** The script's statements: without what differs between two versions of pg_dump. */
function statements(script: string): string {
  return script
    .replace(/^\\(un)?restrict \w{60,}\n/gm, "")
    .replace(/^-- (TOC entry|Dependencies:|Dumped by|Started on|Completed on) .*\n/gm, "")
    .replace(/^SET transaction_timeout = 0;\n/m, "")
    .replace(/^ALTER (?:VIEW|SEQUENCE) (.* OWNER TO )/gm, "ALTER TABLE $1")
    .replace(/\n{2,}/g, "\n")
    .trim();
}

async function failureOf(promise: Promise<unknown>): Promise<PgCopyError> {
  return await promise.then(
    () => expect.unreachable("it should have failed"),
    (error: PgCopyError) => error,
  );
}

test.each(testMajors)("the bundled pg_dump dumps PostgreSQL %i", async (major) => {
  await using database = await createDatabase(server(major));
  await database.execute(hardSchema);
  const { script, tool } = await dump(database, { pgDump: "bundled" });

  expect(tool).toEqual({ kind: "bundled", version: expect.stringMatching(/^18\.\d+$/), major: 18 });
  expect(script).toMatch(/^-- TOC entry \d+ \(class 1259 OID \d+\)$/m);
  expect(script).toContain('CREATE TABLE "odd ""schema""; --"."a\ntable" (\n');
  expect(script).toContain("CREATE VIEW public.moods AS");
  expect(script).toContain("CREATE INDEX customers_lower_idx ON public.customers");
  expect(script).toContain("ADD CONSTRAINT");
  expect(script).toContain("GRANT SELECT ON TABLE public.customers TO pg_monitor;");
  expect(script).toContain(
    "--\n\\restrict abc\n\\unrestrict abc$$ || '\\' -- a backslash at the end of a line: \\\n",
  );
  expect(script).toContain("COMMENT ON TABLE public.customers IS 'two\n\\Restrict lines';");
  expect(script).not.toMatch(/INSERT INTO|COPY /);
  expect(await sessionsOf(database)).toEqual([]);
});

test.for(testMajors)("a local pg_dump says the same of PostgreSQL %i", async (major, context) => {
  await using database = await createDatabase(server(major));
  const local = await localPgDump(major, context);
  await database.execute(hardSchema);
  const byLocal = await dump(database);
  expect(byLocal.tool).toMatchObject({ kind: "local", path: local.path });
  expect(byLocal.tool.version).toMatch(new RegExp(`^${local.major}\\b`));
  const bundled = await dump(database, { pgDump: "bundled" });
  expect(statements(byLocal.script)).toBe(statements(bundled.script));
});

const bothKinds = ["bundled", "local"] as const;

/** What names the tool in the options; skips where there is no local one. */
async function choice(
  kind: (typeof bothKinds)[number],
  major: TestMajor,
  context: TestContext,
): Promise<{ pgDump: string }> {
  if (kind === "bundled") return { pgDump: "bundled" };
  return { pgDump: (await localPgDump(major, context)).path };
}

test.for(bothKinds)("the snapshot is honoured (%s)", async (kind, context) => {
  await using database = await createDatabase(server(15));
  const chosen = await choice(kind, 15, context);
  await database.execute("create table before (id int)");
  await using held = await hold(database);
  await database.execute("create table later (id int)");
  const { script } = await dumpSchema(held.source, {
    ...options,
    ...chosen,
    snapshotId: held.snapshotId,
  });
  expect(script).toContain("CREATE TABLE public.before");
  expect(script).not.toContain("later");
});

test.for(bothKinds)("options become pg_dump's (%s)", async (kind, context) => {
  await using database = await createDatabase(server(15));
  const chosen = await choice(kind, 15, context);
  await database.execute(`
    create table kept (id int); grant select on kept to pg_monitor;
    create schema "Left.*Out"; create table "Left.*Out".t (id int);
    create schema "Left.x.Out"`);
  const plain = await dump(database, chosen);
  expect(plain.script).toContain("ALTER TABLE public.kept OWNER TO");
  const { script } = await dump(database, {
    ...chosen,
    noOwner: true,
    noAcl: true,
    excludeSchemas: ["Left.*Out", 'no "such"'],
  });
  expect(script).toContain("CREATE TABLE public.kept");
  expect(script).not.toMatch(/OWNER TO|GRANT|Left\.\*Out/);
  expect(script).toContain('CREATE SCHEMA "Left.x.Out"');
});

test.for(bothKinds)("defaults of the database change nothing (%s)", async (kind, context) => {
  await using database = await createDatabase(server(15));
  const chosen = await choice(kind, 15, context);
  await database.execute(
    "create table t (id int, b bytea, m money default 1.5) partition by list (b);" +
      "create table t1 partition of t for values in ('\\xdeadbeef')",
  );
  const before = await dump(database, chosen);
  for (const setting of [
    "quote_all_identifiers = on",
    "bytea_output = escape",
    "standard_conforming_strings = off",
    "search_path = pg_catalog, public",
    "default_transaction_isolation = serializable",
    "statement_timeout = 1",
  ]) {
    await database.execute(`alter database ${database.name} set ${setting}`);
  }
  const after = await dump(database, chosen);
  expect(statements(after.script)).toBe(statements(before.script));
  expect(after.script).toContain("\\xdeadbeef");
});

test("without PostgreSQL on this machine the bundled pg_dump is used", async () => {
  await using database = await createDatabase(server(18));
  await database.execute("create table t (id int)");
  const nowhere = { PATH: tmpdir() };
  const usual = await findPgDump({ environment: nowhere, minimumMajor: 18, signal: never });
  const { script, tool } = await dump(database, { environment: nowhere });
  expect(tool.kind).toBe(usual === undefined ? "bundled" : "local");
  expect(script).toContain("CREATE TABLE public.t");
});

test("a named pg_dump that is missing or too old is refused", async () => {
  await using database = await createDatabase(server(16));
  await using program = await namedProgram('echo "pg_dump (PostgreSQL) 15.8"');
  expect(await failureOf(dump(database, { pgDump: "/no/pg_dump" }))).toMatchObject({
    code: "schema_dump_failed",
    message: 'pg_dump "/no/pg_dump" does not exist',
  });
  expect(await failureOf(dump(database, { pgDump: program.path }))).toMatchObject({
    code: "schema_dump_failed",
    message: `${program.path} is pg_dump 15, which can't dump a server of version 16`,
  });
});

/** A shell script that answers `--version` as pg_dump 99, and otherwise runs this. */
async function namedProgram(body: string): Promise<{ path: string } & AsyncDisposable> {
  const directory = await mkdtemp(join(tmpdir(), "pgcopy-named-"));
  const path = join(directory, "pg_dump");
  await writeFile(path, `#!/bin/sh\n${body}\n`);
  await chmod(path, 0o755);
  return {
    path,
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}

const says99 = '[ "$1" = --version ] && echo "pg_dump (PostgreSQL) 99.1" && exit 0';

test("a local pg_dump gets the password in its environment only, and no message shows it", async () => {
  await using database = await createDatabase(server(15));
  await using program = await namedProgram(
    `${says99}\necho "pg_dump: reading" >&2\necho "pg_dump: error: $PGPASSWORD in $* of $PGDATABASE" >&2\n` +
      'echo "pg_dump: detail: Query was: select 1" >&2\necho "home $HOME, $PGSERVICE" >&2; exit 3',
  );
  const error = await failureOf(
    dump(database, {
      pgDump: program.path,
      environment: { ...environment, HOME: "/home/me", PGSERVICE: "other" },
    }),
  );
  expect(error.message).toMatch(
    new RegExp(`^${program.path} exited with code 3: \\*\\*\\* in --format=plain `),
  );
  expect(error.message).toContain(`--no-password of ${database.name}`);
  expect(JSON.stringify(error)).not.toContain(database.server.password);
  expect(error.message).not.toMatch(/select 1|reading|\/home\/me|other/);
});

test("a local pg_dump that is killed, or can't be run, is said", async () => {
  await using database = await createDatabase(server(15));
  await using killed = await namedProgram(`${says99}\nkill -9 $$`);
  expect(await failureOf(dump(database, { pgDump: killed.path }))).toMatchObject({
    code: "schema_dump_failed",
    message: `${killed.path} was killed by SIGKILL`,
  });
  await using vanishing = await namedProgram(`${says99.replace("exit 0", 'rm "$0" && exit 0')}`);
  expect((await failureOf(dump(database, { pgDump: vanishing.path }))).message).toMatch(
    /pg_dump could not be run: .*ENOENT/,
  );
});

test.for(bothKinds)("what the server refuses is in the error (%s)", async (kind, context) => {
  await using database = await createDatabase(server(15));
  const chosen = await choice(kind, 15, context);
  const role = `${database.name}_reader`;
  await database.execute(`create table secret (id int); create role ${role} login password 'pw';`);
  try {
    await using held = await hold(database, { user: role, password: "pw" });
    const { source, snapshotId } = held;
    const error = await failureOf(dumpSchema(source, { ...options, ...chosen, snapshotId }));
    expect(error).toMatchObject({ code: "schema_dump_failed", side: "source" });
    expect(error.message).toContain("permission denied for table secret");
    expect(error.message).not.toContain("reading");
    if (kind === "bundled") expect(error.server?.sqlstate).toBe("42501");
    // A program that has ended is noticed by its server a moment later.
    await expect.poll(() => sessionsOf(database, "pgcopy schema"), { timeout: 5_000 }).toEqual([]);
  } finally {
    await database.execute(`drop role ${role}`);
  }
});

/** Runs `use` while pg_dump waits on the server for a table that another session has locked. */
async function whileWaiting(
  kind: (typeof bothKinds)[number],
  context: TestContext,
  use: (waiting: { pid: number; database: TestDatabase; abort: AbortController }) => Promise<void>,
): Promise<{ error: PgCopyError; database: TestDatabase } & AsyncDisposable> {
  const chosen = await choice(kind, 15, context);
  const database = await createDatabase(server(15));
  await database.execute("create table locked (id int)");
  const abort = new AbortController();
  const error = await database.withClient(async (locker) => {
    await using held = await hold(database);
    await locker.query("begin; lock table locked in access exclusive mode");
    const { source, snapshotId } = held;
    const failure = failureOf(
      dumpSchema(source, { ...options, ...chosen, snapshotId, signal: abort.signal }),
    );
    const pid = await expect
      .poll(() => waitingFor(database), { timeout: 20_000 })
      .toBeGreaterThan(0)
      .then(() => waitingFor(database));
    await use({ pid, database, abort });
    return await failure;
  });
  return { error, database, [Symbol.asyncDispose]: () => database[Symbol.asyncDispose]() };
}

async function waitingFor(database: TestDatabase): Promise<number> {
  const rows = await database.query<{ pid: number }>(
    `select pid from pg_stat_activity where datname = current_database()
     and application_name = 'pgcopy schema' and wait_event_type = 'Lock'`,
  );
  return rows[0]?.pid ?? 0;
}

test.for(bothKinds)("an abort ends the dump and its session (%s)", async (kind, context) => {
  await using ended = await whileWaiting(kind, context, async ({ abort, database }) => {
    abort.abort();
    // Still locked: the session ends because it is cancelled, not because it got its lock.
    await expect.poll(() => sessionsOf(database, "pgcopy schema"), { timeout: 5_000 }).toEqual([]);
  });
  expect(ended.error).toMatchObject({ code: "interrupted" });
});

test.for(bothKinds)(
  "a session that is ended by an administrator is said (%s)",
  async (kind, context) => {
    await using ended = await whileWaiting(kind, context, async ({ pid, database }) => {
      await database.query("select pg_terminate_backend($1)", [pid]);
    });
    expect(ended.error).toMatchObject({ code: "schema_dump_failed" });
    expect(ended.error.message).toContain("terminating connection due to administrator command");
    if (kind === "bundled") expect(ended.error.server?.sqlstate).toBe("57P01");
  },
);

test("a signal that is aborted already starts nothing", async () => {
  await using database = await createDatabase(server(15));
  const error = await failureOf(dump(database, { pgDump: "bundled", signal: AbortSignal.abort() }));
  expect(error).toMatchObject({ code: "interrupted" });
  expect(await sessionsOf(database, "pgcopy schema")).toEqual([]);
});

test("a function of several megabytes comes back whole", async () => {
  await using database = await createDatabase(server(16));
  const body = `begin\n${"  -- a line with “quotes”, \\restrict and $1\n".repeat(120_000)}end`;
  await database.execute(
    `create function big() returns void language plpgsql as $big$${body}$big$`,
  );
  const { script } = await dump(database, { pgDump: "bundled" });
  expect(body.length).toBeGreaterThan(4_000_000);
  expect(script.includes(body)).toBe(true);
});

test("two thousand tables with two unique indexes each come back", async () => {
  await using database = await createDatabase(server(18));
  await database.execute(`
    do $$ begin for i in 1..2000 loop
      execute format('create table t%s (id int primary key, name text unique, price numeric default 3)', i);
    end loop; end $$`);
  const { script } = await dump(database, { pgDump: "bundled" });
  expect(script.match(/^CREATE TABLE public\.t\d+ \($/gm)).toHaveLength(2_000);
  expect(script.match(/ADD CONSTRAINT t\d+_(pkey PRIMARY KEY|name_key UNIQUE) /g)).toHaveLength(
    4_000,
  );
});

test("names that are not UTF-8 are refused by the server, not replaced on the way", async () => {
  const on = server(15);
  await using postgres = await createDatabase(on);
  const name = `${postgres.name}_ascii`;
  await postgres.execute(
    `create database ${name} encoding 'SQL_ASCII' locale 'C' template template0`,
  );
  await using ascii = databaseOn(on, name);
  await ascii.execute("create table plain (id int)");
  expect((await dump(ascii, { pgDump: "bundled" })).script).toContain("TABLE public.plain");
  await ascii.execute("do $$ begin execute 'create table b' || chr(228) || 'r ()'; end $$");
  const error = await failureOf(dump(ascii, { pgDump: "bundled" }));
  expect(error).toMatchObject({ code: "schema_dump_failed", server: { sqlstate: "22021" } });
  expect(error.message).toContain('invalid byte sequence for encoding "UTF8": 0xe4');
});
