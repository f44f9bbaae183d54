/** The configuration file: its schema and the options are the same, and what is wrong in it is told by line. */

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { mergeOptions } from "../../src/cli/merge-options.js";
import { configSchema, optionsTable } from "../../src/config/config-schema.js";
import { type ConfigName, configNames, optionTable } from "../../src/config/option-table.js";
import { parseConfig } from "../../src/config/parse-config.js";
import { shownOptions } from "../../src/config/shown-options.js";
import { PgCopyError } from "../../src/errors.js";
import { type CloneOptions, resolveCloneOptions } from "../../src/options/clone-options.js";
import { violations } from "./schema-checker.js";

const root = new URL("../../", import.meta.url);
const schema = configSchema();
const ends = { source: "postgres://a/x", target: "postgres://b/y" };
const file = "/etc/pgcopy/night.json";

function refusal(call: () => unknown): PgCopyError {
  try {
    call();
  } catch (error) {
    if (error instanceof PgCopyError) return error;
    throw error;
  }
  throw new Error("it was accepted");
}

/** Whether the library takes a value, with the option beside it that it can't be without. */
function isTaken(name: ConfigName, value: unknown): boolean {
  const { needs } = optionTable[name];
  const beside = needs === undefined ? {} : { [needs]: optionTable[needs as typeof name].example };
  try {
    resolveCloneOptions({ ...ends, ...beside, [name]: value } as CloneOptions);
    return true;
  } catch (error) {
    if (error instanceof PgCopyError && error.code === "usage") return false;
    throw error;
  }
}

describe("the schema", () => {
  test("is the file in the package, and the documentation's table is its", () => {
    const words = "run: node scripts/build.js && npm run docs";
    const text = readFileSync(new URL("pgcopy.schema.json", root), "utf8");
    expect(text, words).toBe(`${JSON.stringify(schema, undefined, 2)}\n`);
    const page = readFileSync(new URL("docs/configuration.md", root), "utf8");
    expect(page.includes(`-->\n\n${optionsTable()}\n\n<!--`), words).toBe(true);
  });

  test("knows every option that a file can hold, and no other", () => {
    const { advice = "" } = refusal(() =>
      resolveCloneOptions({ ...ends, nope: 1 } as CloneOptions),
    );
    const known = advice.replace("the options are ", "").split(", ");
    const programs = ["environment", "signal", "observer", "progressIntervalMs"];
    const ofOneRun = ["resume", "notConsistent", "restart", "dir"];
    const others = [...programs, ...ofOneRun];
    expect([...configNames].sort()).toEqual(known.filter((one) => !others.includes(one)).sort());
    const described = readFileSync(new URL("docs/library.md", root), "utf8");
    expect(configNames.filter((name) => !described.includes(`\`${name}\``))).toEqual([]);
  });

  test.each(configNames)("takes the example of %s, and so does the library", (name) => {
    const { example } = optionTable[name];
    expect(violations(schema, { [name]: example })).toEqual([]);
    expect(isTaken(name, example)).toBe(true);
  });

  const strange = [
    null,
    true,
    false,
    "",
    " ",
    "yes",
    0,
    1,
    -1,
    2.5,
    65_535,
    65_536,
    [],
    {},
    [1],
    { a: 1 },
  ];

  test.each(configNames)("takes and refuses for %s what the library does", (name) => {
    for (const value of strange) {
      const ofSchema = violations(schema, { [name]: value }).length === 0;
      expect([value, ofSchema]).toEqual([value, isTaken(name, value)]);
    }
  });

  test("says of each default what the library does", () => {
    const resolved: Record<string, unknown> = { ...resolveCloneOptions(ends) };
    const properties = schema.properties as Record<string, { default?: unknown }>;
    for (const name of configNames.filter((one) => one in resolved)) {
      if (name in ends || optionTable[name].defaultWords !== undefined) continue;
      expect([name, properties[name]?.default]).toEqual([name, resolved[name]]);
    }
    expect(properties.jobs?.default).toBe(resolved.tableJobs);
  });

  test("refuses what is no option", () => {
    expect(violations(schema, { verfy: "count" })).toEqual([".verfy: unknown"]);
    expect(violations(schema, { $schema: "./pgcopy.schema.json", ...ends })).toEqual([]);
  });
});

describe("a file", () => {
  test("gives the options that it holds", () => {
    const text = '{ "$schema": "./x.json", "jobs": 8, "verify": "checksum", "noAcl": true }';
    expect(parseConfig(text, file)).toEqual({ jobs: 8, verify: "checksum", noAcl: true });
    expect(parseConfig("{}", file)).toEqual({});
  });

  const names = configNames.join(", ");
  test.each([
    ['{\n  "jobs": "8"\n}', `${file}, line 2: jobs must be a whole number of at least 1, not "8"`],
    ['{"source": 5}', `${file}, line 1: no source was given`],
    [
      '{"noOwner": true,\n\n "verify": "full"}',
      `${file}, line 3: verify must be one of count, checksum, not "full"`,
    ],
    ['{"verfy": "count"}', `${file}, line 1: there is no option verfy (did you mean verify?)`],
    ['{"observer": 1}', `${file}, line 1: there is no option observer`],
    ['{"environment": {}}', `${file}, line 1: there is no option environment`],
    ['{"toString": 1}', `${file}, line 1: there is no option toString`],
    ['{"__proto__": {"jobs": 0}}', `${file}, line 1: there is no option __proto__`],
    ["[]", `${file} must hold one object, with an option to each key`],
    ["null", `${file} must hold one object, with an option to each key`],
    ['{"jobs": 8,}', `${file}, line 1, column 11: JSON has no comma after the last one`],
    ["", `${file}, line 1, column 1: a value is expected, and the text ends`],
  ])("%j is refused", (text, message) => {
    expect(refusal(() => parseConfig(text, file))).toMatchObject({ code: "usage", message });
  });

  test("names what is allowed", () => {
    expect(refusal(() => parseConfig('{"verfy": 1}', file)).advice).toBe(
      `the options are ${names}`,
    );
  });

  test.each([
    ["pgDump", "./bin/pg_dump", "/etc/pgcopy/bin/pg_dump"],
    ["pgDump", "../pg_dump", "/etc/pg_dump"],
    ["pgDump", "/usr/bin/pg_dump", "/usr/bin/pg_dump"],
    ["pgDump", "pg_dump", "pg_dump"],
    ["pgDump", "bundled", "bundled"],
    ["target", "pgdata:./copy", "pgdata:/etc/pgcopy/copy"],
    ["target", "pgdata:copy?dbname=a/b", "pgdata:/etc/pgcopy/copy?dbname=a/b"],
    ["source", "pgdata:/var/lib/data", "pgdata:/var/lib/data"],
    ["source", "pgdata:~/data", "pgdata:~/data"],
    ["source", "postgres://h/./x", "postgres://h/./x"],
    ["source", "host=h dbname=pgdata:x", "host=h dbname=pgdata:x"],
  ])("%s %s counts from its directory", (name, value, path) => {
    expect(parseConfig(JSON.stringify({ [name]: value }), file)).toEqual({ [name]: path });
  });
});

describe("the command line's options over a file's", () => {
  const merge = (config: object, flags: object) => mergeOptions(config as never, flags) as object;

  test("go before them, where they were given", () => {
    const config = { jobs: 2, verify: "count", noOwner: true, dropIfExists: true };
    expect(merge(config, { jobs: 8, verify: undefined, noOwner: false })).toEqual({
      ...config,
      jobs: 8,
    });
    expect(merge({}, { noOwner: false, jobs: undefined })).toEqual({ noOwner: false });
    expect(merge({ noOwner: false }, { noOwner: true })).toEqual({ noOwner: true });
  });

  test("--jobs sets both pools, whatever the file sets them to", () => {
    const config = { tableJobs: 2, indexJobs: 3 };
    expect(merge(config, { jobs: 8 })).toEqual({ jobs: 8 });
    expect(merge(config, { jobs: 8, indexJobs: 4 })).toEqual({ jobs: 8, indexJobs: 4 });
  });

  test("lists and objects add up, so that nothing of the file's is dropped unseen", () => {
    const config = {
      mask: { "a.x": "md5(x)", "a.y": "null" },
      filters: { excludeTable: ["a"], excludeSchema: ["s"] },
      requirements: [{ name: "postgis" }],
    };
    const flags = {
      mask: { "a.y": "''", "b.z": "1" },
      filters: { excludeTable: ["b"] },
      requirements: [{ name: "citext" }],
    };
    expect(merge(config, flags)).toEqual({
      mask: { "a.x": "md5(x)", "a.y": "''", "b.z": "1" },
      filters: { excludeTable: ["a", "b"], excludeSchema: ["s"] },
      requirements: [{ name: "postgis" }, { name: "citext" }],
    });
    expect(config.filters.excludeTable).toEqual(["a"]);
  });
});

test("a report shows the options that were given, no endpoint, and of masks the columns", () => {
  const given: CloneOptions = {
    ...ends,
    jobs: 2,
    noAcl: false,
    verify: "count",
    where: { "public.orders": "id > 7" },
    mask: { "public.customers.email": "md5(email || 's3cret')", "public.customers.name": "null" },
    observer: () => {},
  };
  expect(shownOptions(given)).toEqual({
    jobs: 2,
    verify: "count",
    where: { "public.orders": "id > 7" },
    mask: ["public.customers.email", "public.customers.name"],
  });
});

test("every option is described", () => {
  for (const name of configNames)
    expect(optionTable[name as ConfigName].description).toMatch(/^[A-Z].*\.$/s);
});
