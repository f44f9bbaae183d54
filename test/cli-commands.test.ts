/** The built program on real servers: what a user types, and what appears. */

import { chmod, mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Estimate } from "../src/index.js";
import { runCli } from "./support/cli.js";
import { expectSameDatabase } from "./support/compare.js";
import { createDatabase, server, type TestDatabase, uniqueName } from "./support/servers.js";
import { createShop } from "./support/shop-schema.js";

let shop: TestDatabase;
let target: TestDatabase;

beforeAll(async () => {
  shop = await createDatabase(server(16), "cli_shop");
  await createShop(shop, { rows: 500 });
  target = await createDatabase(server(18), "cli_copy");
});

afterAll(async () => {
  await shop[Symbol.asyncDispose]();
  await target[Symbol.asyncDispose]();
});

const jsonLines = (text: string): Record<string, unknown>[] =>
  text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));

describe("clone", () => {
  it("keeps what V8 compiled, and the next run takes it as it is", async () => {
    const home = await mkdtemp(join(tmpdir(), "pgcopy-cache-"));
    try {
      const environment = { PATH: "", XDG_CACHE_HOME: join(home, "new", "cache"), HOME: home };
      const run = async () => {
        const options = ["--drop-if-exists", "--quiet"];
        expect(await runCli(["clone", shop.uri, target.uri, ...options], environment)).toEqual({
          exitCode: 0,
          stdout: "",
          stderr: "",
        });
        const folder = join(environment.XDG_CACHE_HOME, "pgcopy");
        const files = await readdir(folder);
        expect(files).toHaveLength(1);
        return await stat(join(folder, files[0] ?? ""));
      };
      const kept = await run();
      expect(kept.size).toBeGreaterThan(100_000);
      expect(kept.mode & 0o777).toBe(0o600);
      // Had V8 refused it, the run would have written it anew.
      expect((await run()).ino).toBe(kept.ino);
    } finally {
      await rm(home, { recursive: true });
    }
  });

  it("needs no PostgreSQL on the PATH, and says what it copied on stdout, how on stderr", async () => {
    const { exitCode, stdout, stderr } = await runCli(
      [
        "clone",
        shop.uri,
        target.uri,
        "--jobs",
        "2",
        "--verify",
        "checksum",
        "--pg-dump",
        "bundled",
        "--drop-if-exists",
      ],
      { PATH: "" },
    );
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^Copied postgres:\/\//);
    expect(stdout).toMatch(/Verified by checksum: \d+ tables are the same on both ends\./);
    expect(stdout).toMatch(/pg_dump 18\.\d+ \(bundled\)|bundled/);
    expect(stderr).toMatch(/^source: PostgreSQL 16/m);
    for (const text of [stdout, stderr]) {
      expect(text).not.toContain("\u001b");
      expect(text).not.toContain(shop.server.password);
      expect(text).not.toContain(encodeURIComponent(shop.server.password));
      for (const line of text.split("\n")) expect(line.length).toBeLessThanOrEqual(160);
    }
    await expectSameDatabase(shop.uri, target.uri);
  });

  it("takes both ends from PGCOPY_SOURCE and PGCOPY_TARGET, the password from PGPASSWORD", async () => {
    const withoutPassword = (uri: string) => uri.replace(/:[^:@/]*@/, "@");
    const { exitCode, stdout, stderr } = await runCli(["clone", "--quiet", "--drop-if-exists"], {
      PGCOPY_SOURCE: withoutPassword(shop.uri),
      PGCOPY_TARGET: withoutPassword(shop.uri).replace(shop.name, `${shop.name}_copy`),
      PGPASSWORD: shop.server.password,
    });
    expect({ exitCode, stdout, stderr }).toEqual({ exitCode: 0, stdout: "", stderr: "" });
    await shop.execute(`drop database ${shop.name}_copy with (force)`);
  });

  it("--json: one event a line on stdout, nothing on stderr, the report last", async () => {
    const { exitCode, stdout, stderr } = await runCli([
      "clone",
      shop.uri,
      target.uri,
      "--json",
      "--drop-if-exists",
    ]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    const events = jsonLines(stdout);
    expect(events.every((event) => typeof event.type === "string")).toBe(true);
    const last = events.at(-1) as { type: string; rows: number; estimatedSeconds: number };
    expect(last.type).toBe("report");
    expect(last.rows).toBeGreaterThan(500);
    expect(last.estimatedSeconds).toBeGreaterThan(0);
    expect(stdout).not.toContain(shop.server.password);
  });

  it("--json: a refusal is the last line, with its exit code", async () => {
    const { exitCode, stdout, stderr } = await runCli(["clone", shop.uri, target.uri, "--json"]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 4, stderr: "" });
    const last = jsonLines(stdout).at(-1) as { items: string[] };
    expect(last).toMatchObject({ type: "error", code: "target_unfit", exitCode: 4 });
    expect(last.items.some((item) => /^table .*orders$/.test(item))).toBe(true);
  });

  it("makes a data directory of a database, and a database of that directory", async () => {
    const base = await mkdtemp(join(tmpdir(), "pgcopy-cli-"));
    // As root the server runs under another user, who must be able to enter.
    await chmod(base, 0o777);
    const directory = `pgdata:${base}/data?dbname=shop`;
    const name = uniqueName("cli_back");
    const uri18 = server(18).uri(name);
    try {
      const there = await runCli([
        "clone",
        shop.uri,
        directory,
        "--no-owner",
        "--no-acl",
        "--quiet",
      ]);
      expect({ ...there }).toEqual({ exitCode: 0, stdout: "", stderr: "" });
      const again = await runCli(["clone", directory, uri18, "--no-owner", "--no-acl", "--quiet"]);
      expect({ ...again }).toEqual({ exitCode: 0, stdout: "", stderr: "" });
      await expectSameDatabase(shop.uri, uri18);
    } finally {
      await target.execute(`drop database if exists ${name} with (force)`);
      await rm(base, { recursive: true, force: true });
    }
  });
});

describe("plan", () => {
  it("shows tables, formats and what is in the way, and changes nothing", async () => {
    await using empty = await createDatabase(server(18), "cli_plan");
    const { exitCode, stdout } = await runCli(["plan", shop.uri, empty.uri]);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/orders/);
    expect(stdout).toMatch(/binary/);
    expect(await empty.query("select from pg_class where relkind = 'r' and oid >= 16384")).toEqual(
      [],
    );
    const json = await runCli(["plan", shop.uri, empty.uri, "--json"]);
    const [report] = jsonLines(json.stdout).slice(-1) as {
      tasks: { id: string; needs: string[] }[];
      conflicts: unknown[];
      estimatedSeconds: number;
      estimate: Estimate;
    }[];
    expect(report?.tasks.length).toBeGreaterThan(10);
    expect(report?.conflicts).toEqual([]);
    const { estimate, tasks = [] } = report ?? {};
    expect(report?.estimatedSeconds).toBe(estimate?.seconds);
    expect(estimate?.seconds).toBeGreaterThan(estimate?.assumed.besideTasksSeconds ?? 0);
    expect(estimate?.assumed.roundTripMs.target).toBeGreaterThan(0);
    const [first, ...others] = (estimate?.criticalPath ?? []).map(
      ({ id }) => tasks.find((task) => task.id === id) ?? { id, needs: [id] },
    );
    expect(first?.needs).toEqual([]);
    expect(others.length).toBeGreaterThan(0);
  });
});

describe("list and ping", () => {
  it.each([
    ["tables", "orders"],
    ["indexes", "orders_pkey"],
    ["sequences", "seq"],
    ["extensions", "plpgsql"],
    ["databases", "cli_shop"],
  ])("list %s, for people and as JSON", async (kind, expected) => {
    const people = await runCli(["list", kind, shop.uri]);
    expect(people.exitCode).toBe(0);
    expect(people.stdout).toContain(expected);
    const machines = await runCli(["list", kind, shop.uri, "--json"]);
    const rows = jsonLines(machines.stdout);
    expect(rows.some((row) => JSON.stringify(row).includes(expected))).toBe(true);
  });

  it("ping says which server it is", async () => {
    const { exitCode, stdout } = await runCli(["ping", shop.uri]);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/PostgreSQL 16/);
    const json = await runCli(["ping", shop.uri, "--json"]);
    expect(jsonLines(json.stdout)[0]).toMatchObject({ database: shop.name, inRecovery: false });
  });
});
