/** What comes after the data: which task waits for which, and which never run together. */

import { describe, expect, test } from "vitest";
import type { Technique } from "../../src/techniques.js";
import { inventIndex } from "./invented-catalog.js";
import { planEntries, statementsOf } from "./planned-schema.js";

/** Sizes on both sides of the limit under which a table's entries are one task. */
const large = { bytes: 100 * 1024 * 1024 };
const small = { bytes: 8192 };

const orders = "create table public.orders (id bigint not null, customer_id bigint, note text)";
const customers = "create table public.customers (id bigint not null, name text)";
const ordersKey = "alter table only public.orders add constraint orders_pkey primary key (id)";
const customersKey =
  "alter table only public.customers add constraint customers_pkey primary key (id)";
const foreignKey =
  "alter table only public.orders add constraint orders_customer_fkey foreign key (customer_id) references public.customers(id)";
const noteIndex = "create index orders_note_idx on public.orders using btree (note)";
const customerIndex = "create index orders_customer_idx on public.orders using btree (customer_id)";

describe("a primary key or unique constraint of a large table", () => {
  test("is a unique index, and then attached", async () => {
    const planned = await planEntries([orders, ordersKey]);
    const build = planned.task("index:public.orders_pkey");
    const attach = planned.task("constraint:public.orders_pkey");
    expect(statementsOf(build)).toEqual([
      "CREATE UNIQUE INDEX orders_pkey ON public.orders USING btree (…)",
    ]);
    expect(statementsOf(attach)).toEqual([
      'alter table only "public"."orders" add constraint "orders_pkey" primary key using index "orders_pkey"',
    ]);
    expect(build).toMatchObject({ kind: "index", label: "CREATE UNIQUE INDEX public.orders_pkey" });
    expect(attach).toMatchObject({
      kind: "constraint",
      label: "attach public.orders_pkey to public.orders",
    });
    expect(planned.waitsFor(attach, build)).toBe(true);
    expect(planned.waitsFor(build, planned.task("copy:public.orders"))).toBe(true);
    expect(planned.plan.indexes).toEqual([
      {
        schema: "public",
        name: "orders_pkey",
        table: { schema: "public", name: "orders" },
        kind: "primary key",
        method: "built, then attached with USING INDEX",
      },
    ]);
  });

  test("keeps what it says of deferring, and its name, quoted", async () => {
    const planned = await planEntries([
      orders,
      'alter table only public.orders add constraint "By Note" unique (note) deferrable initially deferred',
      "alter table only public.orders add constraint b unique (id) deferrable",
    ]);
    const using = (name: string) =>
      statementsOf(planned.task(`constraint:public.${name}`)).map((sql) => sql.split(" add ")[1]);
    expect(using('"By Note"')).toEqual([
      'constraint "By Note" unique using index "By Note" deferrable initially deferred',
    ]);
    expect(using("b")).toEqual(['constraint "b" unique using index "b" deferrable']);
  });

  test("brings what follows it: CLUSTER ON, REPLICA IDENTITY", async () => {
    const cluster = "alter table public.orders cluster on orders_pkey";
    const identity = "alter table only public.orders replica identity using index orders_pkey";
    const planned = await planEntries([orders, [ordersKey, cluster, identity].join(";\n")]);
    expect(statementsOf(planned.task("constraint:public.orders_pkey")).slice(1)).toEqual([
      cluster,
      identity,
    ]);
  });

  test("is built and attached with the settings of its entry", async () => {
    const planned = await planEntries([orders, "set default_tablespace = fast", ordersKey]);
    for (const id of ["index:public.orders_pkey", "constraint:public.orders_pkey"]) {
      expect(planned.task(id).work).toMatchObject({
        scripts: [{ settings: { default_tablespace: "fast" } }],
      });
    }
  });

  test.each([
    [
      "an exclusion constraint",
      "alter table only public.orders add constraint k exclude using gist (note with =)",
      orders,
    ],
    [
      "a temporal key",
      "alter table only public.orders add constraint k primary key (id, note without overlaps)",
      orders,
    ],
    [
      "a partitioned table's key",
      "alter table only public.orders add constraint k primary key (id)",
      `${orders} partition by hash (id)`,
    ],
  ])("is added as it is if it is %s", async (_, constraint, table) => {
    const planned = await planEntries([table, constraint]);
    const task = planned.running("add constraint k");
    expect(statementsOf(task)).toEqual([constraint]);
    expect(task).toMatchObject({ kind: "constraint", label: "ADD CONSTRAINT public.k" });
    expect(planned.plan.indexes).toMatchObject([{ name: "k", method: "as a constraint" }]);
  });
});

describe("the indexes of a large table", () => {
  test("are built side by side once it is filled, and the attaching shuts all others out", async () => {
    const planned = await planEntries([orders, ordersKey, noteIndex, customerIndex]);
    const note = planned.running("orders_note_idx");
    const customer = planned.running("orders_customer_idx");
    const key = planned.task("index:public.orders_pkey");
    expect(planned.relation(note, customer)).toBe("together");
    expect(planned.relation(note, key)).toBe("together");
    const attach = planned.task("constraint:public.orders_pkey");
    expect(planned.relation(note, attach)).toBe("never together");
    for (const index of [note, customer, key])
      expect(planned.relation(index, planned.task("copy:public.orders"))).toBe("after");
  });

  test("wait for the last part of it", async () => {
    const planned = await planEntries([orders, noteIndex], { splitTablesLargerThan: 2 ** 25 });
    const copies = planned.plan.tasks.filter(({ kind }) => kind === "copy");
    expect(copies.map(({ id }) => id)).toEqual([
      "copy:public.orders:1/4",
      "copy:public.orders:2/4",
      "copy:public.orders:3/4",
      "copy:public.orders:4/4",
    ]);
    for (const copy of copies)
      expect(planned.relation(planned.running("orders_note_idx"), copy)).toBe("after");
  });

  test("wait for no other table", async () => {
    const planned = await planEntries([orders, customers, noteIndex]);
    const copy = planned.task("copy:public.customers");
    expect(planned.relation(planned.running("orders_note_idx"), copy)).toBe("together");
  });

  test("are alone with their table if more than the index is changed", async () => {
    const follows = "alter index public.orders_note_idx alter column 1 set statistics 500";
    const planned = await planEntries([orders, `${noteIndex};\n${follows}`, customerIndex]);
    const note = planned.running("create index orders_note_idx");
    expect(statementsOf(note)).toEqual([noteIndex, follows]);
    expect(planned.relation(note, planned.running("orders_customer_idx"))).toBe("never together");
  });
});

describe("the entries of a small table", () => {
  const details = { orders: small, customers: small };

  test("are one task, in the dump's order", async () => {
    const comment = "comment on index public.orders_note_idx is 'notes'";
    const check = "alter table public.orders add constraint c check ((id > 0)) not valid";
    const planned = await planEntries(
      [orders, ordersKey, noteIndex, check, { sql: comment, needs: [3] }],
      { details },
    );
    const group = planned.task("indexes:public.orders");
    expect(statementsOf(group)).toEqual([ordersKey, noteIndex, check, comment]);
    expect(group.label).toBe("indexes and constraints of public.orders");
    expect(planned.relation(group, planned.task("copy:public.orders"))).toBe("after");
    expect(planned.plan.indexes.map(({ name, method }) => [name, method])).toEqual([
      ["orders_pkey", "with its table"],
      ["orders_note_idx", "with its table"],
    ]);
  });

  test("are tasks of their own where another table has a part in it", async () => {
    const planned = await planEntries([orders, customers, ordersKey, customersKey, foreignKey], {
      details,
    });
    const adding = planned.running("orders_customer_fkey");
    expect(adding).toMatchObject({ kind: "foreign_key", id: "post-data:5" });
    for (const id of ["indexes:public.customers", "copy:public.orders", "copy:public.customers"])
      expect(planned.relation(adding, planned.task(id))).toBe("after");
    expect(planned.relation(adding, planned.task("indexes:public.orders"))).toBe("never together");
  });

  test("are tasks of their own where something else has to come first", async () => {
    const late = "create or replace view public.v as select id from public.orders group by id";
    const byFunction = "create index f on public.customers using btree (((id + 1)))";
    const planned = await planEntries(
      [orders, customers, "create view public.v as select 1 as id", ordersKey, late, byFunction],
      { details },
    );
    const index = planned.running(byFunction);
    expect(index.id).toBe("post-data:6");
    expect(planned.relation(index, planned.running(late))).toBe("after");
  });

  test("without rows are there all the same", async () => {
    const planned = await planEntries([orders, ordersKey], {
      details: { orders: { bytes: 0, pages: 0 } },
    });
    expect(planned.plan.tasks.filter(({ kind }) => kind === "copy")).toEqual([]);
    expect(statementsOf(planned.task("indexes:public.orders"))).toEqual([ordersKey]);
  });
});

describe("a foreign key", () => {
  test("waits for both sides' rows and the key that it refers to, and for nothing else", async () => {
    const other = "create table public.other (id bigint)";
    const planned = await planEntries(
      [orders, customers, other, ordersKey, customersKey, noteIndex, foreignKey],
      { splitTablesLargerThan: 2 ** 26 },
    );
    const adding = planned.running("orders_customer_fkey");
    const after = planned.plan.tasks.filter((task) => planned.waitsFor(adding, task));
    expect(after.map(({ id }) => id)).toEqual([
      "pre-data",
      "copy:public.orders:1/2",
      "copy:public.orders:2/2",
      "copy:public.customers:1/2",
      "copy:public.customers:2/2",
      "index:public.customers_pkey",
      "constraint:public.customers_pkey",
    ]);
  });

  test("holds both tables alone", async () => {
    const nameIndex = "create index customers_name_idx on public.customers using btree (name)";
    const planned = await planEntries([
      orders,
      customers,
      customersKey,
      noteIndex,
      nameIndex,
      foreignKey,
    ]);
    const adding = planned.running("orders_customer_fkey");
    for (const index of ["orders_note_idx", "customers_name_idx"])
      expect(planned.relation(adding, planned.running(index))).toBe("never together");
  });

  test("of a table to itself needs its own key", async () => {
    const toItself =
      "alter table only public.orders add constraint parent foreign key (customer_id) references public.orders(id)";
    const planned = await planEntries([orders, ordersKey, toItself]);
    const attach = planned.task("constraint:public.orders_pkey");
    expect(planned.relation(planned.running("constraint parent"), attach)).toBe("after");
  });

  test("to a partitioned table waits for every partition: its rows, its index, its attaching", async () => {
    const events = "create table public.events (id bigint not null) partition by range (id)";
    const partition = (n: number) => [
      `create table public.events_${n} (id bigint not null)`,
      `alter table only public.events attach partition public.events_${n} for values from (${n}) to (${n + 1})`,
    ];
    const key = (name: string) =>
      `alter table only public.${name} add constraint ${name}_pkey primary key (id)`;
    const attach = (n: number) =>
      `alter index public.events_pkey attach partition public.events_${n}_pkey`;
    const reference =
      "alter table only public.orders add constraint fk foreign key (id) references public.events(id)";
    const planned = await planEntries([
      events,
      ...partition(1),
      ...partition(2),
      orders,
      key("events"),
      key("events_1"),
      key("events_2"),
      attach(1),
      attach(2),
      reference,
    ]);
    const adding = planned.running("add constraint fk");
    for (const n of [1, 2]) {
      const attaching = planned.running(attach(n));
      const built = planned.task(`constraint:public.events_${n}_pkey`);
      expect(planned.relation(attaching, built)).toBe("after");
      expect(planned.relation(attaching, planned.running("constraint events_pkey"))).toBe("after");
      expect(planned.relation(adding, attaching)).toBe("after");
      expect(planned.relation(adding, planned.task(`copy:public.events_${n}`))).toBe("after");
    }
    expect(adding.locks?.exclusive).toHaveLength(4);
  });

  test("relies on the index that it relies on at the source: of two alike it is built first", async () => {
    const again = "alter table only public.customers add constraint customers_again unique (id)";
    const planned = await planEntries([orders, customers, customersKey, again, foreignKey], {
      catalog: (catalog) => ({
        ...catalog,
        indexes: catalog.indexes.map((index) => ({ ...index, keyColumns: [1] })),
        constraints: catalog.constraints.map((constraint) => ({
          ...constraint,
          referencedIndexOid:
            constraint.referencedTableOid === undefined
              ? undefined
              : catalog.indexes.find(({ name }) => name === "customers_again")?.oid,
        })),
      }),
    });
    const first = planned.task("index:public.customers_again");
    expect(planned.relation(planned.task("index:public.customers_pkey"), first)).toBe("after");
    const attached = planned.task("constraint:public.customers_again");
    expect(planned.relation(planned.running("orders_customer_fkey"), attached)).toBe("after");
  });
});

describe("what else belongs to a table", () => {
  const work = "create function public.work() returns trigger language plpgsql as 'begin end'";
  const trigger = (name: string, table: string) =>
    `create trigger ${name} before insert on public.${table} for each row execute function public.work()`;

  test("its triggers come when it is filled, so that they don't fire for copied rows", async () => {
    const planned = await planEntries([work, orders, trigger("t", "orders")]);
    const task = planned.running("create trigger");
    expect(planned.relation(task, planned.task("copy:public.orders"))).toBe("after");
    expect(planned.relation(task, planned.task("analyze:public.orders"))).toBe("before");
  });

  test("a partition's trigger can be switched only when its parent's has made it", async () => {
    const planned = await planEntries([
      work,
      "create table public.events (id bigint) partition by range (id)",
      "create table public.events_1 (id bigint)",
      "alter table only public.events attach partition public.events_1 default",
      trigger("t", "events"),
      "alter table public.events_1 disable trigger t",
    ]);
    const made = planned.running("create trigger t");
    expect(planned.relation(planned.running("disable trigger"), made)).toBe("after");
    expect(planned.relation(made, planned.task("copy:public.events_1"))).toBe("after");
  });

  test("a check that pg_dump put after the data waits for the rows of its children too", async () => {
    const planned = await planEntries([
      orders,
      "create table public.old_orders (extra text)\ninherits (public.orders)",
      "alter table public.orders add constraint c check ((id > 0)) not valid",
    ]);
    const check = planned.running("constraint c check");
    expect(planned.relation(check, planned.task("copy:public.old_orders"))).toBe("after");
    expect(check.locks?.exclusive).toHaveLength(2);
  });

  test("a domain's check waits for all rows: none that the source has may be refused", async () => {
    const planned = await planEntries([
      "create domain public.positive as integer",
      orders,
      customers,
      "alter domain public.positive add constraint c check ((value > 0)) not valid",
    ]);
    const check = planned.running("alter domain");
    for (const id of ["copy:public.orders", "copy:public.customers"])
      expect(planned.relation(check, planned.task(id))).toBe("after");
  });

  test("comments come with what they are on", async () => {
    const planned = await planEntries([
      orders,
      ordersKey,
      noteIndex,
      { sql: "comment on constraint orders_pkey on public.orders is 'the key'", needs: [2] },
      { sql: "comment on index public.orders_note_idx is 'notes'", needs: [3] },
    ]);
    const attach = planned.task("constraint:public.orders_pkey");
    expect(planned.relation(planned.running("'the key'"), attach)).toBe("after");
    const index = planned.running("create index orders_note_idx");
    expect(planned.relation(planned.running("'notes'"), index)).toBe("after");
  });

  test("publications follow each other, as they all change one catalog", async () => {
    const planned = await planEntries([
      orders,
      "create publication p",
      "create publication q",
      "alter publication p add table only public.orders",
      "alter publication q add table only public.orders",
    ]);
    const [p, q] = ["create publication p", "create publication q"].map((sql) =>
      planned.running(sql),
    );
    const [addP, addQ] = ["publication p add", "publication q add"].map((sql) =>
      planned.running(sql),
    );
    expect(planned.relation(q!, p!)).toBe("after");
    expect(planned.relation(addP!, q!)).toBe("after");
    expect(planned.relation(addQ!, addP!)).toBe("after");
  });
});

describe("views, functions and materialized views that pg_dump put after the data", () => {
  const view = "create view public.late as select null::bigint as id";
  const body = "create or replace view public.late as select id from public.orders group by id";

  test("wait for the keys that were planned before them", async () => {
    const planned = await planEntries([orders, view, ordersKey, body, noteIndex]);
    const task = planned.running("create or replace view");
    expect(planned.relation(task, planned.task("constraint:public.orders_pkey"))).toBe("after");
  });

  test("need no rows", async () => {
    const planned = await planEntries([orders, view, noteIndex, customers, customersKey, body]);
    const copy = planned.task("copy:public.customers");
    expect(planned.relation(planned.running("create or replace view"), copy)).toBe("together");
  });

  test("come before all that might use them, but hold up no plain index", async () => {
    const late =
      "create function public.counted() returns bigint language sql begin atomic select count(*) from public.orders group by id; end";
    const planned = await planEntries(
      [
        orders,
        customers,
        ordersKey,
        late,
        "create index by_function on public.customers using btree (public.counted())",
        "create index plain on public.customers using btree (id)",
        "create policy mine on public.customers using ((public.counted() > 1))",
      ],
      {
        catalog: (catalog) => ({
          ...catalog,
          indexes: catalog.indexes.map((index) => ({
            ...index,
            plainColumns: index.name === "plain",
          })),
        }),
      },
    );
    const task = planned.running("create function public.counted");
    expect(planned.relation(task, planned.task("constraint:public.orders_pkey"))).toBe("after");
    expect(planned.relation(planned.running("index by_function"), task)).toBe("after");
    expect(planned.relation(planned.running("create policy"), task)).toBe("after");
    expect(planned.relation(planned.running("index plain"), task)).toBe("together");
  });

  test("are there before an index on them is, also if they hold no data", async () => {
    const planned = await planEntries(
      [
        orders,
        ordersKey,
        "create materialized view public.totals as select id from public.orders group by id with no data",
        "create unique index totals_key on public.totals using btree (id)",
      ],
      { details: { totals: { populated: false } } },
    );
    const made = planned.running("create materialized view");
    expect(planned.relation(planned.running("totals_key"), made)).toBe("after");
  });

  test("are there before they are refreshed or indexed", async () => {
    const planned = await planEntries([
      orders,
      ordersKey,
      "create materialized view public.totals as select id, note from public.orders group by id with no data",
      "create unique index totals_key on public.totals using btree (id)",
    ]);
    const made = planned.running("create materialized view");
    const refresh = planned.task("refresh:public.totals");
    expect(planned.relation(made, planned.task("constraint:public.orders_pkey"))).toBe("after");
    expect(planned.relation(refresh, made)).toBe("after");
    expect(planned.relation(planned.running("totals_key"), refresh)).toBe("after");
  });
});

describe("materialized views", () => {
  const totals = "create materialized view public.totals as select 1 as id with no data";
  const more = "create materialized view public.more as select id from public.totals with no data";
  const index = "create unique index totals_key on public.totals using btree (id)";

  test("are refreshed after everything else, and their indexes built after that", async () => {
    const planned = await planEntries([orders, totals, ordersKey, noteIndex, index]);
    const refresh = planned.task("refresh:public.totals");
    expect(statementsOf(refresh)).toEqual(['refresh materialized view "public"."totals"']);
    for (const id of ["copy:public.orders", "constraint:public.orders_pkey"])
      expect(planned.relation(refresh, planned.task(id))).toBe("after");
    expect(planned.relation(refresh, planned.running("orders_note_idx"))).toBe("after");
    expect(planned.relation(planned.running("totals_key"), refresh)).toBe("after");
    const analyze = planned.task("analyze:public.totals");
    expect(planned.relation(analyze, planned.running("totals_key"))).toBe("after");
  });

  test("that read others come after them", async () => {
    const planned = await planEntries([totals, more], {
      catalog: (catalog) => ({
        ...catalog,
        refreshDependencies: [{ dependent: 16_020, referenced: 16_010 }],
      }),
    });
    const [first, second] = ["totals", "more"].map((name) =>
      planned.task(`refresh:public.${name}`),
    );
    expect(planned.relation(second!, first!)).toBe("after");
  });

  test("that read none of each other are refreshed side by side", async () => {
    const planned = await planEntries([totals, more]);
    const [first, second] = ["totals", "more"].map((name) =>
      planned.task(`refresh:public.${name}`),
    );
    expect(planned.relation(second!, first!)).toBe("together");
  });

  test("that hold no data on the source get none, and their indexes wait for nothing", async () => {
    const planned = await planEntries([totals, index], {
      details: { totals: { populated: false, bytes: 0 } },
    });
    expect(planned.ids).not.toContain("refresh:public.totals");
    expect(planned.running("totals_key").needs).toEqual(["pre-data"]);
    expect(planned.ids).not.toContain("analyze:public.totals");
  });
});

describe("privileges", () => {
  const grant = "grant select on table public.orders to reader";
  const totals = "create materialized view public.totals as select 1 as id with no data";

  test("come after all that needs the owner's, and before the refreshes, which run as the owner", async () => {
    const planned = await planEntries([orders, totals, ordersKey, noteIndex, grant]);
    const acl = planned.task("acl");
    expect(statementsOf(acl)).toEqual([grant]);
    for (const id of ["copy:public.orders", "constraint:public.orders_pkey"])
      expect(planned.relation(acl, planned.task(id))).toBe("after");
    expect(planned.relation(acl, planned.running("orders_note_idx"))).toBe("after");
    expect(planned.relation(planned.task("refresh:public.totals"), acl)).toBe("after");
  });

  test("are no task if there are none", async () => {
    expect((await planEntries([orders])).ids).not.toContain("acl");
  });

  const atFirst = async (pgDumpMajor: number, targetVersion: number, noAcl = false) => {
    const planned = await planEntries([orders, grant], { pgDumpMajor, targetVersion, noAcl });
    return statementsOf(planned.task("acl")).filter((sql) => sql !== grant);
  };

  test("of schema public are made what pg_dump took for the default", async () => {
    expect(await atFirst(16, 140_000)).toEqual(["revoke create on schema public from public"]);
    expect(await atFirst(13, 160_000)).toEqual(["grant create on schema public to public"]);
  });

  test("of schema public are left alone where both have the same default, or none are copied", async () => {
    expect(await atFirst(16, 150_000)).toEqual([]);
    expect(await atFirst(14, 140_011)).toEqual([]);
    expect(await atFirst(16, 140_000, true)).toEqual([]);
  });

  test.each([
    ["grant maintain on table public.orders to reader", []],
    [
      "grant select,maintain,update on table public.orders to reader",
      ["grant select,update on table public.orders to reader"],
    ],
    [
      "revoke maintain,insert on table public.orders from reader",
      ["revoke insert on table public.orders from reader"],
    ],
    [
      "grant select on table public.maintain to reader",
      ["grant select on table public.maintain to reader"],
    ],
    [
      "alter default privileges for role app in schema public grant select,maintain on tables to reader",
      ["alter default privileges for role app in schema public grant select on tables to reader"],
    ],
  ])("that only newer servers have are left out for an older target: %s", async (sql, left) => {
    const toOlder = await planEntries([orders, sql], { targetVersion: 160_000 });
    expect(statementsOf(toOlder.task("acl"))).toEqual(left);
    const toNewer = await planEntries([orders, sql], { targetVersion: 170_000 });
    expect(statementsOf(toNewer.task("acl"))).toEqual([sql]);
  });
});

describe("around the graph", () => {
  const sequence = "create sequence public.numbers";

  test("the snapshot is let go, and sequences are read, after the last row was read", async () => {
    const planned = await planEntries([orders, customers, sequence], { verify: "checksum" });
    for (const id of ["release_snapshot", "sequences"]) {
      const after = planned.plan.tasks.filter((task) => planned.waitsFor(planned.task(id), task));
      expect(after.map((task) => task.id)).toEqual([
        "pre-data",
        "copy:public.orders",
        "copy:public.customers",
        "verify:public.orders",
        "verify:public.customers",
      ]);
    }
    expect(planned.plan.sequences).toMatchObject([{ schema: "public", name: "numbers" }]);
  });

  test("verifying a table waits for all its parts, and shares it with its index builds", async () => {
    const planned = await planEntries([orders, noteIndex], {
      verify: "count",
      splitTablesLargerThan: 2 ** 26,
    });
    const verify = planned.task("verify:public.orders");
    expect(planned.relation(verify, planned.task("copy:public.orders:2/2"))).toBe("after");
    expect(planned.relation(verify, planned.running("orders_note_idx"))).toBe("together");
  });

  test("event triggers are no task: they come at the very end, with their comments", async () => {
    const watch = "create event trigger watch on ddl_command_end execute function public.on_ddl()";
    const planned = await planEntries([
      "create function public.on_ddl() returns event_trigger language plpgsql as 'begin end'",
      orders,
      `${watch};\nalter event trigger watch enable always`,
      { sql: "comment on event trigger watch is 'watches'", needs: [3] },
    ]);
    expect(planned.plan.finish.flatMap(({ statements }) => statements)).toEqual([
      watch,
      "alter event trigger watch enable always",
      "comment on event trigger watch is 'watches'",
    ]);
    expect(() => planned.running("event trigger watch")).toThrow("0 tasks");
  });

  test("a table that is not in the dump, and an index that is none's, have no part in it", async () => {
    const planned = await planEntries([orders], {
      catalog: (catalog) => ({
        ...catalog,
        tables: [...catalog.tables, { ...catalog.tables[0]!, oid: 1, name: "journal" }],
        indexes: [inventIndex({ tableOid: 1 })],
      }),
    });
    expect(planned.plan.tables.map(({ table }) => table.name)).toEqual(["orders"]);
    expect(planned.plan.indexes).toEqual([]);
  });

  test("a foreign or partitioned table has no rows of its own to copy", async () => {
    const planned = await planEntries([
      "create table public.events (id bigint) partition by range (id)",
      "create table public.events_1 (id bigint)",
      "alter table only public.events attach partition public.events_1 default",
    ]);
    const copies = planned.plan.tasks.filter(({ kind }) => kind === "copy").map(({ id }) => id);
    expect(copies).toEqual(["copy:public.events_1"]);
  });

  test("sizes of both tables' rows are the bytes of the plan", async () => {
    const planned = await planEntries([orders, customers], {
      details: { orders: large, customers: small },
    });
    expect(planned.plan.bytes).toBe(large.bytes + small.bytes);
    expect(planned.task("copy:public.orders").bytes).toBe(large.bytes);
  });
});

describe("several keys of a small table", () => {
  const codeKey = "alter table only public.orders add constraint orders_code_key unique (note)";
  const entries = [orders, ordersKey, codeKey, noteIndex];
  const details = { orders: small };
  const statements = async (without: readonly Technique[], some = entries) => {
    const planned = await planEntries(some, { details, without: new Set(without) });
    return statementsOf(planned.task("indexes:public.orders"));
  };

  test("are one statement", async () => {
    expect(await statements([])).toEqual([
      "alter table only public.orders add constraint orders_pkey primary key (id), add constraint orders_code_key unique (note)",
      noteIndex,
    ]);
    expect(await statements(["merged-keys"])).toEqual([ordersKey, codeKey, noteIndex]);
  });

  test("are a statement each for PostgreSQL 12, which would drop the second of two over one column", async () => {
    const planned = await planEntries(entries, { details, targetVersion: 120_022 });
    expect(statementsOf(planned.task("indexes:public.orders"))).toEqual([
      ordersKey,
      codeKey,
      noteIndex,
    ]);
  });

  test("whose table has an odd name are, too", async () => {
    const name = 'public."o. add constraint ""x"" "';
    const odd = (sql: string) => sql.replaceAll("public.orders", name);
    const planned = await planEntries([odd(orders), odd(ordersKey), odd(codeKey)], {
      details: { 'o. add constraint "x" ': small },
    });
    expect(planned.plan.tasks.flatMap(statementsOf)).toContain(
      `alter table only ${name} add constraint orders_pkey primary key (id), add constraint orders_code_key unique (note)`,
    );
  });

  test("of which something else is said stay apart: CLUSTER ON belongs to one of them", async () => {
    const clustered = `${ordersKey};\nalter table public.orders cluster on orders_pkey`;
    expect(await statements([], [orders, clustered, codeKey])).toEqual([
      ordersKey,
      "alter table public.orders cluster on orders_pkey",
      codeKey,
    ]);
  });
});
