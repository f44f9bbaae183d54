/** Expressions that users give for a table: what is one, what is none, and where it is wrong. */

import { describe, expect, test } from "vitest";
import { atMoment, problemLines } from "../../src/plan/row-rules.js";
import { ExpressionProblem } from "../../src/schema/expression-nodes.js";
import { parseExpression } from "../../src/schema/parse-expression.js";

async function problem(text: string): Promise<ExpressionProblem> {
  const thrown = await parseExpression(text).then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(thrown, text).toBeInstanceOf(ExpressionProblem);
  return thrown as ExpressionProblem;
}

describe("an expression", () => {
  test.each([
    ["id > 10", ["id"]],
    ["true -- everything", []],
    ["/* /* nested */ -- */ id = 1", ["id"]],
    ["'it''s; drop table x; --' = note", ["note"]],
    ["$tag$1); drop table x; --$tag$ = note", ["note"]],
    ["E'\\'); --' = note", ["note"]],
    ["U&'\\0061' = note", ["note"]],
    ["id::text collate \"C\" like 'a%' escape '!'", ["id"]],
    ["cast(id as numeric(10,2)) between symmetric 1 and 2", ["id"]],
    ["(id, note) = (1, 'x')", ["id", "note"]],
    ["row(id, note) is not null", ["id", "note"]],
    ["public.f(x => id, variadic y => array[note])", ["id", "note"]],
    ["(address).city is distinct from tags[1:2][1]", ["address", "tags"]],
    [
      "case when id in (1, 2) then coalesce(note, 'x') else nullif(note, '') end = any (tags)",
      ["id", "note", "tags"],
    ],
    ["extract(year from created_at at time zone 'UTC') = 2024", ["created_at"]],
    ["id operator(pg_catalog.=) 1", ["id"]],
    ['"Größe" = 1 and größe = 2 and "a""b" = 3', ["Größe", "größe", 'a"b']],
    ["doc @> '{\"a\": 1}' and doc ->> 'a' is not null", ["doc"]],
    ["json_value(doc, '$.a' returning int default 0 on error) = 1", ["doc"]],
    ["substring(note from 1 for 2) || overlay(note placing 'x' from 1) is normalized", ["note"]],
    ["current_user = note and note is not unknown", ["note"]],
    ["null", []],
  ])("is %s", async (text, columns) => {
    const parsed = await parseExpression(text);
    expect([...parsed.columns.keys()]).toEqual(columns);
    expect(parsed.text).toBe(text);
  });

  test("tells where it names each column first", async () => {
    const { columns } = await parseExpression("'ö🙂' = note and id = 1 or note = ''");
    expect([...columns]).toEqual([
      ["note", 8],
      ["id", 17],
    ]);
  });
});

describe("no expression", () => {
  test.each([
    ["", "is empty"],
    ["  -- nothing", "is empty"],
    ["1); drop table x; --", 'syntax error at or near ")"'],
    ["true) or (true", 'syntax error at or near ")"'],
    ["1; drop table x", "holds more than one statement"],
    ["true;", 'syntax error at or near ";"'],
    ["id = 1 /* open", 'unterminated /* comment at or near "/* open"'],
    ["note = 'open", 'unterminated quoted string at or near "\'open"'],
    ["id >", "syntax error at end of input"],
    ["id, note", "is a list, not one expression"],
    ["id as x", "gives a name to an expression"],
    ["id x", "gives a name to an expression"],
    ["id from secrets", "is a query, not one expression"],
    ["1 into x", "is a query, not one expression"],
    ["id where true", "is a query, not one expression"],
    ["id order by 1", "is a query, not one expression"],
    ["id limit 1", "is a query, not one expression"],
    ["1 union select 2", "is a query, not one expression"],
    ["distinct id", "is a query, not one expression"],
    ["*", 'syntax error at or near "*"'],
    ["all id", 'syntax error at or near "all"'],
    ["a\0b", "holds a zero character"],
  ])("is %j", async (text, words) => {
    expect((await problem(text)).message).toBe(words);
  });
});

describe("not allowed in it", () => {
  test.each([
    ["id in (select 1)", "sub-statement", 3],
    ["exists (table secrets)", "sub-statement", 0],
    ["note = array(select 'x')::text", "sub-statement", 7],
    ["json_array(select 1) is null", "sub-statement", 0],
    ["id = $1", "no parameters", 5],
    ["count(*) > 1", "aggregate", 0],
    ["string_agg(note, ',' order by id) = ''", "aggregate", 0],
    ["sum(distinct id) > 1", "aggregate", 0],
    ["percentile_cont(0.5) within group (order by id) > 1", "aggregate", 0],
    ["json_objectagg(note: id)", "aggregate", 0],
    ["grouping(id) = 1", "aggregate", 0],
    ["row_number() over () = 1", "window function", 0],
    ["orders.id = 1", "write the column alone, without its table: id", 0],
    ["public.orders.id = 1", "write the column alone, without its table: id", 0],
    ["orders.* is null", "whole row", 0],
    ["row(orders.*) is null", "whole row", 4],
    ["default", "DEFAULT is no expression", 0],
    ["merge_action() = 'x'", "MergeSupportFunc is not allowed", 0],
    ["age(created_at) > interval '1 year'", "age(current_date, …)", 0],
    ["created_at > 'Today'::date", "'Today' may mean another time", 20],
    ["created_at > timestamptz ' now '", "may mean another time", 11],
  ])("is %s", async (text, words, at) => {
    const { message, at: place } = await problem(text);
    expect(message).toContain(words);
    expect(place).toBe(at);
  });
});

describe("the present time", () => {
  test.each([
    ["at > now() - interval '1 day'", "at > N - interval '1 day'"],
    ["'ö🙂' <> note and at > pg_catalog . now /* , ) */ ( )", "'ö🙂' <> note and at > N"],
    ["now() > current_timestamp", "N > N"],
    ["current_timestamp(3) > transaction_timestamp()", "cast(N as pg_catalog.timestamptz(3)) > N"],
    ["statement_timestamp()", "N"],
    ["CURRENT_DATE - 1 < day", "cast(N as pg_catalog.date) - 1 < day"],
    ["localtimestamp < at", "cast(N as pg_catalog.timestamp) < at"],
    [
      "localtime(0) < at and current_time < at",
      "cast(N as pg_catalog.time(0)) < at and cast(N as pg_catalog.timetz) < at",
    ],
    ["\"now\" = public.now() and note = 'now()'", "\"now\" = public.now() and note = 'now()'"],
    ["current_user = session_user", "current_user = session_user"],
  ])("%s is that of one moment", async (text, sql) => {
    const parsed = await parseExpression(text);
    const moment = "2024-02-29 12:00:00+00";
    const constant = `cast('${moment}' as pg_catalog.timestamptz)`;
    expect(atMoment(parsed, moment)).toBe(sql.replaceAll(/\bN\b/g, constant));
  });
});

describe("the lines of a problem", () => {
  const given = { kind: "where", given: "public.orders", words: "is wrong" } as const;

  test("mark the place", () => {
    expect(problemLines({ ...given, text: "id > > 1", at: 5 })).toEqual([
      "where public.orders: is wrong",
      "  id > > 1",
      "       ^",
    ]);
  });

  test("show the line of it, and a long one in part", () => {
    const line = `${"a".repeat(60)} > > ${"b".repeat(60)}`;
    const [, shown = "", mark = ""] = problemLines({ ...given, text: `x\n\t${line}\ny`, at: 66 });
    expect(shown.startsWith("  …aaa")).toBe(true);
    expect(shown.endsWith("bbb…")).toBe(true);
    expect(shown[mark.indexOf("^")]).toBe(">");
    expect(shown).not.toContain("\n");
  });
});
