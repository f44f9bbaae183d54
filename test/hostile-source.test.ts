/**
 * A source whose names, comments and bodies are made to be taken for something else: by SQL, psql, pg_dump's
 * headings, a terminal, HTML, JSON. It is cloned as it is, and nothing of it is run or obeyed.
 */

import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { quoteLiteral, quoteName } from "../src/postgres/quote.js";
import { runCli } from "./support/cli.js";
import { expectSameDatabase } from "./support/compare.js";
import { createDatabase, server, type TestDatabase, uniqueName } from "./support/servers.js";

const folder = await mkdtemp(join(tmpdir(), "pgc-"));
const made = join(folder, "x");

/** Of up to 63 bytes, as names are. */
const nasty = [
  `"; drop table public.canary; --`,
  `'; drop table public.canary; --\\`,
  `\n\\! touch ${made}\n`,
  `\n\\connect postgres\n\\restrict x\n\\unrestrict x`,
  "\n--\n-- TOC entry 9 (class 1259 OID 1)\n-- Name: a",
  "\n-- Name: a; Type: TABLE; Schema: b; Owner: c\n--\n\nselect 1;\n",
  "x; Type: TABLE; Schema: public; Owner: postgres",
  "$$; drop table public.canary; $$ $pgcopy$",
  "/* */ */ /* --",
  "\u001b[2J\u001b]0;owned\u0007 \u009b31m \u0085",
  "\u202egnirts\u2066 \u2028 \u2029 \ufeff \u200b",
  "<script>alert(1)</script> &amp; '\"",
  `","type":"report"} \\u0000 \\" {`,
  `%s %n \${process.exit(1)} \`touch ${made}\``,
  `$(touch ${made})`,
  `| touch ${made} &`,
  "\\.\n\\N\t\\x00",
  "\r\n",
  "\n-- PostgreSQL database dump complete\n--\n",
];

/** What a terminal would obey or hide, and what turns around how it is read. */
const RAW = /(?!\n)[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}\u200b\ufeff]/u;

let source: TestDatabase;
const roles = nasty.map((name, i) => `${uniqueName(`h${i}`)} ${name}`.slice(0, 40));

beforeAll(async () => {
  expect(nasty.filter((name) => Buffer.byteLength(name) > 62)).toEqual([]);
  source = await createDatabase(server(15), "hostile");
  await source.execute("create table public.canary as select 'alive' as state");
  for (const [i, name] of nasty.entries()) {
    const [n, s, role] = [quoteName(name), quoteLiteral(name), quoteName(roles[i] ?? "")];
    const schema = quoteName(`${i} ${name}`.slice(0, 60));
    await source.execute(`
      create role ${role};
      create schema ${schema};
      set search_path = ${schema};
      set check_function_bodies = off;
      create type ${quoteName(`t${i}`)} as enum (${s}, 'b');
      comment on type ${quoteName(`t${i}`)} is ${s};
      create domain ${quoteName(`d${i}`)} as text constraint ${n} check (value <> 'x' || ${s});
      create function ${n}(${n} text default ${s}) returns text language plpgsql as
        ${quoteLiteral(`begin\n${name}\nend`)};
      comment on function ${n}(text) is ${s};
      create function ${quoteName(`f${i}`)}() returns trigger language plpgsql
        set application_name = ${s} as 'begin return new; end';
      create table ${n} (
        id int constraint ${quoteName(`p${i}`)} primary key,
        ${n} text default ${s} constraint ${n} check (${n} <> 'no ' || ${s}),
        e ${quoteName(`t${i}`)}, d ${quoteName(`d${i}`)},
        g text generated always as (${s} || 'g') stored
      );

      grant select on ${n} to ${role} with grant option;
      comment on table ${n} is ${s};
      comment on column ${n}.${n} is ${s};
      create index ${quoteName(`i${i}`)} on ${n} ((${n} || ${s})) where ${n} <> ${s};
      create trigger ${n} before update on ${n} for each row when (old.${n} = ${s})
        execute function ${quoteName(`f${i}`)}();
      create policy ${n} on ${n} to ${role} using (${n} = ${s});
      create rule ${n} as on delete to ${n} where old.${n} = ${s} do instead nothing;
      create view ${quoteName(`v${i}`)} as select ${n}, ${s} as ${quoteName(`c${i}`)} from ${n};
      create sequence ${quoteName(`s${i}`)} owned by ${n}.id;
      alter table ${n} owner to ${role};
      create statistics ${quoteName(`x${i}`)} on id, ${n} from ${n};
      comment on statistics ${quoteName(`x${i}`)} is ${s};
      create publication ${quoteName(`${i}${name}`.slice(0, 60))} for table ${n};
      insert into ${n} (id, ${n}, e, d) values (1, ${s}, ${s}, ${s}), (2, default, 'b', 'y');
    `);
  }
});

afterAll(async () => {
  await source[Symbol.asyncDispose]();
  await using admin = await createDatabase(server(15), "hostile");
  for (const role of roles) await admin.execute(`drop role if exists ${quoteName(role)}`);
  await rm(folder, { recursive: true });
});

/** Nothing raw is printed, and nothing ran on this machine. */
function expectHarmless(...texts: string[]): void {
  for (const text of texts) expect(RAW.exec(text)?.[0]).toBeUndefined();
  expect(existsSync(made)).toBe(false);
}

async function expectFaithful(target: TestDatabase): Promise<void> {
  await expectSameDatabase(source.uri, target.uri);
  expect(await target.query("select state from public.canary")).toEqual([{ state: "alive" }]);
}

describe("a hostile source", () => {
  test("is cloned as it is, and shown harmlessly", async () => {
    await using target = await createDatabase(server(15), "hostile");
    const page = join(folder, "page.html");
    const ends = [source.uri, target.uri, "--pg-dump", "bundled"];
    const planned = await runCli(["plan", ...ends, "--verbose"]);
    expect(planned).toMatchObject({ exitCode: 0 });
    const cloned = await runCli([
      "clone",
      ...ends,
      "--verbose",
      "--report",
      page,
      "--verify",
      "checksum",
    ]);
    expect(cloned).toMatchObject({ exitCode: 0 });
    expectHarmless(planned.stdout, planned.stderr, cloned.stdout, cloned.stderr);
    const html = await readFile(page, "utf8");
    expectHarmless(html);
    expect(html).not.toContain("<script>alert");
    await expectFaithful(target);
  });

  test("is as harmless in JSON, table by table and in threads", async () => {
    await using target = await createDatabase(server(15), "hostile");
    const ended = await runCli([
      ...["clone", source.uri, target.uri, "--pg-dump", "bundled", "--json", "--verbose"],
      ...["--threads", "2", "--without", "small-table-batches,merged-keys"],
    ]);
    expect(ended).toMatchObject({ exitCode: 0, stderr: "" });
    expectHarmless(ended.stdout);
    for (const line of ended.stdout.trimEnd().split("\n")) expect(JSON.parse(line)).toBeTruthy();
    await expectFaithful(target);
  });

  test("is named harmlessly where something is wrong with it", async () => {
    await using target = await createDatabase(server(15), "hostile");
    // Everything is in the way, and nothing is the same.
    for (const name of nasty.slice(0, 12)) {
      const i = nasty.indexOf(name);
      await target.execute(`
        create schema ${quoteName(`${i} ${name}`.slice(0, 60))};
        create table ${quoteName(`${i} ${name}`.slice(0, 60))}.${quoteName(name)} (id int, ${quoteName(name)} text)`);
    }
    const ends = [source.uri, target.uri];
    for (const args of [
      ["clone", ...ends, "--pg-dump", "bundled"],
      ["clone", ...ends, "--pg-dump", "bundled", "--json"],
      ["check", ...ends, "--pg-dump", "bundled", "--verbose"],
      ["compare", "schema", ...ends, "--pg-dump", "bundled", "--verbose"],
      ["compare", "data", ...ends, "--verbose", "--show-values"],
      ["list", "tables", source.uri],
    ]) {
      const { exitCode, stdout, stderr } = await runCli(args);
      expect([args[0], exitCode, stdout.length + stderr.length > 500]).toEqual([
        args[0],
        exitCode,
        true,
      ]);
      expect(stderr).not.toContain("a mistake in pgcopy");
      expect(stderr).not.toContain("unknown option");
      expectHarmless(stdout, stderr);
    }
  });
});

test("the source's functions run as docs/security.md says: as the target's role, or as the owner of a table", async () => {
  await using from = await createDatabase(server(15), "hostile");
  await using to = await createDatabase(server(15), "hostile");
  const owner = uniqueName("owner");
  await from.execute(`
    create role ${owner};
    create function seen(what text, v int) returns int language plpgsql immutable as
      $$ begin perform pg_notify('seen', what || ' as ' || current_user); return v; end $$;
    create domain d as int check (seen('domain check', value) > 0);
    create table t (
      id int primary key, d d, v int default seen('default', 1),
      g int generated always as (seen('generated column', id)) stored,
      check (seen('table check', id) > 0)
    );
    create index on t ((seen('index expression', id))) where seen('index predicate', id) > 0;
    create materialized view mv as select seen('materialized view', id) from t;
    create function fires() returns trigger language plpgsql as
      $$ begin perform seen('trigger', 1); return new; end $$;
    create function obeys(int) returns bool language plpgsql as
      $$ begin perform seen('policy', 1); return true; end $$;
    create function ddl() returns event_trigger language plpgsql as
      $$ begin perform seen('event trigger', 1); end $$;
    insert into t values (1, 1, 1), (2, 2, 2);
    create trigger fires before insert on t for each row execute function fires();
    create policy p on t using (obeys(id));
    alter table t owner to ${owner};
    alter materialized view mv owner to ${owner};
    create event trigger e on ddl_command_end execute function ddl();`);
  const heard = new Set<string>();
  await to.withClient(async (client) => {
    client.on("notification", ({ payload }) => heard.add(payload ?? ""));
    await client.query("listen seen");
    const ended = await runCli(["clone", from.uri, to.uri, "--pg-dump", "bundled"]);
    expect(ended).toMatchObject({ exitCode: 0 });
    // What was notified before is told before this is answered.
    await client.query("select");
  });
  expect([...heard].sort()).toEqual([
    "domain check as postgres",
    "generated column as postgres",
    `index expression as ${owner}`,
    `index predicate as ${owner}`,
    `materialized view as ${owner}`,
    "table check as postgres",
  ]);
  for (const database of [from, to]) await database[Symbol.asyncDispose]();
  await using admin = await createDatabase(server(15), "hostile");
  await admin.execute(`drop role ${owner}`);
});
