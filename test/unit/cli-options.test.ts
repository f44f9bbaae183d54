import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { copyOptions } from "../../src/cli/copy-options.js";
import { chooseEndpoint, chooseEndpoints } from "../../src/cli/endpoints.js";
import {
  parseCount,
  parseSeconds,
  parseSize,
  parseWorkMemory,
} from "../../src/cli/option-values.js";
import type { CopyFlags } from "../../src/cli/program/copy-commands.js";
import { type Actions, createProgram } from "../../src/cli/program/program.js";
import { configNames, typedOption } from "../../src/config/option-table.js";

const kB = 1024;

describe("sizes", () => {
  test.each([
    ["1073741824", 1024 ** 3],
    ["512B", 512],
    ["200 bytes", 200],
    ["64kB", 64 * kB],
    ["200MB", 200 * kB ** 2],
    ["10 GB", 10 * kB ** 3],
    ["1.5 TB", 1.5 * kB ** 4],
    ["1gb", kB ** 3],
  ])("%s", (text, bytes) => {
    expect(parseSize(text)).toBe(bytes);
  });

  test.each(["", "GB", "0", "-1GB", "1 XB", "1G B", "1e9", "1,5GB", "99999999PB"])(
    "%j is refused",
    (text) => {
      expect(() => parseSize(text)).toThrow("It must be a size such as 200MB, 1GB");
    },
  );
});

describe("counts", () => {
  test("are whole numbers", () => {
    expect(parseCount("8")).toBe(8);
    expect(["0", "90", "90s", "5min", "5 min", "2h"].map(parseSeconds)).toEqual([
      0, 90, 90, 300, 300, 7_200,
    ]);
    for (const text of ["", "soon", "-1", "1.5s", "5m"])
      expect(() => parseSeconds(text)).toThrow("It must be a time such as 300s, 5min, 1h");
  });

  test("memory is told its bounds in the words that one types", () => {
    for (const [text, bytes] of [["1MB", 1024 ** 2] as const, ["1.9 GB", 2_040_109_466] as const])
      expect(parseWorkMemory(text)).toBe(bytes);
    for (const text of ["1023kB", "2GB", "10TB"])
      expect(() => parseWorkMemory(text)).toThrow("It must be at least 1MB and less than 2GB.");
  });

  test.each(["0", "-1", "x", "1.5", "", "1e3", "99999999999999999999"])("%j is refused", (text) => {
    expect(() => parseCount(text)).toThrow("It must be a whole number of at least 1.");
  });
});

test("every option of a configuration file can be typed as messages call it", () => {
  const clone = createProgram("1", {} as Actions).commands.find((one) => one.name() === "clone");
  const flags = clone?.options.map(({ long }) => long);
  const others = ["source", "target", "filters"];
  const names = configNames.filter((name) => !others.includes(name));
  expect(names.filter((name) => !flags?.includes(typedOption(name)))).toEqual([]);
});

describe("endpoints", () => {
  const both = { PGCOPY_SOURCE: "s", PGCOPY_TARGET: "t" };

  test.each([
    ["two arguments", ["a", "b"], both, { source: "a", target: "b" }],
    ["none", [], both, { source: "s", target: "t" }],
    [
      "one, and the source in the environment",
      ["b"],
      { PGCOPY_SOURCE: "s" },
      { source: "s", target: "b" },
    ],
    [
      "one, and the target in the environment",
      ["a"],
      { PGCOPY_TARGET: "t" },
      { source: "a", target: "t" },
    ],
    [
      "one, and an empty variable",
      ["b"],
      { PGCOPY_SOURCE: "s", PGCOPY_TARGET: "" },
      { source: "s", target: "b" },
    ],
  ])("%s", (_what, given, environment, endpoints) => {
    expect(chooseEndpoints(given, environment)).toEqual(endpoints);
  });

  test.each([
    ["nothing at all", [], {}, "SOURCE is missing"],
    ["only a source", ["a"], {}, "TARGET is missing"],
    ["only a target in the environment", [], { PGCOPY_TARGET: "t" }, "SOURCE is missing"],
    [
      "one that could be either",
      ["a"],
      both,
      "one endpoint was given, and it could be SOURCE or TARGET",
    ],
  ])("%s is refused", (_what, given, environment, message) => {
    expect(() => chooseEndpoints(given, environment)).toThrow(
      expect.objectContaining({ code: "usage", message, advice: expect.any(String) }),
    );
  });

  test("a single endpoint is the argument, else PGCOPY_SOURCE", () => {
    expect(chooseEndpoint("a", both)).toBe("a");
    expect(chooseEndpoint(undefined, both)).toBe("s");
    expect(() => chooseEndpoint(undefined, {})).toThrow("SOURCE is missing");
  });
});

describe("from flags to the library's options", () => {
  const output = {
    stdout: process.stdout,
    stderr: process.stderr,
    environment: { HOME: "/home/x" },
  };

  async function parsed(...args: string[]) {
    let seen: { endpoints: readonly string[]; flags: CopyFlags } | undefined;
    const actions = {
      clone: async (endpoints: readonly string[], flags: CopyFlags) => {
        seen = { endpoints, flags };
      },
    } as unknown as Actions;
    await createProgram("1.2.3", actions).parseAsync(["clone", ...args], { from: "user" });
    if (seen === undefined) throw new Error("clone was not run");
    return copyOptions(output, seen.endpoints, seen.flags);
  }

  test("nothing is set that was not asked for", async () => {
    expect(await parsed("a", "b")).toEqual({
      source: "a",
      target: "b",
      noOwner: false,
      noAcl: false,
      noSecurityLabels: false,
      environment: output.environment,
    });
  });

  test.each(["auto", "never"])("tables may be split %s", async (splitTablesLargerThan) => {
    const options = await parsed("a", "b", "--split-tables-larger-than", splitTablesLargerThan);
    expect(options).toMatchObject({ splitTablesLargerThan });
  });

  test("every option arrives under the library's name", async () => {
    const options = await parsed(
      ...["a", "b", "--jobs", "8", "--table-jobs", "6", "--index-jobs", "3", "--verify", "count"],
      ...["--threads", "2"],
      ...["--split-tables-larger-than", "10 GB", "--snapshot", "00000003-1", "--drop-if-exists"],
      ...[
        "--no-owner",
        "--no-acl",
        "--no-security-labels",
        "--skip-analyze",
        "--copy-format",
        "text",
      ],
      ...["--pg-dump", "bundled", "--json", "--verbose", "--roles", "--no-role-passwords"],
      ...["--database-properties"],
      ...["--exclude-table", "a.b", "--exclude-table", "a.~/c/", "--include-schema", "a"],
      ...["--include-table", "c.d", "--exclude-schema", "e", "--exclude-table-data", "a.f"],
      ...["--exclude-index", "a.g"],
    );
    const from = (option: string, ...patterns: string[]) =>
      patterns.map((pattern) => ({ pattern, from: option }));
    expect(options).toEqual({
      source: "a",
      target: "b",
      jobs: 8,
      tableJobs: 6,
      indexJobs: 3,
      threads: 2,
      splitTablesLargerThan: 10 * kB ** 3,
      snapshot: "00000003-1",
      dropIfExists: true,
      noOwner: true,
      noAcl: true,
      noSecurityLabels: true,
      roles: true,
      noRolePasswords: true,
      databaseProperties: true,
      skipAnalyze: true,
      verify: "count",
      copyFormat: "text",
      pgDump: "bundled",
      filters: {
        includeTables: from("--include-table", "c.d"),
        excludeTables: from("--exclude-table", "a.b", "a.~/c/"),
        includeSchemas: from("--include-schema", "a"),
        excludeSchemas: from("--exclude-schema", "e"),
        excludeTableData: from("--exclude-table-data", "a.f"),
        excludeIndexes: from("--exclude-index", "a.g"),
      },
      environment: output.environment,
    });
  });

  test("techniques are named with commas between them", async () => {
    expect(await parsed("a", "b", "--without", "freeze, longest-path-first")).toMatchObject({
      without: ["freeze", "longest-path-first"],
    });
  });

  test("what is left out, and where statistics come from", async () => {
    expect(
      await parsed(
        ...["a", "b", "--skip-extensions", "--skip-collations", "--no-tablespaces"],
        ...["--statistics", "copy"],
      ),
    ).toMatchObject({
      skipExtensions: true,
      skipCollations: true,
      noTablespaces: true,
      statistics: "copy",
    });
  });

  test("requirements are read from their file", async () => {
    const directory = await mkdtemp(join(tmpdir(), "pgcopy-requirements-"));
    try {
      const file = join(directory, "requirements.json");
      await writeFile(file, '[{"name": "postgis", "version": "3.4.2"}]');
      expect(await parsed("a", "b", "--requirements", file)).toMatchObject({
        requirements: [{ name: "postgis", version: "3.4.2" }],
      });
      await writeFile(file, "postgis 3.4.2");
      await expect(parsed("a", "b", "--requirements", file)).rejects.toMatchObject({
        code: "usage",
        message: expect.stringContaining('requirements.json" is no JSON: '),
      });
      await expect(parsed("a", "b", "--requirements", `${file}.not`)).rejects.toMatchObject({
        code: "usage",
        message: expect.stringMatching(
          /^the requirements can't be read: ENOENT.*requirements\.json\.not/,
        ),
      });
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});
