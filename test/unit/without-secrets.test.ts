/** What people see of statements that hold secrets. */

import { describe, expect, test } from "vitest";
import { compareEntries } from "../../src/schema/compare-entries.js";
import { splitScript } from "../../src/schema/split-script.js";
import { writtenDump } from "./planned-schema.js";

/** A statement that only the source has, as `compare schema` shows it. */
async function shown(statement: string): Promise<string | undefined> {
  const { entries } = await splitScript(writtenDump([statement]));
  const [difference] = await compareEntries(entries, [], { source: 16, target: 16 });
  return difference?.source[0];
}

const subscription = (literal: string) =>
  `CREATE SUBSCRIPTION "it's" CONNECTION ${literal} PUBLICATION p WITH (connect = false, slot_name = 'it''s', password_required = false)`;
const mapping = (options: string) =>
  `CREATE USER MAPPING FOR "it's" SERVER far OPTIONS (${options})`;
const server = (options: string) => `CREATE SERVER "é" FOREIGN DATA WRAPPER w OPTIONS (${options})`;

describe("a secret is not shown", () => {
  test.each([
    ["'host=h user=u password=SECRET dbname=d'", "'host=h user=u password=******** dbname=d'"],
    ["'password = ''SECRET \\'' SECRET'' port=1'", "'password = ******** port=1'"],
    ["E'password=SEC\\\\\\\\RET\\nSECRET'", "'********'"],
    ["'host=h sslpassword=SECRET'", "'host=h sslpassword=********'"],
    ["'host=h scram_client_key=SECRET'", "'host=h scram_client_key=********'"],
    ["'host=h password=SECRET SECRET'", "'********'"],
    ["'postgresql://u:SECRET@h/db'", "'postgresql://u:********@h/db'"],
    ["'postgres://u:SEC?RET@SECRET@h:1,i:2/db'", "'postgres://u:********@h:1,i:2/db'"],
    ["'postgres://u:SEC/RET@h/db'", "'postgres://u:********@h/db'"],
    ["'postgres://:SECRET@h'", "'postgres://:********@h'"],
    [
      "'postgres://u@h:5432/db?sslmode=require&password=SECRET&p%61ssword=SECRET'",
      "'postgres://u@h:5432/db?sslmode=require&password=********&p%61ssword=********'",
    ],
    ["'host=h dbname=''a b'''", "'host=h dbname=''a b'''"],
  ])("CONNECTION %s", async (literal, expected) => {
    expect(await shown(subscription(literal))).toBe(subscription(expected));
  });

  test.each([
    [`"user" 'u', "password" 'SECRET'`, `"user" 'u', "password" '********'`],
    [
      "USER 'it''s', aws_secret_access_key E'SE\\'CRET', \"o'd\" 'SECRET'",
      "USER 'it''s', aws_secret_access_key '********', \"o'd\" '********'",
    ],
  ])("OPTIONS (%s) of a user mapping", async (options, expected) => {
    expect(await shown(mapping(options))).toBe(mapping(expected));
  });

  test.each([
    ["host 'h', \"Password\" 'SECRET', port '1'", "host 'h', \"Password\" '********', port '1'"],
    [
      "é 'é', api_key 'SECRET', auth_token 'SECRET'",
      "é 'é', api_key '********', auth_token '********'",
    ],
    ["url 'mongodb://u:SECRET@h/d'", "url 'mongodb://u:********@h/d'"],
    ["dsn 'Server=h;Pwd=SECRET;Port=1'", "dsn 'Server=h;Pwd=********;Port=1'"],
  ])("OPTIONS (%s) of a server", async (options, expected) => {
    expect(await shown(server(options))).toBe(server(expected));
  });

  test.each([
    [
      "CREATE FOREIGN DATA WRAPPER w OPTIONS (secret 'SECRET')",
      "CREATE FOREIGN DATA WRAPPER w OPTIONS (secret '********')",
    ],
    [
      "CREATE FOREIGN TABLE t (a int OPTIONS (key 'true')) SERVER s OPTIONS (api_key 'SECRET')",
      "CREATE FOREIGN TABLE t (a int OPTIONS (key 'true')) SERVER s OPTIONS (api_key '********')",
    ],
    [
      "ALTER SERVER s OPTIONS (SET password 'SECRET', DROP token)",
      "ALTER SERVER s OPTIONS (SET password '********', DROP token)",
    ],
    [
      "ALTER SUBSCRIPTION s CONNECTION 'passfile=SECRET'",
      "ALTER SUBSCRIPTION s CONNECTION 'passfile=********'",
    ],
  ])("%s", async (statement, expected) => {
    expect(await shown(statement)).toBe(expected);
  });

  test("and still is a difference", async () => {
    const [source, target] = await Promise.all(
      ["SECRET", "ANOTHER"].map((secret) =>
        splitScript(writtenDump([mapping(`password '${secret}'`)])),
      ),
    );
    const differences = await compareEntries(source?.entries ?? [], target?.entries ?? [], {
      source: 16,
      target: 16,
    });
    expect(differences).toMatchObject([
      {
        status: "different",
        source: [mapping("password '********'")],
        target: [mapping("password '********'")],
      },
    ]);
  });
});
