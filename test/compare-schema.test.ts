/** `compare schema`: every difference that it can find is planted once and found, and nothing else is. */

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clone, compareData, compareSchema, type SchemaComparison } from "../src/index.js";
import { findPgDump } from "../src/schema/find-pg-dump.js";
import { runCli } from "./support/cli.js";
import { createHardSchema, ensureRoles } from "./support/hard-schema.js";
import {
  createDatabase,
  server,
  type TestDatabase,
  type TestMajor,
  testMajors,
  uniqueName,
} from "./support/servers.js";
import { expectNoSessions } from "./support/waiting.js";

const oldest = server(testMajors[0] ?? 13);
const newest = server(testMajors.at(-1) ?? 18);
/** Roles belong to the whole server, which other test files use too. */
const reader = uniqueName("compare_reader");
const createRole = `create role ${reader}`;

const longBody = Array.from({ length: 200 }, (_, n) => `  n := n + ${n};`).join("\n");

const schema = `
  create schema shop;
  create extension hstore schema shop version '1.4';
  create type shop.state as enum ('new', 'paid', 'sent');
  create domain shop.email as text constraint at_sign check (value ~ '@');
  create function shop.total(n int) returns int language plpgsql as $$\nbegin\n${longBody}\n  return n;\nend $$;
  create function shop.touch() returns trigger language plpgsql as 'begin return new; end';
  create function shop.watch() returns event_trigger language plpgsql as 'begin end';
  create table shop.customers (id int primary key, name text default 'nobody', mail shop.email, note text);
  comment on table shop.customers is 'who buys';
  comment on column shop.customers.name is 'in full';
  create index customers_name on shop.customers (name);
  create table shop.orders (id int primary key, customer int references shop.customers, at timestamptz default '2024-01-01 00:00:00+00');
  create trigger touched before update on shop.orders for each row execute function shop.touch();
  create trigger touched_again before update on shop.orders for each row execute function shop.touch();
  create table shop.secrets (id int, owner name);
  alter table shop.secrets enable row level security;
  create policy own on shop.secrets using (owner = current_user);
  create table shop.guarded (id int);
  alter table shop.guarded enable row level security;
  create table shop.granted (id int, name text, salary int);
  grant select, insert on shop.granted to ${reader};
  grant select (name) on shop.granted to ${reader};
  create table shop.tuned (a text, b text, id int not null unique);
  alter table shop.tuned alter a set statistics 500;
  alter table shop.tuned alter b set storage external;
  alter table shop.tuned replica identity using index tuned_id_key;
  create table shop.owned (id int);
  create table shop.checked (n int, constraint positive check (n > 0));
  create table shop.dropped (id int);
  create table shop.noted (id int); comment on table shop.noted is 'gone';
  create table shop.published (id int primary key);
  create table shop.referred (id int primary key, other int references shop.referred);
  create publication everything for table shop.published, shop.orders;
  create event trigger watched on ddl_command_end execute function shop.watch();
  create view shop.paid as select id, name from shop.customers where note is null;
  select lo_create(8001); comment on large object 8001 is 'large';
  create sequence shop.numbers increment 5;
  create rule never as on delete to shop.owned do instead nothing;
  create statistics shop.correlated on a, b from shop.tuned;
  create table shop.parts (id int) partition by range (id);
  create table shop.parts_1 partition of shop.parts for values from (0) to (10);
  alter default privileges in schema shop grant select on tables to ${reader};
  create procedure shop.proc(a int, inout b int) language plpgsql as 'begin end';
  create foreign data wrapper nothing;
  create server elsewhere foreign data wrapper nothing options (host 'h', api_token 'source secret');
  create user mapping for current_user server elsewhere options (user 'u', password 'source secret', aws_secret_access_key 'source secret');`;

interface Plant {
  readonly what: string;
  readonly change: string;
  /** Object, entry, status, and words of what only one end has. */
  readonly found: readonly [
    object: string,
    entry: string,
    status: string,
    source?: string | undefined,
    target?: string,
  ];
}

const plants: readonly Plant[] = [
  {
    what: "a missing grant",
    change: `revoke insert on shop.granted from ${reader}`,
    found: ["TABLE shop.granted", "privileges", "different", "SELECT,INSERT", "GRANT SELECT ON"],
  },
  {
    what: "a privilege on a column",
    change: `grant update (note) on shop.customers to ${reader}`,
    found: ["TABLE shop.customers", "privileges", "only_on_target", undefined, "UPDATE(note)"],
  },
  {
    what: "default privileges",
    change: `alter default privileges in schema shop revoke select on tables from ${reader}`,
    found: [
      "DEFAULT ACL shop DEFAULT PRIVILEGES FOR TABLES",
      "DEFAULT ACL shop DEFAULT PRIVILEGES FOR TABLES",
      "only_on_source",
    ],
  },
  {
    what: "a disabled trigger",
    change: "alter table shop.orders disable trigger touched",
    found: [
      "TABLE shop.orders",
      "TRIGGER touched ON shop.orders",
      "different",
      undefined,
      "DISABLE TRIGGER",
    ],
  },
  {
    what: "a missing trigger",
    change: "drop trigger touched_again on shop.orders",
    found: ["TABLE shop.orders", "TRIGGER touched_again ON shop.orders", "only_on_source"],
  },
  {
    what: "disabled triggers of a foreign key",
    change: "alter table shop.referred disable trigger all",
    found: [
      "TABLE shop.referred",
      "triggers of its foreign keys",
      "different",
      undefined,
      "referred_other_fkey disabled",
    ],
  },
  {
    what: "a disabled event trigger",
    change: "alter event trigger watched disable",
    found: [
      "EVENT TRIGGER watched ON ddl_command_end",
      "EVENT TRIGGER watched ON ddl_command_end",
      "different",
      undefined,
      "DISABLE",
    ],
  },
  {
    what: "a different function body",
    change: `create or replace function shop.total(n int) returns int language plpgsql as $$\nbegin\n${longBody.replace("n + 77;", "n + 78;")}\n  return n;\nend $$`,
    found: ["FUNCTION shop.total(integer)", "FUNCTION shop.total(integer)", "different", "n + 77;"],
  },
  {
    what: "a missing comment",
    change: "comment on table shop.noted is null",
    found: ["TABLE shop.noted", "COMMENT ON TABLE shop.noted", "only_on_source", "'gone'"],
  },
  {
    what: "another comment, on a column",
    change: "comment on column shop.customers.name is 'in short'",
    found: [
      "TABLE shop.customers",
      "COMMENT ON COLUMN shop.customers.name",
      "different",
      "in full",
      "in short",
    ],
  },
  {
    what: "a missing index",
    change: "drop index shop.customers_name",
    found: ["TABLE shop.customers", "INDEX customers_name ON shop.customers", "only_on_source"],
  },
  {
    what: "another default",
    change: "alter table shop.customers alter name set default 'somebody'",
    found: ["TABLE shop.customers", "TABLE shop.customers", "different", "'nobody'", "'somebody'"],
  },
  {
    what: "another owner",
    change: `alter table shop.owned owner to ${reader}`,
    found: ["TABLE shop.owned", "TABLE shop.owned", "different", "OWNER TO", reader],
  },
  {
    what: "a missing rule",
    change: "drop rule never on shop.owned",
    found: ["TABLE shop.owned", "RULE never ON shop.owned", "only_on_source"],
  },
  {
    what: "another policy",
    change: "alter policy own on shop.secrets using (true)",
    found: [
      "TABLE shop.secrets",
      "POLICY own ON shop.secrets",
      "different",
      "CURRENT_USER",
      "true",
    ],
  },
  {
    what: "missing row level security",
    change: "alter table shop.guarded disable row level security",
    found: ["TABLE shop.guarded", "ENABLE ROW LEVEL SECURITY", "only_on_source"],
  },
  {
    what: "statistics target, storage and replica identity",
    change:
      "alter table shop.tuned alter a set statistics 5, alter b set storage main; alter table shop.tuned replica identity full",
    found: ["TABLE shop.tuned", "TABLE shop.tuned", "different", "STATISTICS 500", "FULL"],
  },
  {
    what: "the index of a replica identity",
    change: "",
    found: [
      "TABLE shop.tuned",
      "ADD CONSTRAINT tuned_id_key UNIQUE",
      "different",
      "REPLICA IDENTITY USING INDEX",
    ],
  },
  {
    what: "extended statistics",
    change: "drop statistics shop.correlated",
    found: [
      "TABLE shop.tuned",
      "STATISTICS shop.correlated ON a, b FROM shop.tuned",
      "only_on_source",
    ],
  },
  {
    what: "an extension's version",
    change: "alter extension hstore update to '1.5'",
    found: ["EXTENSION hstore", "version", "different", "1.4", "1.5"],
  },
  {
    what: "a large object's privileges",
    change: `grant select on large object 8001 to ${reader}`,
    found: ["LARGE OBJECT 8001", "privileges", "different", undefined, reader],
  },
  {
    what: "a large object's comment",
    change: "comment on large object 8001 is null",
    found: ["LARGE OBJECT 8001", "comment", "different", "large"],
  },
  {
    what: "a published table",
    change: "alter publication everything drop table shop.published",
    found: [
      "ALTER PUBLICATION everything ADD TABLE shop.published",
      "ALTER PUBLICATION everything ADD TABLE shop.published",
      "only_on_source",
    ],
  },
  {
    what: "a domain's constraint",
    change: "alter domain shop.email drop constraint at_sign",
    found: ["DOMAIN shop.email", "DOMAIN shop.email", "different", "at_sign"],
  },
  {
    what: "the order of an enum's labels",
    change:
      "alter type shop.state rename value 'paid' to 'x'; alter type shop.state rename value 'sent' to 'paid'; alter type shop.state rename value 'x' to 'sent'",
    found: [
      "TYPE shop.state",
      "TYPE shop.state",
      "different",
      "'paid',\n    'sent'",
      "'sent',\n    'paid'",
    ],
  },
  {
    what: "a check that is not there",
    change: "alter table shop.checked drop constraint positive",
    found: ["TABLE shop.checked", "TABLE shop.checked", "different", "positive"],
  },
  {
    what: "a foreign key that was not validated",
    change:
      "alter table shop.orders drop constraint orders_customer_fkey; alter table shop.orders add constraint orders_customer_fkey foreign key (customer) references shop.customers not valid",
    found: [
      "TABLE shop.orders",
      "ADD CONSTRAINT orders_customer_fkey FOREIGN KEY",
      "different",
      undefined,
      "NOT VALID",
    ],
  },
  {
    what: "another query of a view",
    change:
      "create or replace view shop.paid as select id, name from shop.customers where note is not null",
    found: ["VIEW shop.paid", "VIEW shop.paid", "different", "IS NULL", "IS NOT NULL"],
  },
  {
    what: "a sequence's increment",
    change: "alter sequence shop.numbers increment 6",
    found: ["SEQUENCE shop.numbers", "SEQUENCE shop.numbers", "different", "BY 5", "BY 6"],
  },
  {
    what: "a missing table",
    change: "drop table shop.dropped",
    found: ["TABLE shop.dropped", "TABLE shop.dropped", "only_on_source"],
  },
  {
    what: "an extra table",
    change: `create table shop."Extra; one" (id int)`,
    found: [`TABLE shop."Extra; one"`, `TABLE shop."Extra; one"`, "only_on_target"],
  },
  {
    what: "a detached partition",
    change: "alter table shop.parts detach partition shop.parts_1",
    found: [
      "TABLE shop.parts_1",
      "ALTER TABLE shop.parts ATTACH PARTITION shop.parts_1",
      "only_on_source",
    ],
  },
  {
    what: "a procedure's argument",
    change: `drop procedure shop.proc; create procedure shop.proc(a int, inout b int, c int default 1) language plpgsql as 'begin end'`,
    found: [
      expect.stringMatching(/^PROCEDURE shop\.proc\(/),
      expect.stringMatching(/^PROCEDURE shop\.proc\(/),
      "only_on_source",
    ],
  },
  {
    what: "the same on the other end",
    change: "",
    found: [
      expect.stringMatching(/^PROCEDURE shop\.proc\(/),
      expect.stringMatching(/^PROCEDURE shop\.proc\(/),
      "only_on_target",
    ],
  },
  {
    what: "a password, which is not shown",
    change:
      "alter user mapping for current_user server elsewhere options (set password 'target secret')",
    found: [
      "USER MAPPING postgres SERVER elsewhere",
      "USER MAPPING postgres SERVER elsewhere",
      "different",
      "(\n    aws_secret_access_key '********',\n    password '********',\n    \"user\" 'u'\n)",
      "(\n    aws_secret_access_key '********',\n    password '********',\n    \"user\" 'u'\n)",
    ],
  },
  {
    what: "a secret of a server, which is not shown",
    change: "alter server elsewhere options (set api_token 'target secret')",
    found: [
      "SERVER elsewhere FOREIGN DATA WRAPPER nothing",
      "SERVER elsewhere FOREIGN DATA WRAPPER nothing",
      "different",
      "api_token '********'",
      "api_token '********'",
    ],
  },
];

/** Across as many versions as there are; and one that Debian's pg_dump is new enough for. */
const pairs: readonly (readonly [TestMajor, TestMajor])[] = [
  [oldest.major as TestMajor, newest.major as TestMajor],
  testMajors.includes(15) ? [15, 15] : [testMajors[0] as TestMajor, testMajors[0] as TestMajor],
];

describe.each(pairs)("what is planted between PostgreSQL %i and %i", (from, to) => {
  let source: TestDatabase;
  let target: TestDatabase;
  beforeAll(async () => {
    for (const on of new Set([server(from), server(to)])) {
      await using database = await createDatabase(on);
      await database.execute(
        `do $$ begin ${createRole}; exception when duplicate_object then null; end $$`,
      );
    }
    source = await createDatabase(server(from), "compared");
    target = await createDatabase(server(to), "compared");
    for (const end of [source, target]) await end.execute(schema);
  });
  afterAll(async () => {
    await source[Symbol.asyncDispose]();
    await target[Symbol.asyncDispose]();
    for (const on of new Set([server(from), server(to)])) {
      await using database = await createDatabase(on);
      await database.execute(`drop role if exists ${reader}`);
    }
  });

  it("is nothing at first, whatever the time zones", async () => {
    await source.execute(`alter database ${source.name} set timezone = 'Asia/Tokyo'`);
    for (const [end, secret] of [
      [source, "source secret"],
      [target, "target secret"],
    ] as const)
      await end.execute(`
        alter database ${end.name} set app.jwt_secret = '${secret}';
        alter database ${end.name} set app.same = 'source secret'`);
    await source.execute(
      `alter role ${reader} in database ${source.name} set app.key = 'source secret'`,
    );
    for (const pgDump of await pgDumps(to)) {
      const comparison = await compare(source, target, pgDump);
      expect(comparison.differences).toEqual([]);
      expect(comparison.notes).toContainEqual({
        what: "database setting TimeZone",
        source: "Asia/Tokyo",
      });
      expect(comparison.notes).toContainEqual({
        what: "database setting app.jwt_secret",
        source: "set to another value",
        target: "set to another value",
      });
      expect(comparison.notes).toContainEqual({
        what: `database setting app.key for ${reader}`,
        source: "set",
      });
      expect(JSON.stringify(comparison)).not.toMatch(/app\.same|(source|target) secret/);
    }
  });

  it("is all found, and nothing else, by both pg_dumps", async () => {
    for (const { change } of plants) await target.execute(change);
    for (const pgDump of await pgDumps(to)) {
      const { differences, same } = await compare(source, target, pgDump);
      expect(same).toBe(false);
      for (const { what, found } of plants) {
        const [object, entry, status, onSource = "", onTarget = ""] = found;
        expect(
          differences.map((one) => [one.object, one.entry, one.status]),
          what,
        ).toContainEqual([object, entry, status]);
        expect(differences, what).toContainEqual({
          object,
          entry,
          status,
          source: onSource === "" ? expect.anything() : matching(onSource),
          target: onTarget === "" ? expect.anything() : matching(onTarget),
        });
      }
      expect(differences.map(({ object, entry, status }) => [object, entry, status])).toHaveLength(
        plants.length,
      );
      expect(JSON.stringify(differences)).not.toContain("secret'");
    }
    await expectNoSessions(source, target);
  });

  it("leaves out owners and privileges if asked", async () => {
    const { differences } = await compareSchema({
      source: source.uri,
      target: target.uri,
      pgDump: "bundled",
      noOwner: true,
      noAcl: true,
    });
    const text = JSON.stringify(differences);
    expect(differences.length).toBe(plants.length - 5);
    expect(text).not.toMatch(/privileges|OWNER TO|DEFAULT ACL/);
  });

  it("is printed as a diff, object by object, and the exit code is 6", async () => {
    const { exitCode, stdout } = await runCli(
      ["compare", "schema", source.uri, target.uri, "--pg-dump", "bundled"],
      {},
    );
    expect(exitCode).toBe(6);
    expect(stdout).not.toContain("\u001b");
    expect(stdout).not.toMatch(/(source|target) secret/);
    expect(stdout).toContain(
      [
        "FUNCTION shop.total(integer)",
        "  different",
        "      ...",
        "        n := n + 74;",
        "        n := n + 75;",
        "        n := n + 76;",
        "    -   n := n + 77;",
        "    +   n := n + 78;",
        "        n := n + 78;",
      ].join("\n"),
    );
    expect(stdout).toContain("    (in a secret, which is not shown)\n");
    expect(stdout).toMatch(
      /^The schemas differ in \d+ entries of \d+ objects: \d+ different, \d+ only on the\ssource,/m,
    );
  });

  it("is one JSON object for each difference, and one for the whole", async () => {
    const { exitCode, stdout, stderr } = await runCli(
      ["compare", "schema", source.uri, target.uri, "--pg-dump", "bundled", "--json"],
      {},
    );
    expect([exitCode, stderr]).toEqual([6, ""]);
    expect(stdout).not.toMatch(/(source|target) secret/);
    const lines = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines.filter(({ type }) => type === "schema_difference")).toHaveLength(plants.length);
    expect(lines.at(-1)).toMatchObject({
      type: "schema_comparison",
      same: false,
      differences: plants.length,
    });
  });
});

/** A list of statements of which one holds these words. */
function matching(words: string): unknown {
  return expect.arrayContaining([expect.stringContaining(words)]);
}

async function compare(
  source: TestDatabase,
  target: TestDatabase,
  pgDump: string,
): Promise<SchemaComparison> {
  const comparison = await compareSchema({
    source: source.uri,
    target: target.uri,
    environment: process.env,
    pgDump,
  });
  expect(comparison.pgDump.kind).toBe(pgDump === "bundled" ? "bundled" : "local");
  return comparison;
}

/** The bundled one, and a local one if it is new enough. */
async function pgDumps(minimumMajor: number): Promise<string[]> {
  const { signal } = new AbortController();
  const found = await findPgDump({ environment: process.env, minimumMajor, signal });
  if (found === undefined) console.log(`no local pg_dump ${minimumMajor}: only the bundled one`);
  return ["bundled", ...(found === undefined ? [] : [found.path])];
}

describe("what is no difference", () => {
  const upgrades = testMajors.flatMap((from, at) =>
    testMajors.slice(at).map((to) => [from, to] as const),
  );

  it.each(upgrades)("the hard schema, cloned from %i to %i", async (from, to) => {
    await using source = await createDatabase(server(from), "hard");
    await createHardSchema(source);
    await using target = await createDatabase(server(to), "hard_copy");
    await ensureRoles(target);
    await clone({ source: source.uri, target: target.uri, pgDump: "bundled" });
    const comparison = await compareSchema({
      source: source.uri,
      target: target.uri,
      pgDump: "bundled",
    });
    expect(comparison.differences).toEqual([]);
    expect(comparison.entries).toBeGreaterThan(700);
    const data = await compareData({ source: source.uri, target: target.uri });
    expect(data).toMatchObject({ tableDifferences: [], sequenceDifferences: [], same: true });
    expect(data.tables).toBeGreaterThan(100);
    const local = await findPgDump({
      environment: process.env,
      minimumMajor: to,
      signal: new AbortController().signal,
    });
    if (local === undefined) {
      console.log(`no local pg_dump ${to}: compared by the bundled one only`);
      return;
    }
    const { pgDump, differences } = await compareSchema({
      source: source.uri,
      target: target.uri,
      environment: process.env,
    });
    expect(pgDump.kind).toBe("local");
    expect(differences).toEqual([]);
  });

  it("an empty database of any two versions", async () => {
    await using source = await createDatabase(oldest, "empty");
    await using target = await createDatabase(newest, "empty");
    const ends = { source: source.uri, target: target.uri, pgDump: "bundled" };
    expect((await compareSchema(ends)).differences).toEqual([]);
  });
});
