/** Extensions: which version, in which schema, by which role; and the rows of their configuration tables. */

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type CloneReport, clone, type PgCopyError, plan } from "../src/index.js";
import { expectSameDatabase } from "./support/compare.js";
import { objectsOf } from "./support/objects.js";
import { launchWithExtensions, type ServerWithExtensions } from "./support/own-extension.js";
import {
  createDatabase,
  databaseOn,
  server,
  type TestDatabase,
  uniqueName,
} from "./support/servers.js";

type Options = Parameters<typeof clone>[0];

const refusal = (options: Options): Promise<PgCopyError> =>
  clone(options).then(
    () => {
      throw new Error("the clone should have failed");
    },
    (error: PgCopyError) => error,
  );

/** A clone, and what it said on the way. */
async function told(options: Options): Promise<CloneReport & { notices: string[] }> {
  const notices: string[] = [];
  const observer: Options["observer"] = (event) => {
    if (event.type === "notice") notices.push(event.message);
  };
  return { ...(await clone({ ...options, observer })), notices };
}

/** A role that owns a database and nothing else. */
async function ownerOf(
  database: TestDatabase,
): Promise<AsyncDisposable & { uri: string; name: string }> {
  const name = uniqueName("owner");
  await database.execute(
    `create role ${name} login password 'owner'; alter database ${database.name} owner to ${name};`,
  );
  return {
    name,
    uri: database.uri.replace(/\/\/[^@]*@/, `//${name}:owner@`),
    [Symbol.asyncDispose]: () =>
      database.execute(
        `alter database ${database.name} owner to postgres; reassign owned by ${name} to postgres;
         drop owned by ${name}; drop role ${name}`,
      ),
  };
}

const versionOf = async (database: TestDatabase, name: string) =>
  (await database.query("select extversion from pg_extension where extname = $1", [name]))[0]
    ?.extversion;

describe("with the extensions that come with PostgreSQL", () => {
  it("odd names and schemas arrive, from an old version on a new one", async () => {
    await using source = await createDatabase(server(13), "extensions");
    await source.execute(`
      create schema "Odd ""schema"; create extension "uuid-ossp" schema "Odd ""schema";
      create schema ext; create extension citext schema ext; create extension hstore;
      create extension cube; create extension earthdistance;
      comment on extension hstore is 'ours, with a '' quote';
      create table t (id uuid default "Odd ""schema".uuid_generate_v4(), name ext.citext, h public.hstore);
      insert into t (name, h) values ('a', 'x=>1');`);
    await using target = await createDatabase(server(18), "copy");
    const report = await told({ source: source.uri, target: target.uri, verify: "checksum" });
    await expectSameDatabase(source.uri, target.uri);
    expect(report.warnings).toEqual([]);
    expect(report.notices).toContain(
      "extensions are created in another version: citext 1.8 (1.6 on the source), cube 1.5 (1.4 on the source), earthdistance 1.2 (1.1 on the source), hstore 1.8 (1.7 on the source)",
    );
  });

  it("a required version is created, and one that can't be had is refused with those that can", async () => {
    await using source = await createDatabase(server(15), "extensions");
    await source.execute("create extension hstore; create extension citext");
    await using target = await createDatabase(server(16), "copy");
    const before = await objectsOf(target);
    const error = await refusal({
      source: source.uri,
      target: target.uri,
      requirements: [
        { name: "hstore", version: "9.9" },
        { name: "citext", version: "1.5" },
      ],
    });
    expect(error.code).toBe("target_unfit");
    expect(error.message).toBe(
      "the target's server doesn't have the required version of an extension",
    );
    expect(error.items).toEqual([
      expect.stringMatching(/^hstore 9\.9: the target has 1\.4, .*1\.8$/),
    ]);
    expect(error.advice).toContain("nothing was changed");
    expect(await objectsOf(target)).toEqual(before);

    await clone({
      source: source.uri,
      target: target.uri,
      requirements: [{ name: "citext", version: "1.5" }],
    });
    expect(await versionOf(target, "citext")).toBe("1.5");
    expect(await versionOf(target, "hstore")).toBe("1.8");

    // Now it is there, in that version and no other.
    await source.execute("create table t (name citext)");
    const kept = await refusal({
      source: source.uri,
      target: target.uri,
      requirements: [{ name: "citext", version: "1.6" }],
    });
    expect(kept.items).toEqual(["citext 1.6: the target's database has 1.5 already"]);
    const report = await told({ source: source.uri, target: target.uri });
    expect(report.notices).toContain(
      "extensions that the target has in another version are kept: citext 1.5 (1.6 on the source)",
    );
    expect(await versionOf(target, "citext")).toBe("1.5");
  });

  it("a required extension that the source doesn't have is a mistake", async () => {
    await using source = await createDatabase(server(15), "extensions");
    await using target = await createDatabase(server(16), "copy");
    const options = {
      source: source.uri,
      target: target.uri,
      requirements: [{ name: "postgis", version: "3.4.2" }],
    };
    const error = await refusal(options);
    expect(error).toMatchObject({ code: "usage", items: ["postgis 3.4.2"] });
    await expect(plan(options)).rejects.toMatchObject({ code: "usage" });
  });

  it("an extension that others need elsewhere than the target has it is refused; another is kept", async () => {
    await using source = await createDatabase(server(16), "extensions");
    await source.execute(`create schema ext; create extension citext schema ext;
      create extension hstore schema ext; create table t (name ext.citext);`);
    await using target = await createDatabase(server(16), "copy");
    await target.execute("create extension citext; create extension hstore");
    const options = { source: source.uri, target: target.uri };
    const error = await refusal(options);
    expect(error.items).toEqual(["citext: in schema ext on the source, in public on the target"]);
    expect((await plan(options)).refusals).toEqual([
      "the target has an extension in another schema than the source, whose objects need them there: citext: in schema ext on the source, in public on the target",
    ]);
    await target.execute("create schema ext; alter extension citext set schema ext");
    await clone(options);
    expect(await target.query("select count(*)::int as n from t")).toEqual([{ n: 0 }]);
  });

  it("with --skip-extensions what they bring must be there, by whatever way", async () => {
    await using source = await createDatabase(server(16), "extensions");
    await source.execute(`create extension citext; create extension hstore; create extension pg_trgm;
      comment on extension hstore is 'ours'; create table t (name citext, n int);
      create table u (name text); create index on u using gin (name gin_trgm_ops);`);
    await using target = await createDatabase(server(16), "copy");
    const options = { source: source.uri, target: target.uri, skipExtensions: true };
    const error = await refusal(options);
    expect(error).toMatchObject({
      code: "target_unfit",
      message: "the source's objects use extensions' objects that the target doesn't have",
    });
    expect(error.items).toEqual([
      "type public.citext (extension citext)",
      "operator class public.gin_trgm_ops USING gin (extension pg_trgm)",
    ]);
    // No extension brings it here, and that is good enough.
    await target.execute("create domain citext as text; create extension pg_trgm");
    await clone(options);
    expect(
      await target.query(
        "select extname::text as name from pg_extension where extname <> 'plpgsql'",
      ),
    ).toEqual([{ name: "pg_trgm" }]);
    expect(await target.query("select count(*)::int as n from t")).toEqual([{ n: 0 }]);
    await using fresh = databaseOn(server(16), uniqueName("missing"));
    expect((await refusal({ ...options, target: fresh.uri })).advice).toContain(
      "create the target's database with these extensions in it",
    );
  });
});

describe("as a role that owns the target's database and no more", () => {
  it("trusted extensions are created; others are refused before anything is done", async () => {
    await using source = await createDatabase(server(16), "extensions");
    await source.execute(
      "create extension hstore; create extension file_fdw; create extension dblink",
    );
    await using target = await createDatabase(server(16), "copy");
    await using role = await ownerOf(target);
    const before = await objectsOf(target);
    const options = { source: source.uri, target: role.uri, noOwner: true, noAcl: true };
    const error = await refusal(options);
    expect(error.message).toBe(
      "the target's role may not create 2 extensions, which only a superuser may",
    );
    expect(error.items).toEqual(["dblink 1.2", "file_fdw 1.0"]);
    expect(await objectsOf(target)).toEqual(before);
    expect((await plan(options)).refusals).toHaveLength(2);

    await source.execute("drop extension file_fdw, dblink");
    await clone(options);
    expect(await versionOf(target, "hstore")).toBe("1.8");
  });

  it("an extension of another role keeps its comment, and so does its schema", async () => {
    await using source = await createDatabase(server(16), "extensions");
    await source.execute(`create schema ext; create extension hstore schema ext; create extension citext;
      comment on extension hstore is 'ours'; comment on schema ext is 'ours too';
      grant usage on schema ext to public; create table t (h ext.hstore, c citext);`);
    await using target = await createDatabase(server(16), "copy");
    await target.execute(
      "create schema ext; grant usage on schema ext to public; create extension hstore schema ext",
    );
    await using role = await ownerOf(target);
    const report = await clone({ source: source.uri, target: role.uri, noOwner: true });
    expect(report.warnings).toEqual([
      "comments on extensions that belong to another role are left as the target has them: hstore",
    ]);
    expect(
      await target.query(
        "select obj_description(oid, 'pg_extension') as hstore from pg_extension where extname = 'hstore'",
      ),
    ).toEqual([{ hstore: "data type for storing sets of (key, value) pairs" }]);
    expect(await target.query("select count(*)::int as n from t")).toEqual([{ n: 0 }]);
  });
});

it("a schema in which both ends have an extension is no obstacle, and is not dropped", async () => {
  await using source = await createDatabase(server(15), "extensions");
  await source.execute(
    "create schema ext; create extension hstore schema ext; create table ext.t (h ext.hstore)",
  );
  await using target = await createDatabase(server(16), "copy");
  await target.execute(`create schema ext; create extension hstore schema ext; create table ext.t (n int);
    create table ext.other (h ext.hstore);`);
  const options = { source: source.uri, target: target.uri };
  expect((await refusal(options)).items).toEqual(["table ext.t"]);
  await clone({ ...options, dropIfExists: true });
  expect(await target.query("select count(*)::int as n from ext.other, ext.t")).toEqual([{ n: 0 }]);
});

describe("configuration tables", () => {
  let own: ServerWithExtensions;
  beforeAll(async () => {
    own = await launchWithExtensions();
  });
  afterAll(async () => {
    await own[Symbol.asyncDispose]();
  });

  const withRows = `
    create schema "Odd s"; create extension "odd-ext" schema "Odd s" version '1.0';
    create extension own_schema;
    insert into "Odd s".countries values (3, 'Ours'), (4, E'Tab\\tand \\\\');
    update "Odd s".countries set name = 'Changed by us' where id = 2;
    insert into "Odd s"."a regions" values (1, 3, null), (2, 4, '\\N');
    select setval('"Odd s".next_id', 42);
    insert into "Own Schema".settings values ('a', 'b');
    -- Reads the rows while its own arrive, and refers to them.
    create table t (country int references "Odd s".countries (id),
      name text generated always as ("Odd s".country_name(country)) stored);
    insert into t values (3), (1); create index on t ("Odd s".country_name(country));`;

  const rowsOf = (database: TestDatabase) =>
    database.query(`select (select array_agg(c order by id)::text from "Odd s".countries c) as countries,
      (select array_agg(r order by id)::text from "Odd s"."a regions" r) as regions,
      (select array_agg(s)::text from "Own Schema".settings s) as settings, (select array_agg(t order by country)::text from t) as t,
      (select last_value::int from "Odd s".next_id) as last`);

  it("the user's rows arrive, in the order of their foreign keys, before all that may read them", async () => {
    await using source = await createDatabase(own.server, "extensions");
    await source.execute(withRows);
    await using target = await createDatabase(own.server, "copy");
    const report = await clone({ source: source.uri, target: target.uri, verify: "checksum" });
    expect(await rowsOf(target)).toEqual(await rowsOf(source));
    expect(await rowsOf(target)).toMatchObject([
      { last: 42, t: '{"(1,\\"Built in\\")","(3,Ours)"}' },
    ]);
    expect(report.warnings).toEqual([]);
    // The target has the newest version, whose script made the schema's table anew.
    expect(await versionOf(target, "odd-ext")).toBe("1.1");
  });

  it("a target that has such rows is refused; with --drop-if-exists they are replaced", async () => {
    await using source = await createDatabase(own.server, "extensions");
    await source.execute(withRows);
    await using target = await createDatabase(own.server, "copy");
    const options = { source: source.uri, target: target.uri };
    await clone(options);
    await target.execute(`drop table t; insert into "Odd s".countries values (77, 'Only here')`);
    const before = await objectsOf(target);
    const error = await refusal(options);
    expect(error.message).toBe(
      "tables of extensions that the target has already hold rows of their own",
    );
    expect(error.items).toEqual([
      '"Odd s"."a regions" (extension "odd-ext")',
      '"Odd s".countries (extension "odd-ext")',
      '"Own Schema".settings (extension own_schema)',
    ]);
    expect(await objectsOf(target)).toEqual(before);
    await clone({ ...options, dropIfExists: true });
    expect(await rowsOf(target)).toEqual(await rowsOf(source));
  });

  it("with --skip-extensions the target's rows are left alone, and its schemas", async () => {
    await using source = await createDatabase(own.server, "extensions");
    await source.execute(
      `${withRows} drop table t; create table "Odd s".u (name text default "Odd s".country_name(3));`,
    );
    await using target = await createDatabase(own.server, "copy");
    await target.execute(
      `create schema "Odd s"; create extension "odd-ext" schema "Odd s"; create table "Odd s".u (n int);
       insert into "Odd s".countries values (3, 'Theirs')`,
    );
    const options = { source: source.uri, target: target.uri, skipExtensions: true };
    expect((await refusal(options)).items).toEqual(['table "Odd s".u']);
    await clone({ ...options, dropIfExists: true });
    expect(await target.query(`insert into "Odd s".u default values returning name`)).toEqual([
      { name: "Theirs" },
    ]);
    expect(await versionOf(target, "own_schema")).toBeUndefined();
  });

  it("a role that may not write them is told, and the rest arrives", async () => {
    await using source = await createDatabase(own.server, "extensions");
    await source.execute(`${withRows} drop table t; create table t (n int);`);
    await using target = await createDatabase(own.server, "copy");
    await using role = await ownerOf(target);
    // Its objects belong to the superuser in whose place a trusted extension's script runs.
    const report = await clone({
      source: source.uri,
      target: role.uri,
      noOwner: true,
      noAcl: true,
    });
    expect(report.warnings).toEqual(
      ['"Odd s".countries', '"Odd s"."a regions"', '"Odd s".next_id'].map(
        (name) =>
          `the rows of ${name} of extension odd-ext are not copied: the target's role may not write it`,
      ),
    );
    expect(await target.query(`select * from "Own Schema".settings`)).toEqual([
      { name: "a", value: "b" },
    ]);
  });

  it("a table that was truncated since the snapshot is refused, not taken for empty", async () => {
    await using source = await createDatabase(own.server, "extensions");
    await source.execute(
      `create extension own_schema; insert into "Own Schema".settings values ('a', 'b')`,
    );
    await using target = await createDatabase(own.server, "copy");
    await source.withClient(async (client) => {
      await client.query("begin isolation level repeatable read");
      const { rows } = await client.query("select pg_export_snapshot() as id");
      await source.execute(`truncate "Own Schema".settings`);
      const error = await refusal({ source: source.uri, target: target.uri, snapshot: rows[0].id });
      expect(error.code).toBe("source_unfit");
      expect(error.items).toEqual(['"Own Schema".settings']);
    });
  });

  it("rows that the source's role may not read are named", async () => {
    await using source = await createDatabase(own.server, "extensions");
    await source.execute(
      `create extension own_schema; insert into "Own Schema".settings values ('a', 'b')`,
    );
    await using role = await ownerOf(source);
    await using target = await createDatabase(own.server, "copy");
    const report = await clone({ source: role.uri, target: target.uri, noOwner: true });
    expect(report.warnings).toEqual([
      'the rows of "Own Schema".settings of extension own_schema are not copied: the role may not read it on the source',
    ]);
  });

  it("an extension that the target's server doesn't have is refused, also by plan", async () => {
    await using source = await createDatabase(own.server, "extensions");
    await source.execute("create extension for_superusers");
    await using target = await createDatabase(server(16), "copy");
    const options = { source: source.uri, target: target.uri };
    const error = await refusal(options);
    expect(error.message).toBe("the target's server doesn't have an extension of the source");
    expect(error.items).toEqual(["for_superusers (1.0 on the source)"]);
    expect(error.advice).toContain("--skip-extensions");
    expect((await plan(options)).refusals).toEqual([
      "the target's server doesn't have an extension of the source: for_superusers (1.0 on the source)",
    ]);
  });
});
