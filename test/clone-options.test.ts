/** What each option of a clone does, seen from the databases and the report. */

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  clone,
  PgCopyError,
  plan,
  type RunEvent,
  type Technique,
  techniques,
} from "../src/index.js";
import { expectSameDatabase } from "./support/compare.js";
import { createDatabase, server, type TestDatabase } from "./support/servers.js";
import { createShop, shopRowCounts } from "./support/shop-schema.js";

const rows = 3_000;
let shop: TestDatabase;

beforeAll(async () => {
  shop = await createDatabase(server(16), "shop");
  await createShop(shop, { rows });
});

afterAll(async () => {
  await shop[Symbol.asyncDispose]();
});

/** The error of a clone that must fail. */
async function refusal(options: Parameters<typeof clone>[0]): Promise<PgCopyError> {
  const error = await clone(options).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(PgCopyError);
  return error as PgCopyError;
}

describe("the report", () => {
  it("counts what arrived, and names every table, index and step", async () => {
    await using target = await createDatabase(server(16), "copy");
    const report = await clone({ source: shop.uri, target: target.uri, jobs: 3 });
    const expected = shopRowCounts({ rows });
    for (const table of report.tables) {
      const [counted] = await target.query(
        `select count(*)::int as n from only "${table.schema}"."${table.name}"`,
      );
      expect(table.rows, table.name).toBe(counted?.n);
    }
    expect(report.tables.find(({ name }) => name === "orders")?.rows).toBe(expected.orders);
    const [indexes] = await target.query(
      "select count(*)::int as n from pg_index i join pg_class c on c.oid = i.indrelid where c.relnamespace::regnamespace::text !~ '^pg_'",
    );
    expect(report.indexes.length).toBe(indexes?.n);
    expect(report.steps.map(({ step }) => step)).toEqual([
      "connect",
      "export the snapshot",
      "read the source",
      "prepare the target",
      "copy",
      "finish",
    ]);
    expect(report.rows).toBe(report.tables.reduce((sum, table) => sum + table.rows, 0));
    expect(report.slowestTables.length).toBeLessThanOrEqual(10);
    expect(report.jobs).toEqual({ tableJobs: 3, indexJobs: 3 });
    expect(JSON.stringify(report)).not.toContain(encodeURIComponent(shop.server.password));
    expect(JSON.stringify(report)).not.toContain(shop.server.password);
  });

  it("leaves no journal, and no lock, when all went well", async () => {
    await using target = await createDatabase(server(16), "copy");
    await clone({ source: shop.uri, target: target.uri });
    expect(await target.query("select from pg_namespace where nspname = 'pgcopy_journal'")).toEqual(
      [],
    );
    expect(await target.query("select from pg_locks where locktype = 'advisory'")).toEqual([]);
  });
});

describe("the observer", () => {
  it("is told of every task once, in the order of their needs, and of progress", async () => {
    await using target = await createDatabase(server(16), "copy");
    const events: RunEvent[] = [];
    const ends = { source: shop.uri, target: target.uri } as const;
    const planned = await plan(ends);
    await clone({ ...ends, observer: (event) => events.push(event), progressIntervalMs: 10 });
    const started = events.flatMap((event) =>
      event.type === "task_started" ? [event.task.id] : [],
    );
    const finished = events.flatMap((event) =>
      event.type === "task_finished" ? [event.task.id] : [],
    );
    expect([...started].sort()).toEqual(planned.tasks.map(({ id }) => id).sort());
    expect([...finished].sort()).toEqual([...started].sort());
    const at = (type: string, id: string) =>
      events.findIndex((event) => event.type === type && "task" in event && event.task.id === id);
    for (const task of planned.tasks) {
      for (const need of task.needs) {
        expect(at("task_finished", need), `${need} before ${task.id}`).toBeLessThan(
          at("task_started", task.id),
        );
      }
    }
    expect(events.some((event) => event.type === "progress")).toBe(true);
    const times = events.map((event) => event.atMs);
    expect(times).toEqual([...times].sort((a, b) => a - b));
  });

  it("may throw without harm", async () => {
    await using target = await createDatabase(server(16), "copy");
    const observer = () => {
      throw new Error("a mistake in an observer");
    };
    await clone({ source: shop.uri, target: target.uri, observer });
    await expectSameDatabase(shop.uri, target.uri);
  });
});

describe("plan", () => {
  it("changes nothing, says what would be created, and what is in the way", async () => {
    await using target = await createDatabase(server(16), "copy");
    const missing = target.uri.replace(target.name, `${target.name}_missing`);
    expect((await plan({ source: shop.uri, target: missing })).databaseToCreate).toBe(
      `${target.name}_missing`,
    );
    const databases = await target.query("select from pg_database where datname = $1", [
      `${target.name}_missing`,
    ]);
    expect(databases).toEqual([]);

    const empty = await plan({ source: shop.uri, target: target.uri });
    expect(empty.conflicts).toEqual([]);
    expect(empty.databaseToCreate).toBeUndefined();
    expect(
      await target.query("select from pg_class where relnamespace = 'public'::regnamespace"),
    ).toEqual([]);

    await clone({ source: shop.uri, target: target.uri });
    const full = await plan({ source: shop.uri, target: target.uri });
    expect(full.conflicts.some((name) => /^table .*orders$/.test(name))).toBe(true);
  });
});

describe("parts", () => {
  it.each([
    [16, "ctid ranges"],
    [13, "ranges of the integer key"],
  ] as const)("on PostgreSQL %i are %s, and together are the table", async (major, _way) => {
    await using source = await createDatabase(server(major), "parts");
    await source.execute(`
      create table keyed (id bigint primary key, filler text);
      insert into keyed select (g - 5000) * 7, repeat('x', 100) from generate_series(1, 10000) g;
      insert into keyed values (-9223372036854775808, 'smallest'), (9223372036854775807, 'largest');
      delete from keyed where id % 3 = 0;`);
    await using target = await createDatabase(server(major), "copy");
    const report = await clone({
      source: source.uri,
      target: target.uri,
      splitTablesLargerThan: 128 * 1024,
      verify: "checksum",
    });
    expect(report.tables[0]?.parts).toBeGreaterThan(4);
    expect(report.tables[0]?.freeze).toBe(false);
    await expectSameDatabase(source.uri, target.uri);
  });

  it("need a key before PostgreSQL 14: without one the table is whole, and that is said", async () => {
    await using source = await createDatabase(server(13), "parts");
    await source.execute(
      "create table keyless (n int); insert into keyless select generate_series(1, 20000);",
    );
    await using target = await createDatabase(server(13), "copy");
    const report = await clone({
      source: source.uri,
      target: target.uri,
      splitTablesLargerThan: 128 * 1024,
    });
    expect(report.tables[0]).toMatchObject({ parts: 1, rows: 20_000 });
    expect(report.warnings.join()).toMatch(
      /public\.keyless is copied in one part: .*unique integer column/,
    );
  });
});

describe("the snapshot", () => {
  it("may be another session's: what was written after it is not copied", async () => {
    await using source = await createDatabase(server(16), "held");
    await source.execute("create table t (n int); insert into t values (1);");
    await using target = await createDatabase(server(16), "copy");
    await source.withClient(async (holder) => {
      await holder.query("begin isolation level repeatable read");
      const { rows: exported } = await holder.query("select pg_export_snapshot() as id");
      await source.execute("insert into t values (2)");
      await clone({ source: source.uri, target: target.uri, snapshot: exported[0].id });
    });
    expect(await target.query("select n from t")).toEqual([{ n: 1 }]);
  });

  it("must be alive", async () => {
    await using target = await createDatabase(server(16), "copy");
    const error = await refusal({
      source: shop.uri,
      target: target.uri,
      snapshot: "00000003-0000001B-1",
    });
    expect(error.code).toBe("source_unfit");
    expect(error.message).toMatch(/snapshot 00000003-0000001B-1 can't be used/);
    expect(error.advice).toMatch(/still be in its transaction/);
  });
});

describe("formats", () => {
  it("text gives the same database", async () => {
    await using target = await createDatabase(server(16), "copy");
    const report = await clone({ source: shop.uri, target: target.uri, copyFormat: "text" });
    expect(new Set(report.tables.map(({ format }) => format))).toEqual(new Set(["text"]));
    await expectSameDatabase(shop.uri, target.uri);
  });

  it("no technique changes what arrives", async () => {
    await using target = await createDatabase(server(16), "copy");
    const without = Object.keys(techniques) as Technique[];
    const report = await clone({ source: shop.uri, target: target.uri, without });
    expect(report.tables.filter(({ freeze }) => freeze)).toEqual([]);
    await expectSameDatabase(shop.uri, target.uri);
  });

  it("binary is refused where it would change values: a regclass is a bare OID in it", async () => {
    await using source = await createDatabase(server(16), "formats");
    await source.execute(`
      create table pointed_at (n int);
      create table safe (n int);
      create table points (at regclass); insert into points values ('pointed_at');`);
    await using target = await createDatabase(server(16), "copy");
    const error = await refusal({ source: source.uri, target: target.uri, copyFormat: "binary" });
    expect(error.code).toBe("usage");
    expect(error.items).toEqual([expect.stringMatching(/^public\.points: column at: regclass/)]);
    const report = await clone({ source: source.uri, target: target.uri });
    expect(
      Object.fromEntries(report.tables.map(({ name, format }) => [name, format])),
    ).toMatchObject({ points: "text" });
    expect(await target.query("select at::text from points")).toEqual([{ at: "pointed_at" }]);
  });

  it("a large table arrives frozen: all visible without a VACUUM", async () => {
    await using source = await createDatabase(server(16), "frozen");
    await source.execute(
      "create table t as select g as n, repeat('x', 200) as filler from generate_series(1, 10000) g",
    );
    await using target = await createDatabase(server(16), "copy");
    const report = await clone({ source: source.uri, target: target.uri });
    expect(report.tables[0]).toMatchObject({ freeze: true, rows: 10_000 });
    const [state] = await target.query(
      "select relpages, relallvisible from pg_class where relname = 't'",
    );
    expect(state?.relpages).toBeGreaterThan(100);
    // COPY extends a file by more pages than it needs; the empty ones at its end are in no one's way.
    expect(state?.relallvisible).toBeGreaterThan(0.9 * Number(state?.relpages));
  });
});

describe("defaults of roles and databases", () => {
  it("change no value and stop no statement", async () => {
    await using source = await createDatabase(server(16), "settings");
    await source.execute(`
      create table t (d date, i interval, f float8, b bytea, n numeric, m money, x text);
      insert into t values ('2024-02-01', '1 year -2 days +3:04:05.006', 0.1::float8 + 0.2, '\\xdeadbeef', 1.10, 12.34, E'\\\\x41');
      create schema other; create table other.t (n int);`);
    const defaults = `
      datestyle = 'SQL, DMY'; intervalstyle = 'iso_8601'; extra_float_digits = '-5'; bytea_output = 'escape';
      search_path = 'other'; row_security = 'off'; standard_conforming_strings = 'off';
      statement_timeout = '200ms'; idle_in_transaction_session_timeout = '10ms'; lock_timeout = '1ms';
      default_transaction_isolation = 'read committed'; jit = 'on'; quote_all_identifiers = 'on'`;
    await using target = await createDatabase(server(16), "copy");
    const setAll = (database: TestDatabase) =>
      defaults
        .split(";")
        .map((one) => `alter database "${database.name}" set ${one.trim()};`)
        .join("\n");
    await source.execute(setAll(source));
    await target.execute(setAll(target));
    for (const copyFormat of ["text", "auto"] as const) {
      const ends = { source: source.uri, target: target.uri, verify: "checksum" } as const;
      await clone({ ...ends, copyFormat, dropIfExists: true });
      await expectSameDatabase(source.uri, target.uri);
    }
  });
});

describe("analyze", () => {
  it("gives the planner its statistics, unless skipped", async () => {
    const statistics =
      "select count(*)::int as n from pg_stats where schemaname !~ '^(pg_|information_schema)'";
    await using analyzed = await createDatabase(server(16), "copy");
    await clone({ source: shop.uri, target: analyzed.uri });
    expect((await analyzed.query(statistics))[0]?.n).toBeGreaterThan(20);
    await using skipped = await createDatabase(server(16), "copy");
    await clone({ source: shop.uri, target: skipped.uri, skipAnalyze: true });
    // A CREATE INDEX over an expression is no ANALYZE: nothing at all may be there.
    expect((await skipped.query(statistics))[0]?.n).toBe(0);
  });
});

describe("verification", () => {
  it("knows a moment in any time zone, and leaves the target's own to what comes after it", async () => {
    await using source = await createDatabase(server(15), "verify_zone");
    await source.execute(`
      create table t (at timestamptz); insert into t values ('2024-01-01 12:00:00+00');
      create materialized view shown as select at::text as at from t;
      alter database ${source.name} set timezone = 'Asia/Tokyo'`);
    await using target = await createDatabase(server(16), "copy");
    await target.execute(`alter database ${target.name} set timezone = 'America/Bogota'`);
    await clone({ source: source.uri, target: target.uri, verify: "checksum", jobs: 1 });
    expect(await target.query("select at from shown")).toEqual([{ at: "2024-01-01 07:00:00-05" }]);
  });

  it("selects and masks by the source's time zone, and compares by it", async () => {
    await using source = await createDatabase(server(15), "verify_zone");
    await source.execute(`
      create table t (at timestamptz, word text);
      insert into t values ('2024-01-01 20:00:00+00', 'kept'), ('2024-01-01 10:00:00+00', 'left out');
      alter database ${source.name} set timezone = 'Asia/Tokyo'`);
    await using target = await createDatabase(server(16), "copy");
    await target.execute(`alter database ${target.name} set timezone = 'America/Bogota'`);
    await clone({
      source: source.uri,
      target: target.uri,
      where: { "public.t": "at::date = '2024-01-02'" },
      mask: { "public.t.word": "at::text" },
      verify: "checksum",
    });
    expect(await target.query("select word from t")).toEqual([{ word: "2024-01-02 05:00:00+09" }]);
  });

  it("finds a value that the target computed in another way, and names the table", async () => {
    await using source = await createDatabase(server(16), "differs");
    await source.execute(`
      create function rate() returns int immutable language sql as 'select 1';
      create table prices (net int, gross int generated always as (net * rate()) stored);
      create table same (n int); insert into same values (1);
      insert into prices (net) select generate_series(1, 10);
      create or replace function rate() returns int immutable language sql as 'select 2';
      create function watch() returns event_trigger language plpgsql as 'begin end';
      create event trigger watching on sql_drop execute function watch();`);
    await using target = await createDatabase(server(16), "copy");
    const error = await refusal({ source: source.uri, target: target.uri, verify: "checksum" });
    expect(error.code).toBe("verification_failed");
    expect(error.message).toMatch(/1 of 2 tables/);
    expect(error.items).toEqual(["public.prices: 10 rows on both ends, different contents"]);
    // All else is there and in order: the target is to be looked at.
    expect(await target.query("select evtname from pg_event_trigger")).toEqual([
      { evtname: "watching" },
    ]);
    const journal = "select from pg_namespace where nspname = 'pgcopy_journal'";
    expect(await target.query(journal)).toEqual([]);
  });

  it("by count compares rows", async () => {
    await using target = await createDatabase(server(16), "copy");
    const report = await clone({ source: shop.uri, target: target.uri, verify: "count" });
    expect(report.verification).toEqual({
      mode: "count",
      tables: report.tables.length,
      largeObjects: 0,
      mismatches: [],
    });
  });
});

describe("what is not copied", () => {
  it("is said: large objects that are left out", async () => {
    await using source = await createDatabase(server(16), "large");
    await source.execute("select lo_from_bytea(0, 'content'); create table t (n int);");
    await using target = await createDatabase(server(16), "copy");
    const notices: string[] = [];
    await clone({
      source: source.uri,
      target: target.uri,
      skipLargeObjects: true,
      // Else it depends on this machine's cores whether there is a notice about them.
      without: ["fit-to-cores"],
      observer: (event) => event.type === "notice" && notices.push(event.message),
    });
    expect(notices).toEqual(["the source holds a large object, which is left out"]);
    expect(await target.query("select oid from pg_largeobject_metadata")).toEqual([]);
  });
});

describe("sequences", () => {
  it("are read after the last row: none ends below a copied value", async () => {
    await using source = await createDatabase(server(16), "sequences");
    await source.execute(
      "create table t (id serial); create sequence alone increment by -3; select setval('alone', -30, false);",
    );
    await using target = await createDatabase(server(16), "copy");
    // Drawn while the clone runs, long after its snapshot.
    let drawn: Promise<void> | undefined;
    const observer = (event: RunEvent) => {
      if (event.type === "planned")
        drawn = source.execute("select nextval('t_id_seq') from generate_series(1, 100)");
    };
    await source.withClient(async (holder) => {
      await holder.query("begin isolation level repeatable read");
      const { rows: exported } = await holder.query("select pg_export_snapshot() as id");
      await source.execute("insert into t select from generate_series(1, 50)");
      await clone({ source: source.uri, target: target.uri, snapshot: exported[0].id, observer });
    });
    await drawn;
    const [state] = await target.query("select last_value::int as last from t_id_seq");
    expect(state?.last).toBeGreaterThanOrEqual(50);
    expect(
      await target.query("select last_value::int as last, is_called as called from alone"),
    ).toEqual([{ last: -30, called: false }]);
  });
});
