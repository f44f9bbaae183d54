import { readFileSync } from "node:fs";
import { loadModule, parseSync } from "libpg-query";
import { describe, expect, test } from "vitest";
import { asPgCopyError } from "../../src/errors.js";
import type { SchemaScript, Statement, TocEntry } from "../../src/plan/toc.js";
import { loadParser } from "../../src/schema/parse-tree.js";
import { splitScript } from "../../src/schema/split-script.js";

/** Dumps as pg_dump wrote them: by its version, and the version of the server where it differs. */
const fixtures = ["pg15", "pg13", "pg18-bundled", "storage", "empty"] as const;

function fixture(name: (typeof fixtures)[number]): string {
  return readFileSync(new URL(`../fixtures/dumps/${name}.sql`, import.meta.url), "utf8");
}

const beginning = `--
-- PostgreSQL database dump
--

-- Dumped from database version 15.18
-- Dumped by pg_dump version 15.18

SET statement_timeout = 0;
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);

`;
const ending = `-- Completed on 2024-01-01 00:00:00 UTC

--
-- PostgreSQL database dump complete
--

`;

interface WrittenEntry {
  readonly id?: number;
  readonly classOid?: number;
  readonly needs?: readonly number[];
  readonly name?: string;
  readonly sql?: string;
}

/** One entry as pg_dump writes it. */
function entry({
  id = 1,
  classOid = 1259,
  needs = [],
  name = "x",
  sql = "",
}: WrittenEntry): string {
  const dependencies = needs.length > 0 ? `-- Dependencies: ${needs.join(" ")}\n` : "";
  return `--
-- TOC entry ${id} (class ${classOid} OID ${16000 + id})
${dependencies}-- Name: ${name}; Type: THING; Schema: public; Owner: postgres
--

${sql}


`;
}

/** A dump of these entries, numbered from 1 on. */
function dump(...entries: readonly (WrittenEntry | string)[]): string {
  const written = entries.map((each, index) =>
    typeof each === "string" ? each : entry({ id: index + 1, ...each }),
  );
  return beginning + written.join("") + ending;
}

async function split(...entries: readonly (WrittenEntry | string)[]): Promise<SchemaScript> {
  return splitScript(dump(...entries));
}

async function statementOf(sql: string): Promise<Statement> {
  const { entries } = await split({ sql });
  expect(entries[0]?.statements).toHaveLength(1);
  return entries[0]!.statements[0]!;
}

function titled(script: SchemaScript, title: string): TocEntry {
  const found = script.entries.find((each) => each.title === title);
  if (found === undefined) throw new Error(`no entry ${title}`);
  return found;
}

async function failure(script: string): Promise<{ message: string; code: string }> {
  try {
    await splitScript(script);
  } catch (error) {
    const { message, code, advice } = asPgCopyError(error);
    expect(advice).toBeTruthy();
    return { message, code };
  }
  throw new Error("the script was accepted");
}

describe("every statement of a dump is in the result once", () => {
  test.each(fixtures)("%s", async (name) => {
    const script = fixture(name);
    const { preamble, entries } = await splitScript(script);
    const found = [...preamble, ...entries.flatMap((each) => each.statements)];

    await loadModule();
    const sql = Buffer.from(script.replace(/^\\(un)?restrict [A-Za-z0-9]{63}$/gm, ""));
    const expected = (parseSync(sql.toString()).stmts ?? []).flatMap(
      ({ stmt, stmt_location: start = 0, stmt_len: length = 0 }) => {
        const text = sql.toString("utf8", start, start + length).trim();
        return JSON.stringify(stmt).includes('"name":"default_ta') ? [] : [text];
      },
    );
    expect(found.map((statement) => statement.sql)).toEqual(expected);
    expect(found.length).toBeGreaterThanOrEqual(10);
  });

  test("the headings of a dump are all there, in order", async () => {
    const script = fixture("pg15");
    const { entries } = await splitScript(script);
    const numbers = [...script.matchAll(/^-- TOC entry (\d+) /gm)].map((match) => Number(match[1]));
    const forged = [996, 997, 998, 999];
    expect(entries.map((each) => each.dumpId)).toEqual(
      numbers.filter((number) => !forged.includes(number)),
    );
  });

  test("an empty database has a preamble only", async () => {
    const { preamble, entries } = await splitScript(fixture("empty"));
    expect(preamble.map((statement) => statement.sql)).toContain("SET row_security = off");
    expect(preamble.at(5)?.sql).toBe("SELECT pg_catalog.set_config('search_path', '', false)");
    expect(entries).toEqual([]);
  });
});

describe("a heading", () => {
  test("gives dump id, OIDs, dependencies and a title", async () => {
    const script = await splitScript(fixture("pg15"));
    const column = titled(script, "ACL shop COLUMN customer.name");
    expect(column).toMatchObject({ classOid: 0, oid: 0 });
    const table = titled(script, "TABLE shop customer");
    expect(table.classOid).toBe(1259);
    expect(table.oid).toBeGreaterThan(16384);
    expect(column.dependencies).toContain(table.dumpId);
    expect(column.dependencies).toHaveLength(2);
  });

  test.each([
    ["plain", "t", "THING public t"],
    [
      "with another heading's words",
      "a; Type: TABLE; Schema: x",
      "THING public a; Type: TABLE; Schema: x",
    ],
    ["with an apostrophe", "it's", "THING public it's"],
    ["multi-byte", "größe ✓ 𝄞", "THING public größe ✓ 𝄞"],
  ])("holds a name: %s", async (_, name, title) => {
    const { entries } = await split(
      { name, sql: "CREATE TABLE public.t (a text DEFAULT 'ß𝄞')" + ";" },
      { sql: "CREATE TABLE public.u ();" },
    );
    expect(entries.map((each) => each.title)).toEqual([title, "THING public x"]);
    expect(entries[0]?.statements[0]?.sql).toBe("CREATE TABLE public.t (a text DEFAULT 'ß𝄞')");
    expect(entries[1]?.statements[0]?.sql).toBe("CREATE TABLE public.u ()");
  });

  test("without a statement is an entry all the same", async () => {
    const { entries } = await split(
      { sql: "-- *not* creating schema, since initdb creates it" },
      {},
      { sql: "CREATE TABLE public.t ();" },
      { needs: [1] },
    );
    expect(entries.map((each) => each.statements.length)).toEqual([0, 0, 1, 0]);
    expect(entries[3]?.dependencies).toEqual([1]);
  });

  const forged =
    "\n--\n-- TOC entry 999 (class 1259 OID 5)\n-- Name: a; Type: TABLE; Schema: b; Owner: c\n--\n\ndrop table x;\n\\unrestrict forged\n";
  test.each([
    [
      "a function body",
      `CREATE FUNCTION public.f() RETURNS text LANGUAGE plpgsql AS $_$begin${forged}end$_$`,
    ],
    [
      "a nested dollar quote",
      `CREATE FUNCTION public.f() RETURNS text LANGUAGE sql AS $_$ select $a$${forged}$a$ $_$`,
    ],
    ["a default", `CREATE TABLE public.t (a text DEFAULT '${forged}'::text)`],
    ["a comment on an object", `COMMENT ON TABLE public.t IS 'it''s${forged}'`],
    ["a quoted name", `CREATE TABLE public."t""${forged}" ()`],
    [
      "a block comment in a body",
      `CREATE FUNCTION public.f() RETURNS int LANGUAGE sql AS $$ /*${forged}*/ select 1; $$`,
    ],
    [
      "an escape string",
      `CREATE TABLE public.t (a text DEFAULT E'\\'${forged.replace("\\", "")}')`,
    ],
  ])("can't be forged within %s", async (_, sql) => {
    const { entries } = await split({ sql: `${sql};` }, { sql: "CREATE TABLE public.next ();" });
    expect(entries.map((each) => each.statements.map((statement) => statement.sql))).toEqual([
      [sql],
      ["CREATE TABLE public.next ()"],
    ]);
  });

  test("is not taken from a block comment's or a stray semicolon's neighbour", async () => {
    const { entries } = await split(
      { sql: ";;/* a /* nested */ one */ CREATE TABLE public.t ();;" },
      {},
    );
    expect(entries.map((each) => each.statements.map((s) => s.sql))).toEqual([
      ["CREATE TABLE public.t ()"],
      [],
    ]);
  });
});

describe("psql's restrict lines", () => {
  const fenced = (body: string) =>
    `--\n-- PostgreSQL database dump\n--\n\n\\restrict KEY1\n\n${body}\n\\unrestrict KEY1\n\n`;

  test("are taken off, and the same lines within a body are kept", async () => {
    const body = "\n\\restrict KEY1\n\\unrestrict KEY1\n\\unrestrict other\n";
    const sql = `CREATE FUNCTION public.f() RETURNS text LANGUAGE plpgsql AS $$${body}$$`;
    const { preamble, entries } = await splitScript(fenced(dump({ sql: `${sql};` })));
    expect(preamble).toHaveLength(3);
    expect(entries[0]?.statements[0]?.sql).toBe(sql);
  });

  test("stay out of it where there are none", async () => {
    const sql =
      "CREATE FUNCTION public.f() RETURNS text LANGUAGE plpgsql AS $$\n\\unrestrict KEY1\n$$";
    const { entries } = await split({ sql: `${sql};` });
    expect(entries[0]?.statements[0]?.sql).toBe(sql);
  });

  test("tell a script that was cut off", async () => {
    const { code, message } = await failure(fenced(dump()).replace("\\unrestrict KEY1\n", ""));
    expect(code).toBe("schema_dump_failed");
    expect(message).toContain("ended early");
  });
});

describe("the section of an entry", () => {
  test("is the one that pg_dump gives it", async () => {
    const { entries } = await splitScript(fixture("pg15"));
    const titles = (section: string) =>
      entries.filter((each) => each.section === section).map((each) => each.title);
    const odd = "order; Type: TABLE; Schema: x";
    expect(titles("post-data")).toEqual([
      "CONSTRAINT shop customer customer_area_excl",
      "CONSTRAINT shop customer customer_name_key",
      "CONSTRAINT shop customer customer_pkey",
      "COMMENT shop CONSTRAINT customer_pkey ON customer",
      "CHECK CONSTRAINT shop positive late",
      "COMMENT shop CONSTRAINT late ON DOMAIN positive",
      "CONSTRAINT shop measure measure_pkey",
      "CONSTRAINT shop measure_2024 measure_2024_pkey",
      `CHECK CONSTRAINT shop ${odd} unchecked`,
      "INDEX shop measure_v",
      "INDEX shop measure_2024_v_idx",
      "INDEX shop order -- -- TOC entry 996 (class 1 OID 5) -- Name: a",
      "INDEX shop order_expression",
      "COMMENT shop INDEX order_expression",
      "INDEX shop totals_key",
      "INDEX ATTACH shop measure_2024_pkey",
      "INDEX ATTACH shop measure_2024_v_idx",
      "STATISTICS shop stat",
      "COMMENT shop STATISTICS stat",
      "RULE shop late _RETURN",
      "RULE shop names names_insert",
      "TRIGGER shop customer checks",
      "TRIGGER shop customer touch",
      "COMMENT shop TRIGGER touch ON customer",
      `FK CONSTRAINT shop ${odd} ${odd}_customer_fkey`,
      "ROW SECURITY shop customer",
      "POLICY shop customer mine",
      "COMMENT shop POLICY mine ON customer",
      "PUBLICATION pub",
      "PUBLICATION puball",
      "PUBLICATION TABLE shop pub customer",
      "SUBSCRIPTION sub",
    ]);
    expect(titles("acl")).toEqual([
      "ACL SCHEMA shop",
      "ACL shop TABLE customer",
      "ACL shop COLUMN customer.name",
      "DEFAULT ACL shop DEFAULT PRIVILEGES FOR TABLES",
    ]);
    expect(titles("event-trigger")).toEqual(["EVENT TRIGGER watch", "COMMENT EVENT TRIGGER watch"]);
    expect(titles("pre-data")).toEqual(
      expect.arrayContaining([
        "COMMENT shop COLUMN customer.name",
        "DEFAULT shop serials id",
        "MATERIALIZED VIEW shop totals",
        "SEQUENCE OWNED BY shop serials_id_seq",
        "SEQUENCE shop customer_id_seq",
        "TABLE ATTACH shop measure_2024",
        "TABLE shop customer",
        "VIEW shop late",
      ]),
    );
  });

  test("follows a chain of dependencies, and the sort of object where that is not in the dump", async () => {
    const comment = (on: string) => `COMMENT ON ${on} IS 'x';`;
    const { entries } = await split(
      { sql: "CREATE INDEX i ON public.t USING btree (a);" },
      { needs: [1], sql: comment("INDEX public.i") },
      { needs: [2], sql: "SECURITY LABEL FOR dummy ON TABLE public.t IS 'x';" },
      { needs: [77], sql: comment("TRIGGER a ON public.t") },
      { needs: [77], sql: comment("EVENT TRIGGER a") },
      { needs: [77], sql: comment("SCHEMA public") },
    );
    expect(entries.map((each) => each.section)).toEqual([
      "post-data",
      "post-data",
      "post-data",
      "post-data",
      "event-trigger",
      // Whatever comes after the first post-data entry is after the data, too.
      "post-data",
    ]);
  });
});

describe("the kind of a statement", () => {
  const onTable = "ALTER TABLE ONLY public.t";
  test.each([
    ["index", "CREATE INDEX i ON public.t USING btree (a)"],
    ["key_constraint", `${onTable} ADD CONSTRAINT c PRIMARY KEY (a)`],
    ["key_constraint", `${onTable} ADD CONSTRAINT c UNIQUE NULLS NOT DISTINCT (a) INCLUDE (b)`],
    ["key_constraint", `${onTable} ADD CONSTRAINT c EXCLUDE USING gist (a WITH &&)`],
    ["foreign_key", `${onTable} ADD CONSTRAINT c FOREIGN KEY (a) REFERENCES public.u(b) NOT VALID`],
    ["other_constraint", "ALTER TABLE public.t ADD CONSTRAINT c CHECK ((a > 0)) NOT VALID"],
    ["other_constraint", "ALTER TABLE public.t ADD CONSTRAINT c CHECK ((a > 0)) NOT ENFORCED"],
    ["other_constraint", "ALTER TABLE public.t ADD CONSTRAINT c NOT NULL a NOT VALID"],
    ["other_constraint", "ALTER FOREIGN TABLE public.t ADD CONSTRAINT c CHECK ((a > 0))"],
    ["other_constraint", "ALTER DOMAIN public.d ADD CONSTRAINT c CHECK ((VALUE > 0)) NOT VALID"],
    ["index_attach", "ALTER INDEX public.p ATTACH PARTITION public.c"],
    [
      "definition",
      "ALTER TABLE ONLY public.p ATTACH PARTITION public.c FOR VALUES FROM (1) TO (2)",
    ],
    ["index_follow_up", "ALTER TABLE public.t CLUSTER ON i"],
    ["index_follow_up", `${onTable} REPLICA IDENTITY USING INDEX i`],
    ["index_follow_up", "ALTER INDEX public.i ALTER COLUMN 1 SET STATISTICS 500"],
    ["index_follow_up", "ALTER INDEX public.i DEPENDS ON EXTENSION e"],
    ["definition", `${onTable} REPLICA IDENTITY FULL`],
    ["definition", `${onTable} ALTER COLUMN a SET STATISTICS 500`],
    ["definition", `${onTable} ALTER COLUMN a SET DEFAULT 1`],
    ["definition", "ALTER SEQUENCE public.s OWNED BY public.t.a"],
    [
      "trigger",
      "CREATE TRIGGER x BEFORE INSERT ON public.t FOR EACH ROW EXECUTE FUNCTION public.f()",
    ],
    ["trigger", "ALTER TABLE public.t DISABLE TRIGGER x"],
    ["trigger", "ALTER TABLE public.t ENABLE ALWAYS TRIGGER x"],
    ["trigger", "ALTER TABLE public.t ENABLE REPLICA TRIGGER x"],
    ["rule", "CREATE RULE r AS ON INSERT TO public.t DO INSTEAD NOTHING"],
    ["rule", "ALTER TABLE public.t DISABLE RULE r"],
    ["rule", "CREATE OR REPLACE VIEW public.v AS SELECT 1 AS a"],
    ["definition", "CREATE VIEW public.v AS SELECT 1 AS a"],
    ["policy", "CREATE POLICY p ON public.t USING (true)"],
    ["policy", "ALTER TABLE public.t ENABLE ROW LEVEL SECURITY"],
    ["event_trigger", "CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION public.f()"],
    ["event_trigger", "ALTER EVENT TRIGGER e DISABLE"],
    ["publication", "CREATE PUBLICATION p WITH (publish = 'insert')"],
    ["publication", "ALTER PUBLICATION p ADD TABLE ONLY public.t"],
    ["subscription", "CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p WITH (connect = false)"],
    ["statistics", "CREATE STATISTICS public.s ON a, b FROM public.t"],
    ["statistics", "ALTER STATISTICS public.s SET STATISTICS 9"],
    ["owner", "ALTER TABLE public.t OWNER TO app"],
    ["owner", "ALTER FUNCTION public.f() OWNER TO app"],
    ["owner", "ALTER EVENT TRIGGER e OWNER TO app"],
    ["comment", "COMMENT ON TABLE public.t IS 'x'"],
    ["security_label", "SECURITY LABEL FOR dummy ON TABLE public.t IS 'x'"],
    ["acl", "GRANT SELECT ON TABLE public.t TO PUBLIC"],
    ["acl", "REVOKE ALL ON FUNCTION public.f() FROM PUBLIC"],
    ["acl", "ALTER DEFAULT PRIVILEGES FOR ROLE app GRANT SELECT ON TABLES TO reader"],
    ["acl", "SET SESSION AUTHORIZATION reader"],
    ["acl", "RESET SESSION AUTHORIZATION"],
    ["materialized_view", "CREATE MATERIALIZED VIEW public.m AS SELECT 1 AS a WITH NO DATA"],
    ["schema", "CREATE SCHEMA s"],
    ["extension", "CREATE EXTENSION IF NOT EXISTS e WITH SCHEMA public"],
  ])("%s: %s", async (kind, sql) => {
    expect(await statementOf(`${sql};`)).toMatchObject({ kind, sql });
  });
});

describe("the facts for the plan", () => {
  test("a key: its table, and how it is deferred", async () => {
    const script = await splitScript(fixture("pg15"));
    const relation = { schema: "shop", name: "customer" };
    const rest = {
      relation,
      only: true,
      deferrable: false,
      initiallyDeferred: false,
      withoutOverlaps: false,
    };
    const constraintOf = (name: string) =>
      titled(script, `CONSTRAINT shop customer ${name}`).statements[0]?.constraint;
    expect(constraintOf("customer_pkey")).toEqual({
      type: "primary_key",
      name: "customer_pkey",
      ...rest,
    });
    expect(constraintOf("customer_area_excl")).toMatchObject({ type: "exclusion" });
    expect(constraintOf("customer_name_key")).toEqual({
      ...rest,
      type: "unique",
      name: "customer_name_key",
      deferrable: true,
      initiallyDeferred: true,
    });
  });

  test("PostgreSQL 18: a temporal key, and what is new besides parses", async () => {
    const script = await splitScript(fixture("pg18-bundled"));
    expect(
      titled(script, "CONSTRAINT déjà vu stay stay_pkey").statements[0]?.constraint,
    ).toMatchObject({
      type: "primary_key",
      withoutOverlaps: true,
    });
    expect(titled(script, "TABLE déjà vu stay").statements[0]?.sql).toContain(
      "CONSTRAINT room_named NOT NULL",
    );
    expect(titled(script, "CHECK CONSTRAINT déjà vu stay price — enforced later")).toMatchObject({
      section: "post-data",
      statements: [{ kind: "other_constraint", sql: expect.stringContaining("NOT ENFORCED") }],
    });
    expect(titled(script, "COMMENT déjà vu CONSTRAINT guest_present ON visit").section).toBe(
      "post-data",
    );
    expect(titled(script, "FUNCTION déjà vu doubled(integer)").statements[0]?.sql).toMatch(
      /BEGIN ATOMIC[\s\S]*;\nEND$/,
    );
  });

  test("an index: its table, and whether it awaits its parts", async () => {
    const script = await splitScript(fixture("pg15"));
    expect(titled(script, "INDEX shop measure_v").statements[0]?.index).toEqual({
      schema: "shop",
      name: "measure_v",
      relation: { schema: "shop", name: "measure" },
      unique: false,
      only: true,
    });
    expect(titled(script, "INDEX shop totals_key").statements[0]?.index).toMatchObject({
      unique: true,
      only: false,
    });
    const odd = titled(script, "INDEX shop order -- -- TOC entry 996 (class 1 OID 5) -- Name: a");
    expect(odd.statements.map((statement) => statement.kind)).toEqual(["index", "index_follow_up"]);
    expect(odd.statements[0]?.index?.name).toBe(
      "order\n--\n-- TOC entry 996 (class 1 OID 5)\n-- Name: a",
    );
  });

  test("a foreign key: both tables", async () => {
    const script = await splitScript(fixture("pg18-bundled"));
    expect(
      titled(script, "FK CONSTRAINT déjà vu visit visit_stay").statements[0]?.foreignKey,
    ).toEqual({
      name: "visit_stay",
      relation: { schema: "déjà vu", name: "visit" },
      references: { schema: "déjà vu", name: "stay" },
    });
  });

  test("roles: each once, and no role from a string or PUBLIC", async () => {
    const roles = async (sql: string) => (await statementOf(sql)).roles;
    expect(
      await roles('GRANT SELECT ON TABLE public.t TO b, a, PUBLIC, b, "odd; Type: TABLE";'),
    ).toEqual(["b", "a", "odd; Type: TABLE"]);
    expect(await roles("CREATE POLICY p ON public.t TO app USING ((u = CURRENT_USER));")).toEqual([
      "app",
    ]);
    expect(await roles("CREATE USER MAPPING FOR app SERVER s OPTIONS (password 'x');")).toEqual([
      "app",
    ]);
    expect(
      await roles(
        "ALTER DEFAULT PRIVILEGES FOR ROLE app IN SCHEMA s GRANT ALL ON TABLES TO reader;",
      ),
    ).toEqual(["app", "reader"]);
    expect(await roles("SET SESSION AUTHORIZATION reader;")).toEqual(["reader"]);
    expect(
      await roles(
        "CREATE FUNCTION public.f() RETURNS int LANGUAGE sql SET role TO 'app' AS $$grant a to b$$;",
      ),
    ).toEqual(["app"]);
    expect(await roles("RESET SESSION AUTHORIZATION;")).toEqual([]);
  });

  test("relations: what an attachment or a trigger is about", async () => {
    const relations = async (sql: string) =>
      (await statementOf(sql)).relations.map((each) => `${each.schema}.${each.name}`);
    expect(await relations("ALTER INDEX s.p ATTACH PARTITION s.c;")).toEqual(["s.p", "s.c"]);
    expect(await relations("ALTER TABLE ONLY s.p ATTACH PARTITION s.c DEFAULT;")).toEqual([
      "s.p",
      "s.c",
    ]);
    expect(
      await relations("CREATE TRIGGER x AFTER INSERT ON s.t FOR EACH ROW EXECUTE FUNCTION s.f();"),
    ).toEqual(["s.t"]);
    expect(
      await relations(
        "CREATE VIEW s.v AS WITH w AS (SELECT a.x FROM s.a) SELECT w.x FROM w JOIN s.a USING (x);",
      ),
    ).toEqual(["s.v", "s.a"]);
  });

  test.each([
    [true, "CREATE TABLE public.t ()"],
    [true, "CREATE FOREIGN TABLE public.t (a int) SERVER s"],
    [true, "CREATE VIEW public.v AS SELECT 1 AS a"],
    [true, "CREATE MATERIALIZED VIEW public.m AS SELECT 1 AS a WITH NO DATA"],
    [true, "CREATE FUNCTION public.f() RETURNS int LANGUAGE sql AS 'select 1'"],
    [true, "CREATE TYPE public.e AS ENUM ('a')"],
    [true, "CREATE TYPE public.c AS (a int)"],
    [true, "CREATE TYPE public.r AS RANGE (subtype = integer)"],
    [true, "CREATE TYPE public.shell"],
    [true, "CREATE SCHEMA s"],
    [true, "CREATE AGGREGATE public.a(integer) (SFUNC = int4pl, STYPE = integer)"],
    [true, "CREATE INDEX i ON public.t USING btree (a)"],
    [false, "CREATE SCHEMA IF NOT EXISTS s"],
    [false, "CREATE TABLE IF NOT EXISTS public.t ()"],
    [false, "CREATE FOREIGN TABLE IF NOT EXISTS public.t (a int) SERVER s"],
    [false, "CREATE EXTENSION IF NOT EXISTS e WITH SCHEMA public"],
    [false, "CREATE OR REPLACE PROCEDURAL LANGUAGE plperl"],
    [false, "CREATE OR REPLACE VIEW public.v AS SELECT 1 AS a"],
    [false, "ALTER TABLE public.t OWNER TO app"],
    [false, "GRANT SELECT ON TABLE public.t TO app"],
  ])("creates: %s for %s", async (creates, sql) => {
    expect((await statementOf(`${sql};`)).creates).toBe(creates);
  });
});

describe("switched parameters", () => {
  test("are those in force at the entry, and no statement", async () => {
    const { preamble, entries } = await splitScript(fixture("storage"));
    expect(
      entries
        .slice(1)
        .map((each) => [
          each.title,
          each.settings.default_tablespace ?? "",
          each.settings.default_table_access_method ?? "",
        ]),
    ).toEqual([
      ["TABLE public a", "", ""],
      ["TABLE public b", "slow", "heap2"],
      ["TABLE public c", "", "heap2"],
      ["TABLE public d", "fast disk; Type: TABLE", ""],
      ["TABLE public e", "slow", ""],
      ["TABLE public e1", "fast disk; Type: TABLE", ""],
      ["MATERIALIZED VIEW public f", "", "heap2"],
      ["VIEW public g", "", "heap2"],
      ["SEQUENCE public h", "", "heap2"],
      ["TABLE ATTACH public e1", "", "heap2"],
      ["CONSTRAINT public d d_pkey", "slow", "heap2"],
      ["INDEX public d_id", "fast disk; Type: TABLE", "heap2"],
    ]);
    const statements = [...preamble, ...entries.flatMap((each) => each.statements)];
    expect(statements.filter((statement) => statement.sql.includes("default_ta"))).toEqual([]);
  });
});

describe("pg_attver", () => {
  const set = (options: string) =>
    `ALTER TABLE ONLY public."größe" ALTER COLUMN "ä)" SET (${options})`;
  test.each([
    ["alone", "pg_attver=3", undefined],
    ["first", "pg_attver=3, n_distinct=-0.5", "n_distinct=-0.5"],
    ["last", "n_distinct=-0.5,pg_attver=3", "n_distinct=-0.5"],
    [
      "between",
      "n_distinct=5, pg_attver=3, n_distinct_inherited=6",
      "n_distinct=5, n_distinct_inherited=6",
    ],
    ["absent", "n_distinct=5,  n_distinct_inherited=6", "n_distinct=5,  n_distinct_inherited=6"],
  ])("is taken out: %s", async (_, options, left) => {
    const { entries } = await split({
      sql: `CREATE TABLE public.t (a text DEFAULT 'ß𝄞');\n${set(options)};`,
    });
    expect(entries[0]?.statements.slice(1).map((statement) => statement.sql)).toEqual(
      left === undefined ? [] : [set(left)],
    );
  });

  test("is kept where it is somebody's name or text", async () => {
    const sql = "CREATE TABLE public.pg_attver (pg_attver text DEFAULT 'pg_attver')";
    expect((await statementOf(`${sql};`)).sql).toBe(sql);
  });

  test("is refused in a statement that it can't be taken out of", async () => {
    const { code } = await failure(
      dump({ sql: `${set("pg_attver=3")}, ALTER COLUMN b DROP NOT NULL;` }),
    );
    expect(code).toBe("schema_dump_failed");
  });
});

test("a large script is read in pieces, wherever the cuts would fall", async () => {
  await loadParser();
  const lookalike =
    "ß\n--\n-- TOC entry 999 (class 1 OID 2)\n-- Name: a; Type: b; Schema: c; Owner: d\n--\n\nselect 'x';\n";
  const body = lookalike.repeat(15_000);
  const large = `CREATE FUNCTION public.f() RETURNS int LANGUAGE plpgsql AS $_$${body}$_$`;
  const small = "CREATE TABLE public.t (a text DEFAULT 'größe')";
  const written = [...Array(12_000).keys()].map((n) => (n === 5_000 ? large : small));
  const { entries } = await split(...written.map((sql) => ({ sql: `${sql};` })));
  expect(entries.map((each) => each.dumpId)).toEqual(written.map((_, index) => index + 1));
  expect(entries.every((each, index) => each.statements[0]?.sql === written[index])).toBe(true);
});

describe("a script that can't be used is refused", () => {
  test("without --verbose there are no headings to tell the entries by", async () => {
    const { code, message } = await failure(
      dump("CREATE TABLE public.t (a text DEFAULT 'secret');\n"),
    );
    expect(code).toBe("schema_dump_failed");
    expect(message).toContain("no heading: CREATE TABLE public.t");
    expect(message).not.toContain("secret");
  });

  test.each([
    ["nothing", ""],
    ["cut between statements", dump({ sql: "CREATE TABLE public.t ();" }).replace(ending, "")],
    ["cut within a statement", `${beginning}${entry({ sql: "CREATE TABLE public.t ()" })}`],
  ])("cut off: %s", async (_, script) => {
    expect(await failure(script)).toMatchObject({
      code: "schema_dump_failed",
      message: "the schema dump failed: pg_dump's script ended early",
    });
  });

  test("a syntax error shows its neighbourhood", async () => {
    const { code, message } = await failure(
      dump({ sql: "CREATE TABLE public.größe𝄞 ();" }, { sql: "CREATE FROBNICATOR public.x;" }),
    );
    expect(code).toBe("schema_dump_failed");
    expect(message).toContain("syntax error at the mark");
    expect(message).toContain("CREATE ▸FROBNICATOR public.x;");
  });

  test.each([
    [
      "after a string",
      "CREATE SUBSCRIPTION s CONNECTION 'password=hunter2 host=it''s' PUBLICATION p FROBNICATE",
    ],
    ["at a string", "CREATE SUBSCRIPTION s 'password=hunter2' PUBLICATION p"],
    ["in an open string", "CREATE SUBSCRIPTION s CONNECTION 'password=hunter2 PUBLICATION p"],
    [
      "before a string",
      "CREATE FROBNICATOR FOR \"it's\" SERVER s OPTIONS (password E'hunter2\\'hunter2')",
    ],
    ["in a dollar quote", "CREATE SUBSCRIPTION s CONNECTION $a$password=hunter2$a$ FROBNICATE"],
  ])("a syntax error gives no password away: %s", async (_, sql) => {
    const { message } = await failure(dump({ name: "it's", sql: `${sql};` }));
    expect(message).toContain("could not be read");
    expect(message).not.toContain("hunter2");
    expect(message.length).toBeLessThan(400);
  });

  test("strings that mean something else to a session of ours", async () => {
    const script = dump().replace(
      "standard_conforming_strings = on",
      "standard_conforming_strings = off",
    );
    expect((await failure(script)).message).toContain("standard_conforming_strings");
  });
});
