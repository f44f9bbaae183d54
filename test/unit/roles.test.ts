/** Which statements make the source's roles on the target. */

import { describe, expect, test } from "vitest";
import type { Membership, Role, Roles } from "../../src/catalog/roles.js";
import { planRoles } from "../../src/plan/roles.js";
import { setClause } from "../../src/plan/settings.js";

let oid = 16384;

function role(name: string, fields: Partial<Role> = {}): Role {
  return {
    oid: oid++,
    name,
    superuser: false,
    inherit: true,
    createRole: false,
    createDatabase: false,
    login: false,
    replication: false,
    bypassRowSecurity: false,
    connectionLimit: -1,
    validUntil: undefined,
    password: undefined,
    comment: undefined,
    settings: [],
    labels: [],
    ...fields,
  };
}

const postgres = role("postgres", { oid: 10, superuser: true, login: true });

function roles(version: number, others: readonly Role[], memberships: Membership[] = []): Roles {
  return {
    serverVersion: version,
    roles: [postgres, role("pg_monitor", { oid: 3373 }), ...others],
    memberships,
    current: "postgres",
    settingsOfAll: [],
  };
}

function member(role: string, member: string, fields: Partial<Membership> = {}): Membership {
  return {
    role,
    member,
    grantor: "postgres",
    admin: false,
    inherit: true,
    set: true,
    ...fields,
  };
}

const options = { withPasswords: true, becomeMember: false };
const sqlOf = (source: Roles, target: Roles, given = options) =>
  planRoles(source, target, given).statements.map(({ sql }) => sql);

describe("a role that the target lacks", () => {
  test("is created with all that it has", () => {
    const odd = role('Nora "N"', {
      superuser: true,
      inherit: false,
      createRole: true,
      createDatabase: true,
      login: true,
      replication: true,
      bypassRowSecurity: true,
      connectionLimit: 3,
      validUntil: "2030-01-01 00:00:00+00",
      password: "SCRAM-SHA-256$4096:x",
      comment: "it's her",
      settings: ["work_mem=64MB", 'search_path=app, "My Schema"', "search_path="],
      labels: [{ provider: "dummy", label: "secret" }],
    });
    expect(sqlOf(roles(160_000, [odd]), roles(180_000, []))).toEqual([
      `create role "Nora ""N""" superuser noinherit createrole createdb login replication bypassrls connection limit 3 valid until '2030-01-01 00:00:00+00' password 'SCRAM-SHA-256$4096:x'`,
      `alter role "Nora ""N""" set "work_mem" to '64MB'`,
      `alter role "Nora ""N""" set "search_path" to 'app', 'My Schema'`,
      `alter role "Nora ""N""" set "search_path" to ''`,
      `comment on role "Nora ""N""" is 'it''s her'`,
      `security label for "dummy" on role "Nora ""N""" is 'secret'`,
    ]);
  });

  test("has no password where none is wanted, and that is told by name", () => {
    const source = roles(160_000, [role("nora", { login: true, password: "hash" }), role("group")]);
    const plan = planRoles(source, roles(160_000, []), { ...options, withPasswords: false });
    expect(plan.statements.map(({ sql }) => sql).join()).not.toContain("hash");
    expect(plan.omissions).toEqual(["these roles have no password on the target: nora"]);
  });

  test("no message names its password", () => {
    const source = roles(160_000, [role("nora", { login: true, password: "hash" })]);
    const { statements, ...rest } = planRoles(source, roles(160_000, []), options);
    expect(JSON.stringify([statements.map(({ attempted }) => attempted), rest])).not.toContain(
      "hash",
    );
  });

  test("takes the creator in, where that is what makes it an owner", () => {
    const becoming = { ...options, becomeMember: true };
    const source = roles(150_000, [role("nora")]);
    expect(sqlOf(source, roles(150_000, []), becoming)).toEqual([
      'create role "nora" role "postgres"',
    ]);
    expect(sqlOf(source, roles(160_000, []), becoming)).toEqual(['create role "nora"']);
  });
});

test("predefined roles and initdb's superuser are not created, whatever its name", () => {
  const source = { ...roles(160_000, []), roles: [role("boss", { oid: 10 }), role("pg_new")] };
  expect(planRoles(source, roles(160_000, []), options).created).toEqual([]);
});

test("a role that is there is left as it is; attributes that differ are told, passwords are not", () => {
  const source = roles(160_000, [
    role("nora", { login: true, connectionLimit: 5, password: "a", settings: ["app.key=secret"] }),
    role("same", { password: "a" }),
  ]);
  const target = roles(160_000, [
    role("nora", { createDatabase: true, password: "b" }),
    role("same", { password: "b" }),
  ]);
  const plan = planRoles(source, target, options);
  expect(plan.statements).toEqual([]);
  expect(plan.differences).toEqual([
    "nora: createdb on the target only, login on the source only, connection limit 5 on the source, not set on the target, other settings of app.key",
  ]);
});

describe("memberships", () => {
  const three = [role("app"), role("nora"), role("otto")];

  test("follow the grants that their grantors rest on", () => {
    const source = roles(160_000, three, [
      member("app", "otto", { grantor: "nora", inherit: false }),
      member("app", "nora", { admin: true, set: false }),
    ]);
    expect(sqlOf(source, roles(170_000, [])).slice(3)).toEqual([
      'grant "app" to "nora" with admin true, inherit true, set false granted by "postgres"',
      'grant "app" to "otto" with admin false, inherit false, set true granted by "nora"',
    ]);
  });

  test("granted by initdb's superuser are that of the target, whose name may be another", () => {
    const source = roles(160_000, three, [member("app", "nora")]);
    const target = roles(160_000, []);
    const boss = { ...postgres, name: "boss" };
    const renamed = { ...target, roles: [boss], current: "boss" };
    expect(sqlOf(source, renamed).at(-1)).toMatch(/granted by "boss"$/);
  });

  test("of several grantors are one where grantors are not tracked", () => {
    const source = roles(160_000, three, [
      member("app", "nora", { admin: true }),
      member("app", "nora", { grantor: "otto" }),
    ]);
    expect(sqlOf(source, roles(150_000, [])).slice(3)).toEqual([
      'grant "app" to "nora" with admin option',
    ]);
  });

  test("of an older source leave the options to the member's own attribute", () => {
    const older = { grantor: undefined, inherit: undefined, set: undefined };
    const source = roles(130_000, three, [
      member("app", "nora", older),
      member("app", "otto", { ...older, admin: true }),
    ]);
    expect(sqlOf(source, roles(180_000, [])).slice(3)).toEqual([
      'grant "app" to "nora"',
      'grant "app" to "otto" with admin option',
    ]);
  });

  test("that an older target would make wider are left out, and named", () => {
    const source = roles(160_000, three, [
      member("app", "nora", { set: false }),
      member("app", "otto", { inherit: false }),
    ]);
    const plan = planRoles(source, roles(150_000, []), options);
    expect(plan.statements.filter(({ sql }) => sql.startsWith("grant"))).toEqual([]);
    expect(plan.omissions).toEqual([
      expect.stringMatching(/^membership of nora in app is left out: .* more than on the source$/),
      expect.stringMatching(/^membership of otto in app is left out/),
    ]);
  });

  test("in predefined roles that the target doesn't know are left out, and named", () => {
    const source = roles(170_000, three, [
      member("pg_monitor", "nora"),
      member("pg_maintain", "nora"),
    ]);
    const plan = planRoles(source, roles(150_000, []), options);
    expect(plan.statements.map(({ sql }) => sql)).toContain('grant "pg_monitor" to "nora"');
    expect(plan.omissions).toEqual([
      "membership of nora in pg_maintain is left out: the target has no role pg_maintain",
    ]);
  });

  test("between two roles that are there are not granted, but told", () => {
    const source = roles(160_000, three, [member("app", "nora")]);
    const target = roles(160_000, three, [member("app", "otto")]);
    const plan = planRoles(source, target, options);
    expect(plan.statements).toEqual([]);
    expect(plan.differences).toEqual([
      "nora: member of app on the source only",
      "otto: member of app on the target only",
    ]);
  });

  test("between a role that is there and one that is not are granted", () => {
    const source = roles(160_000, three, [member("app", "nora")]);
    const target = roles(160_000, [role("app"), role("otto")]);
    expect(sqlOf(source, target)).toEqual([
      'create role "nora"',
      'grant "app" to "nora" with admin false, inherit true, set true granted by "postgres"',
    ]);
  });
});

test("attributes that the target's role may not give are named, by its version's rules", () => {
  const source = roles(160_000, [
    role("boss", { superuser: true, createRole: true }),
    role("maker", { createDatabase: true }),
    role("streamer", { replication: true, bypassRowSecurity: true }),
    role("plain", { login: true, inherit: false }),
  ]);
  const target = (version: number, own: Partial<Role>): Roles => {
    const rest = roles(version, [role("cloud", own)]);
    return { ...rest, current: "cloud" };
  };
  const forbidden = (version: number, own: Partial<Role>) =>
    planRoles(source, target(version, own), options).forbidden;
  const all = ["boss (superuser)", "maker (createdb)", "streamer (replication, bypassrls)"];
  expect(forbidden(160_000, { createRole: true })).toEqual(all);
  expect(forbidden(160_000, { createRole: true, createDatabase: true, replication: true })).toEqual(
    ["boss (superuser)", "streamer (bypassrls)"],
  );
  expect(forbidden(150_000, { createRole: true, replication: true })).toEqual([
    "boss (superuser)",
    "streamer (replication, bypassrls)",
  ]);
  expect(forbidden(160_000, {})).toEqual(["boss", "maker", "streamer", "plain"]);
  expect(forbidden(160_000, { superuser: true })).toEqual([]);
});

test.each([
  ["work_mem", "64MB", `set "work_mem" to '64MB'`],
  ["search_path", '"a""b", c, "D, e"', `set "search_path" to 'a"b', 'c', 'D, e'`],
  ["search_path", '""', `set "search_path" to ''`],
  [
    "session_preload_libraries",
    "auto_explain",
    `set "session_preload_libraries" to 'auto_explain'`,
  ],
  ["DateStyle", "ISO, DMY", `set "DateStyle" to 'ISO, DMY'`],
  ["my.own", "a, b='c'", `set "my.own" to 'a, b=''c'''`],
])("ALTER … SET %s = %s", (name, value, clause) => {
  expect(setClause({ name, value })).toBe(clause);
});
