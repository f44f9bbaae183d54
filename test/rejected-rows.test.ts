/**
 * `rejectDir`: rows that the target refuses are set aside in files and all others are copied, so that the
 * target's rows and those of the files are the source's. The run fails, and says how many and why.
 */

import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type CloneOptions, clone, PgCopyError, type RunEvent } from "../src/index.js";
import { startCli } from "./support/cli.js";
import { createDatabase, server, type TestDatabase, uniqueName } from "./support/servers.js";
import { expectNoSessions, untilRunning } from "./support/waiting.js";

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "pgcopy-rejects-"));
});

afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

/** The error of a clone that must fail. */
async function failure(options: CloneOptions): Promise<PgCopyError> {
  const error = await clone(options).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(PgCopyError);
  return error as PgCopyError;
}

/** The rows set aside of a table: those of all its files. */
async function setAside(stem = "public.t"): Promise<string[]> {
  const names = (await readdir(directory)).sort();
  const files = names.filter((name) => name.startsWith(stem) && name.endsWith(".rejected"));
  const texts = await Promise.all(files.map((name) => readFile(join(directory, name), "latin1")));
  return texts.flatMap((text) => text.split("\n").slice(0, -1));
}

interface RowError {
  readonly line: number;
  readonly sqlstate: string;
  readonly message: string;
  readonly constraint?: string;
  readonly column?: string;
  readonly part?: number;
}

async function errorsOf(stem = "public.t"): Promise<RowError[]> {
  const text = await readFile(join(directory, `${stem}.errors`), "utf8");
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as RowError);
}

/** A table whose check the rows have come to break: its function says now what it did not say then. */
function checkedTable(bad: string, more = ""): string {
  return `
    create function is_fit(n int) returns boolean immutable language sql as 'select true';
    create table t (id int primary key, note text, constraint t_fit check (is_fit(id)));
    insert into t select n, 'note ' || n from generate_series(1, 1000) n;
    ${more}
    create or replace function is_fit(n int) returns boolean immutable language sql
      as $$select not (${bad})$$;`;
}

async function sourceWith(script: string, major: 15 | 16 | 18 = 16): Promise<TestDatabase> {
  const source = await createDatabase(server(major), "rejects");
  await source.execute(script);
  return source;
}

async function ids(database: TestDatabase): Promise<number[]> {
  const rows = await database.query<{ id: number }>("select id from public.t order by id");
  return rows.map(({ id }) => id);
}

async function primaryKeys(database: TestDatabase): Promise<string[]> {
  const rows = await database.query<{ conname: string }>(
    "select conname from pg_constraint where contype = 'p' and connamespace = 'public'::regnamespace",
  );
  return rows.map(({ conname }) => conname);
}

function idsOf(rows: readonly string[]): number[] {
  return rows.map((row) => Number(row.split("\t")[0])).sort((a, b) => a - b);
}

function numbers(to: number, which: (n: number) => boolean): number[] {
  return Array.from({ length: to }, (_, i) => i + 1).filter(which);
}

const LARGE = "repeat('x', 60)";
/** More than a batch of small tables takes: it is copied by a task of its own. */
const OWN_TASK = `insert into t select n, ${LARGE} from generate_series(100001, 130000) n;`;

describe("rows that the target refuses", () => {
  it.each([
    ["none", "false", () => false],
    ["one", "n = 501", (n: number) => n === 501],
    ["the first and the last", "n in (1, 1000)", (n: number) => n === 1 || n === 1_000],
    ["every third", "n % 3 = 0", (n: number) => n % 3 === 0],
    ["all", "true", () => true],
  ] as const)("are set aside, and all others copied: %s of a small table", async (_, sql, bad) => {
    await using source = await sourceWith(checkedTable(sql));
    await using target = await createDatabase(server(18), "copy");
    const options = { source: source.uri, target: target.uri, rejectDir: directory };
    const expected = numbers(1_000, bad);
    if (expected.length === 0) {
      await clone(options);
      expect(await readdir(directory)).toEqual([]);
    } else {
      const error = await failure(options);
      expect(error.code).toBe("rows_rejected");
      expect(error.message).toContain(
        `${expected.length === 1 ? "1 row" : expected.length === 1_000 ? "1,000 rows" : `${expected.length} rows`} of 1 table`,
      );
    }
    expect(idsOf(await setAside())).toEqual(expected);
    expect(await ids(target)).toEqual(numbers(1_000, (n) => !bad(n)));
    // The rest of the clone was done: the target is whole but for the rows.
    expect(await primaryKeys(target)).toEqual(["t_pkey"]);
    expect(await target.query("select from pg_namespace where nspname = 'pgcopy_journal'")).toEqual(
      [],
    );
    await expectNoSessions(source, target);
  });

  it("are told of in the error, in events and in files that only their owner can read", async () => {
    await using source = await sourceWith(checkedTable("n in (7, 8)"));
    await using target = await createDatabase(server(16), "copy");
    const rejectDir = join(directory, "made", "here");
    const events: RunEvent[] = [];
    const observer = (event: RunEvent) => events.push(event);
    const error = await failure({ source: source.uri, target: target.uri, rejectDir, observer });
    const file = join(rejectDir, "public.t.rejected");
    const reason = 'new row for relation "t" violates check constraint "t_fit" (SQLSTATE 23514)';
    expect(error.items).toEqual([`public.t: 2 rows rejected, in ${file}; the first: ${reason}`]);
    expect(events.filter(({ type }) => type === "rows_rejected")).toMatchObject([
      { schema: "public", name: "t", rows: 2, file, reason },
    ]);
    expect((await stat(rejectDir)).mode & 0o777).toBe(0o700);
    for (const name of await readdir(rejectDir))
      expect((await stat(join(rejectDir, name))).mode & 0o777, name).toBe(0o600);
    const lines = (await readFile(join(rejectDir, "public.t.errors"), "utf8"))
      .trimEnd()
      .split("\n");
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      {
        line: 1,
        sqlstate: "23514",
        constraint: "t_fit",
        detail: "Failing row contains (7, note 7).",
      },
      {
        line: 2,
        sqlstate: "23514",
        constraint: "t_fit",
        detail: "Failing row contains (8, note 8).",
      },
    ]);
  });

  it("fail the run where nobody asked to set them aside, which says how to", async () => {
    await using source = await sourceWith(checkedTable("n = 7"));
    await using target = await createDatabase(server(16), "copy");
    const error = await failure({ source: source.uri, target: target.uri });
    expect(error.code).toBe("task_failed");
    expect(error.advice).toMatch(/^with rejectDir such rows are set aside/);
    expect(error.options).toContain("rejectDir");
  });

  it("can be put back with COPY once they are put right", async () => {
    await using source = await sourceWith(checkedTable("n % 100 = 0"));
    await using target = await createDatabase(server(16), "copy");
    await failure({ source: source.uri, target: target.uri, rejectDir: directory });
    const { copy } = JSON.parse(await readFile(join(directory, "public.t.json"), "utf8"));
    const rows = await readFile(join(directory, "public.t.rejected"));
    const fixed = String(rows).replaceAll(/^(\d+)/gm, (id) => String(Number(id) + 2_001));
    await copyFrom(target, copy, Buffer.from(fixed));
    expect(await ids(target)).toEqual([
      ...numbers(1_000, (n) => n % 100 !== 0),
      ...numbers(1_000, (n) => n % 100 === 0).map((n) => n + 2_001),
    ]);
  });

  it("end the run where there are more than rejectLimit", async () => {
    await using source = await sourceWith(checkedTable("n % 100 = 0"));
    await using target = await createDatabase(server(16), "copy");
    const options = { source: source.uri, target: target.uri, rejectDir: directory };
    const error = await failure({ ...options, rejectLimit: 9 });
    expect(error.code).toBe("task_failed");
    expect(error.message).toMatch(
      /^more rows are rejected than rejectLimit allows \(9\): COPY public.t/,
    );
    // The copy was undone, and its files with it.
    expect(error.items).toHaveLength(5);
    expect(error.items[0]).toMatch(/"t_fit" \(SQLSTATE 23514\): Failing row contains \(100, /);
    expect(error.advice).toMatch(/^see the first of them above/);
    await target.execute(
      "drop schema public cascade; create schema public; drop schema pgcopy_journal cascade",
    );
    const other = await mkdtemp(join(directory, "other-"));
    expect((await failure({ ...options, rejectDir: other, rejectLimit: 10 })).code).toBe(
      "rows_rejected",
    );
  });

  it("are not mixed with those of an earlier run", async () => {
    await using source = await sourceWith(checkedTable("n = 7"));
    await using target = await createDatabase(server(16), "copy");
    await writeFile(join(directory, "public.t.rejected"), "7\tnote 7\n");
    const error = await failure({ source: source.uri, target: target.uri, rejectDir: directory });
    expect(error.code).toBe("usage");
    expect(error.message).toContain("not empty");
    expect(await target.query("select from pg_class where relname = 't'")).toEqual([]);
  });
});

describe("tables of every kind", () => {
  it.each([1, 2])(
    "large ones in parts, with rows that are masked and selected, by %s threads",
    async (threads) => {
      await using source = await sourceWith(
        `${checkedTable("n % 5000 = 0 or n between 100500 and 100999", OWN_TASK)}analyze t;`,
      );
      await using target = await createDatabase(server(16), "copy");
      const error = await failure({
        source: source.uri,
        target: target.uri,
        rejectDir: directory,
        splitTablesLargerThan: 512 * 1024,
        threads,
        jobs: 2,
        where: { "public.t": "id > 100000" },
        mask: { "public.t.note": "'masked ' || id" },
        verify: "count",
      });
      expect(error.code).toBe("rows_rejected");
      const isBad = (n: number) => n % 5_000 === 0 || (n >= 100_500 && n <= 100_999);
      const selected = numbers(130_000, (n) => n > 100_000);
      expect(
        (await readdir(directory)).filter((name) => /^public\.t\.part\d+\.rejected$/.test(name))
          .length,
      ).toBeGreaterThan(1);
      expect(idsOf(await setAside())).toEqual(selected.filter(isBad));
      expect(await ids(target)).toEqual(selected.filter((n) => !isBad(n)));
      expect((await setAside()).every((row) => /^(\d+)\tmasked \1$/.test(row))).toBe(true);
    },
  );

  it("a large one with FREEZE, whose rows are refused as it goes", async () => {
    await using source = await sourceWith(checkedTable("n in (1, 115000, 130000)", OWN_TASK));
    await using target = await createDatabase(server(18), "copy");
    const options = { splitTablesLargerThan: "never", jobs: 1 } as const;
    const error = await failure({
      source: source.uri,
      target: target.uri,
      rejectDir: directory,
      ...options,
    });
    expect(error.items.length).toBe(1);
    expect(idsOf(await setAside())).toEqual([1, 115_000, 130_000]);
    expect((await ids(target)).length).toBe(30_997);
  });

  it("several in one batch, whose indexes are built all the same", async () => {
    const tables = ["a", "b", "c", "d"].map(
      (name) => `
      create table ${name} (id int primary key check (is_fit(id)), note text);
      insert into ${name} select n from generate_series(1, 50) n;`,
    );
    const checking = (bad: string) =>
      `create or replace function is_fit(n int) returns boolean immutable language sql as $$select not (${bad})$$;`;
    await using source = await sourceWith(
      `${checking("false")}${tables.join("")}${checking("n = 13")}alter table c drop constraint c_id_check;`,
    );
    await using target = await createDatabase(server(16), "copy");
    const error = await failure({
      source: source.uri,
      target: target.uri,
      rejectDir: directory,
      verify: "checksum",
    });
    expect(error.code).toBe("rows_rejected");
    expect(error.items.map((item) => item.split(":")[0])).toEqual([
      "public.a",
      "public.b",
      "public.d",
    ]);
    for (const [name, rows] of Object.entries({ a: 49, b: 49, c: 50, d: 49 })) {
      expect(await target.query(`select count(*)::int as n from ${name}`)).toEqual([{ n: rows }]);
    }
    expect((await primaryKeys(target)).length).toBe(4);
  });

  it("rows of several megabytes", async () => {
    const large = `insert into t select n, (select string_agg(md5(n::text || m), '') from generate_series(1, 100000) m)
      from generate_series(2001, 2005) n;`;
    await using source = await sourceWith(checkedTable("n = 2003", large));
    await using target = await createDatabase(server(16), "copy");
    await failure({ source: source.uri, target: target.uri, rejectDir: directory });
    const [row = ""] = await setAside();
    expect(row.length).toBe(3_200_005);
    expect((await ids(target)).slice(1_000)).toEqual([2_001, 2_002, 2_004, 2_005]);
  });

  it("names that a file system would take for something else, or that clash", async () => {
    const names = [
      "../../etc/x",
      "Orders",
      "orders",
      "a\nb",
      "ß".repeat(31),
      "x.part1",
      "-",
      'q"q',
    ];
    const quoted = names.map((name) => `"${name.replaceAll('"', '""')}"`);
    const checking = (bad: string) =>
      `create or replace function is_fit(n int) returns boolean immutable language sql as $$select ${bad}$$;`;
    await using source = await sourceWith(`${checking("true")}
      ${quoted.map((name) => `create table ${name} (id int check (is_fit(id))); insert into ${name} values (1), (2);`).join("\n")}
      ${checking("n = 1")}`);
    await using target = await createDatabase(server(16), "copy");
    const error = await failure({
      source: source.uri,
      target: target.uri,
      rejectDir: join(directory, "d"),
    });
    expect(error.items.length).toBe(names.length);
    expect(await readdir(directory)).toEqual(["d"]);
    const files = await readdir(join(directory, "d"));
    expect(files.length).toBe(3 * names.length);
    expect(new Set(files.map((name) => name.toLowerCase())).size).toBe(files.length);
    const descriptions = files.filter((name) => name.endsWith(".json"));
    const tables = await Promise.all(
      descriptions.map(
        async (name) => JSON.parse(await readFile(join(directory, "d", name), "utf8")).table,
      ),
    );
    expect(tables.sort()).toEqual([...names].sort());
  });
});

describe("what a target refuses", () => {
  it("bytes that are no text in its encoding", async () => {
    const name = uniqueName("ascii");
    await using at = await createDatabase(server(16), "at");
    await at.execute(
      `create database ${name} encoding 'SQL_ASCII' template template0 lc_collate 'C' lc_ctype 'C'`,
    );
    const source = { ...at, name, uri: at.server.uri(name) };
    try {
      await at.withClient(async () => {});
      await withDatabase(
        source.uri,
        `create table t (id int, note text); insert into t values (1, 'plain'), (3, 'also')`,
      );
      await withDatabase(
        source.uri,
        `set client_encoding to sql_ascii; insert into t values (2, E'M\\xfcller')`,
      );
      await using target = await createDatabase(server(16), "copy");
      await failure({ source: source.uri, target: target.uri, rejectDir: directory });
      expect(await setAside()).toEqual(["2\tM\xfcller"]);
      expect(await errorsOf()).toMatchObject([{ line: 1, sqlstate: "22021" }]);
      expect(await ids(target)).toEqual([1, 3]);
      // The bytes are those of the source: whoever knows what they are can say so.
      const { copy } = JSON.parse(await readFile(join(directory, "public.t.json"), "utf8"));
      const rows = await readFile(join(directory, "public.t.rejected"));
      await copyFrom(target, copy.replace("'UTF8'", "'LATIN1'"), rows);
      expect(await target.query("select note from t where id = 2")).toEqual([{ note: "Müller" }]);
    } finally {
      await at.execute(`drop database ${name} with (force)`);
    }
  });

  it("characters that its encoding lacks", async () => {
    const name = uniqueName("latin");
    await using source = await sourceWith(`create table t (id int, note text);
      insert into t select n, case n when 77 then 'Ω' else 'é' end from generate_series(1, 200) n`);
    await using at = await createDatabase(server(16), "at");
    await at.execute(
      `create database ${name} encoding 'LATIN1' template template0 lc_collate 'C' lc_ctype 'C'`,
    );
    try {
      const error = await failure({
        source: source.uri,
        target: at.server.uri(name),
        rejectDir: directory,
      });
      expect(error.code).toBe("rows_rejected");
      expect(await errorsOf()).toMatchObject([{ sqlstate: "22P05" }]);
      expect(Buffer.from((await setAside())[0] ?? "", "latin1").toString()).toBe("77\tΩ");
    } finally {
      await at.execute(`drop database ${name} with (force)`);
    }
  });

  it("values outside a domain, rows outside a partition, and what a check's function raises", async () => {
    const functions = (bad: string) => `
      create or replace function is_fit(n int) returns boolean immutable language sql as $$select not ${bad}$$;
      create or replace function place(n int) returns int immutable language sql as $$select case when ${bad} then -1 else 1 end$$;
      create or replace function no_four(n int) returns boolean immutable language plpgsql
        as $$begin if ${bad} then raise 'no % here', n; end if; return true; end$$;`;
    await using source = await sourceWith(`${functions("(n < 0)")}
      create domain fit as int constraint is_fit check (public.is_fit(value));
      create table in_domain (id fit); insert into in_domain select generate_series(1, 9);
      create table parted (id int) partition by list (public.place(id));
      create table parted_1 partition of parted for values in (1);
      insert into parted select generate_series(1, 9);
      create table raised (id int check (public.no_four(id))); insert into raised select generate_series(1, 9);
      ${functions("(n = 4)")}`);
    await using target = await createDatabase(server(16), "copy");
    await failure({ source: source.uri, target: target.uri, rejectDir: directory });
    for (const stem of ["public.in_domain", "public.parted_1", "public.raised"])
      expect(await setAside(stem), stem).toEqual(["4"]);
    expect(await errorsOf("public.in_domain")).toMatchObject([
      { sqlstate: "23514", constraint: "is_fit", column: "id" },
    ]);
    expect(await errorsOf("public.parted_1")).toMatchObject([{ sqlstate: "23514" }]);
    expect(await errorsOf("public.raised")).toMatchObject([
      { sqlstate: "P0001", message: "no 4 here" },
    ]);
  });

  it("is no row where a unique index finds duplicates after the copy", async () => {
    const keys = (same: string) =>
      `create or replace function key(n int) returns int immutable language sql as $$select ${same}$$;`;
    await using source = await sourceWith(`${keys("n")} create table t (id int);
      insert into t select generate_series(1, 9); create unique index on t (public.key(id)); ${keys("n % 5")}`);
    await using target = await createDatabase(server(16), "copy");
    const error = await failure({
      source: source.uri,
      target: target.uri,
      rejectDir: directory,
    });
    expect(error).toMatchObject({ code: "task_failed", server: { sqlstate: "23505" } });
    expect(error.message).toMatch(/^CREATE UNIQUE INDEX/);
    expect(error.options).not.toContain("rejectDir");
    expect(await readdir(directory)).toEqual([]);
  });

  it("is no row where a foreign key misses rows", async () => {
    await using source = await sourceWith(`${checkedTable("n = 7")}
      create table child (id int references t); insert into child values (7), (8)`);
    await using target = await createDatabase(server(16), "copy");
    const error = await failure({ source: source.uri, target: target.uri, rejectDir: directory });
    expect(error).toMatchObject({ code: "task_failed", server: { sqlstate: "23503" } });
    expect(error.advice).toMatch(/may be among those that were rejected: 1 of public.t/);
    expect(await setAside()).toEqual(["7\tnote 7"]);
  });
});

describe("verification", () => {
  it("tells rejected rows from others that are missing", async () => {
    await using source = await sourceWith(`${checkedTable("n in (5, 6)")}
      create function rate() returns int immutable language sql as 'select 1';
      create table prices (net int, gross int generated always as (net * public.rate()) stored);
      insert into prices (net) values (1);
      create or replace function rate() returns int immutable language sql as 'select 2'`);
    await using target = await createDatabase(server(16), "copy");
    const error = await failure({
      source: source.uri,
      target: target.uri,
      rejectDir: directory,
      verify: "checksum",
    });
    expect(error.code).toBe("verification_failed");
    expect(error.message).toMatch(/1 of 2 tables differ/);
    expect(error.items).toEqual([
      "public.prices: 1 rows on both ends, different contents",
      expect.stringMatching(
        /^public\.t: 2 rows rejected, in .*public\.t\.rejected; the first: new row /,
      ),
    ]);
  });
});

describe("a run that is killed", () => {
  it.each([
    ["commits what it was told last", false],
    ["does not commit any more", true],
  ])("has set rows aside before they are left out; the server %s", async (_, terminated) => {
    await using source = await sourceWith(`
      create function is_fit(n int) returns boolean immutable language sql as 'select true';
      create table t (id int primary key, check (public.is_fit(id)));
      insert into t select generate_series(1, 1000);
      create or replace function is_fit(n int) returns boolean immutable language plpgsql as $$begin
        if n = 1000 then perform pg_advisory_xact_lock_shared(5); end if; return n % 10 <> 7; end$$;`);
    await using target = await createDatabase(server(16), "copy");
    const bad = numbers(1_000, (n) => n % 10 === 7);
    await target.withClient(async (client) => {
      await client.query("select pg_advisory_lock(5)");
      const args = ["clone", source.uri, target.uri, "--reject-dir", directory, "--no-config"];
      const cli = startCli(args);
      // The last row of the second try.
      await untilRunning(target, /savepoint pgcopy_rows/);
      await client.query("begin; lock table pgcopy_journal.task in share mode");
      await client.query("select pg_advisory_unlock(5)");
      // All is done but for the commit.
      const { pid } = await untilRunning(target, /insert into pgcopy_journal.task/);
      expect(idsOf(await setAside())).toEqual(bad);
      expect((await errorsOf()).length).toBe(100);
      cli.kill("SIGKILL");
      await cli.ended;
      if (terminated) await client.query("select pg_terminate_backend($1)", [pid]);
      await client.query("rollback");
    });
    await expectNoSessions(target);
    const good = numbers(1_000, (n) => n % 10 !== 7);
    expect(await ids(target)).toEqual(terminated ? [] : good);

    // Its files are known, and are neither lost nor doubled.
    const options = ["--reject-dir", directory, "--resume", "--not-consistent", "--no-config"];
    const { exitCode, stderr } = await startCli(["clone", source.uri, target.uri, ...options])
      .ended;
    expect(exitCode, stderr).toBe(7);
    expect(stderr).toMatch(/the target refused 100 rows of 1 table, set aside in/);
    expect(await ids(target)).toEqual(good);
    expect(idsOf(await setAside())).toEqual(bad);
    expect((await errorsOf()).length).toBe(100);
  });
});

async function copyFrom(target: TestDatabase, copy: string, rows: Buffer): Promise<void> {
  const { connect } = await import("../src/postgres/connect.js");
  const { parseEndpoint } = await import("../src/endpoint/parse-endpoint.js");
  const { copyInMessages } = await import("../src/postgres/script-query.js");
  const endpoint = await parseEndpoint(target.uri, {}, "target");
  if (endpoint.kind !== "server") throw new Error("no server");
  await using session = await connect(endpoint, {
    side: "target",
    purpose: "test",
    signal: new AbortController().signal,
  });
  await session.executeAll([{ attempted: "COPY", sql: copy }], {
    copyIn: Buffer.concat(copyInMessages([rows])),
  });
}

async function withDatabase(uri: string, script: string): Promise<void> {
  const { default: pg } = await import("pg");
  const client = new pg.Client({ connectionString: uri });
  await client.connect();
  try {
    await client.query(script);
  } finally {
    await client.end();
  }
}
