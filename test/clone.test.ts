/** Whole clones on real servers: the hardest schema there is, on every version, by both pg_dumps. */

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clone, compareData, compareSchema } from "../src/index.js";
import { findPgDump } from "../src/schema/find-pg-dump.js";
import { expectSameDatabase } from "./support/compare.js";
import { createHardSchema, ensureRoles } from "./support/hard-schema.js";
import {
  createDatabase,
  server,
  sessionsOf,
  type TestDatabase,
  type TestMajor,
  testMajors,
} from "./support/servers.js";

const never = new AbortController().signal;

/** By pg_dump's own text, and by what users have to compare with. */
async function expectSameByAllMeans(source: TestDatabase, target: TestDatabase): Promise<void> {
  await expectSameDatabase(source.uri, target.uri);
  const ends = { source: source.uri, target: target.uri };
  const schema = await compareSchema({ ...ends, pgDump: "bundled" });
  expect(schema.differences).toEqual([]);
  const data = await compareData(ends);
  expect(data).toMatchObject({ same: true, tableDifferences: [], sequenceDifferences: [] });
}

describe.each(testMajors)("a clone of the hard schema on PostgreSQL %i", (major) => {
  let source: TestDatabase;
  beforeAll(async () => {
    source = await createDatabase(server(major), "hard");
    await createHardSchema(source);
  });
  afterAll(async () => {
    await source[Symbol.asyncDispose]();
  });

  it("is the same, schema and data, by the bundled pg_dump with no PostgreSQL on the PATH", async () => {
    await using target = await createDatabase(server(major), "hard_copy");
    const report = await clone({
      source: source.uri,
      target: target.uri,
      environment: { PATH: "" },
      pgDump: "bundled",
      jobs: 8,
      splitTablesLargerThan: 256 * 1024,
      verify: "checksum",
    });
    await expectSameByAllMeans(source, target);
    expect(report.pgDump.kind).toBe("bundled");
    expect(report.verification?.mismatches).toEqual([]);
    expect(report.tables.filter((table) => table.parts > 1).length).toBeGreaterThan(0);
    expect(await sessionsOf(source)).toEqual([]);
    expect(await sessionsOf(target)).toEqual([]);
  });

  it("is the same by a local pg_dump, one job at a time", async ({ skip }) => {
    const found = await findPgDump({
      environment: process.env,
      minimumMajor: major,
      signal: never,
    });
    if (found === undefined) skip(`no pg_dump ${major} or newer is installed on this machine`);
    await using target = await createDatabase(server(major), "hard_copy");
    const report = await clone({
      source: source.uri,
      target: target.uri,
      environment: process.env,
      jobs: 1,
    });
    await expectSameDatabase(source.uri, target.uri);
    expect(report.pgDump.kind).toBe("local");
  });

  it("can be cloned over itself with dropIfExists", async () => {
    await using target = await createDatabase(server(major), "hard_copy");
    const ends = { source: source.uri, target: target.uri, pgDump: "bundled" } as const;
    await clone({ ...ends, copyFormat: "text" });
    await expect(clone(ends)).rejects.toMatchObject({ code: "target_unfit" });
    await clone({ ...ends, dropIfExists: true });
    await expectSameDatabase(source.uri, target.uri);
  });
});

/** From each version to the newest there is, and up by one. */
const newest = testMajors.at(-1) as TestMajor;
const upgrades: readonly (readonly [TestMajor, TestMajor])[] = [
  ...testMajors.filter((major) => major < newest).map((major) => [major, newest] as const),
  ...(testMajors.includes(15) && testMajors.includes(16) ? [[15, 16] as const] : []),
];

describe.each(upgrades)("a clone from PostgreSQL %i to %i", (from, to) => {
  it("brings the hard schema and its data across", async () => {
    await using source = await createDatabase(server(from), "hard");
    await createHardSchema(source);
    await using target = await createDatabase(server(to), "hard_copy");
    await ensureRoles(target);
    const report = await clone({ source: source.uri, target: target.uri, verify: "checksum" });
    expect(report.verification?.mismatches).toEqual([]);
    await expectSameByAllMeans(source, target);
  });
});

/** Before 14 there are no multiranges, which every range type of the source has. */
const older = testMajors.find((major) => major >= 14) as TestMajor;

describe("a clone to an older server", () => {
  it("warns, and brings what the older version knows", async () => {
    await using source = await createDatabase(server(newest), "hard");
    await createHardSchema(source, older);
    await using target = await createDatabase(server(older), "hard_copy");
    await ensureRoles(target);
    const report = await clone({ source: source.uri, target: target.uri, verify: "checksum" });
    expect(report.warnings.join("\n")).toMatch(
      /target \(PostgreSQL \S+\) is older than the source/,
    );
    await expectSameDatabase(source.uri, target.uri);
  });
});
