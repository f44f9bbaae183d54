/** Which local pg_dump is chosen: programs in a temporary directory stand for installed ones. */

import { chmod, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { findPgDump, namedPgDump } from "../../src/schema/find-pg-dump.js";

let base: string;
const signal = new AbortController().signal;

beforeAll(async () => {
  base = await realpath(await mkdtemp(join(tmpdir(), "pgcopy-find-")));
});
afterAll(async () => {
  await rm(base, { recursive: true, force: true });
});

/** A program that says this when it is asked for its version, and leaves a trace that it was run. */
async function program(path: string, says: string): Promise<string> {
  const whole = join(base, path);
  await mkdir(dirname(whole), { recursive: true });
  await writeFile(whole, `#!/bin/sh\n: > '${whole}.was-run'\necho '${says}'\n`);
  await chmod(whole, 0o755);
  return whole;
}

function pgDump(path: string, version: string): Promise<string> {
  return program(`${path}/pg_dump`, `pg_dump (PostgreSQL) ${version}`);
}

function wasRun(path: string): Promise<boolean> {
  return realpath(`${path}.was-run`).then(
    () => true,
    () => false,
  );
}

function find(options: { path?: string[]; directories?: string[]; minimumMajor: number }) {
  const inBase = (names: string[] = []) => names.map((name) => join(base, name));
  return findPgDump({
    environment: { PATH: inBase(options.path).join(delimiter) },
    directories: inBase(options.directories),
    minimumMajor: options.minimumMajor,
    signal,
  });
}

test("the newest of the usual directories is chosen without running any", async () => {
  const old = await pgDump("debian/postgresql/9.6/bin", "9.6.24");
  const newest = await pgDump("debian/postgresql/17/bin", "17.2");
  const middle = await pgDump("debian/postgresql/15/bin", "15.8");
  const directories = ["debian/postgresql/*/bin"];
  expect(await find({ directories, minimumMajor: 15 })).toEqual({ path: newest, major: 17 });
  expect(await find({ directories, minimumMajor: 17 })).toEqual({ path: newest, major: 17 });
  expect(await find({ directories, minimumMajor: 18 })).toBeUndefined();
  for (const path of [old, newest, middle]) expect(await wasRun(path)).toBe(false);
});

test.each([
  ["redhat/pgsql-16/bin", "redhat/pgsql-*/bin"],
  ["suse/postgresql16/bin", "suse/postgresql*/bin"],
  ["alpine/postgresql16", "alpine/postgresql*"],
  ["brew/opt/postgresql@16/bin", "brew/opt/postgresql@*/bin"],
  ["Postgres.app/Contents/Versions/16/bin", "Postgres.app/Contents/Versions/*/bin"],
])("%s tells its version", async (directory, pattern) => {
  const path = await pgDump(directory, "16.4");
  expect(await find({ directories: [pattern], minimumMajor: 16 })).toEqual({ path, major: 16 });
  expect(await wasRun(path)).toBe(false);
});

test("a link on PATH is followed to the directory that tells the version", async () => {
  const path = await pgDump("Cellar/libpq/18.1/bin", "18.1");
  await mkdir(join(base, "linked"), { recursive: true });
  await symlink(path, join(base, "linked/pg_dump"));
  expect(await find({ path: ["linked"], minimumMajor: 18 })).toEqual({ path, major: 18 });
  expect(await wasRun(path)).toBe(false);
});

test("a program on PATH whose directory tells nothing is asked, if no other fits", async () => {
  const path = await pgDump("usr/local/bin", "18.0");
  const directories = ["debian/postgresql/*/bin"];
  const searched = { path: ["nowhere", "usr/local/bin"], directories };
  expect((await find({ ...searched, minimumMajor: 16 }))?.major).toBe(17);
  expect(await wasRun(path)).toBe(false);
  expect(await find({ ...searched, minimumMajor: 18 })).toEqual({ path, major: 18 });
  expect(await find({ ...searched, minimumMajor: 19 })).toBeUndefined();
});

test("Debian's wrapper is passed over: it starts one of the others, slowly", async () => {
  const wrapper = await program("share/pg_wrapper", "pg_dump (PostgreSQL) 18.1");
  await mkdir(join(base, "wrapped"), { recursive: true });
  await symlink(wrapper, join(base, "wrapped/pg_dump"));
  expect(await find({ path: ["wrapped"], minimumMajor: 13 })).toBeUndefined();
  expect(await wasRun(wrapper)).toBe(false);
});

test("pg_config on PATH tells of a directory that is not", async () => {
  const path = await pgDump("built/bin", "18.1");
  await program("configured/pg_config", join(base, "built/bin"));
  expect(await find({ path: ["configured"], minimumMajor: 18 })).toEqual({ path, major: 18 });
});

test("what can't be run is passed over", async () => {
  await mkdir(join(base, "odd/a/pg_dump"), { recursive: true });
  await mkdir(join(base, "odd/b"), { recursive: true });
  await writeFile(join(base, "odd/b/pg_dump"), "no program", { mode: 0o644 });
  await program("odd/c/pg_dump", "something else");
  expect(await find({ path: ["odd/a", "odd/b", "odd/c"], minimumMajor: 13 })).toBeUndefined();
  expect(await findPgDump({ environment: {}, directories: [], minimumMajor: 13, signal })).toBe(
    undefined,
  );
});

test("a named one is looked up on PATH if its name has no slash", async () => {
  const path = await program("named/my_dump", "pg_dump (PostgreSQL) 16.1");
  const options = { environment: { PATH: join(base, "named") }, minimumMajor: 16, signal };
  expect(await namedPgDump("my_dump", options)).toEqual({ path, major: 16 });
  expect(await namedPgDump(path, options)).toEqual({ path, major: 16 });
});

test("a named one that can't be used is refused, never replaced", async () => {
  const other = await program("refused/other", "hello");
  const old = await pgDump("refused", "12.20");
  const options = { environment: { PATH: "" }, minimumMajor: 16, signal };
  const advice = expect.stringContaining("at least as new as the source");
  const refused = async (name: string, message: string) =>
    expect(namedPgDump(name, options)).rejects.toMatchObject({
      code: "schema_dump_failed",
      message,
      advice,
    });
  await refused("pg_dump", 'pg_dump "pg_dump" is not on PATH');
  await refused(`${base}/nothing`, `pg_dump "${base}/nothing" does not exist`);
  await refused(base, `pg_dump "${base}" is not a file`);
  await refused(other, `${other} does not tell its version as pg_dump does: it is another program`);
  await refused(old, `${old} is pg_dump 12, which can't dump a server of version 16`);
  await chmod(old, 0o644);
  await refused(old, `pg_dump "${old}" is not executable`);
});
