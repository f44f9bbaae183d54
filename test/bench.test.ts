/** The benchmark as it is run (bench/bench.js), at the smallest scale, with pgcopy alone. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createDatabase, server } from "./support/servers.js";

const program = fileURLToPath(new URL("../bench/bench.js", import.meta.url));
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "pgcopy-bench-test-"));
  // Started by root, the servers run as another user, who has to pass through.
  await chmod(directory, 0o711);
});
afterAll(async () => {
  await rm(directory, { recursive: true, force: true });
});

interface Servers {
  readonly source: string;
  readonly target: string;
}

/** Runs it with two given servers, to its end or until it has said `until`. */
async function bench(args: readonly string[], { source, target }: Servers, until?: string) {
  const output = join(directory, `${args.join(" ")}.json`);
  const env = {
    PATH: process.env.PATH ?? "",
    TMPDIR: directory,
    PGCOPY_SOURCE: source,
    PGCOPY_TARGET: target,
  };
  const options = ["--scale", "0.001", "--rounds", "1", "--contestants", "pgcopy"];
  const argv = [program, ...options, ...args, "--output", output];
  const child = spawn(process.execPath, argv, { env });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk) => {
    stdout += chunk;
  });
  child.stderr.on("data", (chunk) => {
    stderr += chunk;
    if (until !== undefined && stderr.includes(until) && !child.killed) child.kill();
  });
  const [exitCode] = await once(child, "close");
  const json = await readFile(output, "utf8").catch(() => {
    throw new Error(`no results: ${stderr}`);
  });
  const page = await readFile(output.replace(/json$/, "html"), "utf8");
  return { exitCode, stdout, stderr, runs: JSON.parse(json).runs, page };
}

const superusers = () => ({ source: server(15).socketUri(), target: server(16).socketUri() });

/** Seconds on an idle machine; each copies several times, with a process for each. */
const TIMEOUT = 180_000;

describe("the benchmark", { timeout: TIMEOUT }, () => {
  test("measures the floor and judges the goals in the rounds of the contestants", async () => {
    const { exitCode, stdout, runs, page } = await bench(["tiny", "toast"], superusers());
    expect(exitCode).toBe(0);
    expect(runs.map(({ dataSet }: { dataSet: string }) => dataSet)).toEqual(["tiny", "toast"]);
    for (const { results, floor, nodeStartsMs, goals, profile } of runs) {
      expect(results).toMatchObject([{ contestant: "pgcopy", measurements: [{}] }]);
      expect(results[0].failure).toBeUndefined();
      expect(nodeStartsMs).toHaveLength(1);
      expect(Object.keys(floor.partsMs)).toEqual(parts);
      expect(Object.keys(floor.rounds[0])).toEqual(parts);
      expect(floor.rounds[0].in.elapsedMs).toBeGreaterThan(0);
      expect(floor.floorMs).toBeCloseTo(floor.workMs / floor.cores);
      expect(profile.copiedBytes).toBeGreaterThan(0);
      const memory = goals.find(({ unit }: { unit: string }) => unit === "MB");
      if (memory !== undefined) expect(memory.met).toBe(memory.reached <= memory.atMost);
    }
    expect(stdout).toContain("| the servers' own work |");
    expect(stdout).toContain("| contestant | seconds | to pgcopy | to the floor |");
    for (const words of ["<h2>toast</h2>", "The servers’ own work"]) expect(page).toContain(words);
  });

  test("says why the floor can't be measured where a role may not write files", async () => {
    await using database = await createDatabase(server(16));
    await database.execute("create role bench_visitor login createdb password 'visitor'");
    try {
      const { host, port } = server(16);
      const uri = `postgres://bench_visitor:visitor@${host}:${port}/postgres`;
      const { exitCode, stdout, runs } = await bench(["tiny"], { source: uri, target: uri });
      expect(exitCode).toBe(0);
      expect(runs[0].results[0].measurements).toHaveLength(1);
      expect(runs[0].floor).toEqual({
        unmeasured: expect.stringContaining("permission denied to COPY to a file"),
      });
      expect(stdout).toContain(`The floor can't be measured: ${runs[0].floor.unmeasured}`);
    } finally {
      await database.execute("drop role bench_visitor");
    }
  });

  test("stops a contestant after the time limit, which puts it out", async () => {
    const limit = ["tiny", "--time-limit", "0.05"];
    const { exitCode, stdout, runs } = await bench(limit, superusers());
    expect(exitCode).toBe(1);
    expect(runs[0].results).toEqual([
      { contestant: "pgcopy", title: "pgcopy", measurements: [], failure: "stopped after 0.05 s" },
    ]);
    expect(stdout).toContain("| pgcopy | out: stopped after 0.05 s |");
    expect(runs[0].profile).toBeUndefined();
  });

  test("keeps what it has measured when it is interrupted", async () => {
    const began = "toast: making the data set";
    const ended = await bench(["tiny", "toast", "--jobs", "2"], superusers(), began);
    expect(ended.exitCode).toBe(1);
    expect(ended.stderr).toMatch(/\ninterrupted\n$/);
    expect(ended.runs.map(({ dataSet }: { dataSet: string }) => dataSet)).toEqual(["tiny"]);
    expect(ended.page).toContain("<h2>tiny</h2>");
  });
});

test("targets of many files stay until nothing is measured any more", {
  timeout: TIMEOUT,
}, async () => {
  const { source, target } = superusers();
  await using database = await createDatabase(server(16));
  const targets = () =>
    database.query("select datname from pg_database where datname like 'pgcopy\\_bench\\_%'");
  const techniques = fileURLToPath(new URL("../bench/techniques.js", import.meta.url));
  const args = ["many", "--scale", "0.001", "--rounds", "1", "--only", "freeze"];
  const output = join(directory, "techniques.json");
  const env = { PATH: process.env.PATH ?? "", PGCOPY_SOURCE: source, PGCOPY_TARGET: target };
  const child = spawn(process.execPath, [techniques, ...args, "--output", output], { env });
  const counted: Promise<number>[] = [];
  let stderr = "";
  child.stderr.on("data", (chunk) => {
    stderr += chunk;
    // Three copies are over, and one is still to come.
    if (!stderr.includes("round 1, pgcopy: ") || counted.length > 0) return;
    counted.push(targets().then(({ length }) => length));
  });
  child.stdout.resume();
  const [exitCode] = await once(child, "close");
  expect(exitCode, stderr).toBe(0);
  expect(await counted[0]).toBeGreaterThanOrEqual(3);
  expect(await targets()).toEqual([]);
});

describe("what can't be done is refused in one line, before anything is started", () => {
  test.each([
    ["micro.js", ["--nonsense"], /^Unknown option '--nonsense'.*\n$/],
    ["micro.js", ["--rounds", "0"], /^--rounds must be a number above 0, not 0\n$/],
    ["techniques.js", ["tiny", "--only", "foo"], /^no technique "foo": there are .*\n$/],
    ["network.js", ["--delay", "1"], /^--delay must be two or more numbers, such as 0,10\n$/],
    ["client.js", ["--scale", "-1"], /^--scale must be a number above 0, not -1\n$/],
  ])("%s %j", async (name, args, message) => {
    const script = fileURLToPath(new URL(`../bench/${name}`, import.meta.url));
    const child = spawn(process.execPath, [script, ...args]);
    const [[exitCode], stdout, stderr] = await Promise.all([
      once(child, "close"),
      text(child.stdout),
      text(child.stderr),
    ]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
    expect(stderr).toMatch(message);
  });
});

const parts = ["out", "in", "indexes", "foreignKeys", "analyze"];
