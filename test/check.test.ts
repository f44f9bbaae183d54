/** pgcopy check on real servers: each finding planted, told with what to do, and nothing changed. */

import { describe, expect, it } from "vitest";
import { readDatabaseProperties } from "../src/catalog/database-properties.js";
import {
  type CheckOptions,
  type CheckReport,
  check,
  clone,
  connect,
  type Finding,
  parseEndpoint,
} from "../src/index.js";
import { refuseUnknownLocale } from "../src/load/check-locales.js";
import { runCli } from "./support/cli.js";
import { createManagedRole } from "./support/managed-role.js";
import { objectsOf } from "./support/objects.js";
import {
  createDatabase,
  server,
  type TestDatabase,
  testMajors,
  uniqueName,
} from "./support/servers.js";
import { createShop } from "./support/shop-schema.js";
import { startStandby } from "./support/standby.js";
import { openTransactionPooler } from "./support/transaction-pooler.js";

/** The one finding of that name; fails if there is none, or more. */
function findingOf(report: CheckReport, name: string): Finding {
  const found = report.findings.filter((one) => one.check === name);
  expect(
    found.map(({ title }) => title),
    `findings of ${name}`,
  ).toHaveLength(1);
  return found[0] as Finding;
}

const namesOf = ({ findings }: CheckReport, severity = "error") =>
  findings.filter((one) => one.severity === severity).map((one) => one.check);

describe.each(testMajors)("from PostgreSQL %i into 18", (major) => {
  it("finds nothing against a clone that succeeds, and changes nothing", async () => {
    await using source = await createDatabase(server(major), "check_source");
    await createShop(source, { rows: 50 });
    await using target = await createDatabase(server(18), "check_target");
    const before = [await objectsOf(source), await objectsOf(target)];
    const ends = { source: source.uri, target: target.uri };
    const report = await check(ends);
    expect(report.findings.filter(({ severity }) => severity === "error")).toEqual([]);
    expect(report).toMatchObject({ errors: 0, complete: true });
    expect([await objectsOf(source), await objectsOf(target)]).toEqual(before);
    await clone(ends);
  });
});

/** An empty target, and what it finds there for a source that is made so. */
async function checked(
  script: string,
  options: Partial<CheckOptions> = {},
  prepare?: (target: TestDatabase) => Promise<void>,
): Promise<CheckReport> {
  await using source = await createDatabase(server(16), "check_source");
  if (script !== "") await source.execute(script);
  await using target = await createDatabase(server(18), "check_target");
  await prepare?.(target);
  return await check({ source: source.uri, target: target.uri, ...options });
}

it("tells of all that is wrong at once, each with the SQL that mends it", async () => {
  const role = uniqueName("absent");
  await using source = await createDatabase(server(16), "check_source");
  await source.execute(`
    create role ${role}; create table "Odd one" (n int); alter table "Odd one" owner to ${role};
    create table t (n int primary key); create index broken on t (n);
    update pg_index set indisvalid = false where indexrelid = 'broken'::regclass;`);
  await using target = await createDatabase(server(18), "check_target");
  await target.execute("create table t (other text)");
  try {
    const report = await check({ source: source.uri, target: target.uri });
    expect(namesOf(report)).toEqual(["missing_roles", "objects_in_the_way"]);
    expect(findingOf(report, "missing_roles")).toMatchObject({
      items: [`${role} (owner of 1 object)`],
      statements: [`create role "${role}"`],
      advice: expect.stringContaining("--no-owner"),
    });
    expect(findingOf(report, "objects_in_the_way").items).toEqual(["table public.t"]);
    expect(findingOf(report, "omissions")).toMatchObject({
      severity: "warning",
      items: ["public.broken"],
      statements: ['reindex index concurrently "public"."broken"'],
    });
    expect(findingOf(report, "tables_without_key")).toMatchObject({
      severity: "info",
      items: ['public."Odd one"'],
    });
    const without = await check({
      source: source.uri,
      target: target.uri,
      noOwner: true,
      noAcl: true,
      dropIfExists: true,
    });
    expect(without.errors).toBe(0);
    expect(findingOf(without, "objects_in_the_way")).toMatchObject({ severity: "warning" });
  } finally {
    await source.execute(`drop owned by ${role}; drop role ${role}`);
  }
});

it("says the same of a restricted role as the clone", async () => {
  await using source = await createDatabase(server(16), "check_source");
  await source.execute(`
    create operator family f using btree;
    create type odd;
    create extension file_fdw; create extension citext;`);
  await using target = await createDatabase(server(16), "check_target");
  await using role = await createManagedRole(target.server, { owns: [target] });
  const ends = { source: source.uri, target: role.uri(target), noOwner: true };
  const refusal = await clone(ends).catch((error: Error) => error);
  const report = await check(ends);
  const { title, items } = findingOf(report, "restricted_objects");
  expect(items).toEqual(["TYPE public odd", "OPERATOR FAMILY public f"]);
  expect(title).toContain("may not create base types");
  const extension = findingOf(report, "extensions");
  expect(extension).toMatchObject({ severity: "error", items: ["file_fdw 1.0"] });
  // A clone stops at the first of them.
  expect(refusal).toMatchObject({
    code: "target_unfit",
    message: extension.title,
    items: extension.items,
  });
});

it("names every table and sequence that the source's role can't read, and says what it could not look at", async () => {
  await using source = await createDatabase(server(16), "check_source");
  await source.execute(`
    create schema s; create table s."Hidden" (id serial primary key); create table seen (n int);
    create table guarded (n int); alter table guarded enable row level security;`);
  await using reader = await createManagedRole(source.server);
  await source.execute(`grant select on seen, guarded to ${reader.name}`);
  await using target = await createDatabase(server(18), "check_target");
  try {
    const report = await check({ source: reader.uri(source), target: target.uri });
    const found = report.findings.filter((one) => one.check === "unreadable_source");
    expect(found.map(({ items }) => items)).toEqual([
      ['s."Hidden"'],
      ['s."Hidden_id_seq"'],
      ["public.guarded"],
    ]);
    expect(found[0]?.statements).toEqual([
      `grant usage on schema "s" to "${reader.name}"`,
      `grant select on table "s"."Hidden" to "${reader.name}"`,
    ]);
    expect(report.complete).toBe(false);
    expect(namesOf(report, "info")).toContain("visible_sessions");
    await source.execute(found.flatMap(({ statements }) => statements).join(";"));
    await source.execute(`grant pg_read_all_stats to ${reader.name}`);
    const again = await check({
      source: reader.uri(source),
      target: target.uri,
      noOwner: true,
      noAcl: true,
    });
    expect(again).toMatchObject({ errors: 0, complete: true });
    expect(namesOf(again, "info")).not.toContain("visible_sessions");
  } finally {
    await source.execute(`drop owned by ${reader.name}`);
  }
});

it("doesn't wait for a locked table, and names who holds it", async () => {
  await using source = await createDatabase(server(16), "check_source");
  await source.execute("create table t (n int)");
  await using target = await createDatabase(server(18), "check_target");
  await source.withClient(async (client) => {
    await client.query("begin; lock table t in access exclusive mode");
    const { rows } = await client.query("select pg_backend_pid() as pid");
    const report = await check({ source: source.uri, target: target.uri });
    expect(findingOf(report, "locked_tables")).toMatchObject({
      severity: "warning",
      items: [
        expect.stringMatching(
          new RegExp(`^public\\.t: held by process ${rows[0].pid} \\(postgres, test\\)$`),
        ),
      ],
      statements: [`select pg_terminate_backend(${rows[0].pid})`],
    });
    expect(findingOf(report, "schema").severity).toBe("error");
    expect(report.complete).toBe(false);
  });
});

it("knows what following the source's changes takes", async () => {
  const script = `
    create table keyed (n int primary key); create table plain (n int); create table whole (n int);
    create table "Named" (n int not null); create unique index named on "Named" (n);
    alter table whole replica identity full; alter table "Named" replica identity using index named;
    create unlogged table brief (n int primary key);
    create table parted (n int) partition by list (n); create table part partition of parted for values in (1);`;
  const without = await checked(script);
  expect(without.errors).toBe(0);
  const report = await checked(script, { followReady: true });
  const [error, warning] = report.findings.filter((one) => one.check === "replica_identities");
  expect(error).toMatchObject({
    severity: "error",
    items: ["public.part", "public.plain"],
    statements: [
      'alter table "public"."part" replica identity full',
      'alter table "public"."plain" replica identity full',
    ],
  });
  expect(warning).toMatchObject({ severity: "warning", items: ["public.brief"] });
  // The test servers have wal_level = logical; the role lacks the attribute.
  expect(report.findings.filter((one) => one.check === "replication")).toEqual([]);
  await using source = await createDatabase(server(16), "check_source");
  await using role = await createManagedRole(source.server);
  await using target = await createDatabase(server(18), "check_target");
  const ends = { source: role.uri(source), target: target.uri };
  const asRole = await check({ ...ends, noOwner: true, followReady: true });
  expect(findingOf(asRole, "replication")).toMatchObject({
    severity: "error",
    statements: [`alter role "${role.name}" replication`],
  });
});

it("tells of a database that its role may not create, and of a locale that nobody knows", async () => {
  await using source = await createDatabase(server(16), "check_source");
  await using target = await createDatabase(server(18), "check_target");
  await using role = await createManagedRole(target.server, { attributes: "createrole" });
  const missing = uniqueName("absent");
  const ends = { source: source.uri, target: role.uri(target).replace(target.name, missing) };
  const report = await check({ ...ends, noOwner: true });
  expect(report.databaseToCreate).toBe(missing);
  expect(findingOf(report, "new_database")).toMatchObject({
    severity: "error",
    title: `the target's role may not create the database ${missing}`,
    statements: [`alter role "${role.name}" createdb`, expect.stringContaining("create database")],
  });
  // Nobody can connect to a database whose locale is gone, so this one is made up.
  const signal = new AbortController().signal;
  const endpoint = await parseEndpoint(target.uri, {}, "target");
  if (endpoint.kind !== "server") throw new Error("not a server");
  await using maintenance = await connect(endpoint, { side: "target", purpose: "test", signal });
  const known = await readDatabaseProperties(maintenance);
  await refuseUnknownLocale(maintenance, known);
  await expect(
    refuseUnknownLocale(maintenance, { ...known, collate: "xx_XX.utf8" }),
  ).rejects.toMatchObject({
    code: "target_unfit",
    message: expect.stringMatching(/doesn't know the source database's locale: could not create/),
  });
  expect(await maintenance.query("test", "select pg_catalog.pg_backend_pid()")).toHaveLength(1);
});

it("tells of collations that the target's system lacks, as the clone does", async () => {
  await using source = await createDatabase(server(16), "check_source");
  await source.execute(`
    create schema "S x"; create collation "S x".known (locale = 'C');
    create collation lost (locale = 'C'); create table t (a text collate lost);
    set allow_system_table_mods = on;
    update pg_collation set collcollate = 'xx_XX.utf8', collctype = 'xx_XX.utf8' where collname = 'lost';`);
  await using target = await createDatabase(server(18), "check_target");
  const ends = { source: source.uri, target: target.uri };
  const finding = findingOf(await check(ends), "unknown_collations");
  expect(finding.items).toEqual([
    expect.stringMatching(/^COLLATION public lost: could not create locale/),
  ]);
  await expect(clone(ends)).rejects.toMatchObject({ code: "target_unfit", message: finding.title });
});

it("tells of text that sorts otherwise since its system was upgraded, and of another encoding", async () => {
  await using source = await createDatabase(server(16), "check_source");
  await source.execute(`
    create collation german (provider = icu, locale = 'de');
    create table t (a text collate german primary key) partition by range (a);
    update pg_collation set collversion = '1.2.3' where collname = 'german';`);
  const name = uniqueName("check_latin");
  await source.execute(
    `create database ${name} template template0 encoding latin1 lc_collate 'C' lc_ctype 'C'`,
  );
  const uri = source.uri.replace(source.name, name);
  try {
    const report = await check({ source: source.uri, target: uri });
    expect(findingOf(report, "collation_versions")).toMatchObject({
      side: "source",
      severity: "warning",
      items: [expect.stringMatching(/^collation (public\.)?german: 1\.2\.3 then, .+ now$/)],
      statements: [
        `reindex database "${source.name}"`,
        "alter collation public.german refresh version",
      ],
    });
    expect(findingOf(report, "encodings").title).toMatch(/LATIN1.*UTF8/);
  } finally {
    await source.execute(`drop database ${name}`);
  }
});

it("tells of unlogged tables, and of tables without a key only where they are copied", async () => {
  const script = `
    create unlogged table fleeting (n int primary key);
    create schema audit; create table audit.scratch (n int); create table kept (n int);`;
  const report = await checked(script, { filters: { excludeSchemas: ["audit"] } });
  expect(findingOf(report, "unlogged_tables")).toMatchObject({
    severity: "info",
    title: "a table of the source is unlogged",
    items: ["public.fleeting"],
  });
  expect(findingOf(report, "tables_without_key").items).toEqual(["public.kept"]);
});

it("tells of missing extensions, functions in C and foreign tables", async () => {
  const report = await checked(
    `create extension file_fdw; create server files foreign data wrapper file_fdw;
     create foreign table away (n int) server files options (filename '/dev/null');
     create function add(int, int) returns int language c strict as '$libdir/refint', 'check_primary_key';
     insert into pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion)
       values (99999, 'nonesuch', 10, 2200, false, '1');`,
    { pgDump: "bundled" },
  );
  expect(findingOf(report, "extensions")).toMatchObject({
    severity: "error",
    items: ["nonesuch (1 on the source)"],
  });
  expect(findingOf(report, "library_functions").items).toEqual([
    expect.stringMatching(/add\(integer,integer\): \$libdir\/refint$/),
  ]);
  expect(findingOf(report, "foreign_tables").items).toEqual(["public.away"]);
});

it("stops at what makes looking further pointless", async () => {
  await using source = await createDatabase(server(16), "check_source");
  const same = await check({ source: source.uri, target: source.uri });
  expect(same).toMatchObject({ errors: 1, complete: false });
  expect(namesOf(same)).toEqual(["same_database"]);
  await using pooler = await openTransactionPooler(source);
  await using target = await createDatabase(server(18), "check_target");
  const pooled = await check({ source: pooler.uri, target: target.uri });
  expect(namesOf(pooled)).toEqual(["pooler"]);
});

it("a standby as the target is an error among others; as the source it lacks unlogged rows", async () => {
  await using standby = await startStandby(
    "create unlogged table public.u (n int); create table public.u2 (n int)",
  );
  await using other = await createDatabase(server(18), "check_target");
  await other.execute("create table u2 (n int)");
  const target = await check({ source: other.uri, target: standby.uri() });
  expect(namesOf(target)).toEqual(["read_only_target", "objects_in_the_way"]);
  const source = await check({ source: standby.uri(), target: other.uri, followReady: true });
  expect(findingOf(source, "omissions")).toMatchObject({ items: ["public.u"] });
  expect(namesOf(source)).toContain("replication");
});

describe("pgcopy check", () => {
  it("prints the worst first and exits with 4; with nothing against it, with 0", async () => {
    await using source = await createDatabase(server(16), "check_cli");
    await source.execute("create table t (n int primary key)");
    await using target = await createDatabase(server(18), "check_cli");
    const args = ["check", source.uri, target.uri];
    const fine = await runCli(args);
    expect(fine.exitCode).toBe(0);
    expect(fine.stdout).toMatch(/\nNothing found is in the way of a clone/);
    await target.execute("create table t ()");
    const bad = await runCli(args);
    expect(bad.exitCode).toBe(4);
    expect(bad.stdout).toMatch(
      /To be mended before a clone \(1\)\n {2}target {2}the target already has 1 object/,
    );
    expect(bad.stdout).toMatch(/\n1 thing is to be mended before a clone; .*\.\n$/);
    for (const line of bad.stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
    expect(`${bad.stdout}${bad.stderr}`).not.toContain(encodeURIComponent(source.server.password));
    const quiet = await runCli([...args, "--quiet"]);
    expect(quiet.stderr).toBe("");
    expect(quiet.stdout).toMatch(/^To be mended before a clone \(1\)\n/);
    expect(quiet.stdout).not.toMatch(/Good to know|Checked/);
  });

  it("--json: one object for each finding, the summary last", async () => {
    await using source = await createDatabase(server(16), "check_cli");
    await source.execute("create table t (n int)");
    await using target = await createDatabase(server(18), "check_cli");
    const { stdout, exitCode } = await runCli(["check", source.uri, target.uri, "--json"]);
    const lines = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(exitCode).toBe(0);
    expect(lines.at(-1)).toMatchObject({ type: "check", errors: 0, complete: true });
    expect(lines.at(-1).findings).toBeUndefined();
    expect(lines).toContainEqual(
      expect.objectContaining({
        type: "finding",
        check: "tables_without_key",
        items: ["public.t"],
      }),
    );
    const quiet = await runCli(["check", source.uri, target.uri, "--json", "--quiet"]);
    expect(quiet.stdout.trimEnd().split("\n")).toHaveLength(1);
  });
});
