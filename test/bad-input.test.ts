/**
 * What can't work is refused: one clear error, with a code and what to do, the exit code that is
 * documented for it, nothing changed on the target, no stack trace, and the password nowhere.
 */

import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { inspect } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type CloneOptions, clone, type PgCopyError, type RunEvent } from "../src/index.js";
import { runCli } from "./support/cli.js";
import { expectSameData } from "./support/compare.js";
import { objectsOf } from "./support/objects.js";
import {
  createDatabase,
  databaseOn,
  server,
  type TestDatabase,
  uniqueName,
} from "./support/servers.js";
import { startStandby } from "./support/standby.js";
import { openProxy } from "./support/tcp-proxy.js";
import { openTransactionPooler } from "./support/transaction-pooler.js";
import { expectNoSessions } from "./support/waiting.js";

const PASSWORD = "s3cret-Passw0rd";

let source: TestDatabase;
let target: TestDatabase;
/** A superuser whose password is the one to look for. */
const boss = uniqueName("boss");
/** May connect, and nothing else. */
const guest = uniqueName("guest");

beforeAll(async () => {
  [source, target] = await Promise.all([
    createDatabase(server(16), "bad_input"),
    createDatabase(server(16), "bad_input_target"),
  ]);
  await source.execute(`
    create role ${boss} superuser login password '${PASSWORD}';
    create role ${guest} login password '${PASSWORD}';
    create table orders (id int primary key);
    insert into orders select generate_series(1, 10);
    create table lines (id int);
    create sequence numbers`);
  await target.execute("create table something_else (id int)");
});

afterAll(async () => {
  await source[Symbol.asyncDispose]();
  await target[Symbol.asyncDispose]();
  await dropRoles(boss, guest);
});

async function dropRoles(...roles: readonly string[]): Promise<void> {
  const admin = databaseOn(server(16), "postgres");
  await admin.execute(`drop role ${roles.join(", ")}`);
}

/** The database, as that role with the password to look for. */
function as(role: string, database: TestDatabase): string {
  const { host, port } = database.server;
  return `postgres://${role}:${PASSWORD}@${host}:${port}/${database.name}`;
}

interface Refusal {
  readonly code: PgCopyError["code"];
  readonly side?: "source" | "target";
  readonly message: RegExp;
  readonly advice: RegExp | undefined;
  readonly items?: readonly string[];
}

const exitCodes: Partial<Record<PgCopyError["code"], number>> = {
  usage: 2,
  connection_failed: 3,
  source_unfit: 4,
  target_unfit: 4,
  schema_dump_failed: 4,
};

/** The error of a clone that must be refused; the target is as it was. */
async function refusal(options: CloneOptions, expected: Refusal): Promise<PgCopyError> {
  const before = await objectsOf(target);
  const events: RunEvent[] = [];
  const error: PgCopyError = await clone({
    pgDump: "bundled",
    observer: (event) => events.push(event),
    ...options,
  }).then(
    () => expect.unreachable("the clone was not refused"),
    (thrown) => thrown,
  );
  const { message, ...fields } = expected;
  expect(error.message).toMatch(message);
  expect(error).toMatchObject({
    name: "PgCopyError",
    ...fields,
    advice: expected.advice === undefined ? undefined : expect.stringMatching(expected.advice),
  });
  expect(inspect(error, { depth: 20 })).not.toContain(PASSWORD);
  expect(JSON.stringify([error, events])).not.toContain(PASSWORD);
  expect(await objectsOf(target)).toEqual(before);
  await expectNoSessions(source, target);
  return error;
}

/** The same on the command line, for people and for programs. */
async function expectCliRefusal(args: readonly string[], expected: Refusal): Promise<void> {
  const exitCode = exitCodes[expected.code];
  const forPeople = await runCli(args);
  expect(forPeople.stderr).toMatch(/^pgcopy: /m);
  expect(forPeople).toMatchObject({ exitCode, stdout: "" });
  expect(forPeople.stderr).not.toMatch(/^ +at /m);
  if (expected.advice !== undefined) expect(forPeople.stderr).toMatch(/^ {2}what to do: /m);

  const json = await runCli([...args, "--json"]);
  expect(json).toMatchObject({ exitCode, stderr: "" });
  const last = JSON.parse(json.stdout.trimEnd().split("\n").at(-1) ?? "");
  expect(last).toMatchObject({ type: "error", code: expected.code, exitCode });
  expect(last.message).toMatch(expected.message);
  for (const printed of [forPeople.stderr, json.stdout]) expect(printed).not.toContain(PASSWORD);
}

/** By the library and by the command line. */
async function expectRefusal(options: CloneOptions, expected: Refusal): Promise<PgCopyError> {
  const error = await refusal(options, expected);
  const flags = options.noOwner === true ? ["--no-owner"] : [];
  await expectCliRefusal(["clone", options.source, options.target, ...flags], expected);
  return error;
}

describe("a server that can't be connected to", () => {
  test("an unknown host", async () => {
    await expectRefusal(
      { source: `postgres://${boss}:${PASSWORD}@no-such-host.invalid/d`, target: as(boss, target) },
      {
        code: "connection_failed",
        side: "source",
        message: /^can't connect to the source postgres:.*no-such-host\.invalid/,
        advice: /spelling of the host name/,
      },
    );
  });

  test("a refused connection", async () => {
    await using closed = await openProxy(target.server);
    const uri = closed.through(as(boss, target));
    await closed[Symbol.asyncDispose]();
    await expectRefusal(
      { source: as(boss, source), target: uri },
      {
        code: "connection_failed",
        side: "target",
        message: /^can't connect to the target .*: connection refused: no server listens on/,
        advice: /check that the server runs/,
      },
    );
  });

  test("a wrong password", async () => {
    await expectRefusal(
      { source: as("postgres", source), target: as(boss, target) },
      {
        code: "connection_failed",
        side: "source",
        message: /password authentication failed for user "postgres" \(SQLSTATE 28P01\)$/,
        advice: /check the user and the password/,
      },
    );
  });

  test("an unknown database", async () => {
    const { host, port } = source.server;
    await expectRefusal(
      {
        source: `postgres://${boss}:${PASSWORD}@${host}:${port}/nowhere`,
        target: as(boss, target),
      },
      {
        code: "connection_failed",
        side: "source",
        message: /database "nowhere" does not exist \(SQLSTATE 3D000\)$/,
        advice: /check the name of the database/,
      },
    );
  });

  test("an unknown role", async () => {
    const { socketDirectory, port } = source.server;
    await expectRefusal(
      {
        source: as(boss, source),
        target: `host=${socketDirectory} port=${port} user=nobody password=${PASSWORD} dbname=${target.name}`,
      },
      {
        code: "connection_failed",
        side: "target",
        message: /role "nobody" does not exist \(SQLSTATE 28000\)$/,
        advice: /create the role/,
      },
    );
  });
});

describe("what is wrong before anything is connected to", () => {
  test.each([
    ["a port that is none", `postgres://u:${PASSWORD}@localhost:notaport/d`],
    ["an unfinished IPv6 address", `postgres://u:${PASSWORD}@[::1/d`],
    ["a broken escape", `postgres://u:${PASSWORD}%zz@localhost/d`],
    ["an unknown parameter", `postgres://u:${PASSWORD}@localhost/d?sllmode=require`],
    ["another scheme", `mysql://u:${PASSWORD}@localhost/d`],
    ["a key=value string without a value", `host=localhost password=${PASSWORD} dbname`],
    ["an unclosed quote", `host=localhost password='${PASSWORD}`],
  ])("an endpoint with %s", async (_, source) => {
    await expectRefusal(
      { source, target: as(boss, target) },
      { code: "usage", message: /./, advice: /./ },
    );
  });

  test("no jobs", async () => {
    const endpoints = { source: as(boss, source), target: as(boss, target) };
    for (const jobs of [0, -1, 1.5, Number.NaN]) {
      await refusal(
        { ...endpoints, jobs },
        {
          code: "usage",
          message: /^jobs must be a whole number of at least 1, not /,
          advice: undefined,
        },
      );
    }
    const { exitCode, stderr } = await runCli(["clone", as(boss, source), "--jobs", "0"]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain("must be a whole number of at least 1");
    expect(stderr).not.toContain(PASSWORD);
  });

  test.each([
    [["--drop-if-exist"], "unknown option '--drop-if-exist' (did you mean --drop-if-exists?)"],
    [["--job=3"], "(did you mean --jobs?)"],
    [["--frobnicate"], "unknown option '--frobnicate'"],
  ])("an option %s", async (options, words) => {
    const args = ["clone", as(boss, source), as(boss, target), ...options];
    const { exitCode, stdout, stderr } = await runCli(args);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(stderr).toContain(words);
    expect(stderr).not.toContain(PASSWORD);
    expect(await objectsOf(target)).not.toContain("orders");
  });
});

describe("a source that is the target", () => {
  const same = (message = /^source and target are the same database, bad_input_/) =>
    ({
      code: "target_unfit",
      side: "target",
      message,
      advice: /give another database as the target/,
    }) as const;

  test("by the same name", async () => {
    await expectRefusal({ source: as(boss, source), target: as(boss, source) }, same());
  });

  test("by TCP and by the unix socket", async () => {
    await refusal(
      { source: as(boss, source), target: source.server.socketUri(source.name) },
      same(),
    );
  });

  test("through a proxy, as another role in another time zone", async () => {
    await using proxy = await openProxy(source.server);
    await source.execute(`alter role ${boss} set timezone = 'Asia/Kolkata'`);
    await refusal({ source: source.uri, target: proxy.through(as(boss, source)) }, same());
    await source.execute(`alter role ${boss} reset timezone`);
  });

  test("even with --drop-if-exists", async () => {
    const before = await objectsOf(source);
    await refusal({ source: source.uri, target: source.uri, dropIfExists: true }, same());
    expect(await objectsOf(source)).toEqual(before);
  });
});

describe("a server of a version that pgcopy doesn't know", () => {
  /** A real server whose report of its version is changed on the way. */
  async function posing(major: 13 | 18, version: string) {
    const proxy = await openProxy(server(major));
    proxy.rewrite = (chunk) => {
      const at = chunk.indexOf("server_version\0");
      if (at < 0) return chunk;
      const value = at + "server_version\0".length;
      const end = chunk.indexOf(0, value);
      const copy = Buffer.from(chunk);
      copy.write(version.padEnd(end - value), value, end - value, "latin1");
      return copy;
    };
    return proxy;
  }

  test("a source that is too old", async () => {
    await using proxy = await posing(13, "11.9");
    await expectRefusal(
      { source: proxy.through(server(13).uri()), target: as(boss, target) },
      {
        code: "source_unfit",
        side: "source",
        message: /^the source is PostgreSQL 11\.9; pgcopy copies between 12 and 18$/,
        advice: /upgrade it/,
      },
    );
  });

  test("a target that is too new", async () => {
    await using proxy = await posing(18, "19.0");
    await refusal(
      { source: as(boss, source), target: proxy.through(server(18).uri()) },
      {
        code: "target_unfit",
        side: "target",
        message: /^the target is PostgreSQL 19\.0; pgcopy copies between 12 and 18$/,
        advice: /newer release of pgcopy/,
      },
    );
  });
});

test("a standby is refused as a target, and does as a source", async () => {
  await using standby = await startStandby(
    `create table public.t (id int primary key); insert into public.t select generate_series(1, 100);
     create unlogged table public.cache (id int primary key); insert into public.cache values (1)`,
  );
  await expectRefusal(
    { source: as(boss, source), target: standby.uri() },
    {
      code: "target_unfit",
      side: "target",
      message: /^the target is a standby \(in recovery\)/,
      advice: /primary/,
    },
  );
  await using copy = await createDatabase(server(18), "of_standby");
  const report = await clone({ source: standby.uri(), target: copy.uri, verify: "checksum" });
  expect(report.rows).toBe(100);
  expect(report.warnings).toContain(
    "the source is a standby, which has no rows of unlogged tables: these arrive empty: public.cache",
  );
});

describe("a transaction pooler", () => {
  test.each(["source", "target"] as const)("is refused as a %s", async (side) => {
    const pooled = side === "source" ? source : target;
    await using pooler = await openTransactionPooler(pooled);
    const uris = { source: as(boss, source), target: as(boss, target) };
    await refusal(
      { ...uris, [side]: pooler.uri },
      {
        code: `${side}_unfit`,
        side,
        message: new RegExp(`^the ${side} is reached through a transaction pooler`),
        advice: /direct connection/,
      },
    );
  });
});

describe("a role of the source that may not read everything", () => {
  test("tables, all named at once", async () => {
    await expectRefusal(
      { source: as(guest, source), target: as(boss, target) },
      {
        code: "source_unfit",
        side: "source",
        message: /^the source's role may not read 2 tables$/,
        items: ["public.orders", "public.lines"],
        advice: /grant select on them/,
      },
    );
  });

  test("a sequence alone", async () => {
    await source.execute(`grant select on orders, lines to ${guest}`);
    await refusal(
      { source: as(guest, source), target: as(boss, target) },
      {
        code: "source_unfit",
        side: "source",
        message: /^the source's role may not read a sequence$/,
        items: ["public.numbers"],
        advice: /grant select/,
      },
    );
    await source.execute(`revoke all on orders, lines from ${guest}`);
  });

  test("rows that row security hides", async () => {
    await using secured = await createDatabase(server(16), "bad_input_rls");
    await secured.execute(`
      create table mine (id int, owner text);
      create table open (id int);
      alter table mine enable row level security;
      create policy own_rows on mine using (owner = current_user);
      grant select on mine, open to ${guest}`);
    await refusal(
      { source: as(guest, secured), target: as(boss, target) },
      {
        code: "source_unfit",
        side: "source",
        message: /^row security would hide rows of a table from the source's role$/,
        items: ["public.mine"],
        advice: /bypassrls/,
      },
    );
    await secured.execute(`alter role ${guest} bypassrls`);
    await using copy = await createDatabase(server(16), "bad_input_rls_copy");
    await clone({ source: as(guest, secured), target: as(boss, copy) });
    await secured.execute(`alter role ${guest} nobypassrls`);
    await expectSameData(secured.uri, copy.uri);
  });
});

describe("a role of the target that may not", () => {
  test("create the database", async () => {
    const name = uniqueName("bad_input_missing");
    const { host, port } = target.server;
    await expectRefusal(
      {
        source: as(boss, source),
        target: `postgres://${guest}:${PASSWORD}@${host}:${port}/${name}`,
        noOwner: true,
      },
      {
        code: "target_unfit",
        side: "target",
        message: new RegExp(`^the target's role may not create the database ${name}$`),
        advice: /^nothing was changed; let it create databases/,
      },
    );
    expect(await target.query("select from pg_database where datname = $1", [name])).toEqual([]);
  });

  test("create schemas in the database", async () => {
    await expectRefusal(
      { source: as(boss, source), target: as(guest, target), noOwner: true },
      {
        code: "target_unfit",
        side: "target",
        message: /^the target's role may not create what the clone would create$/,
        items: [`schemas in database ${target.name}`, "objects in schema public"],
        advice: /grant create on/,
      },
    );
  });

  test("give objects to their owners", async () => {
    await using owned = await createDatabase(server(16), "bad_input_owned");
    const owner = uniqueName("owner");
    await owned.execute(
      `create role ${owner}; create table t (id int); alter table t owner to ${owner}`,
    );
    await target.execute(`
      grant create on database ${target.name} to ${guest};
      grant create on schema public to ${guest}`);
    await refusal(
      { source: as(boss, owned), target: as(guest, target) },
      {
        code: "target_unfit",
        side: "target",
        message: /^the target's role may not give objects to a role that owns them on the source$/,
        items: [owner],
        advice: /--no-owner/,
      },
    );
    await clone({
      source: as(boss, owned),
      target: as(guest, target),
      noOwner: true,
      noAcl: true,
    });
    await target.execute(`
      drop table t;
      revoke create on database ${target.name} from ${guest};
      revoke create on schema public from ${guest};
      drop schema if exists pgcopy_journal cascade`);
    await owned[Symbol.asyncDispose]();
    await dropRoles(owner);
  });
});

describe("not enough connections", () => {
  async function limited(connections: number) {
    const role = uniqueName("limited");
    await source.execute(`
      create role ${role} login password '${PASSWORD}' connection limit ${connections};
      grant pg_read_all_data to ${role}`);
    const copy = await createDatabase(server(16), "bad_input_limited");
    await copy.execute(`alter database ${copy.name} owner to ${role}`);
    const dispose = async () => {
      await copy[Symbol.asyncDispose]();
      await dropRoles(role);
    };
    return { role, copy, [Symbol.asyncDispose]: dispose };
  }

  const wanted = { jobs: 8, noOwner: true, noAcl: true } as const;

  test("on the target: goes on with fewer, and says so", async () => {
    await using few = await limited(4);
    const { role, copy } = few;
    const report = await clone({ source: source.uri, target: as(role, copy), ...wanted });
    expect(report.jobs).toEqual({ tableJobs: 2, indexJobs: 1 });
    expect(report.warnings).toEqual([
      expect.stringMatching(
        /^not enough free connections .*target 3 of the role's 4\): going on with 2 table jobs and 1 index jobs in place of 8 and 8$/,
      ),
    ]);
    await expectSameData(source.uri, copy.uri);
  });

  test("on the source: goes on with fewer", async () => {
    await using few = await limited(3);
    const { role, copy } = few;
    const report = await clone({ source: as(role, source), target: copy.uri, ...wanted });
    expect(report.jobs).toEqual({ tableJobs: 2, indexJobs: 8 });
    await expectSameData(source.uri, copy.uri);
  });

  test("for one role on both ends of one server: shares them", async () => {
    await using few = await limited(6);
    const { role, copy } = few;
    const report = await clone({ source: as(role, source), target: as(role, copy), ...wanted });
    expect(report.jobs).toEqual({ tableJobs: 1, indexJobs: 2 });
    await expectSameData(source.uri, copy.uri);
  });

  test("none left at all", async () => {
    await using one = await limited(1);
    await refusal(
      { source: as(one.role, source), target: as(boss, target), ...wanted },
      {
        code: "source_unfit",
        side: "source",
        message:
          /^the source has too few free connections \(0 of the role's 1\); at least 1 more are needed$/,
        advice: /connection limit/,
      },
    );
    await refusal(
      { source: as(boss, source), target: as(one.role, one.copy), ...wanted },
      {
        code: "target_unfit",
        side: "target",
        message:
          /^the target has too few free connections \(0 of the role's 1\); at least 2 more are needed$/,
        advice: /connection limit/,
      },
    );
  });

  test("not even for the first session", async () => {
    await using none = await limited(0);
    await expectRefusal(
      { source: as(none.role, source), target: as(boss, target) },
      {
        code: "connection_failed",
        side: "source",
        message: /too many connections for role .*\(SQLSTATE 53300\)$/,
        advice: /connection limit|max_connections/,
      },
    );
  });
});

describe("a directory", () => {
  test("that is no data directory", async () => {
    const directory = await mkdtemp(join(tmpdir(), "pgcopy-no-data-"));
    await writeFile(join(directory, "letter.txt"), "Dear Sir");
    await expectRefusal(
      { source: `pgdata:${directory}`, target: as(boss, target) },
      {
        code: "usage",
        side: "source",
        message: /^the source directory .* is not a PostgreSQL data directory$/,
        advice: /PG_VERSION/,
      },
    );
    await expectRefusal(
      { source: as(boss, source), target: `pgdata:${directory}` },
      {
        code: "usage",
        side: "target",
        message: /^the target directory .* is not a PostgreSQL data directory$/,
        advice: /PG_VERSION/,
      },
    );
    await rm(directory, { recursive: true });
  });

  test("that is missing, as a source", async () => {
    await refusal(
      { source: "pgdata:/no/such/place", target: as(boss, target) },
      {
        code: "usage",
        side: "source",
        message: /^the source directory \/no\/such\/place does not exist$/,
        advice: /./,
      },
    );
  });

  test("whose server is running", async () => {
    const [row] = await source.query("select current_setting('data_directory') as directory");
    const pid = await source.query(
      "select split_part(pg_read_file('postmaster.pid'), E'\\n', 1) as pid",
    );
    await expectRefusal(
      { source: `pgdata:${row?.directory}`, target: as(boss, target) },
      {
        code: "source_unfit",
        side: "source",
        message: new RegExp(
          `^a server is running on the source directory .* \\(process ${pid[0]?.pid}\\)$`,
        ),
        advice: /postgres:\/\/ URI, or stop it/,
      },
    );
  });

  test("that is source and target at once", async () => {
    const base = await mkdtemp(join(tmpdir(), "pgcopy-both-"));
    const directory = join(base, "data");
    await mkdir(directory);
    await symlink(directory, join(base, "link"));
    await refusal(
      {
        source: `pgdata:${directory}`,
        target: `pgdata:${base}/../${basename(base)}/link?dbname=other`,
      },
      {
        code: "target_unfit",
        side: "target",
        message: /^source and target are the same data directory, /,
        advice: /postgres:\/\/ URIs/,
      },
    );
    await rm(base, { recursive: true });
  });
});

describe("what else may be given and not be there", () => {
  test("a snapshot", async () => {
    await refusal(
      { source: as(boss, source), target: as(boss, target), snapshot: "00000003-0000001B-1" },
      {
        code: "source_unfit",
        side: "source",
        message: /^snapshot 00000003-0000001B-1 can't be used on the source/,
        advice: /must still be in its transaction/,
      },
    );
  });

  test("a pg_dump", async () => {
    await refusal(
      { source: as(boss, source), target: as(boss, target), pgDump: "/no/such/pg_dump" },
      { code: "schema_dump_failed", message: /\/no\/such\/pg_dump/, advice: /./ },
    );
  });
});
