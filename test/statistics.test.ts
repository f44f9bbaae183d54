/** The planner's statistics, brought from the source in place of ANALYZE. */

import { describe, expect, it } from "vitest";
import { check, clone, type PgCopyError, plan } from "../src/index.js";
import { expectSameDatabase } from "./support/compare.js";
import {
  createDatabase,
  server,
  type TestDatabase,
  testMajors,
  uniqueName,
} from "./support/servers.js";

type Options = Parameters<typeof clone>[0];

/** Whatever has statistics of its own: columns, arrays, an expression, partitions, children, a materialized view. */
const analyzed = `
create schema "Odd ""s";
create table "Odd ""s"."t'1" (id int primary key, "n\\x" text, tags int[], span int4range, nothing text, h timestamptz);
insert into "Odd ""s"."t'1" select i, 'it''s \\ ' || case when i % 100 = 0 then i % 700 else 0 end,
  array[i % 3, i % 5], int4range(i % 50, i % 50 + i % 7), null, '2024-01-01'::timestamptz + i * interval '1 h' from generate_series(1, 3000) i;
create index "ex'p" on "Odd ""s"."t'1" (lower("n\\x"), (id % 10));
create index part on "Odd ""s"."t'1" (h) where id > 2000;
create table parent (a int, b text) partition by range (a);
create table p1 partition of parent for values from (0) to (500);
create table p2 partition of parent for values from (500) to (1000);
insert into parent select i % 900, i % 7 from generate_series(1, 3000) i;
create index on parent (a);
create table base (n int); create table child (m int) inherits (base);
insert into base select i % 5 from generate_series(1, 500) i; insert into child select i % 50, i from generate_series(1, 700) i;
create materialized view mv as select a, count(*) as c from parent group by a; create index on mv (c);
alter table base alter n set statistics 17;
create table nobody ();
analyze "Odd ""s"."t'1"; analyze parent; analyze base; analyze child; analyze mv;`;

/** Of these ANALYZE gathers the statistics all the same. */
const gathered = `
create table extended (a int, b int); insert into extended select i % 10, i % 10 from generate_series(1, 1000) i;
create statistics a_and_b (dependencies) on a, b from extended; analyze extended;
create table never (n int); insert into never select generate_series(1, 100);`;

/** All that pg_stats tells, and what pg_class does, of relations that ANALYZE doesn't visit. */
async function statisticsOf(database: TestDatabase): Promise<unknown[]> {
  const columns = await database.query(`
    select schemaname::text, tablename::text, attname::text, inherited, null_frac, avg_width, n_distinct,
           most_common_vals::text, most_common_freqs, histogram_bounds::text, correlation, most_common_elems::text,
           most_common_elem_freqs, elem_count_histogram
    from pg_stats where schemaname in ('public', 'Odd "s') and tablename not in ('extended', 'never')
    order by 1, 2, 3, 4`);
  const relations = await database.query(`
    select oid::regclass::text, greatest(reltuples, 0) as reltuples from pg_class
    where relnamespace in ('public'::regnamespace, '"Odd ""s"'::regnamespace) and relname not in ('extended', 'never')
    order by 1`);
  return [columns, relations];
}

/** A clone, and what its tasks of some kinds were. */
async function cloneWithTasks(options: Options): Promise<string[]> {
  const labels: string[] = [];
  await clone({
    ...options,
    observer: (event) => {
      if (event.type === "task_finished" && /^(analyze|statistics)$/.test(event.task.kind))
        labels.push(event.task.label);
    },
  });
  return labels.sort();
}

const rowsExpected = async (database: TestDatabase, condition: string): Promise<number> => {
  const [row] = await database.query(
    `explain (format json) select from "Odd ""s"."t'1" where ${condition}`,
  );
  return row?.["QUERY PLAN"][0].Plan["Plan Rows"];
};

describe.skipIf(!testMajors.includes(18))("to PostgreSQL 18", () => {
  it.each(testMajors)("every statistic of a source of version %i arrives", async (major) => {
    await using source = await createDatabase(server(major), "statistics");
    await source.execute(analyzed + gathered);
    await using target = await createDatabase(server(18), "copy");
    const labels = await cloneWithTasks({
      source: source.uri,
      target: target.uri,
      statistics: "copy",
    });
    await expectSameDatabase(source.uri, target.uri);
    expect(await statisticsOf(target)).toEqual(await statisticsOf(source));
    expect(labels).toEqual(
      [
        "ANALYZE extended and 1 more small tables",
        'statistics of "Odd ""s"."t\'1" and 7 more tables',
      ].map((label) => label.replace("ANALYZE ", "ANALYZE public.")),
    );
    for (const condition of [
      `lower("n\\x") = 'it''s \\ 0'`,
      "id % 10 = 3",
      `"n\\x" = 'it''s \\ 100'`,
    ])
      expect(await rowsExpected(target, condition)).toBe(await rowsExpected(source, condition));
    expect(
      await target.query(`select stxddependencies is not null as built from pg_statistic_ext_data`),
    ).toEqual([{ built: true }]);
    expect(
      await target.query("select count(*)::int as n from pg_stats where tablename = 'never'"),
    ).toEqual([{ n: 1 }]);
  });

  it("a role that owns the database and no more brings them", async () => {
    await using source = await createDatabase(server(16), "statistics");
    await source.execute(analyzed);
    await using target = await createDatabase(server(18), "copy");
    const role = uniqueName("owner");
    await target.execute(
      `create role ${role} login password 'owner'; alter database ${target.name} owner to ${role}`,
    );
    try {
      await clone({
        source: source.uri,
        target: target.uri.replace(/\/\/[^@]*@/, `//${role}:owner@`),
        noOwner: true,
        statistics: "copy",
        pgDump: "bundled",
      });
      expect(await statisticsOf(target)).toEqual(await statisticsOf(source));
    } finally {
      await target.execute(
        `alter database ${target.name} owner to postgres; drop owned by ${role}; drop role ${role}`,
      );
    }
  });

  it("what the target takes only in part is gathered, and said", async () => {
    const role = uniqueName("absent");
    await using source = await createDatabase(server(16), "statistics");
    await source.execute(
      `create role ${role}; create table t (n int, r regrole);
       insert into t select i % 5, '${role}' from generate_series(1, 1000) i; analyze t;
       -- The statistics still know it; the target has no such role.
       delete from t; insert into t select 7, 'postgres';`,
    );
    await using target = await createDatabase(server(18), "copy");
    const notices: string[] = [];
    await clone({
      source: source.uri,
      target: target.uri,
      statistics: "copy",
      observer: (event) => {
        if (event.type === "notice") notices.push(event.message);
      },
    });
    expect(notices).toContain(
      "the target takes only a part of the source's statistics, so ANALYZE gathers them: public.t",
    );
    expect(
      await target.query(
        "select attname::text, n_distinct from pg_stats where tablename = 't' order by 1",
      ),
    ).toEqual([
      { attname: "n", n_distinct: -1 },
      { attname: "r", n_distinct: -1 },
    ]);
    await source.execute(`drop role ${role}`);
  });

  it("a table of which the source's file is mostly empty is not taken for a smaller one", async () => {
    await using source = await createDatabase(server(15), "statistics");
    await source.execute(
      `create table t (n int primary key); insert into t select generate_series(1, 50000);
       delete from t where n % 100 <> 0; analyze t;`,
    );
    await using target = await createDatabase(server(18), "copy");
    await clone({ source: source.uri, target: target.uri, statistics: "copy" });
    const [row] = await target.query("explain (format json) select from t");
    expect(row?.["QUERY PLAN"][0].Plan["Plan Rows"]).toBe(500);
  });

  it("an empty database has none to bring", async () => {
    await using source = await createDatabase(server(18), "statistics");
    await using target = await createDatabase(server(18), "copy");
    expect(
      await cloneWithTasks({ source: source.uri, target: target.uri, statistics: "copy" }),
    ).toEqual([]);
  });
});

it("what filters leave out or a mask hides is in no statistics of the target", async () => {
  await using source = await createDatabase(server(18), "stats");
  await source.execute(`
    create table parent (a int, b text) partition by range (a);
    create table p1 partition of parent for values from (0) to (500);
    create table p2 partition of parent for values from (500) to (1000);
    insert into parent select i % 900, case when i % 900 < 500 then 'left out' else 'kept' end from generate_series(1, 3000) i;
    create table people (id int primary key, email text);
    insert into people select i, 'nora@secret.example' from generate_series(1, 500) i;
    analyze parent; analyze people;`);
  const values =
    "select string_agg(most_common_vals::text, ' ') as values from pg_stats where schemaname = 'public'";
  expect((await source.query(values))[0]?.values).toMatch(
    /left out.*nora@secret|nora@secret.*left out/,
  );
  await using target = await createDatabase(server(18), "stats_copy");
  await clone({
    source: source.uri,
    target: target.uri,
    statistics: "copy",
    filters: { excludeTables: ["public.p1"] },
    mask: { "public.people.email": "'nobody'" },
  });
  const [row] = await target.query(values);
  expect(row?.values).toContain("kept");
  expect(row?.values).toContain("nobody");
  expect(row?.values).not.toMatch(/left out|secret/);
});

it("an older target is refused before anything is read, also by plan", async () => {
  await using source = await createDatabase(server(15), "statistics");
  await using target = await createDatabase(server(16), "copy");
  const options: Options = { source: source.uri, target: target.uri, statistics: "copy" };
  const error: PgCopyError = await clone(options).then(
    () => {
      throw new Error("the clone should have failed");
    },
    (thrown) => thrown,
  );
  expect(error.code).toBe("target_unfit");
  expect(error.message).toMatch(
    /^statistics can be copied to PostgreSQL 18 or newer; the target is 16\.\d+$/,
  );
  expect(error.advice).toContain("--statistics analyze");
  await expect(plan(options)).rejects.toMatchObject({ code: "target_unfit" });
  expect((await check(options)).findings).toContainEqual(
    expect.objectContaining({ check: "statistics_copy", severity: "error", title: error.message }),
  );
});

it("skip leaves the target without", async () => {
  await using source = await createDatabase(server(15), "statistics");
  await source.execute(analyzed);
  await using target = await createDatabase(server(16), "copy");
  expect(
    await cloneWithTasks({ source: source.uri, target: target.uri, statistics: "skip" }),
  ).toEqual([]);
  expect(await target.query("select from pg_stats where schemaname = 'public'")).toEqual([]);
});
