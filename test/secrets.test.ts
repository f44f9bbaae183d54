/**
 * No secret is anywhere but where it has to be: whole runs of the command line with a secret in every place that
 * takes one, and then everything that was written, shown or left behind is searched.
 */

import { execFile } from "node:child_process";
import { chmod, copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Ended, runCli, startCli } from "./support/cli.js";
import { createDatabase, server, type TestDatabase, uniqueName } from "./support/servers.js";
import { tlsFile } from "./support/tls-front.js";

const secrets = {
  salt: "Salt7Kq2",
  mapping: "Mapping7Kq2",
  foreignServer: "Foreign7Kq2",
  subscription: "Subscription7Kq2",
  role: "Role7Kq2",
  key: "key password",
};
const mask = `public.people.email=md5(email || '${secrets.salt}')`;
const failingMask = `public.people.email=nullif(email || '${secrets.salt}', email || '${secrets.salt}')`;
const role = uniqueName("secret_role");

let folder: string;
let source: TestDatabase;
let target: TestDatabase;
/** What must not be seen: the secrets above, the servers' passwords, and the role's hash. */
let hidden: string[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "pgcopy-secrets-"));
  await copyFile(tlsFile("client.key"), join(folder, "client.key"));
  await chmod(join(folder, "client.key"), 0o600);
  source = await createDatabase(server(15), "secrets");
  target = await createDatabase(server(16), "secrets");
  await source.execute(`
    create role ${role} login password '${secrets.role}';
    create table people (id int primary key, email text not null);
    insert into people select i, i || '@example.com' from generate_series(1, 1000) as i;
    alter table people owner to ${role};
    create foreign data wrapper w;
    create server s foreign data wrapper w options (host 'h', password '${secrets.foreignServer}');
    create user mapping for ${role} server s options (user 'u', password '${secrets.mapping}');
    create publication p for table people;`);
  await source.execute(
    `create subscription ${role} connection 'host=h password=${secrets.subscription}' publication p with (connect = false)`,
  );
  const [hash] = await source.query<{ rolpassword: string }>(
    "select rolpassword from pg_authid where rolname = $1",
    [role],
  );
  const passwords = [source.server.password, target.server.password];
  hidden = [
    ...Object.values(secrets),
    ...passwords,
    ...passwords.map(encodeURIComponent),
    hash?.rolpassword ?? "",
    (hash?.rolpassword ?? "").split("$").at(-1) ?? "",
  ];
  expect(hidden.every((one) => one.length > 6)).toBe(true);
});

afterAll(async () => {
  for (const database of [source, target]) await database[Symbol.asyncDispose]();
  for (const major of [15, 16] as const) {
    await using admin = await createDatabase(server(major), "secrets");
    await admin.execute(`drop role if exists ${role}`);
  }
  await rm(folder, { recursive: true });
});

/** The endpoint without its password, which the environment or a file gives. */
const bare = (database: TestDatabase) => database.uri.replace(/:[^:@/]*@/, "@");
const certificate = () =>
  `?sslcert=${tlsFile("client.crt")}&sslkey=${join(folder, "client.key")}&sslpassword=key%20password`;

async function passwordFile(): Promise<Record<string, string>> {
  const file = join(folder, "passwords");
  const lines = [source, target].map(({ server: { port, password } }) =>
    ["127.0.0.1", port, "*", "*", password.replaceAll(/[:\\]/g, "\\$&")].join(":"),
  );
  await writeFile(file, lines.join("\n"), { mode: 0o600 });
  return { PGPASSFILE: file };
}

function expectHidden(what: string, ...texts: string[]): void {
  for (const text of texts) {
    const plain = text.replaceAll(/&#39;|&amp;|\\u00../g, " ");
    const found = hidden.filter((secret) => text.includes(secret) || plain.includes(secret));
    expect({ what, found }).toEqual({ what, found: [] });
  }
}

const ended = ({ stdout, stderr }: Ended) => [stdout, stderr];
const common = ["--pg-dump", "bundled", "--verbose"];

/** All rows of the journal, as text; what is packed in it, unpacked. */
async function journal(): Promise<string> {
  const tables = await target.query<{ name: string }>(
    "select tablename::text as name from pg_tables where schemaname = 'pgcopy_journal'",
  );
  const texts: string[] = [];
  for (const { name } of tables) {
    const rows = await target.query(`select * from pgcopy_journal.${name}`);
    const isBytes = (value: unknown) => Buffer.isBuffer(value);
    const bytes = Buffer.concat(rows.flatMap((row) => Object.values(row).filter(isBytes)));
    texts.push(JSON.stringify(rows), bytes.toString("latin1"));
    if (bytes[0] === 0x1f && bytes[1] === 0x8b) {
      const unpacked = gunzipSync(bytes);
      texts.push(unpacked.toString("latin1"), unpacked.toString("utf16le"));
    }
  }
  return texts.join("\n");
}

describe("no secret is seen", () => {
  test("before anything is copied", async () => {
    const environment = await passwordFile();
    const ends = [bare(source) + certificate(), bare(target)];
    for (const args of [
      ["plan", ...ends, ...common, "--mask", mask, "--roles", "--json"],
      ["plan", ...ends, ...common, "--mask", mask, "--roles"],
      ["check", ...ends, ...common, "--mask", mask, "--json"],
      ["compare", "schema", ...ends, ...common],
      ["compare", "data", ...ends, "--json"],
      ["list", "tables", ends[0] ?? "", "--json"],
      ["ping", ends[0] ?? ""],
    ]) {
      const run = await runCli(args, environment);
      expect([args[0], run.exitCode]).not.toEqual([args[0], 2]);
      expectHidden(args.join(" ").slice(0, 20), ...ended(run));
    }
  });

  test("in a clone that fails, nor in what it leaves behind", async () => {
    const page = join(folder, "failed.html");
    const run = await runCli(
      [
        ...["clone", source.uri + certificate(), target.uri, ...common, "--json"],
        ...["--mask", failingMask, "--report", page, "--roles"],
      ],
      {},
    );
    expect(run.exitCode).not.toBe(0);
    expect(run.stdout).toContain("not-null");
    expectHidden("output", ...ended(run));
    expectHidden("page", await readFile(page, "utf8"));
    const left = await journal();
    expect(left).toContain("pre_data");
    expectHidden("journal", left);
  });

  test("in a clone that ends well, while it runs", async () => {
    const page = join(folder, "done.html");
    const cli = startCli(
      [
        ...["clone", source.uri + certificate(), target.uri, ...common, "--drop-if-exists"],
        ...["--mask", mask, "--report", page, "--roles"],
      ],
      {},
    );
    const seen = new Set<string>();
    while (!cli.hasEnded) {
      for (const file of ["comm", "cmdline"]) {
        const text = await readFile(`/proc/${cli.pid}/${file}`, "latin1").catch(() => "");
        // Before node has begun to run pgcopy, the arguments are node's.
        if (!text.startsWith(process.execPath)) seen.add(text);
      }
      const rows = await target.query<{ application_name: string; query: string }>(
        "select application_name, query from pg_stat_activity where datname = current_database() and application_name like 'pgcopy%'",
      );
      for (const { application_name } of rows) seen.add(application_name);
    }
    const run = await cli.ended;
    expect(run).toMatchObject({ exitCode: 0 });
    expectHidden("output", ...ended(run));
    expectHidden("page", await readFile(page, "utf8"));
    expectHidden("processes and sessions", ...seen);
    // They have arrived all the same.
    const [mapping] = await target.query<{ options: string }>(
      "select umoptions::text as options from pg_user_mappings",
    );
    expect(mapping?.options).toContain(secrets.mapping);
    const [masked] = await target.query("select email from people where id = 1");
    expect(masked?.email).toMatch(/^[0-9a-f]{32}$/);
  });

  test.skipIf(process.platform === "win32")(
    "of the child pg_dump but its own password, in its environment",
    async () => {
      const program = join(folder, "pg_dump");
      const seen = join(folder, "seen");
      await writeFile(
        program,
        `#!/bin/sh\ncase "$1" in --version) echo "pg_dump (PostgreSQL) 99.0";; *) echo "$*" > ${seen}.args; export -p > ${seen}.env; echo "pg_dump: error: $PGPASSWORD" >&2; exit 1;; esac\n`,
        { mode: 0o700 },
      );
      const run = await runCli(
        ["clone", source.uri, target.uri, "--pg-dump", program, "--json", "--mask", mask],
        { PGPASSWORD: secrets.role, PGCOPY_TARGET: target.uri },
      );
      expect(run.exitCode).not.toBe(0);
      expectHidden("output", ...ended(run));
      expectHidden("arguments", await readFile(`${seen}.args`, "utf8"));
      const environment = await readFile(`${seen}.env`, "utf8");
      const own = `PGPASSWORD='${source.server.password}'\n`;
      expect(environment).toContain(own);
      expectHidden("environment", environment.replace(own, ""));
    },
  );

  test("in what is said of a wrong password of a key", async () => {
    const wrong = certificate().replace("key%20password", secrets.role);
    const run = await runCli(["ping", source.uri + wrong]);
    expect(run.exitCode).not.toBe(0);
    expect(run.stderr).toContain("sslpassword");
    expectHidden("output", ...ended(run));
  });

  test.skipIf(process.platform !== "linux")("of the arguments, by other users' ps", async () => {
    const cli = startCli(["clone", source.uri, target.uri, "--json", "--pg-dump", "bundled"], {});
    let shown = "";
    while (!cli.hasEnded) {
      const { stdout } = await promisify(execFile)("cat", [`/proc/${cli.pid}/cmdline`]).catch(
        () => ({ stdout: "" }),
      );
      if (stdout !== "") shown = stdout;
    }
    expect(shown.replaceAll("\0", "")).toBe("pgcopy");
  });
});
