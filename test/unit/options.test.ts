/** Options of the library: defaults, and one clear error for each that makes no sense. */

import { describe, expect, test } from "vitest";
import { PgCopyError } from "../../src/errors.js";
import { type CloneOptions, resolveCloneOptions } from "../../src/options/clone-options.js";

const ends = { source: "postgres://a/x", target: "postgres://b/y" };

/** What a caller without a type checker may pass. */
function resolve(options: object) {
  return resolveCloneOptions({ ...ends, ...options } as CloneOptions);
}

function refusal(options: object): PgCopyError {
  try {
    resolve(options);
  } catch (error) {
    if (error instanceof PgCopyError) return error;
    throw error;
  }
  throw new Error("the options were accepted");
}

describe("defaults", () => {
  test("are what the documentation says", () => {
    const { signal, ...resolved } = resolve({});
    expect(resolved).toEqual({
      ...ends,
      environment: {},
      observer: undefined,
      progressIntervalMs: 0,
      tableJobs: 4,
      indexJobs: 4,
      threads: "auto",
      splitTablesLargerThan: "auto",
      maintenanceWorkMem: undefined,
      snapshot: undefined,
      dropIfExists: false,
      noOwner: false,
      noAcl: false,
      noSecurityLabels: false,
      roles: false,
      noRolePasswords: false,
      databaseProperties: false,
      keepGoing: false,
      skipAnalyze: false,
      where: {},
      mask: {},
      includeReferenced: false,
      skipLargeObjects: false,
      statistics: "analyze",
      requirements: [],
      skipExtensions: false,
      skipCollations: false,
      noTablespaces: false,
      verify: undefined,
      copyFormat: "auto",
      stallTimeoutMs: 300_000,
      without: new Set(),
      resume: false,
      notConsistent: false,
      restart: false,
      dir: undefined,
      given: new Set(["source", "target"]),
      pgDump: undefined,
      retry: { retries: 3, timeoutMs: 300_000 },
    });
    expect(signal.aborted).toBe(false);
  });

  test("jobs sets both pools, and each pool can be set by itself", () => {
    expect(resolve({ jobs: 8 })).toMatchObject({ tableJobs: 8, indexJobs: 8 });
    expect(resolve({ jobs: 8, indexJobs: 2 })).toMatchObject({ tableJobs: 8, indexJobs: 2 });
    expect(resolve({ tableJobs: 1 })).toMatchObject({ tableJobs: 1, indexJobs: 4 });
  });

  test("progress comes twice a second to an observer, or as often as asked for", () => {
    const observer = () => {};
    expect(resolve({ observer }).progressIntervalMs).toBe(500);
    expect(resolve({ observer, progressIntervalMs: 0 }).progressIntervalMs).toBe(0);
    expect(resolve({ progressIntervalMs: 50 }).progressIntervalMs).toBe(50);
  });

  test("timeouts are in seconds; 0 is none", () => {
    expect(resolve({ stallTimeout: 90 }).stallTimeoutMs).toBe(90_000);
    expect(resolve({ stallTimeout: 0 }).stallTimeoutMs).toBe(0);
    const environment = { PGCONNECT_TIMEOUT: "7", PGUSER: "app" };
    expect(resolve({ environment }).environment).toEqual(environment);
    expect(resolve({ environment, connectTimeout: 5 }).environment).toEqual({
      PGCONNECT_TIMEOUT: "5",
      PGUSER: "app",
    });
  });

  test("what is given is kept", () => {
    const { signal } = new AbortController();
    const given = {
      signal,
      environment: { PGUSER: "app" },
      splitTablesLargerThan: 64 * 1024,
      maintenanceWorkMem: 1024 ** 2,
      snapshot: "00000003-0000001B-1",
      dropIfExists: true,
      noOwner: true,
      noAcl: true,
      skipAnalyze: true,
      statistics: "skip",
      requirements: [{ name: "postgis", version: "3.4.2" }],
      skipCollations: true,
      noTablespaces: true,
      verify: "count",
      copyFormat: "text",
      pgDump: "bundled",
    };
    expect(resolve(given)).toMatchObject(given);
    expect(resolve(given).signal).toBe(signal);
  });
});

describe("a wrong option", () => {
  const wholeNumber = "must be a whole number of at least 1";
  const seconds = "must be a whole number of seconds up to 2000000, 0 for no limit";
  const size = "splitTablesLargerThan must be a number of bytes, 65536 or more";
  const memory = "maintenanceWorkMem must be a size of at least 1 MB and less than 2 GB, in bytes";
  const interval =
    "progressIntervalMs must be a number of milliseconds up to 2147483647, 0 for never";
  const format = "copyFormat must be one of auto, text, binary";
  const id = "snapshot must be an id as pg_export_snapshot() gives it, such as 00000003-0000001B-1";
  test.each([
    [{ jobs: 0 }, `jobs ${wholeNumber}, not 0`],
    [{ jobs: 2.5 }, `jobs ${wholeNumber}, not 2.5`],
    [{ jobs: "4" }, `jobs ${wholeNumber}, not "4"`],
    [{ jobs: Number.NaN }, `jobs ${wholeNumber}, not NaN`],
    [{ jobs: 4n }, `jobs ${wholeNumber}, not 4`],
    [{ jobs: null }, `jobs ${wholeNumber}, not null`],
    [{ tableJobs: -1 }, `tableJobs ${wholeNumber}, not -1`],
    [{ indexJobs: Number.POSITIVE_INFINITY }, `indexJobs ${wholeNumber}, not Infinity`],
    [{ threads: 0 }, `threads ${wholeNumber}, or auto, not 0`],
    [{ threads: "2" }, `threads ${wholeNumber}, or auto, not "2"`],
    [{ splitTablesLargerThan: 0 }, `${size}, auto or never, not 0`],
    [{ splitTablesLargerThan: 65_535 }, `${size}, auto or never, not 65535`],
    [{ splitTablesLargerThan: "1GB" }, `${size}, auto or never, not "1GB"`],
    [{ maintenanceWorkMem: 1024 ** 2 - 1 }, `${memory}, not 1048575`],
    [{ maintenanceWorkMem: 2 ** 31 }, `${memory}, not 2147483648`],
    [{ maintenanceWorkMem: "64MB" }, `${memory}, not "64MB"`],
    [{ stallTimeout: -1 }, `stallTimeout ${seconds}, not -1`],
    [{ stallTimeout: 0.5 }, `stallTimeout ${seconds}, not 0.5`],
    [{ connectTimeout: 2_000_001 }, `connectTimeout ${seconds}, not 2000001`],
    [{ snapshot: "" }, `${id}, not ""`],
    [{ snapshot: "1'; drop table x; --" }, `${id}, not "1'; drop table x; --"`],
    [{ verify: "full" }, 'verify must be one of count, checksum, not "full"'],
    [{ verify: true }, "verify must be one of count, checksum, not true"],
    [{ copyFormat: "csv" }, `${format}, not "csv"`],
    [{ dropIfExists: "false" }, 'dropIfExists must be true or false, not "false"'],
    [{ noOwner: 1 }, "noOwner must be true or false, not 1"],
    [{ noAcl: "yes" }, 'noAcl must be true or false, not "yes"'],
    [{ statistics: "gather" }, 'statistics must be one of copy, analyze, skip, not "gather"'],
    [{ statistics: "copy", skipAnalyze: true }, "skipAnalyze contradicts statistics copy"],
    [{ statistics: "analyze", skipAnalyze: true }, "skipAnalyze contradicts statistics analyze"],
    [
      { requirements: { postgis: "3.4.2" } },
      'requirements must be an array of { "name": …, "version": … }, not {"postgis":"3.4.2"}',
    ],
    [
      { requirements: [{ name: "postgis", version: 3 }] },
      'requirements must be an array of { "name": …, "version": … }, not [{"name":"postgis","version":3}]',
    ],
    [
      { requirements: [null] },
      'requirements must be an array of { "name": …, "version": … }, not [null]',
    ],
    [
      {
        requirements: [
          { name: "a", version: "1" },
          { name: "a", version: "2" },
        ],
      },
      "requirements give two versions of extension a",
    ],
    [
      { requirements: [{ name: "a", version: "1" }], skipExtensions: true },
      "requirements contradict skipExtensions, which creates no extension",
    ],
    [{ skipAnalyze: null }, "skipAnalyze must be true or false, not null"],
    [{ progressIntervalMs: -1 }, `${interval}, not -1`],
    [{ progressIntervalMs: "500" }, `${interval}, not "500"`],
    [{ progressIntervalMs: 2 ** 31 }, `${interval}, not 2147483648`],
    [{ observer: {} }, "observer must be a function, not {}"],
    [{ signal: {} }, "signal must be an AbortSignal, not {}"],
    [{ pgDump: "" }, 'pgDump must be the path of a pg_dump, or bundled, not ""'],
  ])("%o", (options, message) => {
    const error = refusal(options);
    expect(error).toMatchObject({ code: "usage", message });
    // So that the command line can say what was typed.
    for (const name of error.options) expect(Object.keys(options)).toContain(name);
    expect(error.options.filter((name) => !message.includes(name))).toEqual([]);
    expect(error.options).not.toEqual([]);
  });

  test.each(["source", "target"])("no %s", (side) => {
    for (const value of [undefined, "", "  ", 5]) {
      expect(refusal({ [side]: value })).toMatchObject({
        code: "usage",
        message: `no ${side} was given`,
        advice: `give the ${side} as a postgres:// URI, a key=value string or pgdata:DIR`,
      });
    }
  });
});
