import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parseEndpoint } from "../../src/endpoint/parse-endpoint.js";
import { findPassword, readPasswordFile } from "../../src/endpoint/password-file.js";

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "pgcopy-passwords-"));
});

afterAll(async () => {
  await rm(directory, { recursive: true });
});

const session = { host: "db.example", port: 5432, database: "shop", user: "ann" };

test.each([
  ["db.example:5432:shop:ann:secret", "secret"],
  ["*:*:*:*:secret", "secret"],
  ["db.example:*:*:ann:secret", "secret"],
  ["db.example:5433:shop:ann:no\nother:*:*:*:no\n*:*:shop:*:yes", "yes"],
  ["*:*:*:*:first\n*:*:*:*:second", "first"],
  ["# *:*:*:*:comment\n*:*:*:*:secret\r\n", "secret"],
  [String.raw`*:*:*:*:a\:b\\c\d`, "a:b\\cd"],
  ["*:*:*:*:a:b:c", "a:b:c"],
  ["*:*:*:*: spaces ", " spaces "],
  ["*:*:*:*:", undefined],
  ["*:*:*:*:\ndb.example:5432:shop:ann:later", undefined],
  ["*:*:*:secret", undefined],
  ["db.exampl:5432:shop:ann:secret", undefined],
  ["DB.example:5432:shop:ann:secret", undefined],
  [String.raw`\*:*:*:*:secret`, undefined],
  ["d*:*:*:*:secret", undefined],
  ["", undefined],
])("of the lines %j the one that fits counts", (text, expected) => {
  expect(findPassword(text, session)).toBe(expected);
});

test("names with a colon or a backslash are escaped in the file", () => {
  const odd = { host: "::1", port: 5432, database: "a\\b", user: "x:y" };
  expect(findPassword(String.raw`\:\:1:5432:a\\b:x\:y:secret`, odd)).toBe("secret");
});

test("a unix socket is looked up by its directory, the usual one also as localhost", () => {
  const own = { ...session, host: "/srv/pg" };
  expect(findPassword("localhost:*:*:*:tcp\n/srv/pg:*:*:*:socket", own)).toBe("socket");
  const usual = { ...session, host: "/var/run/postgresql" };
  expect(findPassword("localhost:*:*:*:local", usual)).toBe("local");
});

test("the file is found by passfile, by PGPASSFILE, and in the home directory", async () => {
  const at = async (name: string) => {
    const path = join(directory, name);
    await writeFile(path, `*:*:*:*:${name}\n`, { mode: 0o600 });
    return path;
  };
  await at(".pgpass");
  const named = await at("named");
  const parameter = await at("parameter");
  const password = async (text: string, environment: Record<string, string>) => {
    const endpoint = await parseEndpoint(text, environment, "source");
    return endpoint.kind === "server" ? endpoint.password : undefined;
  };
  const home = { HOME: directory };
  expect(await password("postgres://u@h", home)).toBe(".pgpass");
  expect(await password("postgres://u@h", { ...home, PGPASSFILE: named })).toBe("named");
  expect(
    await password(`host=h user=u passfile=${parameter}`, { ...home, PGPASSFILE: named }),
  ).toBe("parameter");
  expect(await password("postgres://u@h", {})).toBeUndefined();
});

test.skipIf(process.platform === "win32")(
  "a file that others may read is not used, and the endpoint says why",
  async () => {
    const path = join(directory, "open");
    await writeFile(path, "*:*:*:*:secret\n");
    for (const mode of [0o644, 0o640, 0o601]) {
      await chmod(path, mode);
      const endpoint = await parseEndpoint("postgres://u@h", { PGPASSFILE: path }, "source");
      expect(endpoint).not.toHaveProperty("password");
      expect(endpoint).toMatchObject({
        passwordFileProblem: `${path} is not used because others may read it: chmod 600 it`,
      });
    }
    await chmod(path, 0o600);
    expect((await readPasswordFile(path)).passwordFor(session)).toBe("secret");
  },
);

test("a file that does not exist is empty; a directory is a problem", async () => {
  const missing = await readPasswordFile(join(directory, "missing"));
  expect(missing.problem).toBeUndefined();
  expect(missing.passwordFor(session)).toBeUndefined();
  await mkdir(join(directory, "folder"));
  expect((await readPasswordFile(join(directory, "folder"))).problem).toContain("not a plain file");
});
