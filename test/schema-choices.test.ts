/** --skip-collations and --no-tablespaces: what is left out, and what then has to be on the target. */

import { describe, expect, it } from "vitest";
import { clone, type PgCopyError, plan } from "../src/index.js";
import { expectSameDatabase } from "./support/compare.js";
import {
  createDatabase,
  databaseOn,
  server,
  type TestDatabase,
  uniqueName,
} from "./support/servers.js";

const refusal = (options: Parameters<typeof clone>[0]): Promise<PgCopyError> =>
  clone(options).then(
    () => {
      throw new Error("the clone should have failed");
    },
    (error: PgCopyError) => error,
  );

describe("collations", () => {
  const withCollations = `
    create schema "S 1"; create collation "S 1"."Deutsch" from "C"; create collation for_index from "C";
    create collation for_domain from "C"; create collation unused from "C"; create collation in_view from "C";
    create collation for_range from "C"; create collation for_partitions from "C";
    comment on collation unused is 'nobody needs it';
    create table t (a text collate "S 1"."Deutsch", b text); create index on t (b collate for_index);
    create domain d as text collate for_domain; create type r as range (subtype = text, collation = for_range);
    create view v as select b collate in_view as b from t;
    create table p (a text) partition by range (a collate for_partitions);`;

  it("those that are needed and not there are named; with them, all else arrives", async () => {
    await using source = await createDatabase(server(15), "choices");
    await source.execute(withCollations);
    await using target = await createDatabase(server(16), "copy");
    const options = { source: source.uri, target: target.uri, skipCollations: true };
    const error = await refusal(options);
    expect(error).toMatchObject({
      code: "target_unfit",
      message: "the target doesn't have 6 collations that the source's objects need",
    });
    expect([...error.items].sort()).toEqual(
      ["for_domain", "for_index", "for_partitions", "for_range", "in_view"]
        .map((name) => `public.${name}`)
        .concat('"S 1"."Deutsch"')
        .sort(),
    );
    expect((await plan(options)).refusals).toHaveLength(6);

    await target.execute(`create collation for_domain from "C"; create collation for_index from "C";
      create collation for_partitions from "C"; create collation for_range from "C"; create collation in_view from "C";`);
    await source.execute(
      `alter table t alter a type text collate "C"; drop collation "S 1"."Deutsch"`,
    );
    await clone(options);
    expect(
      await target.query(
        "select collname::text as name from pg_collation where oid >= 16384 order by 1",
      ),
    ).toEqual(
      ["for_domain", "for_index", "for_partitions", "for_range", "in_view"].map((name) => ({
        name,
      })),
    );
    expect(await target.query("select count(*)::int as n from v")).toEqual([{ n: 0 }]);
  });

  it("one of the system's own that the target lacks is refused in any case", async () => {
    await using source = await createDatabase(server(15), "choices");
    await source.execute(
      `create collation pg_catalog.klingon from "C"; create table t (a text collate klingon)`,
    );
    await using target = await createDatabase(server(16), "copy");
    const error = await refusal({ source: source.uri, target: target.uri });
    expect(error.items).toEqual(["pg_catalog.klingon"]);
    await using fresh = databaseOn(server(16), uniqueName("fresh"));
    expect((await refusal({ source: source.uri, target: fresh.uri })).items).toEqual([
      "pg_catalog.klingon",
    ]);
  });
});

/** Tablespaces are the cluster's: a test's own, inside the data directory. */
async function tablespaces(
  database: TestDatabase,
  names: readonly string[],
): Promise<AsyncDisposable> {
  const each = async (sql: (name: string) => string) => {
    for (const name of names) {
      await database.withClient(async (client) => {
        await client.query("set allow_in_place_tablespaces = on");
        await client.query(sql(name));
      });
    }
  };
  await each((name) => `create tablespace "${name}" location ''`);
  return {
    [Symbol.asyncDispose]: async () => {
      await database.execute("drop schema public cascade; create schema public");
      await each((name) => `drop tablespace "${name}"`);
    },
  };
}

describe("tablespaces", () => {
  it("one that the target lacks is named; --no-tablespaces goes without", async () => {
    const [fast, slow] = [uniqueName("Fast"), uniqueName("slow")];
    await using source = await createDatabase(server(15), "choices");
    await using _ = await tablespaces(source, [fast, slow]);
    await source.execute(`
      create table t (id int) tablespace "${fast}"; create index on t (id) tablespace ${slow};
      alter table t add primary key (id) using index tablespace ${slow};
      create materialized view mv tablespace "${fast}" as select * from t;
      create table p (a int) partition by list (a) tablespace "${fast}"; create table p1 partition of p for values in (1);`);
    await using target = await createDatabase(server(16), "copy");
    const options = { source: source.uri, target: target.uri };
    const error = await refusal(options);
    expect(error).toMatchObject({
      code: "target_unfit",
      message: "the target doesn't have tablespaces that the source's objects are in",
      items: [`"${fast}" (of 4 objects)`, `${slow} (of 2 objects)`],
    });
    expect(error.advice).toContain("--no-tablespaces");
    expect((await plan(options)).refusals).toHaveLength(2);

    await clone({ ...options, noTablespaces: true });
    expect(
      await target.query(
        "select from pg_class where reltablespace <> 0 and relnamespace = 'public'::regnamespace",
      ),
    ).toEqual([]);
    expect(await target.query("select count(*)::int as n from mv, p, t")).toEqual([{ n: 0 }]);
  });

  it("with them on the target, everything is where it was, the database too", async () => {
    const fast = uniqueName("Fast");
    await using source = await createDatabase(server(15), "choices");
    await using _ = await tablespaces(source, [fast]);
    const inFast = databaseOn(server(15), uniqueName("in_fast"));
    await using target = await createDatabase(server(16), "copy");
    await using __ = await tablespaces(target, [fast]);
    await source.execute(`create database ${inFast.name} template template0 tablespace "${fast}"`);
    await using database = inFast;
    await database.execute(
      `create table t (id int primary key); create table d (id int) tablespace pg_default; create index on d (id);`,
    );
    await using copy = databaseOn(server(16), uniqueName("copy"));
    await clone({ source: database.uri, target: copy.uri });
    await expectSameDatabase(database.uri, copy.uri);
    const where = `select c.relname::text, coalesce(t.spcname, 'the default')::text as place,
      (select s.spcname::text from pg_database b join pg_tablespace s on s.oid = b.dattablespace where b.datname = current_database()) as database
      from pg_class c left join pg_tablespace t on t.oid = c.reltablespace where c.relnamespace = 'public'::regnamespace order by 1`;
    expect(await copy.query(where)).toEqual(await database.query(where));
    expect(await copy.query(where)).toMatchObject([
      { relname: "d", place: "pg_default", database: fast },
      {},
      {},
      {},
    ]);
    // Where it is closed to the role, the database goes into the default one; with the option unasked.
    const role = uniqueName("closed");
    await using other = databaseOn(server(16), uniqueName("copy"));
    await target.execute(`create role ${role} login createdb password 'closed'`);
    try {
      const options = {
        source: database.uri,
        target: other.uri.replace(/\/\/[^@]*@/, `//${role}:closed@`),
        noOwner: true,
      };
      const words = `the database's tablespace "${fast}" is left out: the target's role may not create in it`;
      expect((await clone(options)).warnings).toContain(words);
      await other[Symbol.asyncDispose]();
      expect((await clone({ ...options, noTablespaces: true })).warnings).not.toContain(words);
    } finally {
      await other[Symbol.asyncDispose]();
      await target.execute(`drop role ${role}`);
    }
  });
});
