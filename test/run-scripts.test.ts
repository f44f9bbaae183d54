/** Many statements in one round trip: which one failed, and what is left of the others. */

import { expect, it } from "vitest";
import type { ServerEndpoint } from "../src/endpoint/endpoint.js";
import { parseEndpoint } from "../src/endpoint/parse-endpoint.js";
import { runScripts } from "../src/load/run-scripts.js";
import { connect } from "../src/postgres/connect.js";
import { createDatabase, server } from "./support/servers.js";

const script = (title: string, ...statements: string[]) => ({ title, settings: {}, statements });

it("the failing statement's object is named, its batch rolled back, and the session still good", async () => {
  await using database = await createDatabase(server(16), "scripts");
  const endpoint = (await parseEndpoint(database.uri, {}, "target")) as ServerEndpoint;
  const signal = new AbortController().signal;
  await using target = await connect(endpoint, { side: "target", purpose: "test", signal });
  const scripts = [
    script("TABLE a", "create table public.a (n int) -- a comment at its end"),
    script(
      "INDEX a_idx",
      "create index a_idx on public.a (n)",
      "alter table public.a cluster on a_idx",
    ),
    script("VIEW v", "create view public.v as select missing from public.a"),
    script("TABLE b", "create table public.b (n int)"),
  ];
  await expect(runScripts(target, scripts, { attempted: "the schema" })).rejects.toMatchObject({
    code: "task_failed",
    message: 'VIEW v failed on target: column "missing" does not exist (SQLSTATE 42703)',
  });
  expect(await target.query("looking", "select from pg_class where relname = 'a'")).toEqual([]);

  await runScripts(target, scripts.slice(0, 2), { attempted: "the schema" });
  expect(await target.query("looking", "select relname from pg_class where relname = 'a'")).toEqual(
    [{ relname: "a" }],
  );
});

it("more statements than one transaction holds run in several, and settings hold for one script", async () => {
  await using database = await createDatabase(server(16), "scripts");
  await database.execute(
    `alter database ${database.name} set default_table_access_method = 'heap'`,
  );
  const endpoint = (await parseEndpoint(database.uri, {}, "target")) as ServerEndpoint;
  const signal = new AbortController().signal;
  await using target = await connect(endpoint, { side: "target", purpose: "test", signal });
  const many = Array.from({ length: 450 }, (_, n) =>
    script(`TABLE t${n}`, `create table public.t${n} ()`),
  );
  const here = "current_setting('default_tablespace')";
  const checked = [
    script("TABLE seen", "create table public.seen (place text, value text)"),
    {
      ...script("TABLE inside", `insert into public.seen values ('inside', ${here})`),
      settings: { default_tablespace: "pg_default" },
    },
    script("TABLE after", `insert into public.seen values ('after', ${here})`),
  ];
  await runScripts(target, [...many, ...checked], { attempted: "the schema" });
  const [count] = await target.query(
    "counting",
    "select count(*)::int as n from pg_class where relname ~ '^t[0-9]+$'",
  );
  expect(count).toEqual({ n: 450 });
  expect(await target.query("looking", "select * from public.seen order by place")).toEqual([
    { place: "after", value: "" },
    { place: "inside", value: "pg_default" },
  ]);
});
