/** A clone to `null:` reads what a clone reads, and writes nothing anywhere. */

import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type CloneOptions, clone, type PgCopyError, type RunEvent } from "../src/index.js";
import { runCli, startCli } from "./support/cli.js";
import { createGatedSchema } from "./support/gated-schema.js";
import { createDatabase, server, type TestDatabase, uniqueName } from "./support/servers.js";
import { createShop } from "./support/shop-schema.js";
import { openProxy } from "./support/tcp-proxy.js";
import { expectNoSessions } from "./support/waiting.js";
import { textOf } from "./unit/html-structure.js";

let source: TestDatabase;

beforeAll(async () => {
  source = await createDatabase(server(16), "null_target");
  await createShop(source, { rows: 20_000 });
  await source.query("select lo_from_bytea(0, decode(repeat('ab', 100000), 'hex'))");
});

afterAll(async () => {
  await source[Symbol.asyncDispose]();
});

async function failure(options: Partial<CloneOptions>): Promise<PgCopyError> {
  return await clone({ source: source.uri, target: "null:", ...options }).then(
    () => expect.unreachable("the clone did not fail"),
    (thrown) => thrown,
  );
}

/** Everything but times. */
function moved({ rows, bytes, tables, largeObjects }: Awaited<ReturnType<typeof clone>>) {
  return {
    rows,
    bytes,
    largeObjects: { count: largeObjects.count, bytes: largeObjects.bytes },
    tables: tables.map(({ durationMs: _, freeze: __, ...table }) => table),
  };
}

test("reads the rows, parts, formats and large objects of a clone", async () => {
  await using target = await createDatabase(server(16), "null_compared");
  const options = { source: source.uri, splitTablesLargerThan: 256 * 1024, jobs: 2 };
  const copied = await clone({ ...options, target: target.uri });
  const read = await clone({ ...options, target: "null:" });
  expect(moved(read)).toEqual(moved(copied));
  expect(read.tables.some(({ parts }) => parts > 1)).toBe(true);
  expect(read).toMatchObject({
    nothingCopied: true,
    target: "null:",
    targetVersion: "",
    indexes: [],
    sequences: 0,
  });
  expect(copied).not.toHaveProperty("nothingCopied");
  await expectNoSessions(source);
});

test("reads only what is selected", async () => {
  const { tables } = await clone({
    source: source.uri,
    target: "null:",
    where: { "public.order_lines": "order_id <= 10" },
  });
  expect(tables.find(({ name }) => name === "order_lines")?.rows).toBe(30);
});

test("goes on with fewer jobs where the source's role has too few connections", async () => {
  const role = uniqueName("null_limited");
  await source.execute(`
    create role ${role} login password 'four' connection limit 4;
    grant pg_read_all_data to ${role}`);
  const uri = new URL(source.uri);
  uri.username = role;
  uri.password = "four";
  try {
    const { warnings } = await clone({
      ...{ source: uri.href, target: "null:" },
      ...{ jobs: 8, skipLargeObjects: true },
    });
    expect(warnings).toEqual([
      "not enough free connections (source 3 of the role's 4): going on with 3 table jobs in place of 8",
    ]);
  } finally {
    await source.execute(`drop role ${role}`);
  }
});

test("the command line says that nothing was copied", async () => {
  const { exitCode, stdout } = await runCli(["clone", source.uri, "null:"]);
  expect(stdout).toMatch(/^Read postgres:.* \(PostgreSQL\s+16\.\d+\)$/m);
  expect(stdout).toContain("Nothing was copied: the target null: throws away what it gets");
  expect(stdout).toMatch(/^\d+ tables, [\d,]+ rows, .* in .*\/s\)$/m);
  expect(stdout).not.toMatch(/^Copied/m);
  expect(stdout).toContain("public.orders");
  expect(exitCode).toBe(0);
});

describe("--report writes a page of what was read", () => {
  let folder: string;
  let file: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "pgcopy-null-"));
    file = join(folder, "run.html");
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const pageOf = async (...more: string[]) => {
    const { exitCode, stderr } = await runCli([
      ...["clone", source.uri, "null:", "--report", file, "--verbose"],
      ...more,
    ]);
    const text = textOf(await readFile(file, "utf8"));
    // Both speak of reading alone.
    expect(stderr).not.toMatch(/copied|indexes/);
    expect(text.replaceAll("nothing copied", "")).not.toMatch(/copied|indexes/);
    expect(text).toContain("to null:");
    return { exitCode, text };
  };

  test("of a run that ends well", async () => {
    const { exitCode, text } = await pageOf();
    expect(exitCode).toBe(0);
    expect(text).toContain("Read, and nothing copied, in");
  });

  test("of one that fails", async () => {
    const failing = "public.order_lines=1 / (order_id - 15000) <> 0";
    const { exitCode, text } = await pageOf("--where", failing);
    expect(exitCode).not.toBe(0);
    expect(text).toContain("Failed after");
    expect(text).toMatch(/read \d+(\.\d+)? \S+ of about/);
    expect(text).toContain("nothing was written anywhere");
  });
});

describe("refused", () => {
  test("with every option that has no meaning then", async () => {
    const error = await failure({
      verify: "count",
      dropIfExists: true,
      roles: true,
      databaseProperties: true,
      statistics: "copy",
      requirements: [{ name: "plpgsql", version: "1.0" }],
      threads: 2,
      maintenanceWorkMem: 64 * 1024 ** 2,
    });
    expect(error).toMatchObject({
      code: "usage",
      message: "these options have no meaning with the target null:",
      items: [
        "dropIfExists",
        "roles",
        "databaseProperties",
        "requirements",
        "verify",
        "threads above 1",
        "maintenanceWorkMem",
        "statistics copy",
      ],
    });
  });

  test("in the words that were typed", async () => {
    const flags = ["--drop-if-exists", "--threads", "2", "--statistics", "copy"];
    const { exitCode, stderr } = await runCli(["clone", source.uri, "null:", ...flags]);
    expect(stderr).toContain(
      "    --drop-if-exists\n    --threads above 1\n    --statistics copy\n",
    );
    expect(exitCode).toBe(2);
  });

  test.each([
    ["clone", "null:", "TARGET"],
    ["plan", "SOURCE", "null:"],
    ["check", "SOURCE", "null:"],
    ["compare", "schema", "SOURCE", "null:"],
    ["compare", "data", "SOURCE", "null:"],
    ["clone", "--all-databases", "SOURCE", "null:"],
    ["ping", "null:"],
    ["list", "tables", "null:"],
  ])("everywhere else: %s %s %s %s", async (...words) => {
    const args = words.map((word) => (/^(SOURCE|TARGET)$/.test(word) ? source.uri : word));
    const { exitCode, stderr } = await runCli(args);
    expect(stderr).toContain("null: stands for no server");
    expect(stderr).toContain("null: can only be the target of clone");
    expect(exitCode).toBe(2);
  });
});

test("a source that fails is an error with its own words", async () => {
  const error = await failure({ where: { "public.order_lines": "1 / (order_id - 15000) <> 0" } });
  expect(error).toMatchObject({
    code: "task_failed",
    side: "source",
    attempted: "COPY public.order_lines",
  });
  expect(error.message).toContain("COPY public.order_lines failed on source: ");
  expect(error.message).toContain("(SQLSTATE 22012)");
  expect(error.advice).toContain("nothing was written anywhere");
  await expectNoSessions(source);
});

describe("in the middle of a table", () => {
  let wide: TestDatabase;
  beforeAll(async () => {
    wide = await createDatabase(server(16), "null_wide");
    await createGatedSchema(wide);
  });
  afterAll(async () => {
    await wide[Symbol.asyncDispose]();
  });

  test("a connection that is cut is an error", async () => {
    await using proxy = await openProxy(wide.server);
    proxy.onChunk = (link) => {
      if (link.toClient > 2_000_000) link.cut();
    };
    const error = await failure({ source: proxy.through(wide.uri) });
    expect(error.message).toMatch(/^COPY public\.wide failed on source: .*(ECONNRESET|terminated)/);
    expect(error).toMatchObject({ code: "task_failed", side: "source", retrySafe: true });
    await expectNoSessions(wide);
  });

  test("Ctrl-C stops the work on the one server that there is", async () => {
    await using proxy = await openProxy(wide.server);
    const cli = startCli(["clone", proxy.through(wide.uri), "null:"]);
    let interrupted = false;
    proxy.onChunk = (link) => {
      if (interrupted || link.toClient < 2_000_000) return;
      interrupted = true;
      cli.kill("SIGINT");
    };
    const { exitCode, stderr } = await cli.ended;
    expect(exitCode).toBe(130);
    expect(stderr).toContain("interrupted: stopping the work on the source (once more");
    expect(stderr).not.toContain("both servers");
    await expectNoSessions(wide);
  });

  test("an aborted signal stops it on the server", async () => {
    await using proxy = await openProxy(wide.server);
    const controller = new AbortController();
    proxy.onChunk = (link) => {
      if (link.toClient > 2_000_000) controller.abort();
    };
    const events: RunEvent[] = [];
    const error = await failure({
      source: proxy.through(wide.uri),
      signal: controller.signal,
      observer: (event) => events.push(event),
    });
    expect(error).toMatchObject({
      code: "interrupted",
      advice: "nothing is left to clean up; the same command starts again",
    });
    expect(events.some(({ type }) => type === "task_stopped")).toBe(true);
    await expectNoSessions(wide);
  });
});
