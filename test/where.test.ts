/** `where` and `includeReferenced`: what arrives, what does not, and what is refused. */

import { describe, expect, test } from "vitest";
import { type CloneOptions, clone, PgCopyError, plan } from "../src/index.js";
import { runCli } from "./support/cli.js";
import { createDatabase, server, type TestDatabase, testMajors } from "./support/servers.js";
import { startStandby } from "./support/standby.js";

const majors = testMajors.filter((major) => major !== 15);

/** Source with this schema, an empty target, and what a test does with both. */
async function withDatabases(
  major: (typeof majors)[number],
  schema: string,
  use: (source: TestDatabase, target: TestDatabase) => Promise<void>,
): Promise<void> {
  await using source = await createDatabase(server(major), "where");
  await source.execute(schema);
  await using target = await createDatabase(server(major), "where_copy");
  await use(source, target);
}

async function refusal(options: CloneOptions): Promise<PgCopyError> {
  const error = await clone(options).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(PgCopyError);
  return error as PgCopyError;
}

/** The values of a column, in order. */
async function values(database: TestDatabase, sql: string): Promise<unknown[]> {
  const rows = await database.query(sql);
  return rows.map((row) => Object.values(row)[0]);
}

const shop = `
  create table customers (id int primary key, name text not null, referrer int references customers);
  create table orders (id int primary key, customer int not null references customers, created_at timestamptz not null default now());
  create table lines ("order" int not null references orders, no int, primary key ("order", no));
  insert into customers select n, 'customer ' || n, case when n > 1 then n - 1 end from generate_series(1, 100) n;
  insert into orders select n, n, now() - n * interval '1 day' from generate_series(1, 100) n;
  insert into lines select n, 1 from generate_series(1, 100) n`;

describe.each(majors)("PostgreSQL %i", (major) => {
  test("only the rows of the condition arrive, and verification agrees", async () => {
    await withDatabases(major, shop, async (source, target) => {
      const report = await clone({
        source: source.uri,
        target: target.uri,
        where: {
          "public.lines": '"order" <= 30',
          'public."orders"': "created_at > now() - interval '30 days 12 hours' -- a month",
        },
        verify: "checksum",
      });
      expect(await values(target, "select id from orders order by id")).toEqual(
        Array.from({ length: 30 }, (_, i) => i + 1),
      );
      expect(await values(target, "select count(*)::int from customers")).toEqual([100]);
      expect(report.tables.find(({ name }) => name === "orders")).toMatchObject({
        rows: 30,
        where: "created_at > now() - interval '30 days 12 hours' -- a month",
      });
      expect(report.verification?.mismatches).toEqual([]);
    });
  });

  test("a foreign key that it breaks is named with its rows, and nothing is changed", async () => {
    await withDatabases(major, shop, async (source, target) => {
      const options = {
        source: source.uri,
        target: target.uri,
        where: { "public.orders": "id <= 30", "public.customers": "id > 20" },
      };
      const error = await refusal(options);
      expect(error.code).toBe("source_unfit");
      expect(error.items).toEqual([
        "public.customers customers_referrer_fkey, to public.customers: 1 row",
        "public.lines lines_order_fkey, to public.orders: 70 rows",
        "public.orders orders_customer_fkey, to public.customers: 20 rows",
      ]);
      expect(error.advice).toContain("--include-referenced");
      expect(
        await values(
          target,
          "select count(*)::int from pg_class where relnamespace = 'public'::regnamespace",
        ),
      ).toEqual([0]);
      await expect(plan(options)).rejects.toMatchObject({ items: error.items });
    });
  });

  test("the rows that are referred to come along, through chains and to themselves", async () => {
    await withDatabases(major, shop, async (source, target) => {
      const report = await clone({
        source: source.uri,
        target: target.uri,
        where: {
          "public.lines": '"order" in (3, 90)',
          "public.orders": "id > 98",
          "public.customers": "id between 5 and 6",
        },
        includeReferenced: true,
        verify: "checksum",
      });
      expect(await values(target, "select id from orders order by id")).toEqual([3, 90, 99, 100]);
      // 100 was referred by 99, and so on down to 1.
      expect(await values(target, "select count(*)::int from customers")).toEqual([100]);
      const rows = (name: string) => report.tables.find((table) => table.name === name);
      expect(rows("orders")).toMatchObject({ rows: 4, referredRows: 2 });
      expect(rows("customers")).toMatchObject({ rows: 100, referredRows: 98 });
      expect(report.verification?.mismatches).toEqual([]);
    });
  });

  test("rows on a circle of tables come along, and those of composite keys", async () => {
    const schema = `
      create table authors (country text, no int, favourite int, mentor_country text, mentor int, primary key (country, no),
        foreign key (mentor_country, mentor) references authors match full);
      create table books (id int primary key, country text not null, author int not null, sequel int references books,
        foreign key (country, author) references authors);
      alter table authors add foreign key (favourite) references books deferrable initially deferred;
      begin;
      insert into authors select 'de', n, n + 1, case when n % 5 <> 0 then 'de' end, case when n % 5 <> 0 then n + 1 end from generate_series(1, 50) n;
      insert into books values (51, 'de', 50, null);
      insert into books select n, 'de', case when n % 10 = 0 then n else n - n % 10 + 10 end, case when n % 7 <> 0 then n + 1 end from generate_series(1, 70) n where n <= 50;
      commit`;
    await withDatabases(major, schema, async (source, target) => {
      const where = { "public.authors": "no = 11", "public.books": "id = 3" };
      const report = await clone({
        source: source.uri,
        target: target.uri,
        where,
        includeReferenced: true,
        verify: "checksum",
      });
      // The same in plain steps: add what is referred to until there is nothing more to add.
      const expected = await closure(source);
      expect(await values(target, "select no from authors order by no")).toEqual(expected.authors);
      expect(await values(target, "select id from books order by id")).toEqual(expected.books);
      expect(expected.authors.length).toBeGreaterThan(3);
      expect(expected.authors.length).toBeLessThan(50);
      expect(report.verification?.mismatches).toEqual([]);
    });
  });

  test("partitions, on both ends of a key: an entry holds for what is below it", async () => {
    const schema = `
      create table customers (id int, region text, primary key (id, region)) partition by list (region);
      create table customers_eu partition of customers for values in ('eu') partition by range (id);
      create table customers_eu_1 partition of customers_eu for values from (0) to (50);
      create table customers_eu_2 partition of customers_eu for values from (50) to (1000);
      create table "customers other" (region text, id int not null, primary key (id, region));
      alter table customers attach partition "customers other" default;
      create table orders (id int, customer int, region text, foreign key (customer, region) references customers) partition by hash (id);
      create table orders_0 partition of orders for values with (modulus 2, remainder 0);
      create table orders_1 partition of orders for values with (modulus 2, remainder 1);
      insert into customers select n, case n % 2 when 0 then 'eu' else 'us' end from generate_series(1, 100) n;
      insert into orders select n, n, case n % 2 when 0 then 'eu' else 'us' end from generate_series(1, 100) n`;
    await withDatabases(major, schema, async (source, target) => {
      const options = {
        source: source.uri,
        target: target.uri,
        where: {
          "public.customers": "id <= 10",
          "public.customers_eu_2": "id > 95",
          'public."customers other"': "true",
          "public.orders": "id in (2, 31, 60)",
        },
      };
      const error = await refusal(options);
      expect(error.items).toEqual([
        "public.orders orders_customer_region_fkey, to public.customers: 1 row",
      ]);
      await clone({ ...options, includeReferenced: true, verify: "checksum" });
      expect(
        await values(target, "select id from customers where region = 'eu' order by id"),
      ).toEqual([2, 4, 6, 8, 10, 60, 96, 98, 100]);
      expect(
        await values(target, "select count(*)::int from customers where region = 'us'"),
      ).toEqual([50]);
      expect(await values(target, "select id from orders order by id")).toEqual([2, 31, 60]);
    });
  });

  test("inheritance: each table takes the entry nearest to it", async () => {
    const schema = `
      create table animals (id int, name text);
      create table birds (wings int) inherits (animals);
      create table owls (eyes int) inherits (birds);
      insert into animals select n, 'a' from generate_series(1, 9) n;
      insert into birds select n, 'b' from generate_series(1, 9) n;
      insert into owls select n, 'o' from generate_series(1, 9) n`;
    await withDatabases(major, schema, async (source, target) => {
      await clone({
        source: source.uri,
        target: target.uri,
        where: { "public.animals": "id > 7", "public.owls": "id = 1" },
        mask: { "public.animals.name": "'x'", "public.birds.name": "name || id" },
        verify: "checksum",
      });
      expect(await values(target, "select id || name from only animals order by id")).toEqual([
        "8x",
        "9x",
      ]);
      expect(await values(target, "select id || name from only birds order by id")).toEqual([
        "8b8",
        "9b9",
      ]);
      expect(await values(target, "select id || name from only owls order by id")).toEqual(["1o1"]);
    });
  });

  test("keys that the target does not check, or that are not null, are judged as it judges them", async () => {
    const enforced =
      major >= 18
        ? "alter table c add constraint lax foreign key (d) references p not enforced;"
        : "";
    const schema = `
      create collation de (provider = icu, locale = 'de-u-ks-level2', deterministic = false);
      create table p (id int primary key, code text collate "C" unique);
      create table c (id int, a int references p, b int, code text collate "POSIX" references p (code), d int, e int, f text,
        foreign key (e, f) references pairs match full);
      alter table c add constraint later foreign key (b) references p not valid; ${enforced}
      insert into p select n, 'c' || n from generate_series(1, 10) n;
      insert into pairs select n, 'f' from generate_series(1, 10) n;
      insert into c select n, nullif(n, 10), n, 'c' || n, n, case when n > 3 then n end, case when n > 3 then 'f' end from generate_series(1, 10) n`.replace(
      "create table c",
      "create table pairs (e int, f text, primary key (e, f)); create table c",
    );
    await withDatabases(major, schema, async (source, target) => {
      const where = { "public.p": "id > 4", "public.pairs": "e > 5" };
      const error = await refusal({ source: source.uri, target: target.uri, where });
      expect(error.items).toEqual([
        "public.c c_a_fkey, to public.p: 4 rows",
        "public.c c_code_fkey, to public.p: 4 rows",
        "public.c c_e_f_fkey, to public.pairs: 2 rows",
      ]);
      await clone({ source: source.uri, target: target.uri, where, includeReferenced: true });
      expect(await values(target, "select count(*)::int from p")).toEqual([10]);
      expect(await values(target, "select count(*)::int from pairs")).toEqual([7]);
    });
  });

  test("a PERIOD may be covered by several rows, which all come along", async ({ skip }) => {
    if (major < 18) skip("a foreign key with a PERIOD came with PostgreSQL 18");
    const schema = `
      create extension btree_gist;
      create table rooms (id int, at daterange, primary key (id, at without overlaps));
      create table stays (id int, room int, at daterange, foreign key (room, period at) references rooms (id, period at));
      insert into rooms values (1, '[2024-01-01,2024-02-01)'), (1, '[2024-02-01,2024-03-01)'), (1, '[2024-03-01,)'), (2, '[2024-01-01,)');
      insert into stays values (1, 1, '[2024-01-20,2024-02-10)'), (2, 2, '[2024-01-20,2024-02-10)')`;
    await withDatabases(major, schema, async (source, target) => {
      const where = { "public.rooms": "lower(at) < '2024-02-01' and id = 1" };
      const error = await refusal({ source: source.uri, target: target.uri, where });
      expect(error.items).toEqual(["public.stays stays_room_at_fkey, to public.rooms: 2 rows"]);
      await clone({ source: source.uri, target: target.uri, where, includeReferenced: true });
      expect(await values(target, "select count(*)::int from rooms")).toEqual([3]);
    });
  });

  test("with parts, a table that others refer to is copied as it was", async () => {
    const schema = `
      create table p (id int primary key, pad text);
      create table c (id int primary key, p int not null references p, pad text);
      insert into p select n, repeat('p', 100) from generate_series(1, 20000) n;
      insert into c select n, n, repeat('c', 100) from generate_series(1, 20000) n;
      analyze`;
    await withDatabases(major, schema, async (source, target) => {
      const report = await clone({
        source: source.uri,
        target: target.uri,
        where: { "public.p": "id % 10 = 0", "public.c": "id % 4 = 0" },
        includeReferenced: true,
        splitTablesLargerThan: 512 * 1024,
        verify: "checksum",
      });
      const expected = await values(
        source,
        "select id from p where id % 10 = 0 or id % 4 = 0 order by id",
      );
      expect(await values(target, "select id from p order by id")).toEqual(expected);
      const copied = report.tables.find(({ name }) => name === "p");
      expect(copied).toMatchObject({ rows: 6_000, referredRows: 4_000, includesReferred: true });
      expect(copied?.parts).toBeGreaterThan(2);
    });
  });

  test("what is wrong with the entries is told at once, with its place", async () => {
    const schema = `
      create table orders (id int, total numeric, twice numeric generated always as (total * 2) stored);
      create view totals as select total from orders;
      create materialized view sums as select sum(total) from orders;
      create function old(int) returns bool language plpgsql as 'begin return $1 > 1; end';
      insert into orders values (1, 1)`;
    await withDatabases(major, schema, async (source, target) => {
      const ends = { source: source.uri, target: target.uri } as const;
      const names = await refusal({
        ...ends,
        where: {
          "public.order": "true",
          "public.totals": "true",
          "public.sums": "true",
          "public.orders": "totl > 1 and ctid is not null",
        },
        mask: {
          "public.orders.twice": "1",
          "public.orders.idd": "1",
          'public."orders".total': "orders",
        },
      });
      expect(names.code).toBe("usage");
      expect(names.items).toEqual([
        "where public.order: there is no table public.order (did you mean public.orders?)",
        "where public.totals: there is no table public.totals (views have no rows of their own)",
        "where public.sums: a materialized view is refreshed on the target, from the rows copied there",
        "where public.orders: public.orders has no column totl (did you mean total?)",
        "  totl > 1 and ctid is not null",
        "  ^",
        "where public.orders: public.orders has no column ctid",
        "  totl > 1 and ctid is not null",
        "               ^",
        "mask public.orders.twice: a generated column is computed by the target: mask what it is computed from",
        "mask public.orders.idd: public.orders has no column idd (did you mean id?)",
        'mask public."orders".total: public.orders has no column orders',
        "  orders",
        "  ^",
      ]);
      const first = async (options: Partial<CloneOptions>) =>
        (await refusal({ ...ends, ...options })).items;
      expect(await first({ where: { "public.orders": "'ö🙂' <> '' and old(id)" } })).toEqual([
        "where public.orders: function old(integer) does not exist (SQLSTATE 42883); no schema but pg_catalog is searched: write what is in another one with its schema, as public.f(…)",
        "  'ö🙂' <> '' and old(id)",
        "                  ^",
      ]);
      expect((await first({ where: { "public.orders": "total" } }))[0]).toBe(
        "where public.orders: argument of WHERE must be type boolean, not type numeric (SQLSTATE 42804)",
      );
      for (const volatile of ["public.old(id)", "random() < 0.5", "clock_timestamp() > now()"]) {
        expect((await first({ where: { "public.orders": volatile } }))[0]).toContain("is volatile");
      }
      const mask = async (expression: string) =>
        (await first({ mask: { "public.orders.id": expression } }))[0];
      expect(await mask("'x' || id")).toContain(
        'column "id" is of type integer but expression is of type text',
      );
      // The server's words would quote the constant, which may be a secret.
      expect(await first({ mask: { "public.orders.id": "'s3cret'" } })).toEqual([
        "mask public.orders.id: the message is kept back, as it may quote a masked value (SQLSTATE 22P02)",
        "  '******'",
        "  ^",
      ]);
      expect(await mask("max(id)")).toContain("aggregate functions are not allowed in UPDATE");
      expect(await mask("generate_series(1, id)")).toContain(
        "set-returning functions are not allowed in UPDATE",
      );
      const twice = { "public.orders": "true", 'public."orders"': "true" };
      expect(await first({ where: twice })).toEqual([
        'where public."orders": is given twice: write one expression',
      ]);
      await expect(
        clone({
          ...ends,
          mask: { "public.orders.id": "(random() * 100)::int" },
          verify: "checksum",
        }),
      ).rejects.toMatchObject({ code: "usage" });
      await clone({
        ...ends,
        mask: { "public.orders.id": "(random() * 100)::int" },
        verify: "count",
      });
    });
  });
});

/** What has to come along, found row by row. */
async function closure(source: TestDatabase): Promise<{ authors: unknown[]; books: unknown[] }> {
  const authors = await source.query("select * from authors");
  const books = await source.query("select * from books");
  const found = { authors: new Set<unknown>([11]), books: new Set<unknown>([3]) };
  for (let size = 0; size < found.authors.size + found.books.size; ) {
    size = found.authors.size + found.books.size;
    for (const { no, favourite, mentor } of authors.filter((row) => found.authors.has(row.no))) {
      expect(no).toBeDefined();
      if (favourite !== null) found.books.add(favourite);
      if (mentor !== null) found.authors.add(mentor);
    }
    for (const { author, sequel } of books.filter((row) => found.books.has(row.id))) {
      found.authors.add(author);
      if (sequel !== null) found.books.add(sequel);
    }
  }
  const sorted = (set: Set<unknown>) => [...set].sort((a, b) => Number(a) - Number(b));
  return { authors: sorted(found.authors), books: sorted(found.books) };
}

test("a mistake in an expression is found before any server is connected to", async () => {
  const error = await refusal({
    source: "postgres://nobody@127.0.0.1:1/x",
    target: "postgres://nobody@127.0.0.1:1/y",
    where: { "public.orders": "1); drop table x; --", orders: "true" },
    mask: { "public.orders": "1", "public.orders.id": "(select 1)" },
  });
  expect(error.code).toBe("usage");
  expect(error.items).toEqual([
    'where public.orders: syntax error at or near ")"',
    "  1); drop table x; --",
    "   ^",
    "where orders: is no name of the form schema.table; a part that is no plain name stands in double quotes",
    "mask public.orders: is no name of the form schema.table.column; a part that is no plain name stands in double quotes",
    "mask public.orders.id: a sub-statement is not allowed: only the table's own columns can be used",
    "  (select 1)",
    "  ^",
  ]);
});

test("a standby is a source as well", async () => {
  await using standby = await startStandby(
    `set search_path = public; ${shop}; create unlogged table cache (customer int references customers)`,
  );
  await using target = await createDatabase(server(18), "where_copy");
  const report = await clone({
    source: standby.uri(),
    target: target.uri,
    where: {
      "public.orders": "id in (3, 70)",
      "public.lines": "false",
      "public.customers": "id = 1",
    },
    mask: { "public.customers.name": "md5(name)" },
    includeReferenced: true,
    verify: "checksum",
  });
  expect(report.verification?.mismatches).toEqual([]);
  expect(
    await values(target, "select max(id) from customers where name ~ '^[0-9a-f]{32}$'"),
  ).toEqual([70]);
});

test("the command line takes entries as they are typed, and shows them", async () => {
  await using source = await createDatabase(server(16), "where");
  await source.execute(`${shop}; alter table lines rename to "Order=Lines"`);
  await using target = await createDatabase(server(16), "where_copy");
  const entries = [
    ...["--where", "public.orders=created_at > now() - interval '10 days 1 hour'"],
    ...["--where", 'public."Order=Lines"="order" = 5'],
    ...["--where", "PUBLIC.Customers=false"],
    ...["--mask", "public.customers.name=md5(name)||'@example.com'"],
  ];
  const ends = [source.uri, target.uri];
  const refused = await runCli(["plan", ...ends, ...entries]);
  expect(refused.exitCode).toBe(4);
  expect(refused.stderr).toContain(
    "public.orders orders_customer_fkey, to public.customers: 10 rows",
  );
  const planned = await runCli(["plan", ...ends, ...entries, "--include-referenced"]);
  expect(planned.exitCode).toBe(0);
  expect(planned.stdout.replace(/\s+/g, " ")).toContain(
    "Filtered and masked public.customers: where false; and the rows that others refer to; masked: name " +
      "public.orders: where created_at > now() - interval '10 days 1 hour'",
  );
  const done = await runCli([
    "clone",
    ...ends,
    ...entries,
    "--include-referenced",
    "--verify",
    "checksum",
  ]);
  expect(done.stderr).not.toContain("pgcopy:");
  expect(done.exitCode).toBe(0);
  expect(done.stdout).toContain("where false; and 10 rows that others refer to; masked: name");
  expect(await values(target, 'select count(*)::int from "Order=Lines"')).toEqual([1]);
  const wrong = await runCli(["clone", ...ends, "--where", "public.orders=id >"]);
  expect(wrong.exitCode).toBe(2);
  expect(wrong.stderr).toContain(
    "where public.orders: syntax error at end of input\n      id >\n          ^\n",
  );
});
