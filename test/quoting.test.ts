/** Names and values in SQL, asked of a real server whatever it may be set to: they mean what was put in. */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { displayName, quoteLiteral, quoteName } from "../src/postgres/quote.js";
import { createDatabase, server, type TestDatabase } from "./support/servers.js";
import { SeededRandom } from "./unit/seeded-random.js";

const seed = 1;
const pieces = [
  ..."abc XYZ019'\"\\$%_;-/*(){}[],.:=|&<>?!~^`#@",
  "\n",
  "\r",
  "\t",
  "\b",
  "\u0001",
  "\u007f",
  "\u0085",
  "é",
  "漢",
  "🐘",
  "\u2028",
  "\u202e",
  "--",
  "$$",
  "E'",
  "U&'",
  "\\'",
  "''",
  "NULL",
  "\\N",
  "\\.",
];

let database: TestDatabase;
beforeAll(async () => {
  database = await createDatabase(server(16), "quoting");
});
afterAll(() => database[Symbol.asyncDispose]());

function texts(): string[] {
  const random = new SeededRandom(seed);
  return Array.from({ length: 500 }, () =>
    Array.from({ length: random.between(0, 12) }, () => random.pick(pieces)).join(""),
  );
}

describe.each(["on", "off"])(`with standard_conforming_strings = %s, seed ${seed}`, (setting) => {
  const begin = `set standard_conforming_strings = ${setting}; set escape_string_warning = off`;

  test("a literal is its value", async () => {
    const found = await database.withClient(async (client) => {
      await client.query(begin);
      const values = texts().map((text, i) => `(${i}, ${quoteLiteral(text)})`);
      const sql = `select t from (values ${values.join(", ")}) as v (i, t) order by i`;
      return (await client.query<{ t: string }>(sql)).rows.map(({ t }) => t);
    });
    expect(found).toEqual(texts());
  });

  test("a quoted name is the name, and is read again as it is shown", async () => {
    // A name is not empty, and has up to 63 bytes.
    const names = texts().filter((text) => text !== "" && Buffer.byteLength(text) < 64);
    const found = await database.withClient(async (client) => {
      await client.query(begin);
      const fields: string[] = [];
      for (let i = 0; i < names.length; i += 50) {
        const columns = names.slice(i, i + 50).map((name, n) => `${n} as ${quoteName(name)}`);
        const { fields: some } = await client.query(`select ${columns.join(", ")}`);
        fields.push(...some.map(({ name }) => name));
      }
      const parsed = await client.query<{ parts: string[] }>(
        "select parse_ident(t) as parts from unnest($1::text[]) with ordinality as u (t, n) order by n",
        [names.map((name) => displayName("s", name))],
      );
      return { fields, parts: parsed.rows.map(({ parts }) => parts) };
    });
    expect(found.fields).toEqual(names);
    expect(found.parts).toEqual(names.map((name) => ["s", name]));
  });
});
