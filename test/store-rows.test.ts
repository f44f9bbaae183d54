/** Rows stored under savepoints, on a table that has its unique indexes already, whenever these are checked. */

import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { readCatalog } from "../src/catalog/read-catalog.js";
import { parseEndpoint } from "../src/endpoint/parse-endpoint.js";
import { asText, FORGIVING, RowStore } from "../src/load/store-rows.js";
import { planTable, type TablePlan } from "../src/plan/table-plan.js";
import { connect } from "../src/postgres/connect.js";
import type { Connection } from "../src/postgres/connection.js";
import {
  createDatabase,
  server,
  type TestDatabase,
  type TestMajor,
  testMajors,
} from "./support/servers.js";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "pgcopy-rows-"));
});
afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

async function sessionOn(database: TestDatabase): Promise<Connection> {
  const endpoint = await parseEndpoint(database.uri, {}, "target");
  if (endpoint.kind !== "server") throw new Error("no server");
  const { signal } = new AbortController();
  return await connect(endpoint, { side: "target", purpose: "test", signal });
}

async function planOf(session: Connection, name: string): Promise<TablePlan> {
  const catalog = await readCatalog(session);
  const table = catalog.tables.find((one) => one.name === name);
  if (table === undefined) throw new Error(`no table ${name}`);
  const options = { copyFormat: "auto", splitTablesLargerThan: undefined } as const;
  return planTable(table, catalog, { ...options, keyBounds: new Map(), tableRows: new Map() });
}

/** Stores the rows and commits; gives what was set aside, and how many statements that took. */
async function store(session: Connection, plan: TablePlan, rows: readonly string[]) {
  const copy = { plan: asText(plan), part: 0, attempted: "COPY t" };
  await using rowStore = new RowStore(copy, session, { directory, limit: undefined });
  await session.execute("begin", `begin; ${FORGIVING}`);
  await rowStore.begin();
  await rowStore.store(rows.map((row) => Buffer.from(`${row}\n`)));
  rowStore.refuseLoss(rows.length);
  const aside = await rowStore.finish();
  await session.execute("commit", "commit");
  const text = aside === undefined ? "" : await readFile(aside.file, "utf8");
  return text.split("\n").slice(0, -1);
}

it.each(testMajors.map((major) => [major]))(
  "the second of two with the same key is set aside, on PostgreSQL %s",
  async (major: TestMajor) => {
    await using database = await createDatabase(server(major), "rows");
    await database.execute(`
    create table at_once (id int primary key, note text);
    create table later (id int unique deferrable initially deferred, note text);
    create table triggered (id int primary key, note text);
    create function refuse() returns trigger language plpgsql as
      'begin if new.id % 100 = 50 then raise check_violation using message = ''no fifties''; end if; return null; end';
    create trigger refuse after insert on triggered for each row execute function refuse();`);
    await using session = await sessionOn(database);
    const rows = Array.from({ length: 3_000 }, (_, i) => `${i < 2_900 ? i : i - 2_900}\trow ${i}`);
    for (const name of ["at_once", "later"]) {
      const aside = await store(session, await planOf(session, name), rows);
      expect(aside, name).toEqual(rows.slice(2_900));
      const [stored] = await database.query(
        `select count(*)::int as n, max(id) as most from ${name}`,
      );
      expect(stored, name).toEqual({ n: 2_900, most: 2_899 });
    }
    const fine = rows.slice(0, 2_900);
    const aside = await store(session, await planOf(session, "triggered"), fine);
    expect(aside).toEqual(fine.filter((row) => Number.parseInt(row, 10) % 100 === 50));
    const [stored] = await database.query("select count(*)::int as n from triggered");
    expect(stored?.n).toBe(2_871);
  },
);

it("what refuses a COPY without rows is no row", async () => {
  await using database = await createDatabase(server(16), "rows");
  await database.execute(`
    create table t (id int);
    create function refuse() returns trigger language plpgsql as 'begin raise ''not now''; end';
    create trigger refuse before insert on t for each statement execute function refuse()`);
  await using session = await sessionOn(database);
  const storing = store(session, await planOf(session, "t"), ["1", "2"]);
  await expect(storing).rejects.toThrow("COPY t failed on target: not now (SQLSTATE P0001)");
  expect(await readdir(directory)).toEqual([]);
});
