/** Defaults and CHECKs taken out of statements as pg_dump writes them. */

import { expect, test } from "vitest";
import { cutPieces } from "../../src/schema/cut-pieces.js";

/** What of a statement goes: `d:column` for a default, else a constraint. */
function cut(sql: string, ...names: string[]): Promise<string> {
  const defaults = names.filter((name) => name.startsWith("d:")).map((name) => name.slice(2));
  const constraints = names.filter((name) => !name.startsWith("d:"));
  return cutPieces(sql, { defaults: new Set(defaults), constraints: new Set(constraints) });
}

const table = `CREATE TABLE app.orders (
    id integer DEFAULT nextval('app.seq'::regclass) NOT NULL,
    "a, (b" text DEFAULT 'é, ) DEFAULT '::text COLLATE "C",
    size numeric(10,2) DEFAULT round(1.5, (2)::integer),
    tags text[] DEFAULT ARRAY['a'::text, 'b)'::text] NOT NULL,
    CONSTRAINT first CHECK ((id > 0)),
    CONSTRAINT "last, )" CHECK ((size = ANY (ARRAY[(1)::numeric, (2)::numeric])))
)
WITH (fillfactor='70')`;

test("a default goes, and what else its column has stays", async () => {
  expect(await cut(table, "d:id", "d:size")).toBe(`CREATE TABLE app.orders (
    id integer NOT NULL,
    "a, (b" text DEFAULT 'é, ) DEFAULT '::text COLLATE "C",
    size numeric(10,2),
    tags text[] DEFAULT ARRAY['a'::text, 'b)'::text] NOT NULL,
    CONSTRAINT first CHECK ((id > 0)),
    CONSTRAINT "last, )" CHECK ((size = ANY (ARRAY[(1)::numeric, (2)::numeric])))
)
WITH (fillfactor='70')`);
});

test("a default goes although a collation follows it, and characters of several bytes stand before", async () => {
  const text = await cut(table, "d:a, (b", "d:tags");
  expect(text).toContain(`    "a, (b" text COLLATE "C",\n`);
  expect(text).toContain(`    tags text[] NOT NULL,\n`);
});

test("a CHECK goes with its comma, the last one, too", async () => {
  expect(await cut(table, "first")).toContain('NOT NULL,\n    CONSTRAINT "last, )" CHECK');
  expect(await cut(table, "last, )")).toContain("CHECK ((id > 0))\n)\nWITH (fillfactor='70')");
});

test("all of a table's CHECKs can go", async () => {
  const only = `CREATE TABLE app.t (\n    CONSTRAINT one CHECK ((1 > 0))\n)`;
  expect(await cut(only, "one")).toMatch(/^CREATE TABLE app\.t \(\s+\)$/);
  expect(await cut(table, "first", "last, )")).toMatch(/NOT NULL\n\)\nWITH/);
});

test("a foreign table keeps its options, a typed table its type", async () => {
  const foreign = `CREATE FOREIGN TABLE app.f (
    id integer OPTIONS (
    column_name 'ID, x'
    ) DEFAULT app.f(1, 2) NOT NULL
)
SERVER s OPTIONS (
    a 'b'
)`;
  expect(await cut(foreign, "d:id")).toBe(foreign.replace("DEFAULT app.f(1, 2) ", ""));
  const typed = "CREATE TABLE app.t OF app.type (\n    id WITH OPTIONS DEFAULT app.f() NOT NULL\n)";
  expect(await cut(typed, "d:id")).toBe(typed.replace("DEFAULT app.f() ", ""));
});

test("a domain loses a CHECK and keeps the others", async () => {
  const domain = `CREATE DOMAIN app.even AS integer DEFAULT 2 NOT NULL
	CONSTRAINT even_check CHECK (app.is_even(VALUE))
	CONSTRAINT small CHECK ((VALUE < 100))`;
  expect(await cut(domain, "even_check")).not.toContain("is_even");
  expect(await cut(domain, "even_check")).toContain(
    "NOT NULL\n\tCONSTRAINT small CHECK ((VALUE < 100))",
  );
  expect(await cut(domain, "small")).toBe(domain.slice(0, domain.indexOf("\n\tCONSTRAINT small")));
});

test("what is not there is not missed", async () => {
  expect(await cut(table, "inherited", "d:none")).toBe(table);
  const view = "CREATE VIEW app.v AS SELECT 1 AS a";
  expect(await cut(view, "d:a")).toBe(view);
});
