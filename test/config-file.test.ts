/** Options from a file, on the command line: which file, what goes before what, and what is wrong in it. */

import { execFile } from "node:child_process";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Ended } from "./support/cli.js";
import { expectSameDatabase } from "./support/compare.js";
import { createDatabase, server, type TestDatabase } from "./support/servers.js";

const main = fileURLToPath(new URL("../dist/cli/launch.cjs", import.meta.url));
/** Refused at once, so that the options are all that is tried. */
const NOBODY = "postgres://me@127.0.0.1:1/db";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "pgcopy-config-"));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

/** Runs pgcopy in the folder. */
async function pgcopy(args: readonly string[], environment: Record<string, string> = {}) {
  return await new Promise<Ended>((resolve) => {
    const options = { cwd: folder, env: { PATH: "", ...environment } };
    execFile(process.execPath, [main, ...args], options, (error, stdout, stderr) => {
      resolve({ exitCode: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

async function config(value: object | string, name = "pgcopy.json"): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, typeof value === "string" ? value : JSON.stringify(value), { mode: 0o600 });
  return path;
}

const cantConnect = /^pgcopy: can't connect to the source postgres:\/\/me@127\.0\.0\.1:1\/db/m;

describe("pgcopy.json where pgcopy is started", () => {
  test("is used, and said to be", async () => {
    await config({ source: NOBODY, target: NOBODY, jobs: 2 });
    for (const command of ["clone", "plan"]) {
      const { exitCode, stderr } = await pgcopy([command]);
      expect(exitCode).toBe(3);
      expect(stderr).toMatch(/^options from pgcopy\.json: source, target, jobs\n/);
      expect(stderr).toMatch(cantConnect);
    }
  });

  test("is left alone with --no-config", async () => {
    await config("not even JSON");
    const { exitCode, stderr } = await pgcopy(["clone", "--no-config", NOBODY, NOBODY]);
    expect(exitCode).toBe(3);
    expect(stderr).toMatch(cantConnect);
    expect(stderr).not.toContain("pgcopy.json");
  });

  test("need not be there", async () => {
    const { exitCode, stderr } = await pgcopy(["clone", NOBODY, NOBODY]);
    expect(exitCode).toBe(3);
    expect(stderr).not.toContain("options from");
  });

  test("is said to be as an event with --json, and not with --quiet", async () => {
    await config({ source: NOBODY, target: NOBODY });
    const json = await pgcopy(["clone", "--json"]);
    expect(json.stderr).toBe("");
    expect(JSON.parse(json.stdout.split("\n")[0] as string)).toEqual({
      ...{ type: "notice", atMs: 0, level: "info" },
      message: "options from pgcopy.json: source, target",
    });
    expect((await pgcopy(["clone", "--quiet"])).stderr).not.toContain("options from");
    const last = (await pgcopy(["clone", "--quiet", "--json"])).stdout;
    expect(JSON.parse(last)).toMatchObject({ type: "error" });
  });
});

describe("--config", () => {
  test("names another file", async () => {
    const path = await config({ source: NOBODY, target: NOBODY, jobs: 3 }, "night.json");
    await config("not even JSON");
    const { stderr } = await pgcopy(["clone", "--config", path]);
    expect(stderr).toContain(`options from ${path}: source, target, jobs\n`);
    expect(stderr).toMatch(cantConnect);
  });

  test("that is not there, or no file, is wrong usage", async () => {
    await mkdir(join(folder, "directory"));
    for (const [path, why] of [
      ["missing.json", "it does not exist"],
      ["directory", "it is a directory"],
    ] as const) {
      expect(await pgcopy(["clone", "--config", path, NOBODY, NOBODY])).toEqual({
        exitCode: 2,
        stdout: "",
        stderr: `pgcopy: can't read the options in ${path}: ${why}\n  what to do: give --config the path of a JSON file\n`,
      });
    }
  });

  test.each([
    ['{\n  "jobs": 8,\n}', "pgcopy.json, line 2, column 12: JSON has no comma after the last one"],
    [
      '{\n  "tableJobs": 0\n}',
      "pgcopy.json, line 2: tableJobs must be a whole number of at least 1, not 0",
    ],
    [
      '{"table-jobs": 8}',
      "pgcopy.json, line 1: there is no option table-jobs (did you mean tableJobs?)",
    ],
    ['{"verfy": "count"}', "pgcopy.json, line 1: there is no option verfy (did you mean verify?)"],
  ])("%j is one clear error, and nothing is connected to", async (text, message) => {
    await config(text);
    const { exitCode, stdout, stderr } = await pgcopy(["clone", NOBODY, NOBODY]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(stderr.split("\n")[0]).toBe(`pgcopy: ${message}`);
    expect(stderr).toMatch(/\n {2}what to do: .*\n$|^[^\n]*\n$/);
  });
});

describe("a password in the file", () => {
  const source = "postgres://me:s3cr3t@127.0.0.1:1/db";
  const warning =
    "pgcopy: warning: pgcopy.json holds a password, and everybody on this machine can read it: chmod 600 pgcopy.json, or keep it in ~/.pgpass\n";

  test.skipIf(process.platform === "win32")("is warned of where all can read it", async () => {
    const path = await config({ source, target: NOBODY });
    expect((await pgcopy(["clone"])).stderr).not.toContain("warning");
    await chmod(path, 0o644);
    for (const more of [[], ["--quiet"]]) {
      const { stdout, stderr } = await pgcopy(["clone", ...more]);
      expect(stderr).toContain(warning);
      expect(stdout + stderr).not.toContain("s3cr3t");
    }
    await config({ source: NOBODY, target: NOBODY });
    expect((await pgcopy(["clone"])).stderr).not.toContain("warning");
  });
});

describe("what goes before what", () => {
  const host = (name: string) => `postgres://${name}@127.0.0.1:1/db`;
  const triedBy = async (args: readonly string[], environment: Record<string, string> = {}) =>
    /can't connect to the (?:source|target) postgres:\/\/(\w+)@/.exec(
      (await pgcopy(["clone", ...args], environment)).stderr,
    )?.[1];

  test("arguments before the environment before the file", async () => {
    await config({ source: host("filed"), target: NOBODY });
    expect(await triedBy([])).toBe("filed");
    expect(await triedBy([], { PGCOPY_SOURCE: host("environment") })).toBe("environment");
    const both = { PGCOPY_SOURCE: host("environment"), PGCOPY_TARGET: NOBODY };
    expect(await triedBy([host("typed"), NOBODY], both)).toBe("typed");
  });

  test("one argument is the end that the file does not give", async () => {
    await config({ target: NOBODY });
    expect(await triedBy([host("typed")])).toBe("typed");
    await config({ source: host("filed"), target: NOBODY });
    expect((await pgcopy(["clone", NOBODY])).stderr).toContain(
      "one endpoint was given, and it could be SOURCE or TARGET\n  what to do: give both, or none: the configuration file and the environment give both as well\n",
    );
  });
});

describe("a clone", () => {
  let source: TestDatabase;
  let target: TestDatabase;

  beforeAll(async () => {
    source = await createDatabase(server(16), "config");
    await source.execute("create table t (id int primary key); insert into t values (1), (2)");
    target = await createDatabase(server(18), "config");
  });

  afterAll(async () => {
    await source[Symbol.asyncDispose]();
    await target[Symbol.asyncDispose]();
  });

  test("does what the file says, but for what was typed", async () => {
    await config({
      ...{ source: source.uri, target: target.uri, verify: "count", tableJobs: 1, indexJobs: 1 },
      ...{ pgDump: "bundled", skipAnalyze: true },
    });
    const { exitCode, stdout } = await pgcopy([
      "clone",
      "--json",
      "--verify",
      "checksum",
      "--jobs",
      "2",
    ]);
    expect(exitCode).toBe(0);
    const report = JSON.parse(stdout.trimEnd().split("\n").at(-1) as string);
    expect(report).toMatchObject({
      jobs: { tableJobs: 2, indexJobs: 2 },
      verification: { mode: "checksum" },
      options: { jobs: 2, verify: "checksum", pgDump: "bundled", skipAnalyze: true },
    });
    expect(report.work.map(({ kind }: { kind: string }) => kind)).not.toContain("analyze");
    await expectSameDatabase(source.uri, target.uri);
  });
});
