/** Many small tables: copied in batches, and each of them as right as a large one. */

import { expect, it } from "vitest";
import { clone, type PgCopyError, plan } from "../src/index.js";
import { expectSameDatabase } from "./support/compare.js";
import { createDatabase, server, type TestDatabase } from "./support/servers.js";
import { expectNoSessions } from "./support/waiting.js";

const TABLES = 70;

async function createSmallTables(database: TestDatabase): Promise<void> {
  const table = (n: number) => `
    create table t${n} (id int primary key, code text not null unique, ref int, at regclass);
    insert into t${n} select g, 'code ' || g || E'\\t\\\\', g, ${n % 7 === 0 ? "'t0'" : "null"}
      from generate_series(1, ${n % 5 === 0 ? 0 : n}) g;
    comment on index t${n}_pkey is 'key; of ${n}';`;
  await database.execute(`
    ${Array.from({ length: TABLES }, (_, n) => table(n)).join("")}
    ${Array.from({ length: TABLES - 2 }, (_, n) => `alter table t${n + 2} add foreign key (ref) references t${n + 2} (id);`).join("")}
    create table without_columns (); insert into without_columns select from generate_series(1, 3);
    create table computed (n int generated always as (1) stored); insert into computed default values;
    create function gate(n int) returns int immutable language plpgsql as $$
      begin
        if current_setting('gate.broken', true) = 'yes' then raise exception 'the gate is broken'; end if;
        return n;
      end $$;
    create index gated on t33 (gate(id));
    create function stamp() returns trigger language plpgsql as 'begin return new; end';
    create trigger stamped before insert on t34 for each row execute function stamp();`);
}

it("arrive whole, with their keys, in a few tasks", async () => {
  await using source = await createDatabase(server(16), "small");
  await createSmallTables(source);
  await using target = await createDatabase(server(16), "copy");
  const planned = await plan({ source: source.uri, target: target.uri, jobs: 2 });
  const batches = planned.tasks.filter(({ id }) => id.startsWith("small:"));
  expect(batches.length).toBeGreaterThan(1);
  expect(batches.length).toBeLessThan(10);
  expect(planned.tasks.filter(({ id }) => id.startsWith("copy:"))).toEqual([]);

  const report = await clone({
    source: source.uri,
    target: target.uri,
    jobs: 2,
    verify: "checksum",
  });
  await expectSameDatabase(source.uri, target.uri);
  expect(report.verification?.mismatches).toEqual([]);
  const rowsOf = (name: string) => report.tables.find((table) => table.name === name)?.rows;
  expect([rowsOf("t7"), rowsOf("t10"), rowsOf("t69"), rowsOf("without_columns")]).toEqual([
    7, 0, 69, 3,
  ]);
  expect(report.indexes).toHaveLength(2 * TABLES + 1);
  await expectNoSessions(source, target);
});

it("a failure in a batch names its object, and leaves nothing of the batch", async () => {
  await using source = await createDatabase(server(16), "small");
  await createSmallTables(source);
  await using target = await createDatabase(server(16), "copy");
  await target.execute(`alter database ${target.name} set gate.broken = 'yes'`);
  const error: PgCopyError = await clone({ source: source.uri, target: target.uri, jobs: 1 }).then(
    () => {
      throw new Error("the clone should have failed");
    },
    (thrown) => thrown,
  );
  expect(error.code).toBe("task_failed");
  expect(error.message).toBe(
    "CREATE INDEX gated ON public.t33 failed on target: the gate is broken (SQLSTATE P0001)",
  );
  const done = await target.query(
    "select label, rows from pgcopy_journal.task where id like 'small:%'",
  );
  const [stored] = await target.query(`
    select sum((xpath('/row/n/text()', query_to_xml('select count(*) as n from ' || c.oid::regclass, true, true, '')))[1]::text::int)::int as rows
    from pg_class c where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace`);
  expect(stored?.rows).toBe(done.reduce((sum, { rows }) => sum + Number(rows), 0));
  await expectNoSessions(source, target);

  await target.execute(`alter database ${target.name} reset gate.broken`);
  await clone({ source: source.uri, target: target.uri, dropIfExists: true });
  await expectSameDatabase(source.uri, target.uri);
});
