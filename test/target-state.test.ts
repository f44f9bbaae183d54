/**
 * What the target is, and becomes: a missing database, one with something in the way, one that lacks
 * roles, one that an earlier run left half done, one that another run is at, and one whose encoding
 * is not the source's.
 */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type CloneReport,
  check,
  clone,
  type PgCopyError,
  plan,
  type RunEvent,
} from "../src/index.js";
import { runCli } from "./support/cli.js";
import { expectSameData, expectSameDatabase } from "./support/compare.js";
import { closeGates, createGatedSchema } from "./support/gated-schema.js";
import { launchServer } from "./support/launch-servers.js";
import { createManagedRole } from "./support/managed-role.js";
import { objectsOf } from "./support/objects.js";
import {
  createDatabase,
  databaseOn,
  server,
  type TestDatabase,
  type TestMajor,
  type TestServer,
  testServer,
  uniqueName,
} from "./support/servers.js";
import { createShop } from "./support/shop-schema.js";

/** Creates a database with the options of CREATE DATABASE; undefined where the build can't. */
async function databaseWith(
  where: TestMajor | TestServer,
  options: string,
): Promise<TestDatabase | undefined> {
  const on = typeof where === "number" ? server(where) : where;
  const database = databaseOn(on, uniqueName("state"));
  const admin = databaseOn(on, "postgres");
  try {
    await admin.execute(`create database ${database.name} template template0 ${options}`);
    return database;
  } catch (error) {
    // 22023, 42704, 0A000: no such locale on this machine, or no such provider in this build
    if (/^(22023|42704|0A000|42809)$/.test(String((error as { code?: string }).code)))
      return undefined;
    throw error;
  }
}

/** How a database was made, as the catalog of any version has it. */
async function propertiesOf(database: TestDatabase): Promise<Record<string, unknown> | undefined> {
  const [row] = await database.query(`
    select pg_encoding_to_char(encoding) as encoding, datcollate, datctype,
      pg_get_userbyid(datdba) as owner, to_jsonb(d) ->> 'datlocprovider' as provider,
      coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale') as locale,
      to_jsonb(d) ->> 'daticurules' as rules
    from pg_database d where datname = current_database()`);
  return row;
}

async function refused(cloning: Promise<CloneReport>): Promise<PgCopyError> {
  const error: PgCopyError = await cloning.then(
    () => expect.unreachable("the clone was not refused"),
    (thrown) => thrown,
  );
  expect(error.name, error.message).toBe("PgCopyError");
  return error;
}

describe("a missing database is created as the source's was", () => {
  test.for<[string, TestMajor, string, string]>([
    ["LATIN1", 13, "encoding 'LATIN1' lc_collate 'C' lc_ctype 'C'", "LATIN1, libc locale C"],
    [
      "SQL_ASCII",
      16,
      "encoding 'SQL_ASCII' lc_collate 'C' lc_ctype 'C'",
      "SQL_ASCII, libc locale C",
    ],
    ["a locale", 15, "lc_collate 'C.UTF-8' lc_ctype 'C'", "UTF8, libc locale C.UTF-8"],
    ["ICU 15", 15, "locale_provider icu icu_locale 'de-DE'", "UTF8, icu locale de-DE"],
    [
      "ICU with rules",
      16,
      "locale_provider icu icu_locale 'en-US' icu_rules '& a < g'",
      "UTF8, icu locale en-US",
    ],
    ["ICU 18", 18, "locale_provider icu icu_locale 'sv'", "UTF8, icu locale sv"],
    [
      "the builtin provider",
      18,
      "locale_provider builtin builtin_locale 'C.UTF-8'",
      "UTF8, builtin locale C.UTF-8",
    ],
  ])("%s on PostgreSQL %i", async ([, major, options, told], { skip }) => {
    const made = await databaseWith(major, options);
    if (made === undefined) return skip("not in this build, or not on this machine");
    await using source = made;
    await using target = databaseOn(server(major), uniqueName("state_copy"));
    const owner = uniqueName("owner");
    await source.execute(`
      create role ${owner};
      alter database ${source.name} owner to ${owner};
      create table t (id int primary key, name text);
      insert into t values (1, 'one'), (2, 'two')`);
    const events: RunEvent[] = [];
    const report = await clone({
      source: source.uri,
      target: target.uri,
      observer: (event) => events.push(event),
      verify: "checksum",
    });
    expect(report.databaseCreated).toBe(true);
    expect(events).toContainEqual(
      expect.objectContaining({
        type: "notice",
        level: "info",
        message: `created the target database ${target.name} (${told})`,
      }),
    );
    expect(await propertiesOf(target)).toEqual(await propertiesOf(source));
    expect((await propertiesOf(target))?.owner).toBe(owner);
    await expectSameData(source.uri, target.uri);
    await source[Symbol.asyncDispose]();
    await target[Symbol.asyncDispose]();
    await databaseOn(server(major), "postgres").execute(`drop role ${owner}`);
  });

  test("without its owner, where that is not wanted or not there", async () => {
    await using source = await createDatabase(server(16), "state");
    const owner = uniqueName("owner");
    await source.execute(`create role ${owner}; alter database ${source.name} owner to ${owner}`);
    await using unwanted = databaseOn(server(16), uniqueName("state_copy"));
    await clone({ source: source.uri, target: unwanted.uri, noOwner: true });
    expect((await propertiesOf(unwanted))?.owner).toBe("postgres");
    await using elsewhere = databaseOn(server(18), uniqueName("state_copy"));
    await clone({ source: source.uri, target: elsewhere.uri });
    expect((await propertiesOf(elsewhere))?.owner).toBe("postgres");
    await source[Symbol.asyncDispose]();
    await databaseOn(server(16), "postgres").execute(`drop role ${owner}`);
  });

  test.for<[string, TestMajor, TestMajor, string, string]>([
    ["ICU", 16, 13, "locale_provider icu icu_locale 'de-DE'", "15"],
    ["builtin", 18, 16, "locale_provider builtin builtin_locale 'C.UTF-8'", "17"],
  ])(
    "but not with %s of %i on %i, which doesn't know it",
    async ([, from, to, options, since], { skip }) => {
      const made = await databaseWith(from, options);
      if (made === undefined) return skip("not in this build, or not on this machine");
      await using source = made;
      await using target = databaseOn(server(to), uniqueName("state_copy"));
      const error = await refused(clone({ source: source.uri, target: target.uri }));
      expect(error).toMatchObject({ code: "target_unfit", side: "target" });
      expect(error.message).toMatch(
        /^the source database's locale comes from (icu|builtin), which/,
      );
      expect(error.advice).toContain(`use PostgreSQL ${since} or newer`);
      expect(
        await databaseOn(server(to), "postgres").query(
          "select from pg_database where datname = $1",
          [target.name],
        ),
      ).toEqual([]);
    },
  );

  test("once, by two runs at the same time", async () => {
    await using source = await createDatabase(server(16), "state");
    await createShop(source, { rows: 50 });
    await using target = databaseOn(server(16), uniqueName("state_copy"));
    const run = () => clone({ source: source.uri, target: target.uri });
    const outcomes = await Promise.allSettled([run(), run()]);
    const failures = outcomes.flatMap((one) => (one.status === "rejected" ? [one.reason] : []));
    expect(failures).toHaveLength(1);
    expect(failures[0]).toMatchObject({ code: "target_unfit" });
    await expectSameDatabase(source.uri, target.uri);
  });
});

describe("objects in the way", () => {
  let source: TestDatabase;
  beforeAll(async () => {
    source = await createDatabase(server(16), "state_shop");
    await createShop(source, { rows: 100 });
    await source.execute(`
      create schema archive;
      create table archive."Old Orders" (id int);
      create function total(int) returns int language sql as 'select 1'`);
  });
  afterAll(async () => {
    await source[Symbol.asyncDispose]();
  });

  test("are named, all of them, and nothing is changed", async () => {
    await using target = await createDatabase(server(16), "state_copy");
    await target.execute(`
      create table customers (id int);
      create view orders as select 1 as one;
      create type order_status as enum ('x');
      create schema archive;
      create table archive."Old Orders" (id int);
      create table unrelated (id int);
      create index orders_open_idx on unrelated (id);
      create function total(int) returns int language sql as 'select 2';
      create function total(text) returns int language sql as 'select 3';
      create sequence products_id_seq;
      insert into unrelated values (1)`);
    const before = await objectsOf(target);
    const error = await refused(clone({ source: source.uri, target: target.uri }));
    expect(error).toMatchObject({
      code: "target_unfit",
      side: "target",
      message: "the target already has 8 objects that the clone would create",
      items: [
        "function public.total(integer)",
        "index public.orders_open_idx",
        "schema archive",
        "sequence public.products_id_seq",
        'table archive."Old Orders"',
        "table public.customers",
        "type public.order_status",
        "view public.orders",
      ],
      advice:
        "nothing was changed; choose an empty database, or replace them with --drop-if-exists",
    });
    expect(await objectsOf(target)).toEqual(before);

    const cli = await runCli(["clone", source.uri, target.uri]);
    expect(cli.exitCode).toBe(4);
    for (const item of error.items) expect(cli.stderr).toContain(`    ${item}\n`);
    expect(cli.stderr).toContain("--drop-if-exists");
  });

  test("are replaced with --drop-if-exists; what is not in the way stays", async () => {
    await using target = await createDatabase(server(16), "state_copy");
    await target.execute(`
      create table customers (id int);
      insert into customers values (1);
      create view orders as select id from customers;
      create sequence products_id_seq;
      create function total(int) returns int language sql as 'select 2'`);
    await clone({ source: source.uri, target: target.uri, dropIfExists: true });
    await expectSameDatabase(source.uri, target.uri);
    // Again, over a whole clone, with something else beside it.
    await target.execute(`
      create table unrelated (id int);
      insert into unrelated values (7);
      delete from order_lines;
      alter table products add column extra int`);
    await clone({ source: source.uri, target: target.uri, dropIfExists: true });
    expect(await target.query("select id from unrelated")).toEqual([{ id: 7 }]);
    await target.execute("drop table unrelated");
    await expectSameDatabase(source.uri, target.uri);
  });

  test.each([
    ["a view", "create view mine as select * from orders", /^view public\.mine$/],
    [
      "a foreign key",
      "create table mine (id bigint references customers)",
      /^constraint mine_id_fkey on table public\.mine$/,
    ],
    ["a column of its type", "create table mine (status order_status)", /^table public\.mine$/],
    ["a table in its schema", "create table archive.mine (id int)", /^table archive\.mine$/],
    [
      "a function's result",
      "create function mine() returns setof orders language sql as 'select * from public.orders'",
      /^function public\.mine\(\)$/,
    ],
  ])("are not replaced where %s depends on them", async (_, script, named) => {
    await using target = await createDatabase(server(16), "state_copy");
    await clone({ source: source.uri, target: target.uri });
    await target.execute(script);
    const before = await objectsOf(target);
    const error = await refused(
      clone({ source: source.uri, target: target.uri, dropIfExists: true }),
    );
    expect(error).toMatchObject({ code: "target_unfit", side: "target" });
    expect(error.items).toEqual([expect.stringMatching(named)]);
    expect(error.advice).toContain("nothing was changed");
    const ends = { source: source.uri, target: target.uri, dropIfExists: true };
    expect((await plan(ends)).refusals).toEqual([`${error.message}: ${error.items[0]}`]);
    expect((await check(ends)).findings).toContainEqual(
      expect.objectContaining({ check: "objects_in_the_way", title: error.message }),
    );
    expect(await objectsOf(target)).toEqual(before);
    await expectSameData(source.uri, source.uri);
    expect(await target.query("select count(*)::int as n from orders")).toEqual([{ n: 100 }]);
  });
});

describe("a subscription in the way", () => {
  const subscribe = `create subscription following connection 'host=nowhere.invalid' publication p
    with (connect = false, slot_name = 'of_the_source')`;

  test("is replaced, and the slot of the source's own one is left alone", async () => {
    await using source = await createDatabase(server(16), "state_following");
    await source.execute(subscribe);
    await using target = await createDatabase(server(16), "state_copy");
    await clone({ source: source.uri, target: target.uri });
    // Were the publisher asked to drop the slot, this would fail: its host is none.
    await clone({ source: source.uri, target: target.uri, dropIfExists: true });
    await expectSameDatabase(source.uri, target.uri);
  });

  test("is not dropped while it is enabled", async () => {
    await using source = await createDatabase(server(16), "state_following");
    await source.execute(subscribe);
    await using target = await createDatabase(server(16), "state_copy");
    await clone({ source: source.uri, target: target.uri });
    await target.execute("alter subscription following enable");
    const error = await refused(
      clone({ source: source.uri, target: target.uri, dropIfExists: true }),
    );
    expect(error.message).toContain("cannot set slot_name = NONE for enabled subscription");
    expect(error.advice).toContain("nothing was changed");
    expect(
      await target.query(
        "select subenabled, subslotname from pg_subscription s where s.subdbid = (select oid from pg_database where datname = current_database())",
      ),
    ).toEqual([{ subenabled: true, subslotname: "of_the_source" }]);
  });
});

describe("security labels", () => {
  /** No provider comes with PostgreSQL, so the label is put where a provider's would be. */
  async function withLabel(major: 13 | 18): Promise<TestDatabase> {
    const source = await createDatabase(server(major), "state_labels");
    await source.execute(`
      create table t (id int);
      set allow_system_table_mods = on;
      insert into pg_seclabel (objoid, classoid, objsubid, provider, label)
        values ('t'::regclass, 'pg_class'::regclass, 0, 'Odd; provider', 'secret'),
               ('t'::regclass, 'pg_class'::regclass, 1, 'Odd; provider', 'more')`);
    return source;
  }

  test.each([13, 18] as const)(
    "of a provider that %i has not loaded are named before anything is changed",
    async (major) => {
      await using source = await withLabel(major);
      await using target = await createDatabase(server(major), "state_copy");
      const options = { source: source.uri, target: target.uri };
      const error = await refused(clone(options));
      expect(error).toMatchObject({
        code: "target_unfit",
        side: "target",
        message: "the target has not loaded the providers of the source's security labels",
        items: ["Odd; provider (2 labels)"],
        advice: expect.stringContaining("--no-security-labels"),
      });
      expect(await objectsOf(target)).toEqual([]);
      const cli = await runCli([
        "clone",
        source.uri,
        target.uri,
        "--no-security-labels",
        "--quiet",
      ]);
      expect(cli).toEqual({ exitCode: 0, stdout: "", stderr: "" });
      expect(await target.query("select from t")).toEqual([]);
    },
  );
});

describe("roles that the target lacks", () => {
  test("give one list, before anything is changed; without owners and privileges it goes", async () => {
    const [owner, reader] = [uniqueName("owner"), uniqueName("reader")];
    await using source = await createDatabase(server(16), "state_roles");
    await source.execute(`
      create role ${owner}; create role ${reader};
      create table a (id int); create table b (id int);
      alter table a owner to ${owner}; alter table b owner to ${owner};
      grant select on a to ${reader};
      create policy p on b to ${reader} using (true)`);
    await using target = databaseOn(server(18), uniqueName("state_copy"));
    const options = { source: source.uri, target: target.uri };
    const error = await refused(clone(options));
    expect(error).toMatchObject({
      code: "target_unfit",
      side: "target",
      message: "the target lacks 2 roles that the source's objects need",
      advice: expect.stringContaining("--no-owner --no-acl"),
    });
    expect(error.items).toEqual([
      expect.stringMatching(new RegExp(`^${owner} \\(owner of 2 objects`)),
      expect.stringMatching(
        new RegExp(`^${reader} \\(named in 1 grant, named in 1 other definition\\)`),
      ),
    ]);
    const admin = databaseOn(server(18), "postgres");
    expect(
      await admin.query("select from pg_database where datname = $1", [target.name]),
      "the database is not created either",
    ).toEqual([]);

    // A policy is neither: it names the role in its definition.
    expect((await refused(clone({ ...options, noOwner: true, noAcl: true }))).items).toEqual([
      `${reader} (named in 1 other definition)`,
    ]);
    await source.execute("drop policy p on b");
    await clone({ ...options, noOwner: true, noAcl: true });
    expect(
      await target.query(
        "select relname, pg_get_userbyid(relowner) as owner, relacl from pg_class where relname in ('a', 'b') order by 1",
      ),
    ).toEqual([
      { relname: "a", owner: "postgres", relacl: null },
      { relname: "b", owner: "postgres", relacl: null },
    ]);
    await source[Symbol.asyncDispose]();
    await databaseOn(server(16), "postgres").execute(`drop role ${owner}, ${reader}`);
  });
});

describe("another run", () => {
  let source: TestDatabase;
  beforeAll(async () => {
    source = await createDatabase(server(16), "state_gated");
    await createGatedSchema(source);
  });
  afterAll(async () => {
    await source[Symbol.asyncDispose]();
  });

  test("that is still at it is not disturbed", async () => {
    await using target = await createDatabase(server(16), "state_busy");
    // Before the gates are closed: DROP DATABASE waits for every session that is in the middle of a COPY.
    await using stranger = await createManagedRole(server(16));
    await using gates = await closeGates(target, { row: "100" });
    const first = clone({ source: source.uri, target: target.uri });
    first.catch(() => {});
    await gates.untilReached();
    for (const dropIfExists of [false, true]) {
      const second = await refused(clone({ source: source.uri, target: target.uri, dropIfExists }));
      expect(second).toMatchObject({
        code: "target_unfit",
        side: "target",
        message: "another pgcopy run is copying into the target",
        items: [
          expect.stringMatching(
            /^process \d+, role postgres, from 127\.0\.0\.1, pgcopy control, connected since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC$/,
          ),
          `it copies ${source.uri.replace(/:[^:@/]+@/, "@")}`,
        ],
        advice: `wait until it has ended, or watch it: pgcopy progress ${target.uri.replace(/:[^:@/]+@/, "@")}`,
      });
    }
    const seen = await refused(clone({ source: source.uri, target: stranger.uri(target) }));
    expect(seen.items, "what a role without privileges may know").toEqual([
      expect.stringMatching(/^process \d+, role postgres, pgcopy control$/),
    ]);
    const { findings } = await check({ source: source.uri, target: target.uri });
    expect(findings).toContainEqual(
      expect.objectContaining({
        check: "earlier_runs",
        severity: "error",
        items: expect.arrayContaining([expect.stringMatching(/^process \d+, role postgres/)]),
      }),
    );
    await gates.open();
    await first;
    await expectSameDatabase(source.uri, target.uri);
  });

  test("that failed has left its journal and its objects: both are replaced", async () => {
    await using target = await createDatabase(server(16), "state_left");
    await using gates = await closeGates(target, { bad_row: "10" });
    await refused(clone({ source: source.uri, target: target.uri }));
    await gates[Symbol.asyncDispose]();
    const journal = () =>
      target.query("select source, tasks, pgcopy_version from pgcopy_journal.run");
    expect(await journal()).toEqual([
      {
        source: source.uri.replace(/:[^:@/]+@/, "@"),
        tasks: expect.any(Number),
        pgcopy_version: expect.stringMatching(/^\d/),
      },
    ]);
    const before = await objectsOf(target);
    const again = await refused(clone({ source: source.uri, target: target.uri }));
    expect(again.message).toMatch(
      /^the target holds an unfinished run of pgcopy, of which \d+ task/,
    );
    expect(again.advice).toContain("--resume");
    expect(await objectsOf(target)).toEqual(before);

    const events: RunEvent[] = [];
    await clone({
      source: source.uri,
      target: target.uri,
      dropIfExists: true,
      observer: (event) => events.push(event),
    });
    await expectSameDatabase(source.uri, target.uri);
    expect(await target.query("select from pg_namespace where nspname = 'pgcopy_journal'")).toEqual(
      [],
    );
  });

  test("that left nothing but its journal is no hindrance", async () => {
    await using target = await createDatabase(server(16), "state_journal");
    await target.execute(`create schema pgcopy_journal; create table pgcopy_journal.task
      (id text, kind text, label text, rows bigint, bytes bigint, duration_ms int, detail json)`);
    const events: RunEvent[] = [];
    await clone({
      source: source.uri,
      target: target.uri,
      observer: (event) => events.push(event),
    });
    expect(events).toContainEqual(
      expect.objectContaining({
        type: "notice",
        message: "the journal of an earlier, unfinished run is replaced",
      }),
    );
    await expectSameDatabase(source.uri, target.uri);
  });

  test("whose journal is in the source is not copied", async () => {
    await using half = await createDatabase(server(16), "state_half");
    await half.execute(
      "create table t (id int); create schema pgcopy_journal; create table pgcopy_journal.task (id int)",
    );
    await using target = await createDatabase(server(16), "state_copy");
    await clone({ source: half.uri, target: target.uri });
    expect(await target.query("select from pg_namespace where nspname = 'pgcopy_journal'")).toEqual(
      [],
    );
  });
});

describe("encodings", () => {
  /** `café €`-like words whose bytes differ between LATIN1 and UTF8. */
  const fill = `
    create table words (id int primary key, word text, kind "char", bytes bytea);
    insert into words select n, 'café ' || chr(192 + n % 60), 'x', '\\x00ff'::bytea
    from generate_series(1, 500) n;
    insert into words values (0, E'tab\\tnewline\\nback\\\\slash', 'y', null);
    comment on table words is 'très français';
    create table "Größe" (id int default 5, größe text default 'ß')`;
  const hex = "select id, encode(convert_to(word, 'UTF8'), 'hex') as word from words order by id";

  test.each<[string, string]>([
    ["LATIN1", "LATIN1"],
    ["LATIN1", "UTF8"],
    ["UTF8", "LATIN1"],
  ])("from %s to %s keeps every character", async (from, to) => {
    const locale = "lc_collate 'C' lc_ctype 'C'";
    await using source = (await databaseWith(16, `encoding '${from}' ${locale}`)) as TestDatabase;
    await using target = (await databaseWith(16, `encoding '${to}' ${locale}`)) as TestDatabase;
    await source.execute(fill);
    const report = await clone({ source: source.uri, target: target.uri, verify: "checksum" });
    expect(report.databaseCreated).toBe(false);
    expect(await target.query(hex)).toEqual(await source.query(hex));
    const comment = "select obj_description('words'::regclass) as comment";
    expect(await target.query(comment)).toEqual(await source.query(comment));
    if (from === to) await expectSameDatabase(source.uri, target.uri);
  });

  test("from EUC_JP to UTF8 keeps every character", async () => {
    // A server of its own: the others' roles have names that EUC_JP can't be converted from.
    await using launched = await launchServer(16);
    const own = testServer(launched.address);
    const locale = "lc_collate 'C' lc_ctype 'C'";
    const source = (await databaseWith(own, `encoding 'EUC_JP' ${locale}`)) as TestDatabase;
    const target = (await databaseWith(own, `encoding 'UTF8' ${locale}`)) as TestDatabase;
    await source.execute(`
      create table words (id int primary key, word text);
      insert into words values (1, '日本語'), (2, 'ソース');
      comment on table words is '表'`);
    await clone({ source: source.uri, target: target.uri, verify: "checksum" });
    expect(await target.query(hex)).toEqual(await source.query(hex));
    const comment = "select obj_description('words'::regclass) as comment";
    expect(await target.query(comment)).toEqual([{ comment: "表" }]);
  });

  test("a character that the target can't store fails, and is named", async () => {
    const options = "encoding 'LATIN1' lc_collate 'C' lc_ctype 'C'";
    await using source = await createDatabase(server(16), "state_utf8");
    await using target = (await databaseWith(16, options)) as TestDatabase;
    await source.execute("create table words (word text); insert into words values ('100 €')");
    const error = await refused(clone({ source: source.uri, target: target.uri }));
    expect(error).toMatchObject({
      code: "task_failed",
      side: "target",
      attempted: "COPY public.words",
    });
    expect(error.message).toMatch(/has no equivalent in encoding "LATIN1" \(SQLSTATE 22P05\)$/);
  });

  describe("SQL_ASCII, whose bytes are of no known encoding", () => {
    const options = "encoding 'SQL_ASCII' lc_collate 'C' lc_ctype 'C'";

    test("stays byte for byte", async () => {
      await using source = (await databaseWith(16, options)) as TestDatabase;
      await source.execute(
        `create table words (id int, word text);
         insert into words values (1, E'caf\\xe9'), (2, E'\\xff\\xfe'), (3, 'plain'), (4, E'\\xc3\\xa9')`,
      );
      await using target = databaseOn(server(16), uniqueName("state_copy"));
      await clone({ source: source.uri, target: target.uri, verify: "checksum" });
      await expectSameDatabase(source.uri, target.uri);
      expect(
        await target.query(
          "select encode(word::bytea, 'hex') as hex from words where id < 3 order by id",
        ),
      ).toEqual([{ hex: "636166e9" }, { hex: "fffe" }]);
    });

    // As many as are copied in batches, and one alone.
    test.each([1, 12])(
      "is refused by a UTF8 target at bytes that are not UTF-8, in %i tables",
      async (tables) => {
        await using source = (await databaseWith(16, options)) as TestDatabase;
        await source.execute(`create table fine (word text); insert into fine values (E'\\xc3\\xa9');
        create table words (word text); insert into words values (E'caf\\xe9')`);
        for (let n = 2; n <= tables; n++) {
          await source.execute(
            `create table t${n} as select 'plain ' || n as word from generate_series(1, 9) n`,
          );
        }
        await using target = await createDatabase(server(16), "state_copy");
        const error = await refused(clone({ source: source.uri, target: target.uri }));
        expect(error).toMatchObject({
          code: "task_failed",
          side: "target",
          attempted: "COPY public.words",
        });
        expect(error.message).toContain('invalid byte sequence for encoding "UTF8"');
        await source.execute("drop table words");
        await clone({ source: source.uri, target: target.uri, dropIfExists: true });
        expect(await target.query("select word from fine")).toEqual([{ word: "é" }]);
      },
    );

    test.each([
      ["a default", "create table t (word text default E'caf\\xe9')"],
      ["a comment", "create table t (id int); comment on table t is E'caf\\xe9'"],
      ["an enum's label", "create type t as enum (E'caf\\xe9')"],
      ["a name", "do $$ begin execute 'create table ' || E'caf\\xe9' || ' (id int)'; end $$"],
    ])("in %s is refused, rather than changed", async (_, script) => {
      await using source = (await databaseWith(16, options)) as TestDatabase;
      await source.execute(script);
      await using target = databaseOn(server(16), uniqueName("state_copy"));
      for (const pgDump of ["bundled", undefined]) {
        const error = await refused(
          clone({
            source: source.uri,
            target: target.uri,
            ...(pgDump === undefined ? { environment: process.env } : { pgDump }),
          }),
        );
        expect(error).toMatchObject({ code: "source_unfit", side: "source" });
        expect(error.message).toMatch(/bytes that are not UTF-8/);
        expect(error.advice).toBeTruthy();
      }
    });
  });
});
