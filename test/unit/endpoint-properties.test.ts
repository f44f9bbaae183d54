/** Endpoints written down and read again, whatever is in them; and what their refusals may say. */

import { describe, expect, test } from "vitest";
import { describeEndpoint } from "../../src/endpoint/endpoint.js";
import { parseEndpoint } from "../../src/endpoint/parse-endpoint.js";
import { findPassword } from "../../src/endpoint/password-file.js";
import { PgCopyError } from "../../src/errors.js";
import { parseName } from "../../src/postgres/parse-name.js";
import { displayName } from "../../src/postgres/quote.js";
import { SeededRandom, seeds } from "./seeded-random.js";

const pieces = [
  ..."abcXYZ019 '\"\\/:@?&=%#,;.+-_~[]{}()$|*!<>",
  "%2F",
  "%zz",
  "\t",
  "\n",
  "é",
  "漢",
  "🐘",
  "\u202e",
  "password=",
  "://",
];

function value(random: SeededRandom): string {
  return Array.from({ length: random.between(1, 12) }, () => random.pick(pieces)).join("");
}

const inQuotes = (text: string) => `'${text.replaceAll(/['\\]/g, "\\$&")}'`;
const inPasswordFile = (text: string) => text.replaceAll(/[:\\]/g, "\\$&");
const port = (random: SeededRandom) => random.between(1, 65_535);

describe.each(seeds(200))("seed %i", (seed) => {
  const random = new SeededRandom(seed);
  const [user, password, database] = [value(random), value(random), value(random)];
  const hosts = Array.from({ length: random.between(1, 3) }, () => ({
    host: random.pick(["db.example.com", "127.0.0.1", "::1", "/var/run/a b"]),
    port: port(random),
  }));
  const expected = { kind: "server", user, password, database, hosts };

  test("a URI is read as it was written", async () => {
    const places = hosts.map((place) =>
      place.host.startsWith("/")
        ? `${encodeURIComponent(place.host)}:${place.port}`
        : `${place.host.includes(":") ? `[${place.host}]` : place.host}:${place.port}`,
    );
    const [u, p, d] = [user, password, database].map(encodeURIComponent);
    const endpoint = await parseEndpoint(`postgres://${u}:${p}@${places}/${d}`, {}, "source");
    expect(endpoint).toMatchObject(expected);
    // What is shown leads to the same place, without the password.
    const shown = await parseEndpoint(describeEndpoint(endpoint), { HOME: "/none" }, "source");
    expect(shown).toMatchObject({ kind: "server", user, database, hosts });
    expect(shown).not.toHaveProperty("password");
  });

  test("key=value pairs are read as they were written", async () => {
    const values = {
      host: hosts.map(({ host }) => host).join(","),
      port: hosts.map((place) => place.port).join(","),
      user,
      password,
      dbname: database,
    };
    const text = Object.entries(values).map(([name, one]) => `${name} = ${inQuotes(one)}`);
    expect(await parseEndpoint(text.join(" "), {}, "source")).toMatchObject(expected);
  });

  test("a line of a password file is found by what it is for", () => {
    const lineOf = (text: string) => text.replaceAll(/[\r\n]/g, "");
    const [u, p, d] = [user, password, database].map(lineOf) as [string, string, string];
    const fields = ["db", "5432", d, u, p].map(inPasswordFile);
    const session = { host: "db", port: 5432, database: d, user: u };
    expect(findPassword(fields.join(":"), session) ?? "").toBe(p);
    expect(findPassword(fields.join(":"), { ...session, port: 5433 })).toBeUndefined();
  });

  test("a name is read as it is shown", () => {
    expect(parseName(displayName(user, database))).toEqual([user, database]);
  });

  test("a password that was not encoded is in no refusal", async () => {
    const secret = `Zq7${value(random)}kV3${value(random)}`;
    const texts = [
      `postgres://user:${secret}@host/db`,
      `postgres://user@host/db?password=${secret}`,
      `host=db password=${secret} user=u`,
      `host=db password='${secret}' user=u`,
      `host=db user=u password=${secret}`,
    ];
    for (const text of texts) {
      const error = await parseEndpoint(text, {}, "source").then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      if (error === undefined) continue;
      expect(error).toBeInstanceOf(PgCopyError);
      const said = JSON.stringify([(error as Error).message, (error as Error).stack, error]);
      expect(said).not.toMatch(/Zq7|kV3/);
    }
  });
});
