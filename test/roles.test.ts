/**
 * `--roles`, on servers of its own: roles belong to a whole cluster, and other tests' would be in
 * the way.
 */

import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type CloneOptions, clone, type PgCopyError, plan, type RunEvent } from "../src/index.js";
import { type LaunchedServer, launchServer } from "./support/launch-servers.js";
import { createDatabase, databaseOn, type TestDatabase, testServer } from "./support/servers.js";

const launched: LaunchedServer[] = [];

async function launch(major: number): Promise<LaunchedServer> {
  const one = await launchServer(major, { log_statement: "all" });
  launched.push(one);
  return one;
}

let old: LaunchedServer;
let source: LaunchedServer;
let target: LaunchedServer;
beforeAll(async () => {
  [old, source, target] = (await Promise.all([15, 16, 18].map(launch))) as [
    LaunchedServer,
    LaunchedServer,
    LaunchedServer,
  ];
});
afterEach(cleanUp);
afterAll(async () => {
  await Promise.all(launched.map((one) => one[Symbol.asyncDispose]()));
});

const databaseOf = (one: LaunchedServer, name = "postgres") =>
  databaseOn(testServer(one.address), name);
const newDatabase = (one: LaunchedServer) => createDatabase(testServer(one.address), "roles");
const as = (database: TestDatabase, role: string) =>
  database.uri.replace(/\/\/[^@]*@/, `//${role}:secret@`);

/** Drops databases, then roles: one test's must not be there for the next. */
async function cleanUp(): Promise<void> {
  for (const one of launched) {
    const admin = databaseOf(one);
    const databases = await admin.query(
      "select datname from pg_database where datname ~ '^roles_'",
    );
    for (const { datname } of databases) {
      await admin.execute(`drop database "${datname}" with (force)`);
    }
    const roles = await admin.query(
      "select quote_ident(rolname) as name from pg_roles where oid >= 16384",
    );
    for (const { name } of roles) await admin.execute(`drop owned by ${name} cascade`);
    if (roles.length > 0)
      await admin.execute(`drop role ${roles.map(({ name }) => name).join(", ")}`);
  }
}

async function refused(options: CloneOptions): Promise<PgCopyError> {
  return await clone(options).then(
    () => {
      throw new Error("the clone should have failed");
    },
    (error: PgCopyError) => error,
  );
}

const rolesQuery = `
  select rolname, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication,
    rolbypassrls, rolconnlimit, rolvaliduntil, rolpassword, shobj_description(oid, 'pg_authid') as comment,
    (select setconfig from pg_db_role_setting where setrole = r.oid and setdatabase = 0) as config
  from pg_authid r where oid >= 16384 order by rolname`;
const membershipsQuery = (columns: string) => `
  select roleid::regrole::text as role, member::regrole::text as member, admin_option as admin ${columns}
  from pg_auth_members where member >= 16384 order by 1, 2, grantor::regrole::text`;
const withOptions =
  ", inherit_option as inherit, set_option as set, grantor::regrole::text as grantor";
const passwordsQuery = "select rolpassword from pg_authid where rolpassword is not null";

const everyRole = `
  create role app noinherit;
  create role "Odd, ""role" superuser createdb createrole login replication bypassrls
    connection limit 3 valid until '2031-02-03 04:05:06+02' password 'secret';
  create role for_ever login valid until 'infinity';
  comment on role app is 'it''s the app';
  alter role "Odd, ""role" set work_mem = '64MB';
  alter role "Odd, ""role" set search_path = public, "My Schema";
  alter role app set app.greeting = 'hello, "you"';
  create role nora login;
  create role otto;
  create table t (n int);
  alter table t owner to nora;
  grant select on t to "Odd, ""role";`;

describe("all roles of the source", () => {
  it("arrive with everything that they have, memberships by grantor", async () => {
    await using from = await newDatabase(source);
    await from.execute(`${everyRole}
      set password_encryption = 'md5'; alter role nora password 'secret';
      grant pg_monitor to nora;
      grant app to nora with admin true, inherit false, set true;
      grant app to for_ever with inherit true, set false;
      set role nora; grant app to otto with set false; grant app to for_ever; reset role;
      grant app to otto;`);
    await using to = databaseOf(target, from.name);
    const events: RunEvent[] = [];
    const report = await clone({
      source: from.uri,
      target: to.uri,
      roles: true,
      observer: (event) => events.push(event),
    });

    const names = ["app", 'Odd, "role', "for_ever", "nora", "otto"];
    expect(report.rolesCreated).toEqual(names);
    expect(report.warnings).toEqual([]);
    expect(await to.query(rolesQuery)).toEqual(await from.query(rolesQuery));
    expect(await to.query(membershipsQuery(withOptions))).toEqual(
      await from.query(membershipsQuery(withOptions)),
    );
    expect(await to.query("select tableowner from pg_tables where tablename = 't'")).toEqual([
      { tableowner: "nora" },
    ]);
    await expectNoHashIn(from, JSON.stringify([events, report]), target.process.log().join("\n"));

    const again = await clone({
      source: from.uri,
      target: to.uri,
      roles: true,
      dropIfExists: true,
    });
    expect([again.rolesCreated, again.warnings]).toEqual([[], []]);
  });

  it("go up from 15 to 18, and down again as far as 15 knows them", async () => {
    await using from = await newDatabase(old);
    await from.execute(`${everyRole} grant app to nora with admin option; grant app to otto;`);
    await using to = databaseOf(target, from.name);
    await clone({ source: from.uri, target: to.uri, roles: true });
    expect(await to.query(rolesQuery)).toEqual(await from.query(rolesQuery));
    expect(await to.query(membershipsQuery(""))).toEqual(await from.query(membershipsQuery("")));
    await from[Symbol.asyncDispose]();
    await databaseOf(old).execute(`drop role app, "Odd, ""role", for_ever, nora, otto`);

    await to.execute(`create role limited; grant app to limited with set false;
      grant pg_maintain to nora; alter role nora set transaction_timeout = '5min'`);
    const report = await clone({ source: to.uri, target: from.uri, roles: true });
    expect(report.rolesCreated).toContain("limited");
    expect(report.warnings).toEqual([
      expect.stringMatching(/is older than the source/),
      expect.stringMatching(
        /^membership of nora in pg_maintain is left out: the target has no role/,
      ),
      expect.stringMatching(
        /^membership of limited in app is left out: .*more than on the source$/,
      ),
      expect.stringMatching(
        /^ALTER ROLE nora SET transaction_timeout is left out: unrecognized configuration parameter/,
      ),
    ]);
  });
});

/** What the source stores, and what a superuser's own statements would have shown of it. */
async function expectNoHashIn(from: TestDatabase, ...texts: string[]): Promise<void> {
  const hashes = await from.query<{ rolpassword: string }>(passwordsQuery);
  expect(hashes.length).toBeGreaterThan(1);
  for (const { rolpassword } of hashes)
    for (const text of texts) expect(text.includes(rolpassword)).toBe(false);
}

describe("roles that the target has", () => {
  it("are left as they are, and what differs is one warning", async () => {
    await using from = await newDatabase(source);
    await from.execute(
      "create role nora login createdb; create role same; create role fresh; grant nora to fresh",
    );
    await using to = await newDatabase(target);
    await to.execute("create role nora connection limit 1 password 'other'; create role same");
    const before = await to.query(
      `${rolesQuery.replace("order by", "and rolname <> 'fresh' order by")}`,
    );
    const report = await clone({ source: from.uri, target: to.uri, roles: true });
    expect(report.rolesCreated).toEqual(["fresh"]);
    expect(report.warnings).toEqual([
      "a role is on the target already and left as it is, though other than on the source: " +
        "nora: createdb on the source only, login on the source only, connection limit not set on the source, 1 on the target",
    ]);
    expect(
      await to.query(`${rolesQuery.replace("order by", "and rolname <> 'fresh' order by")}`),
    ).toEqual(before);
    expect(await to.query(membershipsQuery(""))).toEqual([
      { role: "nora", member: "fresh", admin: false },
    ]);
  });

  it("plan names those that would be created, and creates none", async () => {
    await using from = await newDatabase(source);
    await from.execute("create role nora; create table t (n int); alter table t owner to nora");
    await using to = await newDatabase(target);
    const planned = await plan({ source: from.uri, target: to.uri, roles: true });
    expect([planned.rolesToCreate, planned.conflicts]).toEqual([["nora"], []]);
    expect(await to.query(rolesQuery)).toEqual([]);
  });
});

describe("a source whose passwords can't be read", () => {
  it("is refused, unless they are not wanted", async () => {
    await using from = await newDatabase(source);
    await from.execute(`create role cloud login password 'secret'; create role nora login password 'secret';
      create role app; grant all on schema public to cloud`);
    await using to = databaseOf(target, from.name);
    const options = { source: as(from, "cloud"), target: to.uri, roles: true };
    const error = await refused(options);
    expect(error).toMatchObject({
      code: "source_unfit",
      message: "the source's role may not read the passwords of roles (pg_authid)",
      advice: expect.stringContaining("--no-role-passwords"),
    });
    const admin = databaseOf(target);
    expect(await admin.query(rolesQuery)).toEqual([]);

    const report = await clone({ ...options, noRolePasswords: true });
    expect(report.rolesCreated).toEqual(["cloud", "nora", "app"]);
    expect(report.warnings).toEqual(["these roles have no password on the target: cloud, nora"]);
    expect(await admin.query(passwordsQuery)).toHaveLength(1);
  });
});

describe.each([15, 18])("a target's role of %i with CREATEROLE only", (major) => {
  const end = () => (major === 15 ? old : target);

  it("creates what it may, becomes a member of it, and can make it an owner", async () => {
    await using from = await newDatabase(source);
    await from.execute(`create role nora login password 'secret'; create role app; grant app to nora;
      create schema s; create table s.t (n int primary key); insert into s.t values (1);
      alter schema s owner to app; alter table s.t owner to app; create index on s.t (n)`);
    await using to = await newDatabase(end());
    await to.execute(`create role cloud login createrole password 'secret';
      alter database "${to.name}" owner to cloud`);
    const report = await clone({ source: from.uri, target: as(to, "cloud"), roles: true });
    expect(report.rolesCreated).toEqual(["nora", "app"]);
    expect(report.warnings).toContain(
      "cloud becomes a member of the roles that it creates: only a member may make them owners",
    );
    expect(
      await to.query("select tableowner, n from pg_tables, s.t where tablename = 't'"),
    ).toEqual([{ tableowner: "app", n: 1 }]);
    expect(await to.query(membershipsQuery(""))).toContainEqual({
      role: "app",
      member: "nora",
      admin: false,
    });
  });

  it("is told of all that it may not create, before anything is changed", async () => {
    await using from = await newDatabase(source);
    await from.execute(
      "create role boss superuser; create role streamer replication; create role plain",
    );
    await using to = databaseOf(end(), from.name);
    const admin = databaseOf(end());
    await admin.execute("create role cloud login createrole createdb password 'secret'");
    const options = { source: from.uri, target: as(to, "cloud"), roles: true };
    const error = await refused(options);
    expect(error).toMatchObject({
      code: "target_unfit",
      message: "the target's role may not create 2 roles of the source",
      items: ["boss (superuser)", "streamer (replication)"],
    });
    const left = await admin.query("select rolname from pg_roles where oid >= 16384");
    expect(left).toEqual([{ rolname: "cloud" }]);
    const planned = await plan({ ...options, dropIfExists: true });
    expect(planned.conflicts).toEqual([]);
    expect(planned.refusals).toEqual([
      "the target's role may not create 2 roles of the source: boss (superuser), streamer (replication)",
    ]);
  });

  it("is told before any role is made that the rest can't be", async () => {
    await using from = await newDatabase(source);
    await from.execute("create role plain; create table t (n int)");
    await using missing = databaseOf(end(), from.name);
    await using there = await newDatabase(end());
    const admin = databaseOf(end());
    await admin.execute("create role cloud login createrole password 'secret'");
    await admin.execute(`alter database ${there.name} owner to cloud`);
    await there.execute(`
      alter schema public owner to cloud; create table t (n int); alter table t owner to cloud;
      create view mine as select * from t`);
    const options = { source: from.uri, roles: true, noOwner: true, noAcl: true };
    const attempts = [
      [missing, `the target's role may not create the database ${missing.name}`],
      [there, expect.stringMatching(/^the target's objects can't be replaced/)],
    ] as const;
    for (const [to, message] of attempts) {
      const attempt = { ...options, target: as(to, "cloud"), dropIfExists: true };
      const error = await refused(attempt);
      expect(error).toMatchObject({ code: "target_unfit", message });
      expect(error.advice).toMatch(/^nothing was changed; /);
      expect((await plan(attempt)).refusals).toEqual([expect.stringContaining(error.message)]);
    }
    const left = await admin.query("select rolname from pg_roles where oid >= 16384");
    expect(left).toEqual([{ rolname: "cloud" }]);
  });

  it("is told of memberships that the server refuses, and then no role is left", async () => {
    await using from = await newDatabase(source);
    await from.execute("create role plain; create role boss superuser; grant boss to plain");
    await using to = databaseOf(end(), from.name);
    const admin = databaseOf(end());
    await admin.execute(
      "create role cloud login createrole createdb password 'secret'; create role boss superuser",
    );
    const error = await refused({ source: from.uri, target: as(to, "cloud"), roles: true });
    expect(error.message).toBe("the target refuses to create the source's roles");
    expect(error.items).toEqual([expect.stringMatching(/^GRANT boss TO plain: /)]);
    expect(await admin.query("select from pg_roles where rolname = 'plain'")).toEqual([]);
    expect(await admin.query("select from pg_database where datname = $1", [to.name])).toEqual([]);
  });
});
