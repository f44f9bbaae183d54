/**
 * What a role without a superuser's rights may not do, acted out: either the clone works, or it is
 * refused before anything is changed, naming the objects; and plan and check say the same.
 */

import { describe, expect, it } from "vitest";
import { check, clone, type PgCopyError, plan } from "../src/index.js";
import { createManagedRole, dropRoles, type ManagedRole } from "./support/managed-role.js";
import { objectsOf } from "./support/objects.js";
import {
  createDatabase,
  server,
  type TestDatabase,
  type TestMajor,
  testMajors,
  uniqueName,
} from "./support/servers.js";

interface Ends {
  readonly source: string;
  readonly target: string;
  readonly noOwner?: boolean;
  readonly noAcl?: boolean;
}

/** The error that clone refuses with; plan and check have to say the same, and the target to stay as it was. */
async function refusal(ends: Ends, target: TestDatabase): Promise<PgCopyError> {
  const before = await objectsOf(target);
  const error = await clone(ends).then(
    () => {
      throw new Error("the clone should have been refused");
    },
    (thrown: PgCopyError) => thrown,
  );
  expect(error.code, error.message).toBe("target_unfit");
  expect(error.advice).toMatch(/^nothing was changed; /);
  expect(await objectsOf(target)).toEqual(before);
  const { refusals } = await plan(ends);
  expect(refusals.some((one) => one.startsWith(error.message))).toBe(true);
  const { items, statements } = error;
  expect((await check(ends)).findings).toContainEqual(
    expect.objectContaining({ severity: "error", title: error.message, items, statements }),
  );
  return error;
}

/** Objects that only a superuser may create on a server as it comes. */
const superusersOnly: readonly (readonly [what: string, script: string, item: RegExp])[] = [
  [
    "operator classes and families",
    "create operator class backwards for type int4 using btree as operator 1 >, operator 3 =, operator 5 <, function 1 btint4cmp(int4, int4);",
    /^OPERATOR CLASS public backwards/,
  ],
  [
    "base types",
    `create type odd;
     create function odd_in(cstring) returns odd language internal immutable strict as 'textin';
     create function odd_out(odd) returns cstring language internal immutable strict as 'textout';
     create type odd (input = odd_in, output = odd_out);`,
    /^TYPE public odd/,
  ],
  ["functions in language internal", "", /^FUNCTION public odd_in\(cstring\)/],
  [
    "leakproof functions",
    "create function quiet() returns int language sql leakproof as 'select 1';",
    /^FUNCTION public quiet\(\)/,
  ],
  [
    "functions with a planner support function",
    "create function helped() returns int language sql support generate_series_int4_support as 'select 1';",
    /^FUNCTION public helped\(\)/,
  ],
  [
    "functions that set log_statement",
    "create function silent() returns int language sql set log_statement to 'none' as 'select 1';",
    /^FUNCTION public silent\(\)/,
  ],
  [
    "functions that set myapp.tenant",
    "create function tenant() returns int language sql set myapp.tenant to '7' as 'select 1';",
    /^FUNCTION public tenant\(\)/,
  ],
  [
    "aggregates with a state of type internal",
    "create aggregate total(int8) (sfunc = int8_avg_accum, stype = internal, finalfunc = numeric_poly_sum);",
    /^AGGREGATE public total\(bigint\)/,
  ],
  ["casts without a function", "create cast (bytea as xml) without function;", /^CAST .*bytea/],
  [
    "casts between built-in types",
    "create function to_point(int) returns point language sql as 'select null::point'; create cast (int as point) with function to_point(int);",
    /^CAST .*integer/,
  ],
  [
    "foreign-data wrappers",
    "create foreign data wrapper nothing;",
    /^FOREIGN DATA WRAPPER nothing/,
  ],
  [
    "text search templates",
    "create text search template plain (lexize = dsimple_lexize);",
    /^TEXT SEARCH TEMPLATE public plain/,
  ],
  [
    "text search parsers",
    "create text search parser words (start = prsd_start, gettoken = prsd_nexttoken, end = prsd_end, lextypes = prsd_lextype);",
    /^TEXT SEARCH PARSER public words/,
  ],
  [
    "access methods",
    "create access method trees type index handler bthandler;",
    /^ACCESS METHOD trees/,
  ],
  [
    "publications for all tables",
    "create publication everything for all tables;",
    /^PUBLICATION everything/,
  ],
  [
    "subscriptions",
    "create subscription nowhere connection 'host=127.0.0.1 port=1 dbname=none user=none password=none' publication none with (connect = false, slot_name = none);",
    /^SUBSCRIPTION nowhere/,
  ],
  [
    "event triggers",
    `create function guard() returns event_trigger language plpgsql as $$ begin end $$;
     create event trigger guard on sql_drop execute function guard();`,
    /^EVENT TRIGGER guard/,
  ],
];

describe.each(testMajors)("a target's role that is no superuser, on PostgreSQL %i", (major) => {
  it("is told of all that only a superuser may create before anything is changed", async () => {
    await using source = await createDatabase(server(major), "managed_source");
    await source.execute("create table t (n int primary key);");
    for (const [, script] of superusersOnly) await source.execute(script);
    await using target = await createDatabase(server(major), "managed_target");
    await using role = await createManagedRole(target.server, { owns: [target] });
    const ends = { source: source.uri, target: role.uri(target), noOwner: true, noAcl: true };
    try {
      const error = await refusal(ends, target);
      for (const [what, , item] of superusersOnly) {
        expect(error.message).toMatch(new RegExp(`[ ,]${what} \\([^)]+`));
        expect(error.items).toContainEqual(expect.stringMatching(item));
      }
      expect(error.items).not.toContainEqual(expect.stringMatching(/public t$/));
    } finally {
      // A database with a subscription can't be dropped.
      await source.execute("drop subscription nowhere");
    }
  });

  it("copies what it may, as the owner of the target database, from tables that it may read", async () => {
    await using source = await createDatabase(server(major), "managed_source");
    const app = uniqueName("app");
    await source.execute(ordinarySchema(app));
    await using target = await createDatabase(server(major), "managed_target");
    await using role = await createManagedRole(target.server, { owns: [target] });
    await using reader = await createManagedRole(source.server, { attributes: "bypassrls" });
    try {
      await source.execute(`
        grant usage on schema shop to ${reader.name};
        grant select on all tables in schema public, shop to ${reader.name};
        grant select on all sequences in schema public, shop to ${reader.name};`);
      const ends = { source: reader.uri(source), target: role.uri(target) };
      const report = await clone({ ...ends, noOwner: true, noAcl: true, verify: "checksum" });
      expect(report.verification?.mismatches).toEqual([]);
      expect(report.tables.map(({ name, rows }) => `${name} ${rows}`).sort()).toEqual([
        "customers 500",
        "events_1 100",
        "orders 1000",
      ]);
      const [counted] = await target.query("select count(*)::int as n from shop.sums");
      expect(counted).toEqual({ n: 500 });
    } finally {
      await source.execute(`drop owned by ${reader.name}`);
      await dropOwned([source], [app]);
    }
  });

  it("keeps owners and privileges once it may be the owners and they may create there", async () => {
    await using source = await createDatabase(server(major), "managed_source");
    await using target = await createDatabase(server(major), "managed_target");
    await using role = await createManagedRole(target.server, { owns: [target] });
    const app = uniqueName("app");
    const own = databaseAs(target, role);
    // Since PostgreSQL 16 whoever creates a role may administer it, and neither be it nor inherit it.
    await own.execute(`create role ${app}`);
    await source.execute(`
      alter schema public owner to ${app};
      create table t as select g as n from generate_series(1, 10) g;
      create schema shop authorization ${app};
      create table shop.u (n int primary key);
      alter table t owner to ${app};
      alter table shop.u owner to ${app};
      grant select on shop.u to public;`);
    const ends = { source: source.uri, target: role.uri(target) };
    try {
      const owners = await refusal(ends, target);
      expect(owners.message).toMatch(/may not give objects to a role that owns/);
      expect(owners.items).toEqual([app]);
      await own.execute(owners.statements.join(";"));
      if (major >= 15) {
        const strangers = await refusal(ends, target);
        expect(strangers.message).toMatch(/owners may not own their objects on the target/);
        expect(strangers.items).toEqual([`${app} in schema public`]);
        await own.execute(strangers.statements.join(";"));
      } else {
        const schema = await refusal(ends, target);
        expect(schema.message).toMatch(/schema public of the target belongs to another role/);
        await target.execute(`alter schema public owner to ${role.name}`);
      }
      await clone(ends);
      await target.execute(
        `revoke create on schema public from ${app}; grant create on schema public to ${app}`,
      );
      expect(await ownersIn(target)).toEqual(await ownersIn(source));
    } finally {
      await dropOwned([source, target], [app]);
    }
  });

  it("is told of owners who may not create in another owner's new schema", async () => {
    await using source = await createDatabase(server(major), "managed_source");
    await using target = await createDatabase(server(major), "managed_target");
    const [app, guest] = [uniqueName("app"), uniqueName("guest")];
    await source.execute(`
      create role ${app}; create role ${guest};
      alter schema public owner to ${app};
      create schema "Odd shop" authorization ${app};
      create table "Odd shop".t (n int); alter table "Odd shop".t owner to ${guest};`);
    await using role = await createManagedRole(target.server, { owns: [target] });
    try {
      const options = major >= 16 ? "with inherit true, set true" : "";
      await target.execute(
        `alter schema public owner to ${role.name}; grant ${app}, ${guest} to ${role.name} ${options}`,
      );
      const error = await refusal({ source: source.uri, target: role.uri(target) }, target);
      expect(error.items).toEqual([`${guest} in schema "Odd shop"`]);
      expect(error.statements).toEqual([]);
      await clone({ source: source.uri, target: role.uri(target), noOwner: true });
    } finally {
      await dropOwned([source, target], [app, guest]);
    }
  });

  it("is told of privileges that it may not grant, and goes without them on request", async () => {
    await using source = await createDatabase(server(major), "managed_source");
    await using target = await createDatabase(server(major), "managed_target");
    const [app, clerk, guest] = ["app", "clerk", "guest"].map(uniqueName) as [
      string,
      string,
      string,
    ];
    await source.execute(`
      create role ${app}; create role ${clerk}; create role ${guest};
      create table t (n int);
      grant select on t to ${clerk} with grant option;
      set role ${clerk}; grant select on t to ${guest}; reset role;
      alter default privileges for role ${app} grant select on tables to ${guest};`);
    await using role = await createManagedRole(target.server, { owns: [target] });
    try {
      const ends = { source: source.uri, target: role.uri(target), noOwner: true };
      const error = await refusal(ends, target);
      expect(error.message).toContain(`default privileges for role ${app} (`);
      expect(error.message).toContain(
        `privileges that ${clerk} granted, who does not own the object (`,
      );
      expect(error.items).toHaveLength(2);
      expect(error.advice).toContain("--no-acl");
      await clone({ ...ends, noAcl: true });
    } finally {
      await dropOwned([source, target], [app, clerk, guest]);
    }
  });
});

describe("tablespaces", () => {
  const [older, newer] = testMajors.slice(-2) as [TestMajor, TestMajor];

  it("that the target lacks are named before anything is changed", async () => {
    await using source = await createDatabase(server(older), "managed_source");
    await using tablespace = await createTablespace(source);
    await source.execute(
      `create table t (n int primary key using index tablespace ${tablespace.name}); create index on t (n)`,
    );
    await using target = await createDatabase(server(newer), "managed_target");
    const error = await refusal({ source: source.uri, target: target.uri }, target);
    expect(error.message).toMatch(/doesn't have tablespaces/);
    expect(error.items).toEqual([`${tablespace.name} (of 1 object)`]);
  });

  it("that are closed to the target's role, too, and opening them is enough", async () => {
    await using source = await createDatabase(server(older), "managed_source");
    await using tablespace = await createTablespace(source);
    await source.execute(`create table t (n int) tablespace ${tablespace.name};`);
    await using target = await createDatabase(server(older), "managed_target");
    await using role = await createManagedRole(target.server, { owns: [target] });
    const ends = { source: source.uri, target: role.uri(target), noOwner: true, noAcl: true };
    const error = await refusal(ends, target);
    expect(error.items).toEqual([
      `${tablespace.name} (of 1 object): the role may not create objects in it`,
    ]);
    await target.execute(error.statements.join(";"));
    await clone(ends);
    await target.execute("drop table t");
    await target.execute(`revoke all on tablespace ${tablespace.name} from ${role.name}`);
  });
});

/** A tablespace in the data directory; disposing of it drops the source's table t that is in it. */
async function createTablespace(database: TestDatabase) {
  const name = uniqueName("space");
  await database.withClient(async (client) => {
    await client.query("set allow_in_place_tablespaces = on");
    await client.query(`create tablespace ${name} location ''`);
  });
  const drop = async () => {
    await database.execute("drop table if exists t");
    await database.execute(`drop tablespace ${name}`);
  };
  return { name, [Symbol.asyncDispose]: drop };
}

describe.each(testMajors)("a source's role that is no superuser, on PostgreSQL %i", (major) => {
  it("is told that its subscriptions are not copied", async () => {
    await using source = await createDatabase(server(major), "managed_source");
    await source.execute(
      "create subscription nowhere connection 'dbname=none' publication none with (connect = false, slot_name = none)",
    );
    await using target = await createDatabase(server(major), "managed_target");
    await using reader = await createManagedRole(source.server);
    try {
      const ends = { source: reader.uri(source), target: target.uri, noOwner: true, noAcl: true };
      const { warnings } = await clone(ends);
      expect(warnings).toContainEqual(
        "subscriptions are not copied, as pg_dump reads them for superusers only: nowhere",
      );
    } finally {
      await source.execute("drop subscription nowhere");
    }
  });

  it("is refused tables under row security, unless it may see past it", async () => {
    await using source = await createDatabase(server(major), "managed_source");
    await source.execute(`
      create table t as select g as n from generate_series(1, 10) g;
      alter table t enable row level security;
      create policy half on t using (n > 5);`);
    await using target = await createDatabase(server(major), "managed_target");
    await using reader = await createManagedRole(source.server);
    try {
      await source.execute(`grant select on t to ${reader.name}`);
      const ends = { source: reader.uri(source), target: target.uri, noOwner: true, noAcl: true };
      const error = await clone(ends).catch((thrown: PgCopyError) => thrown);
      expect(error).toMatchObject({ code: "source_unfit", items: ["public.t"] });
      await source.execute(`alter role ${reader.name} bypassrls`);
      expect((await clone(ends)).rows).toBe(10);
    } finally {
      await source.execute(`drop owned by ${reader.name}`);
    }
  });
});

/** A database as a role sees it. */
function databaseAs(database: TestDatabase, role: ManagedRole): Pick<TestDatabase, "execute"> {
  return {
    execute: (script) =>
      database.withClient(async (client) => {
        await client.query(`set session authorization ${role.name}; ${script}`);
      }),
  };
}

/** `table shop.u app`: who owns what of the user's. */
async function ownersIn(database: TestDatabase): Promise<string[]> {
  const rows = await database.query<{ owned: string }>(`
    select format('%s %s', c.oid::regclass, c.relowner::regrole) as owned from pg_class c
    where c.relnamespace in (select oid from pg_namespace where nspname in ('public', 'shop'))
    union all
    select format('%s %s', nspname, nspowner::regrole) from pg_namespace where nspname in ('public', 'shop')
    order by 1`);
  return rows.map(({ owned }) => owned);
}

/** Drops what roles own in these databases, and the roles. */
async function dropOwned(
  databases: readonly TestDatabase[],
  roles: readonly string[],
): Promise<void> {
  for (const database of databases) {
    await database.execute(`alter schema public owner to postgres`);
    for (const role of roles) await database.execute(`drop owned by ${role} cascade`);
  }
  const [{ server: on }] = databases as [TestDatabase];
  await dropRoles(on, roles);
}

/** What any application has; owned by a role that is made with it. */
function ordinarySchema(app: string): string {
  return `
    create role ${app};
    create schema shop authorization ${app};
    set role ${app};
    create table shop.customers (id int generated always as identity primary key, name text not null);
    insert into shop.customers (name) select 'c' || g from generate_series(1, 500) g;
    create type shop.state as enum ('open', 'paid');
    create table shop.orders (id serial primary key, customer int not null references shop.customers, state shop.state default 'open');
    insert into shop.orders (customer) select 1 + g % 500 from generate_series(1, 1000) g;
    create index on shop.orders (customer);
    create table shop.events (at date not null, what text) partition by range (at);
    create table shop.events_1 partition of shop.events for values from ('2024-01-01') to ('2025-01-01');
    insert into shop.events select '2024-01-01'::date + g, 'e' from generate_series(1, 100) g;
    create materialized view shop.sums as select customer, count(*) from shop.orders group by 1;
    create function shop.touch() returns trigger language plpgsql as $$ begin return new; end $$;
    create trigger touch before update on shop.orders for each row execute function shop.touch();
    alter table shop.customers enable row level security;
    create policy own on shop.customers using (name <> '');
    comment on table shop.orders is 'what was sold';
    reset role;
    create publication of_orders for table shop.orders;`;
}
