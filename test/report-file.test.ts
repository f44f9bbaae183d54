/** --report on real servers: the page of a run, however it ends, and the file that it is written to. */

import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { clone, reportPage } from "../src/index.js";
import { type Ended, runCli, startCli } from "./support/cli.js";
import { closeGates, createGatedSchema } from "./support/gated-schema.js";
import { createDatabase, server, type TestDatabase } from "./support/servers.js";
import { elementsOf, textOf } from "./unit/html-structure.js";

let source: TestDatabase;
let target: TestDatabase;
let folder: string;
let file: string;

beforeAll(async () => {
  source = await createDatabase(server(16), "report");
  await createGatedSchema(source);
  await source.execute(`create table "<b>bold</b>" as select 1 as one`);
});

afterAll(() => source[Symbol.asyncDispose]());

beforeEach(async () => {
  target = await createDatabase(server(18), "report");
  folder = await mkdtemp(join(tmpdir(), "pgcopy-report-"));
  file = join(folder, "run.html");
});

afterEach(async () => {
  await target[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const withReport = (...more: string[]) =>
  runCli(["clone", source.uri, target.uri, "--pg-dump", "bundled", "--report", file, ...more]);

/** What the page says; it must be the only file there, and hold no password. */
async function pageText(): Promise<string> {
  expect(await readdir(folder)).toEqual(["run.html"]);
  const page = await readFile(file, "utf8");
  elementsOf(page);
  for (const { password } of [source.server, target.server]) expect(page).not.toContain(password);
  return textOf(page);
}

describe("a clone that ends well", () => {
  test("has its page, which says what the report says", async () => {
    const { exitCode, stdout, stderr } = await withReport("--jobs", "2", "--verify", "checksum");
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: expect.any(String) });
    expect(stderr).toMatch(new RegExp(`\nreport written to ${file}\n$`));
    const text = await pageText();
    const [, summary = ""] = /^(\d+ tables), .* in /m.exec(stdout) ?? [];
    expect(summary).not.toBe("");
    for (const words of [
      "✓ Copied in",
      `PostgreSQL 16.`,
      `PostgreSQL 18.`,
      "Verified by checksum: 5 tables are the same on both ends.",
      "public.wide 3,000",
      "public.<b>bold</b>",
      "jobs 2 verify checksum pgDump bundled",
      "table job 2",
      "export the snapshot",
    ])
      expect(text).toContain(words);
  });

  test("replaces the page that was there, through a link too", async () => {
    await mkdir(join(folder, "pages"));
    const real = join(folder, "pages", "real.html");
    await writeFile(real, "an old page");
    await symlink(real, file);
    expect((await withReport("--quiet")).exitCode).toBe(0);
    expect(await readFile(real, "utf8")).toMatch(/^<!doctype html>/);
    expect(await readFile(file, "utf8")).toMatch(/^<!doctype html>/);
    expect(await readdir(join(folder, "pages"))).toEqual(["real.html"]);
  });

  test("with --quiet says nothing of it, and still knows the throughput", async () => {
    const { stdout, stderr } = await withReport("--quiet");
    expect({ stdout, stderr }).toEqual({ stdout: "", stderr: "" });
    expect(await pageText()).toMatch(/\d MB at \d+ MB\/s on average/);
  });

  test("with --json leaves stderr empty, and the tasks to the events", async () => {
    const { stdout, stderr } = await withReport("--json");
    expect(stderr).toBe("");
    const lines = stdout.trimEnd().split("\n");
    const [first, last] = [lines[0], lines.at(-1)].map((line) => JSON.parse(line as string));
    expect(first).toMatchObject({ type: "run_started", options: { pgDump: "bundled" } });
    expect(last).toMatchObject({ type: "report", startedAt: first.startedAt });
    expect(Object.keys(last)).not.toContain("tasks");
    expect(Object.keys(last)).not.toContain("throughput");
    await pageText();
  });

  test("is what the library's report makes, too", async () => {
    const report = await clone({ source: source.uri, target: target.uri, jobs: 2 });
    expect(report.tasks.length).toBeGreaterThan(10);
    expect(report.tasks.every(({ state }) => state === "done")).toBe(true);
    const jobs = new Set(report.tasks.map(({ pool, job }) => `${pool} ${job}`));
    expect([...jobs].sort()).toEqual(
      ["control 1", "indexes 1", "indexes 2", "tables 1", "tables 2"].filter((job) =>
        jobs.has(job),
      ),
    );
    // No two tasks of a job overlap.
    for (const job of jobs) {
      const own = report.tasks.filter((task) => `${task.pool} ${task.job}` === job);
      for (const [i, task] of own.entries())
        if (i > 0) expect(task.beganMs).toBeGreaterThanOrEqual(own[i - 1]?.endedMs ?? 0);
    }
    const copied = report.throughput.bytes.reduce((sum, bytes) => sum + bytes, 0);
    expect(Math.abs(copied - report.bytes)).toBeLessThan(report.throughput.bytes.length);
    expect(reportPage(report)).toBe(reportPage(report));
  });
});

describe("a clone that does not", () => {
  test("has its page with the error, what ran, and what to do", async () => {
    await using _gates = await closeGates(target, { bad_row: "2999" });
    const { exitCode, stderr } = await withReport();
    expect(exitCode).toBe(5);
    expect(stderr).toContain("row 2999 is not welcome here");
    const text = await pageText();
    for (const words of [
      "✗ Failed after",
      "COPY public.wide failed on target: row 2999 is not welcome here (SQLSTATE P0001)",
      "detail It came at a bad time.",
      "start over with --restart",
      "COPY public.wide (failed) table job",
      "copy (not finished)",
    ])
      expect(text).toContain(words);
  });

  test("nor to its end: interrupted, its page has the task that it was in", async () => {
    await using gates = await closeGates(target, { row: "2999" });
    const args = ["clone", source.uri, target.uri, "--pg-dump", "bundled", "--report", file];
    const running = startCli(args);
    await gates.untilReached();
    running.kill("SIGINT");
    expect((await running.ended).exitCode).toBe(130);
    const text = await pageText();
    expect(text).toContain("✗ Interrupted after");
    expect(text).toContain("COPY public.wide (stopped) table job");
  });

  test("nor begin: without a connection its page says so", async () => {
    const args = ["clone", "postgres://me@127.0.0.1:1/db", target.uri, "--report", file];
    expect((await runCli(args)).exitCode).toBe(3);
    const text = await pageText();
    expect(text).toContain("can't connect to the source");
    expect(text).toContain("connect (not finished)");
  });
});

describe("a secret salt in a mask", () => {
  const salted = async (expression: string) => {
    const ended = await withReport("--json", "--mask", `public."<b>bold</b>".one=${expression}`);
    return { ...ended, shown: [ended.stdout, ended.stderr, await pageText()].join("\n") };
  };

  test("is in neither the events, the report nor the page; the column is", async () => {
    const { exitCode, stdout, shown } = await salted("length(one || 's3cret')");
    expect(exitCode).toBe(0);
    expect(shown).not.toContain("s3cret");
    const lines = stdout.trimEnd().split("\n");
    for (const line of [lines[0], lines.at(-1)])
      expect(JSON.parse(line as string)).toMatchObject({
        options: { mask: ['public."<b>bold</b>".one'] },
      });
    expect(await pageText()).toContain('public.\\"<b>bold</b>\\".one');
  });

  test.each([
    "one + 's3cret'",
    "lenth(one || 's3cret')",
    "one || 's3cret' || max(one)",
    "(one || 's3cret')::int",
  ])("is not in what is said of a mask that fails: %s", async (expression) => {
    const { exitCode, stdout, shown } = await salted(expression);
    expect(exitCode).not.toBe(0);
    expect(stdout).toContain('public.\\"<b>bold</b>\\"');
    expect(shown).not.toContain("s3cret");
  });
});

describe("a file that can't be written any more", () => {
  test("does not fail a clone that went well, and is named", async () => {
    await using gates = await closeGates(target, { row: "2999" });
    const running = startCli(["clone", source.uri, target.uri, "--report", file]);
    await gates.untilReached();
    await rm(folder, { recursive: true });
    await gates.open();
    const { exitCode, stdout, stderr } = await running.ended;
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^Copied /);
    const message = `can't write the report to ${file}: its directory does not exist`;
    expect(stderr).toContain(`\npgcopy: warning: ${message}\n`);
  });

  test("with --json is a notice before the last line", async () => {
    await using gates = await closeGates(target, { row: "2999" });
    const args = ["clone", source.uri, target.uri, "--report", file, "--json"];
    const running = startCli(args);
    await gates.untilReached();
    await rm(folder, { recursive: true });
    await gates.open();
    const { exitCode, stdout, stderr } = await running.ended;
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    const [notice, last] = stdout
      .trimEnd()
      .split("\n")
      .slice(-2)
      .map((line) => JSON.parse(line));
    expect(notice).toMatchObject({ type: "notice", level: "warning" });
    expect(notice.message).toContain("can't write the report");
    expect(last.type).toBe("report");
  });
});

describe("a file that can't be written", () => {
  const refused = (path: string) =>
    runCli([
      "clone",
      "postgres://me@127.0.0.1:1/db",
      "postgres://me@127.0.0.1:1/x",
      "--report",
      path,
    ]);

  test("is found before anything is connected to", async () => {
    await mkdir(join(folder, "directory.html"));
    await writeFile(join(folder, "plain"), "");
    const cases: [string, string][] = [
      [join(folder, "missing", "run.html"), "its directory does not exist"],
      [join(folder, "plain", "run.html"), "its directory is a file"],
      [join(folder, "directory.html"), "it is no regular file"],
      ["/dev/null", "it is no regular file"],
      [join(folder, `${"x".repeat(300)}.html`), "its name is too long"],
    ];
    for (const [path, why] of cases) {
      const { exitCode, stdout, stderr } = await refused(path);
      expect({ exitCode, stdout }, path).toEqual({ exitCode: 2, stdout: "" });
      expect(stderr).toBe(
        `pgcopy: can't write the report to ${path}: ${why}\n  what to do: give --report a file name in a directory that exists and may be written to\n`,
      );
    }
  });

  test("a page that is there stays when nothing was begun", async () => {
    await writeFile(file, "an old page");
    const ended: Ended = await runCli([
      "clone",
      "nonsense",
      target.uri,
      "--snapshot",
      "x",
      "--report",
      file,
    ]);
    expect(ended.exitCode).toBe(2);
    expect(await readFile(file, "utf8")).toBe("an old page");
    expect(await readdir(folder)).toEqual(["run.html"]);
  });
});
