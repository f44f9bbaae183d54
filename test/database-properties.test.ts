/** What a database is beside its content: settings, privileges, owner, comment, limits. */

import { describe, expect, it } from "vitest";
import { type CloneOptions, clone, type PgCopyError, plan } from "../src/index.js";
import { quoteName } from "../src/postgres/quote.js";
import {
  createDatabase,
  databaseOn,
  server,
  type TestDatabase,
  type TestMajor,
  type TestServer,
  uniqueName,
} from "./support/servers.js";

/** Roles of a name of their own, on these servers; dropped at the end of the scope. */
async function createRoles(
  on: readonly TestServer[],
  names: readonly string[],
): Promise<AsyncDisposable> {
  const all = (sql: string) =>
    Promise.all(on.map((one) => databaseOn(one, "postgres").execute(sql)));
  await all(names.map((name) => `create role ${name} login password 'secret';`).join("\n"));
  return {
    [Symbol.asyncDispose]: async () => {
      await all(names.map((name) => `drop role if exists ${name};`).join("\n"));
    },
  };
}

async function propertiesOf(database: TestDatabase): Promise<Record<string, unknown>> {
  const rows = await database.query(`
    select pg_get_userbyid(datdba) as owner, datconnlimit, datistemplate, datallowconn,
      shobj_description(oid, 'pg_database') as comment,
      (select setconfig from pg_db_role_setting where setdatabase = d.oid and setrole = 0) as settings,
      (select json_agg(json_build_array(setrole::regrole::text, setconfig) order by setrole::regrole::text)
       from pg_db_role_setting where setdatabase = d.oid and setrole <> 0) as "roleSettings",
      (select json_agg(x order by x::text) from (select json_build_array(
         grantor::regrole::text, case when grantee = 0 then 'PUBLIC' else grantee::regrole::text end,
         privilege_type, is_grantable) as x
       from aclexplode(coalesce(datacl, acldefault('d', datdba))) as a) as a) as grants,
      (select spcname from pg_tablespace t where t.oid = dattablespace) as tablespace
    from pg_database d where datname = current_database()`);
  return rows[0] ?? {};
}

const as = (database: TestDatabase, role: string) =>
  database.uri.replace(/\/\/[^@]*@/, `//${role}:secret@`);

it("a materialized view that asks for the time zone is filled as on the source", async () => {
  await using source = await createDatabase(server(16), "props_zone");
  await source.execute(`
    create table moments (at timestamptz primary key);
    insert into moments select timestamptz '2024-01-01 00:00+00' + n * interval '7 hours' from generate_series(1, 50) n;
    alter database "${source.name}" set timezone = 'Asia/Kolkata'`);
  await source.execute(
    "create materialized view days as select date_trunc('day', at) as day, count(*) as n from moments group by 1",
  );
  const days = "select day::text, n::int from days order by 1";
  const wanted = await source.query(days);
  for (const verify of [undefined, "checksum"] as const) {
    await using target = databaseOn(server(18), uniqueName("props_copy"));
    await clone({
      source: source.uri,
      target: target.uri,
      ...(verify === undefined ? {} : { verify }),
    });
    expect(await target.query(days)).toEqual(wanted);
  }
});

/** All that ALTER DATABASE knows, on a database that somebody else owns. */
function everything({ name }: TestDatabase, [owner, reader, third]: readonly string[]): string {
  return `
    alter database "${name}" owner to ${owner};
    alter database "${name}" set statement_timeout = '5s';
    alter database "${name}" set search_path = public, "My Schema";
    alter database "${name}" set app.jwt_secret = 'a secret''s "value"';
    alter database "${name}" set default_transaction_read_only = on;
    alter role ${reader} in database "${name}" set work_mem = '8MB';
    revoke all on database "${name}" from public;
    grant connect on database "${name}" to ${reader} with grant option;
    set role ${reader}; grant connect on database "${name}" to ${third}; reset role;
    revoke create on database "${name}" from ${owner};
    comment on database "${name}" is 'it''s odd';
    alter database "${name}" connection limit 7;
    alter database "${name}" is_template true;`;
}

async function notTemplate(database: TestDatabase): Promise<void> {
  const name = quoteName(database.name);
  await databaseOn(database.server, "postgres").execute(
    `alter database ${name} is_template false; alter database ${name} connection limit -1`,
  );
}

/** In the data directory, so that no other has to be made. */
async function createTablespace(on: TestServer, name: string): Promise<void> {
  await databaseOn(on, "postgres").withClient(async (client) => {
    await client.query("set allow_in_place_tablespaces = on");
    await client.query(`create tablespace ${name} location ''`);
  });
}

async function refused(options: CloneOptions): Promise<PgCopyError> {
  return await clone(options).then(
    () => {
      throw new Error("the clone should have failed");
    },
    (error: PgCopyError) => error,
  );
}

describe("a database that the clone creates", () => {
  it.each<[TestMajor, TestMajor]>([
    [13, 13],
    [16, 18],
    [18, 15],
  ])("is what the source's is, from %i to %i", async (from, to) => {
    const names = ["owner", "reader", "third"].map(uniqueName);
    const servers = [...new Set([server(from), server(to)])];
    const distinct = from === to ? servers.slice(0, 1) : servers;
    await using _roles = await createRoles(distinct, names);
    await using source = await createDatabase(server(from), "properties");
    await using target = databaseOn(server(to), uniqueName('odd "name'));
    await source.execute(`create table t as select 1 as n; ${everything(source, names)}`);
    try {
      const report = await clone({ source: source.uri, target: target.uri, verify: "checksum" });
      expect(report.warnings.filter((one) => !one.includes("is older than"))).toEqual([]);
      expect(await propertiesOf(target)).toEqual(await propertiesOf(source));
    } finally {
      await notTemplate(source);
      await notTemplate(target).catch(() => {});
    }
  });

  it("goes without owner and privileges where they are not wanted", async () => {
    const names = ["owner", "reader", "third"].map(uniqueName);
    await using _roles = await createRoles([server(16)], names);
    await using source = await createDatabase(server(16), "properties");
    await using target = databaseOn(server(16), uniqueName("properties_copy"));
    await source.execute(everything(source, names));
    try {
      const options = { source: source.uri, target: target.uri, noOwner: true, noAcl: true };
      expect((await clone(options)).warnings).toEqual([]);
      const [here, there] = [await propertiesOf(source), await propertiesOf(target)];
      expect(there).toEqual({ ...here, owner: "postgres", grants: there.grants });
      expect(
        await target.query("select datacl from pg_database where datname = current_database()"),
      ).toEqual([{ datacl: null }]);
    } finally {
      await notTemplate(source);
      await notTemplate(target).catch(() => {});
    }
  });

  it("names what the target lacks or refuses, and goes on", async () => {
    const names = ["owner", "reader", "third"].map(uniqueName) as [string, string, string];
    await using _roles = await createRoles([server(18)], names);
    await using source = await createDatabase(server(18), "properties");
    await using target = databaseOn(server(15), uniqueName("properties_copy"));
    const tablespace = uniqueName("space");
    await createTablespace(server(18), tablespace);
    const admin = databaseOn(server(18), "postgres");
    await admin.execute(`alter database "${source.name}" set tablespace ${tablespace}`);
    await source.execute(`${everything(source, names)}
      alter database "${source.name}" set transaction_timeout = '1h'`);
    const planned = await plan({ source: source.uri, target: target.uri });
    const report = await clone({ source: source.uri, target: target.uri });
    try {
      const beforehand = [
        'the database\'s setting transaction_timeout is left out: unrecognized configuration parameter "transaction_timeout"',
        `the database's tablespace ${tablespace} is left out: the target has none of this name`,
      ];
      expect(planned.warnings).toEqual(expect.arrayContaining(beforehand));
      expect(report.warnings).toEqual([
        expect.stringContaining("is older than"),
        ...beforehand,
        `settings of ${names[1]} in the database are left out: the target has no such role`,
        ...[names[1], names[2]].map(
          (name) =>
            `privileges of ${name} on the database are left out: the target has no such role`,
        ),
        `the database's owner on the source, ${names[0]}, is no role of the target: postgres owns it there`,
      ]);
      expect((await propertiesOf(target)).comment).toBe("it's odd");
    } finally {
      await notTemplate(source);
      await notTemplate(target);
      await source[Symbol.asyncDispose]();
      await admin.execute(`drop tablespace ${tablespace}`);
    }
  });

  it("is made in the source's tablespace, where there is one of that name", async () => {
    const tablespace = uniqueName("space");
    const admin = databaseOn(server(16), "postgres");
    await createTablespace(server(16), tablespace);
    {
      await using source = await createDatabase(server(16), "properties");
      await using target = databaseOn(server(16), uniqueName("properties_copy"));
      await admin.execute(`alter database "${source.name}" set tablespace ${tablespace}`);
      await source.execute("create table t as select 1 as n");
      expect((await clone({ source: source.uri, target: target.uri })).warnings).toEqual([]);
      expect((await propertiesOf(target)).tablespace).toBe(tablespace);
    }
    await admin.execute(`drop tablespace ${tablespace}`);
  });
});

describe("a database that is there", () => {
  it("is left as it is, and what differs is one warning, secrets not shown", async () => {
    const names = ["owner", "reader", "third"].map(uniqueName) as [string, string, string];
    await using _roles = await createRoles([server(16)], names);
    await using source = await createDatabase(server(16), "properties");
    await using target = await createDatabase(server(16), "properties_copy");
    await source.execute(everything(source, names));
    await target.execute(`alter database "${target.name}" set lock_timeout = '1s'`);
    const before = await propertiesOf(target);
    const options = { source: source.uri, target: target.uri };
    try {
      const { warnings } = await clone(options);
      expect(warnings).toEqual([
        `the target database ${target.name} keeps its own properties (--database-properties applies the source's): ` +
          "statement_timeout is 5s on the source, not set on the target; " +
          'search_path is public, "My Schema" on the source, not set on the target; ' +
          "app.jwt_secret is set on the source, not set on the target; " +
          "default_transaction_read_only is on on the source, not set on the target; " +
          "lock_timeout is not set on the source, 1s on the target; " +
          `work_mem of ${names[1]} is 8MB on the source, not set on the target; ` +
          "privileges on it are others; its comment is another; " +
          `its owner is ${names[0]} on the source, postgres on the target; ` +
          "it is a template on the source only; its connection limit is 7 on the source, not set on the target",
      ]);
      expect((await plan({ ...options, dropIfExists: true })).warnings).toEqual(warnings);
      expect(await propertiesOf(target)).toEqual(before);

      const applied = await clone({ ...options, databaseProperties: true });
      expect(applied.warnings).toEqual([]);
      expect(await propertiesOf(target)).toEqual(await propertiesOf(source));
      await databaseOn(target.server, "postgres").execute(
        `alter database "${target.name}" set default_transaction_read_only = off`,
      );
      expect((await clone(options)).warnings).toEqual([
        expect.stringMatching(
          /source's\): default_transaction_read_only is on on the source, off on the target$/,
        ),
      ]);
    } finally {
      await notTemplate(source);
      await notTemplate(target);
    }
  });

  it("says what stays other, whatever is asked for", async () => {
    await using source = await createDatabase(server(16), "properties");
    await using target = databaseOn(server(16), uniqueName("properties_copy"));
    await source.execute(
      `create database ${target.name} template template0 encoding 'LATIN1' locale 'C'`,
    );
    const { warnings } = await clone({ source: source.uri, target: target.uri });
    expect(warnings).toEqual([
      `the target database ${target.name} was made otherwise, which stays so: its encoding is UTF8 on the source, LATIN1 on the target`,
    ]);
  });

  it("of another owner is refused, with --database-properties only", async () => {
    const names = ["stranger"].map(uniqueName) as [string];
    await using _roles = await createRoles([server(16)], names);
    await using source = await createDatabase(server(16), "properties");
    await using target = await createDatabase(server(16), "properties_copy");
    await source.execute(
      `create table public.t (n int); alter database "${source.name}" set statement_timeout = '5s'`,
    );
    await target.execute(
      `grant create on database "${target.name}" to ${names[0]}; grant all on schema public to ${names[0]}`,
    );
    const options = {
      source: source.uri,
      target: as(target, names[0]),
      noOwner: true,
      noAcl: true,
    };
    const error = await refused({ ...options, databaseProperties: true });
    expect(error).toMatchObject({
      code: "target_unfit",
      message: `the target's role may not give the database the source's properties: postgres owns the database ${target.name}`,
      items: ["statement_timeout is 5s on the source, not set on the target"],
      advice: expect.stringContaining("go without --database-properties"),
    });
    expect((await plan({ ...options, databaseProperties: true })).refusals).toEqual([
      `${error.message}: ${error.items[0]}`,
    ]);
    expect(await target.query("select from pg_tables where tablename = 't'")).toEqual([]);
    expect((await clone(options)).warnings).toEqual([
      expect.stringContaining("statement_timeout is 5s on the source, not set on the target"),
    ]);
    await target.execute(`drop owned by ${names[0]}`);
  });

  it("of an owner that is no superuser gets what he may set", async () => {
    const names = ["owner"].map(uniqueName) as [string];
    await using _roles = await createRoles([server(16)], names);
    await using source = await createDatabase(server(16), "properties");
    await using target = await createDatabase(server(16), "properties_copy");
    await source.execute(`alter database "${source.name}" set statement_timeout = '5s';
      alter database "${source.name}" set session_preload_libraries = 'auto_explain'`);
    await target.execute(`alter database "${target.name}" owner to ${names[0]}`);
    const { warnings } = await clone({
      source: source.uri,
      target: as(target, names[0]),
      databaseProperties: true,
      noOwner: true,
    });
    expect(warnings).toEqual([
      'the database\'s setting session_preload_libraries is left out: permission denied to set parameter "session_preload_libraries"',
    ]);
    expect((await propertiesOf(target)).settings).toEqual(["statement_timeout=5s"]);
    await target.execute(`reassign owned by ${names[0]} to postgres`);
  });
});
