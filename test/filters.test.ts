/**
 * Only what was asked for. What excluding something takes along is what DROP … CASCADE takes along:
 * so the server itself says what a target should hold, on a copy of the source where it was dropped.
 */

import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type CloneReport,
  clone,
  type Filters,
  PgCopyError,
  parseFilterFile,
  plan,
} from "../src/index.js";
import { quoteName } from "../src/postgres/quote.js";
import { runCli } from "./support/cli.js";
import { dataOf, expectSameDatabase, schemaOf } from "./support/compare.js";
import { createHardSchema } from "./support/hard-schema.js";
import {
  createDatabase,
  databaseOn,
  server,
  type TestDatabase,
  testMajors,
  uniqueName,
} from "./support/servers.js";
import { createShop } from "./support/shop-schema.js";

/** A copy of a database on its server, made by the server itself. */
async function copyOf(database: TestDatabase): Promise<TestDatabase> {
  const name = uniqueName("oracle");
  const maintenance = databaseOn(database.server, "postgres");
  await maintenance.execute(
    `create database ${quoteName(name)} template ${quoteName(database.name)}`,
  );
  return databaseOn(database.server, name);
}

async function refusal(call: () => Promise<unknown>): Promise<PgCopyError> {
  const error = await call().then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(PgCopyError);
  return error as PgCopyError;
}

/** What is told of objects that are left out or came along, without the reasons. */
function names(list: readonly { readonly object: string }[] | undefined): string[] {
  return (list ?? []).map(({ object }) => object);
}

/** Its function's body is a string that names app.item: no server knows that it needs it. */
const needsItemUnknown = 'app."mv; of ""function"""';

/** What is excluded, and the statements that leave the same of a database. */
const exclusions: Readonly<Record<string, { filters: Filters; drops: string }>> = {
  "a table that much depends on": {
    filters: {
      excludeTables: ["app.item", needsItemUnknown, "app.object_references"],
    },
    drops: `drop table app.item, app.object_references cascade; drop materialized view ${needsItemUnknown}`,
  },
  "tables whose keys, sequences and types others use": {
    filters: { excludeTables: ["app.keys", "app.owns", "app.shared_by_two", "app._row"] },
    // The row type's column goes in a DROP; the table with it can't be made.
    drops:
      'drop table app."row", app.keys, app.owns, app._row cascade; drop sequence app.shared_by_two cascade',
  },
  "a schema, with partitions in others": {
    filters: { excludeSchemas: ["part"] },
    drops: "drop schema part cascade",
  },
  "schemas by regular expression, with the words of SQL in their names": {
    filters: {
      excludeSchemas: ["~/^(family|select)$/", '"odd; drop schema app; --"'],
      excludeTables: ["app.object_references"],
    },
    drops: `alter table part.refers_to_partitioned drop constraint "to; partitioned";
      drop table app.object_references; drop schema family, "select", "odd; drop schema app; --" cascade`,
  },
  "indexes, of constraints and of partitioned tables, too": {
    filters: {
      excludeIndexes: [
        "app.parent_a_pkey",
        "part.measurements_at",
        'app."keys; primary"',
        "app.keys_deferrable",
        "app.item_idx",
      ],
    },
    drops: `alter table app.parent_a drop constraint parent_a_pkey cascade;
      drop index part.measurements_at, app.item_idx;
      alter table app.keys drop constraint "keys; primary" cascade;
      alter table app.keys drop constraint keys_deferrable cascade`,
  },
};

describe.each(testMajors.map((major) => [major] as const))("on PostgreSQL %i", (major) => {
  let source: TestDatabase;

  beforeAll(async () => {
    source = await createDatabase(server(major), "filters");
    await createHardSchema(source);
    // They are the cluster's: a copy of the database that the server makes has none.
    for (const { name } of await source.query("select subname as name from pg_subscription"))
      await source.execute(
        `alter subscription ${quoteName(name)} set (slot_name = none); drop subscription ${quoteName(name)}`,
      );
  });

  afterAll(async () => {
    await source[Symbol.asyncDispose]();
  });

  // All of them on one server, the first on each: what pg_depend says changes little.
  const several = major === 16 || !testMajors.includes(16);
  const cases = Object.entries(exclusions).slice(0, several ? undefined : 1);

  test.each(cases)("excluding %s", async (_, { filters, drops }) => {
    await using oracle = await copyOf(source);
    await oracle.execute(drops);
    await using target = await createDatabase(server(major));
    await clone({ source: source.uri, target: target.uri, filters, verify: "checksum" });
    await expectSameDatabase(oracle.uri, target.uri);
  });

  if (!several) return;

  test("excluding an extension leaves out what its types and operators are in", async () => {
    const [extension] = await source.query(
      "select extname::text as name from pg_extension where extname = 'citext'",
    );
    if (extension === undefined) return console.log("skipped: this server has no citext");
    await using oracle = await copyOf(source);
    await oracle.execute("drop table app.citexts; drop extension citext cascade");
    await using target = await createDatabase(server(major));
    const filters = { excludeExtensions: ["citext"] };
    const report = await clone({ source: source.uri, target: target.uri, filters });
    await expectSameDatabase(oracle.uri, target.uri);
    expect(report.filters).toMatchObject({
      leftOut: ["extension citext"],
      leftOutToo: [
        { object: "function app.needs_citext(text)", because: "extension citext" },
        { object: "index app.needs_citext", because: "extension citext" },
        { object: "table app.citexts", because: "extension citext" },
      ],
    });
  });

  test("only some extensions: plpgsql, which every server has, stays", async () => {
    await using target = await createDatabase(server(major));
    const filters = {
      includeExtensions: ["~/^pg_trgm$/", "plpgsql"],
      includeTables: ["app.indexed"],
    };
    await clone({ source: source.uri, target: target.uri, filters });
    const extensions = await target.query(
      "select extname::text as name from pg_extension order by 1",
    );
    expect(extensions.map(({ name }) => name)).toEqual(["pg_trgm", "plpgsql"]);
  });

  describe("including", () => {
    async function included(filters: Filters): Promise<{
      target: TestDatabase;
      report: CloneReport;
      relations: string[];
    }> {
      const target = await createDatabase(server(major));
      const report = await clone({ source: source.uri, target: target.uri, filters });
      const rows = await target.query(
        `select c.oid::regclass::text as name from pg_class c
         where c.relkind in ('r', 'p', 'v', 'm', 'S', 'f') and c.relnamespace::regnamespace::text !~ '^(pg_|information)'
           and not exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'e')
         order by 1`,
      );
      return { target, report, relations: rows.map(({ name }) => name as string) };
    }

    /** Whatever the target has, the source has in the same words and with the same rows. */
    async function expectPartOfSource(target: TestDatabase) {
      const entries = async (uri: string) =>
        (await schemaOf(uri))
          // Set before whichever entry comes first that needs it; and the dump's last words.
          .replaceAll(
            /^SET default_\w+ = .*;$|^--\n-- PostgreSQL database dump complete\n--$/gm,
            "",
          )
          .split(/^(?=--\n-- TOC entry of class)/m)
          .map((entry) => entry.trim());
      const known = new Set(await entries(source.uri));
      const others = (await entries(target.uri))
        .slice(1)
        // Left out, the target's own stays as it was made.
        .filter((entry) => !/^-- Name: (SCHEMA )?public; Type: /m.test(entry))
        .filter((entry) => !known.has(entry));
      expect(others).toEqual([]);
      const [there, here] = [await dataOf(source.uri), await dataOf(target.uri)];
      for (const kind of ["tables", "materializedViews", "sequences"] as const)
        for (const [name, content] of here[kind])
          expect(`${name}: ${content}`).toBe(`${name}: ${there[kind].get(name)}`);
    }

    test("tables: these, with what they need, and no other table", async () => {
      const { target, report, relations } = await included({
        includeTables: ["app.child", "app.typed_values", "app.shares_one", "~/^select$/.~/^[it]/"],
      });
      await using _ = target;
      expect(relations).toEqual([
        '"select"."table"',
        '"select".item',
        "app.child",
        "app.shared_by_two",
        "app.shares_one",
        "app.typed_values",
      ]);
      await expectPartOfSource(target);
      const { leftOutToo, cameAlong } = report.filters ?? {};
      expect(names(leftOutToo)).toContain("foreign key child_code on table app.child");
      expect(
        names(leftOutToo).every((name) => /^foreign key .* on table app.child$/.test(name)),
      ).toBe(true);
      expect(cameAlong).toContainEqual({
        object: "type app.mood",
        because: "table app.typed_values",
      });
      expect(cameAlong).toContainEqual({
        object: "sequence app.shared_by_two",
        because: "table app.shares_one",
      });
    });

    test("a partition: its parent, attached, and no other partition", async () => {
      const { target, relations } = await included({ includeTables: ["part.measurements_2023"] });
      await using _ = target;
      expect(relations).toEqual([
        "part.measurements",
        "part.measurements_2023",
        "part.measurements_id_seq",
      ]);
      await expectPartOfSource(target);
      const [row] = await target.query(
        "select (select count(*)::int from part.measurements) as all_rows, (select count(*)::int from part.measurements_2023) as rows",
      );
      expect(row?.all_rows).toBe(row?.rows);
      expect(row?.rows).toBeGreaterThan(0);
    });

    test("a partitioned table: all of its partitions, in whatever schema", async () => {
      const { target, relations } = await included({ includeTables: ["part.measurements"] });
      await using _ = target;
      const partitions = await source.query(
        "select relid::regclass::text as name from pg_partition_tree('part.measurements') order by 1",
      );
      expect(relations).toEqual([
        ...partitions.map(({ name }) => name),
        "part.measurements_id_seq",
      ]);
      await expectPartOfSource(target);
    });

    test("a materialized view: what it reads, directly or not, so that it can be filled", async () => {
      const { target, relations } = await included({ includeTables: ["app.a_mv_on_view"] });
      await using _ = target;
      expect(relations).toEqual([
        "app.a_mv_on_view",
        "app.big",
        "app.mv_base",
        "app.mv_on_mv",
        "app.view_on_mv",
      ]);
      await expectPartOfSource(target);
    });

    test("a schema: all of it but what needs a table of another one", async () => {
      const { target, report, relations } = await included({ includeSchemas: ["part"] });
      await using _ = target;
      const expected = await source.query(
        `select distinct t.relid::regclass::text as name from pg_class c, pg_partition_tree(c.oid) t
         where c.relkind = 'p' and c.relnamespace = 'part'::regnamespace
         union
         select c.oid::regclass::text from pg_class c
         where c.relkind in ('r', 'p', 'v', 'm', 'S', 'f') and c.relnamespace = 'part'::regnamespace
         order by 1`,
      );
      expect(relations).toEqual(expected.map(({ name }) => name));
      await expectPartOfSource(target);
      expect(names(report.filters?.leftOutToo)).toEqual([
        "foreign key own; key on table part.partitioned_refers_high",
        "foreign key partitioned_refers_item_id_fkey on table part.partitioned_refers",
      ]);
      const publications = await target.query("select pubname from pg_publication");
      expect(publications).toEqual([]);
    });
  });
});

describe("what a table can't be made with", () => {
  const script = `
    create schema app; create schema audit;
    create function audit.stamp() returns text language sql immutable as 'select ''now''::text';
    create function audit.is_good(x integer) returns boolean language sql immutable as 'select x > 0';
    create type audit.level as enum ('low', 'high');
    create sequence audit.numbers;
    create domain app.good as integer default 3
      constraint good_check check (audit.is_good(value)) constraint small check (value < 100);
    create table audit.log (id serial primary key, note text);
    create table app.orders (
      id integer default nextval('audit.numbers') primary key,
      log_id integer default nextval('audit.log_id_seq') references audit.log,
      "at, it" text default audit.stamp() not null collate "C",
      amount app.good default 7 constraint amount_check check (audit.is_good(amount)),
      kept text default 'it''s, (kept)' check (kept <> ', )')
    );
    create table app.levels (id integer primary key, level audit.level);
    create table app.refers (id integer references app.levels);
    create table app.computed (id integer, good boolean generated always as (audit.is_good(id)) stored);
    create index orders_stamp on app.orders ((audit.is_good(log_id)));
    create function app.touch() returns trigger language plpgsql as 'begin return new; end';
    create trigger touch before update on app.orders for each row when (audit.is_good(new.id)) execute function app.touch();
    create trigger touch_too before update on app.orders for each row execute function app.touch();
    create view app.logs as select * from audit.log;
    create rule log_it as on insert to app.orders do also insert into audit.log (note) values ('x');
    comment on rule log_it on app.orders is 'logs';
    grant select on app.logs to public;
    create statistics audit.of_orders on log_id, amount from app.orders;
    create publication of_audit for table audit.log;
    insert into audit.log (note) values ('a'), ('b');
    insert into app.orders (log_id) values (1), (2);
    insert into app.levels values (1, 'low'); insert into app.refers values (1); insert into app.computed values (1);`;

  test.each(testMajors)(
    "is left out of it, and told of before the run (PostgreSQL %i)",
    async (major) => {
      await using source = await createDatabase(server(major));
      await source.execute(script);
      await using target = await createDatabase(server(major));
      const notices: string[] = [];
      const report = await clone({
        source: source.uri,
        target: target.uri,
        filters: { excludeSchemas: ["audit"] },
        verify: "checksum",
        observer: (event) => {
          if (event.type === "notice") notices.push(`${event.level} ${event.message}`);
          if (event.type === "task_started") notices.push("the run");
        },
      });
      const told = names(report.filters?.leftOutToo);
      expect(told).toEqual([
        "constraint amount_check on table app.orders",
        "constraint good_check of domain app.good",
        expect.stringMatching(/^default (value )?for .*at, it/),
        expect.stringMatching(/^default (value )?for .*id/),
        expect.stringMatching(/^default (value )?for .*log_id/),
        "foreign key orders_log_id_fkey on table app.orders",
        "foreign key refers_id_fkey on table app.refers",
        "index app.orders_stamp",
        expect.stringContaining("publication of table audit.log in publication of_audit"),
        "rule log_it on table app.orders",
        "table app.computed",
        "table app.levels",
        "trigger touch on table app.orders",
        "view app.logs",
      ]);
      const before = notices.slice(0, notices.indexOf("the run")).join("\n");
      expect(before).toContain("the filters leave out schema audit");
      for (const name of told) expect(before).toContain(name);

      await using oracle = await copyOf(source);
      await oracle.execute(
        "drop table app.levels, app.computed cascade; drop schema audit cascade",
      );
      await expectSameDatabase(oracle.uri, target.uri);
    },
  );

  test("a publication stays, without that table, or for none", async () => {
    await using source = await createDatabase(server(16));
    await source.execute(script);
    await source.execute("create publication of_both for table audit.log, app.levels");
    await using target = await createDatabase(server(16));
    await clone({
      source: source.uri,
      target: target.uri,
      filters: { excludeTables: ["audit.log"] },
    });
    expect(
      await target.query(
        `select p.pubname, array(select t.tablename::text from pg_publication_tables t where t.pubname = p.pubname) as tables
         from pg_publication p order by 1`,
      ),
    ).toEqual([
      { pubname: "of_audit", tables: [] },
      { pubname: "of_both", tables: ["levels"] },
    ]);
  });
});

describe("without rows", () => {
  let shop: TestDatabase;

  beforeAll(async () => {
    shop = await createDatabase(server(16), "shop");
    await createShop(shop, { rows: 300 });
  });

  afterAll(async () => {
    await shop[Symbol.asyncDispose]();
  });

  const count = async (of: TestDatabase, table: string) =>
    (await of.query(`select count(*)::int as n from ${table}`))[0]?.n;

  test("a table arrives with all that belongs to it, its sequence's value, too", async () => {
    await using target = await createDatabase(server(16));
    const filters = { excludeTableData: ["public.order_lines", "public.events", "public.orders"] };
    const report = await clone({
      source: shop.uri,
      target: target.uri,
      filters,
      verify: "checksum",
    });
    for (const table of ["order_lines", "events", "orders"])
      expect(await count(target, table)).toBe(0);
    expect(await count(target, "customers")).toBe(await count(shop, "customers"));
    const last = "select last_value, is_called from orders_id_seq";
    expect(await target.query(last)).toEqual(await shop.query(last));
    // It reads order_lines, and is refreshed as usual.
    expect(await target.query("select sum(sold)::int as sold from sales_by_product")).toEqual([
      { sold: null },
    ]);
    expect(await schemaOf(target.uri)).toEqual(await schemaOf(shop.uri));
    expect(report.filters?.withoutRows).toEqual(
      [
        "table events",
        "table events_2023",
        "table events_2024",
        "table events_later",
        "table order_lines",
        "table orders",
      ].map((name) => name.replace("table ", "table public.")),
    );
    // Nothing is compared that can't be the same.
    expect(report.verification).toMatchObject({ mismatches: [], tables: 2 });
  });

  test("a materialized view arrives as one that was never filled", async () => {
    await using target = await createDatabase(server(16));
    const filters = { excludeTableData: ["public.sales_by_product"] };
    const report = await clone({ source: shop.uri, target: target.uri, filters });
    expect(
      await target.query("select relispopulated from pg_class where relname = 'sales_by_product'"),
    ).toEqual([{ relispopulated: false }]);
    expect(report.filters?.withoutRows).toEqual(["materialized view public.sales_by_product"]);
  });

  test("but not if rows of others refer to it: all such keys are named, and nothing is done", async () => {
    await using target = await createDatabase(server(16));
    const filters = { excludeTableData: ["public.customers", "public.products"] };
    const error = await refusal(() => clone({ source: shop.uri, target: target.uri, filters }));
    expect(error).toMatchObject({
      code: "source_unfit",
      message: expect.stringMatching(/^2 foreign keys would not hold on the target/),
      items: [
        "public.order_lines order_lines_product_id_fkey, to public.products: 900 rows",
        "public.orders orders_customer_id_fkey, to public.customers: 300 rows",
      ],
      advice:
        "nothing was changed; leave the rows out that refer to tables without rows, with --exclude-table-data",
    });
    expect(
      await target.query("select from pg_class where relnamespace = 'public'::regnamespace"),
    ).toEqual([]);
  });

  test("rows of a partition that others refer to are found by the parent's key", async () => {
    await using source = await createDatabase(server(16));
    await source.execute(`
      create table days (day integer primary key) partition by range (day);
      create table days_1 partition of days for values from (0) to (10);
      create table days_2 partition of days for values from (10) to (20);
      create table notes (day integer references days) partition by list (day);
      create table notes_1 partition of notes default;
      create table unchecked (day integer);
      insert into days values (1), (11); insert into notes values (1), (11), (null); insert into unchecked values (11);
      alter table unchecked add constraint not_checked foreign key (day) references days not valid;`);
    await using target = await createDatabase(server(16));
    const copying = (excludeTableData: string[]) =>
      clone({ source: source.uri, target: target.uri, filters: { excludeTableData } });
    expect((await refusal(() => copying(["public.days_2"]))).items).toEqual([
      "public.notes notes_day_fkey, to public.days: 1 row",
    ]);
    await copying(["public.days_2", "public.notes"]);
    expect(await count(target, "days")).toBe(1);
  });
});

describe("a role that may not read all of it", () => {
  test("copies what remains, if what it may not read is left out", async () => {
    const role = uniqueName("filters_reader");
    await using source = await createDatabase(server(16));
    await using target = await createDatabase(server(16));
    try {
      await source.execute(
        `
        create role ${role} login password 'x';
        create schema "Secret ""s"; create schema half;
        create table "Secret ""s".t (id integer); create table "Secret ""s".u (id integer);
        create table half.closed (id integer primary key); create table half.open (id integer references half.closed);
        create view half.of_closed as select * from half.closed;
        insert into half.open values (null);
        grant usage on schema half to ${role}; grant select on half.open, half.of_closed to ${role};`.replaceAll(
          '"Secret ""s"',
          '"Secret ""s"""',
        ),
      );
      const uri = source.uri.replace(/\/\/[^@]*@/, `//${role}:x@`);
      const cloning = (filters: Filters) =>
        clone({ source: uri, target: target.uri, filters, noAcl: true, noOwner: true });
      const refused = await refusal(() => cloning({ excludeTables: ["half.closed"] }));
      expect(refused).toMatchObject({
        code: "source_unfit",
        items: ['"Secret ""s""".t', '"Secret ""s""".u'],
      });
      await cloning({ excludeTables: ["half.closed"], excludeSchemas: ["~/^Secret/"] });
      expect(
        await target.query(
          `select c.oid::regclass::text as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
           where n.nspname !~ '^(pg_|information)' order by 1`,
        ),
      ).toEqual([{ name: "half.open" }]);
    } finally {
      await source.execute(`drop owned by ${role}; drop role ${role}`);
    }
  });
});

describe("on the command line", () => {
  let shop: TestDatabase;
  let folder: string;

  beforeAll(async () => {
    shop = await createDatabase(server(16), "shop");
    await createShop(shop, { rows: 20 });
    await shop.execute(`
      create schema audit; create schema tmp_1; create table audit.log (id integer primary key, at date);
      create table public."Odd.Name" ("x y" integer); create table public.tmp_import (id integer);
      create index log_at_idx on audit.log (at); create extension hstore`);
    folder = await mkdtemp(join(tmpdir(), "pgcopy-filters-"));
  });

  afterAll(async () => {
    await shop[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  async function file(text: string): Promise<string> {
    const path = join(folder, "shop.ini");
    await writeFile(path, text);
    return path;
  }

  test("a file and options are one; the report says what is left out, and why", async () => {
    await using target = await createDatabase(server(16));
    const filters = await file("[exclude-table]\npublic.customers\n");
    const options = [
      "--filters",
      filters,
      "--exclude-schema",
      "audit",
      "--exclude-schema",
      "~/^tmp_/",
    ];
    const { exitCode, stdout, stderr } = await runCli(["clone", shop.uri, target.uri, ...options]);
    expect(exitCode).toBe(0);
    expect(stderr).toContain(
      "the filters leave out schema audit, schema tmp_1, table public.customers",
    );
    expect(stderr).toContain("warning: left out, too");
    expect(stdout).toContain("Filters\n  left out\n    schema audit\n");
    expect(stdout).toMatch(
      /left out, too\n\s+foreign key orders_customer_id_fkey on table public\.orders: needs\s+table\s+public\.customers/,
    );
    expect(
      await target.query(
        "select to_regclass('public.orders')::text as orders, to_regclass('public.open_orders')::text as view",
      ),
    ).toEqual([{ orders: "orders", view: null }]);
    const planned = await runCli([
      "plan",
      shop.uri,
      target.uri,
      ...options,
      "--drop-if-exists",
      "--json",
    ]);
    const last = JSON.parse(planned.stdout.trim().split("\n").at(-1) ?? "{}");
    expect(last.filters.leftOut).toEqual([
      "schema audit",
      "schema tmp_1",
      "table public.customers",
    ]);
  });

  test("what leaves no table is warned of", async () => {
    await using target = await createDatabase(server(16));
    const both = ["--include-schema", "audit", "--exclude-schema", "audit"];
    const { exitCode, stderr } = await runCli(["plan", shop.uri, target.uri, ...both]);
    expect(exitCode).toBe(0);
    expect(stderr).toContain("warning: the filters leave no table of the source");
  });

  test("what matches nothing is refused with its file and line, all of it at once", async () => {
    await using target = await createDatabase(server(16));
    const filters = await file(
      "[exclude-table]\npublic.orders\npublic.Odd\n[exclude-index]\npublic.~/^none/\n",
    );
    const { exitCode, stderr } = await runCli([
      "plan",
      shop.uri,
      target.uri,
      "--filters",
      filters,
      "--include-schema",
      "Public2",
    ]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain("3 filters match nothing in the source");
    expect(stderr).toContain(`${filters}:3 [exclude-table] public.Odd`);
    expect(stderr).toContain(`${filters}:5 [exclude-index] public.~/^none/`);
    expect(stderr).toContain("--include-schema Public2");
  });

  test.each([
    ["[exclude-tables]\na.b", /shop\.ini:1: there is no section \[exclude-tables\]/],
    ["", /the filters in .*shop\.ini name nothing/],
  ])(
    "a file that can't be read (%j) is refused before anything is connected to",
    async (text, words) => {
      const { exitCode, stderr } = await runCli([
        "clone",
        "postgres://nowhere.invalid/x",
        shop.uri,
        "--filters",
        await file(text),
      ]);
      expect(exitCode).toBe(2);
      expect(stderr).toMatch(words);
    },
  );

  test("a file that is not there is refused", async () => {
    const { exitCode, stderr } = await runCli([
      "clone",
      "a",
      "b",
      "--filters",
      join(folder, "none.ini"),
    ]);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/the filters can't be read: ENOENT.*none\.ini/);
  });

  test("every example of the documentation is one for this shop", async () => {
    const text = await readFile(new URL("../docs/filters.md", import.meta.url), "utf8");
    const examples = [...text.matchAll(/^```ini\n([\s\S]*?)^```$/gm)].map(([, ini = ""]) => ini);
    expect(examples.length).toBeGreaterThan(2);
    await using target = await createDatabase(server(16));
    for (const ini of examples) {
      const filters = parseFilterFile(ini, "docs/filters.md");
      const planned = await plan({ source: shop.uri, target: target.uri, filters });
      expect(planned.filters, ini).toBeDefined();
    }
  });
});
