/** A database of unequal tables of large values is copied in parts, without anybody saying so. */

import { availableParallelism } from "node:os";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clone, plan } from "../src/index.js";
import { expectSameDatabase } from "./support/compare.js";
import { createDatabase, server, type TestDatabase } from "./support/servers.js";

/** A long table of documents, a short one, and one of which rows are left behind. */
const unequal = `
  create table documents (id int primary key, note text, body jsonb);
  insert into documents select n, (select string_agg(md5(n || '/' || i), '') from generate_series(1, 12) i),
    (select jsonb_agg(md5(n || '-' || i)) from generate_series(1, 400) i) from generate_series(1, 800) n;
  create table articles (id int primary key, body text);
  insert into articles select n, repeat(md5(n::text), 200) from generate_series(1, 100) n;
  vacuum analyze;`;

// One core has nothing to gain.
describe.skipIf(availableParallelism() < 2)("unequal tables of large values", () => {
  let source: TestDatabase;
  beforeAll(async () => {
    source = await createDatabase(server(16), "unequal");
    for (const statement of unequal.split(";")) await source.execute(statement);
  });
  afterAll(async () => {
    await source[Symbol.asyncDispose]();
  });

  it("are copied in parts, which the plan and the report explain", async () => {
    await using target = await createDatabase(server(16), "unequal_copy");
    const options = { source: source.uri, target: target.uri };
    const planned = await plan(options);
    const report = await clone({ ...options, verify: "checksum" });
    await expectSameDatabase(source.uri, target.uri);
    expect(report.tables.map(({ name, rows }) => [name, rows])).toEqual([
      ["documents", 800],
      ["articles", 100],
    ]);
    const [documents, articles] = report.tables;
    expect(documents?.parts).toBeGreaterThan(1);
    expect(documents).toMatchObject({
      freeze: false,
      partsReason: expect.stringMatching(/^whole/),
    });
    expect(articles?.parts).toBe(1);
    expect(planned.tables.map(({ parts }) => parts)).toEqual(
      report.tables.map(({ parts }) => parts),
    );
  });

  it("stay whole where a WHERE leaves out rows, and where nobody wants parts", async () => {
    for (const whole of [
      { where: { "public.documents": "id % 2 = 0" } },
      { splitTablesLargerThan: "never" as const },
      { without: ["automatic-parts" as const] },
    ]) {
      await using target = await createDatabase(server(16), "unequal_whole");
      const planned = await plan({ source: source.uri, target: target.uri, ...whole });
      expect(planned.tables.map(({ parts }) => parts)).toEqual([1, 1]);
    }
  });

  it("are masked in parts, and read in parts into nothing", async () => {
    await using target = await createDatabase(server(16), "unequal_masked");
    const mask = { "public.documents.note": "'note ' || id" };
    const report = await clone({ source: source.uri, target: target.uri, mask });
    expect(report.tables[0]).toMatchObject({ rows: 800, masked: ["note"] });
    expect(report.tables[0]?.parts).toBeGreaterThan(1);
    const [row] = await target.query(
      "select count(*)::int as n from documents where note = 'note ' || id",
    );
    expect(row).toEqual({ n: 800 });
    const read = await clone({ source: source.uri, target: "null:" });
    expect(read.tables[0]).toMatchObject({ rows: 800, parts: report.tables[0]?.parts });
  });
});
