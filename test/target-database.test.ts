/** Which database of the target is copied into, where the endpoint names none or one that nobody means. */

import { afterAll, beforeAll, expect, test } from "vitest";
import { runCli } from "./support/cli.js";
import { createDatabase, server, type TestDatabase, uniqueName } from "./support/servers.js";

let source: TestDatabase;

beforeAll(async () => {
  source = await createDatabase(server(16), "target_database");
  await source.execute("create table copied_by_target_database as select 1 as n");
});

afterAll(() => source[Symbol.asyncDispose]());

/** The server's URI with another path, and perhaps another user. */
function uriOf(path: string, user?: string): string {
  const uri = new URL(source.uri);
  uri.pathname = path;
  if (user !== undefined) [uri.username, uri.password] = [user, "own"];
  return uri.href;
}

const run = (command: string, target: string, environment: Record<string, string> = {}) =>
  runCli([command, source.uri, target, "--pg-dump", "bundled"], environment);

test.each(["clone", "plan", "check"])(
  "%s does not take postgres for the target that was not named",
  async (command) => {
    for (const path of ["", "/"]) {
      const { exitCode, stdout, stderr } = await run(command, uriOf(path));
      expect(stderr).toContain(
        "pgcopy: wrong target endpoint: it names no database, and the user's own, postgres, is the server's maintenance database\n",
      );
      expect(stderr).toContain(
        "as in postgres://USER@HOST/DATABASE, also where postgres itself is meant",
      );
      expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    }
  },
);

test("postgres can be named, in the endpoint or by PGDATABASE", async () => {
  const named = await run("plan", uriOf("/postgres"));
  const byVariable = await run("plan", uriOf("/"), { PGDATABASE: "postgres" });
  for (const { stdout, stderr } of [named, byVariable]) {
    expect(stdout).toMatch(/^ +to postgres:.*\/postgres \(/m);
    expect(stderr).not.toContain("names no database");
  }
});

test.each(["template0", "template1"])("%s is never a target", async (name) => {
  for (const [path, environment] of [
    [`/${name}`, {}],
    ["/", { PGDATABASE: name }],
  ] as const) {
    const { exitCode, stderr } = await run("clone", uriOf(path), environment);
    expect(stderr).toContain(
      `wrong target endpoint: ${name} is what new databases are made from\n`,
    );
    expect(exitCode).toBe(2);
  }
});

test("a source that was not named is warned of", async () => {
  const environment = { PGDATABASE: "" };
  const { stderr } = await runCli(
    ["plan", uriOf("/"), uriOf("/copy_of_whatever"), "--pg-dump", "bundled"],
    environment,
  );
  expect(stderr).toContain("the source names no database: it is the user's own, postgres");
  const named = await run("plan", uriOf("/copy_of_whatever"));
  expect(named.stderr).not.toContain("names no database");
});

test("a user's own database is taken as psql takes it, and that is said", async () => {
  const role = uniqueName("target_owner");
  await source.execute(`create role ${role} superuser login password 'own'`);
  try {
    const { exitCode, stderr } = await run("clone", uriOf("/", role));
    expect(stderr).toContain(`the target names no database: it is the user's own, ${role}\n`);
    expect(exitCode).toBe(0);
    const plan = await run("plan", uriOf(`/${role}`, role));
    expect(plan.stdout).toContain("table public.copied_by_target_database");
  } finally {
    await source.execute(`drop database if exists ${role}`);
    await source.execute(`drop role ${role}`);
  }
});
