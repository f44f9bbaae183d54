/** The test databases themselves: that they can be made, and that the comparison sees what differs. */

import { expect, test } from "vitest";
import { displayName } from "../src/postgres/quote.js";
import {
  dataOf,
  expectSameData,
  expectSameDatabase,
  expectSameSchema,
  schemaOf,
} from "./support/compare.js";
import { createHardSchema, hardRoles } from "./support/hard-schema.js";
import { createDatabase, server, type TestDatabase, testMajors } from "./support/servers.js";
import { createShop, shopRowCounts } from "./support/shop-schema.js";

/** What an assertion that must fail says differs. */
async function failureOf(assertion: Promise<void>): Promise<string> {
  return await assertion.then(
    () => "it did not fail",
    (error: { message: string; actual: unknown }) =>
      `${error.message} ${JSON.stringify(error.actual)}`,
  );
}

test.each(testMajors)("the hard schema loads on %i, and dumps", async (major) => {
  await using database = await createDatabase(server(major));
  await createHardSchema(database);

  const schema = await schemaOf(database.uri);
  for (const part of [
    "--\n-- TOC entry of class 1259\n-- Name: big; Type: TABLE; Schema: app;",
    'CREATE INDEX "index; on ""it""\n-- Name: y; Type: INDEX"',
    "\n\\restrict x\n\\unrestrict x\nCOPY app.item (id, name) FROM stdin;\n",
    ...hardRoles.map((role) => ` TO ${displayName(role)};`),
  ]) {
    expect(schema.includes(part), part).toBe(true);
  }

  const { tables, materializedViews, sequences, indexes } = await dataOf(database.uri);
  expect(tables.get("app.no_columns")).toMatch(/^6 rows/);
  expect(tables.get("app.only_generated")).toMatch(/^4 rows/);
  expect(tables.get("app.emptied")).toMatch(/^0 rows/);
  expect(tables.get('app."x""; Type: TABLE; Schema: y"')).toMatch(/^4 rows/);
  expect(materializedViews.get("app.mv_not_populated")).toBe("not populated");
  expect(sequences.get("app.set_not_called")).toBe("42 not called");
  expect(indexes.get('part."only; unattached"')).toContain("invalid");
});

test.each(testMajors)("the comparison sees every difference on %i", async (major) => {
  await using source = await createDatabase(server(major));
  await using target = await createDatabase(server(major));
  await createHardSchema(source);
  await createHardSchema(target);

  const changes = [...dataChanges, ...schemaChanges];
  for (const { change } of changes) await target.execute(change);
  const data = await failureOf(expectSameData(source.uri, target.uri));
  for (const { change, says } of dataChanges) expect(data.includes(says), change).toBe(true);
  const schema = await failureOf(expectSameSchema(source.uri, target.uri));
  for (const { change, says } of schemaChanges) expect(schema.includes(says), change).toBe(true);

  for (const { undo } of changes) await target.execute(undo);
  await expectSameDatabase(source.uri, target.uri);
});

interface Change {
  readonly change: string;
  readonly undo: string;
  /** What the failed comparison must name. */
  readonly says: string;
}

const dataChanges: readonly Change[] = [
  {
    change: `insert into app.no_key values ('same', 1)`,
    undo: `delete from app.no_key where ctid = (select max(ctid) from app.no_key where note = 'same')`,
    says: "tables: app.no_key",
  },
  {
    change: `update app.all_types set text_ = null where text_ = ''`,
    undo: `update app.all_types set text_ = '' where id = 2`,
    says: "tables: app.all_types",
  },
  {
    change: `select setval('app.set_not_called', 42, true)`,
    undo: `select setval('app.set_not_called', 42, false)`,
    says: "sequences: app.set_not_called",
  },
  {
    change: `refresh materialized view app.a_mv_on_view with no data`,
    undo: `refresh materialized view app.a_mv_on_view`,
    says: "not populated",
  },
  {
    change: `alter table app.clustered set without cluster`,
    undo: `alter table app.clustered cluster on clustered_a`,
    says: "indexes: app.clustered_a",
  },
  {
    change: `alter table app.triggered enable trigger disabled_`,
    undo: `alter table app.triggered disable trigger disabled_`,
    says: "triggers: app.triggered disabled_",
  },
  {
    change: `select lo_put(4100000003, 100000, 'x')`,
    undo: `select lo_put(4100000003, 100000, 'f')`,
    says: "largeObjects: 4100000003",
  },
  {
    change: `comment on large object 4100000001 is null`,
    undo: `comment on large object 4100000001 is 'empty; ''and'' "odd"'`,
    says: "largeObjects: 4100000001",
  },
];

const schemaChanges: readonly Change[] = [
  {
    change: `comment on column app.address.street is 'with the number, not without'`,
    undo: `comment on column app.address.street is 'with the number; not without'`,
    says: "with the number, not without",
  },
  {
    change: `grant delete on app.granted to pgcopy_hard_reader`,
    undo: `revoke delete on app.granted from pgcopy_hard_reader`,
    says: "TABLE granted; Type: ACL",
  },
  {
    change: `alter table app.all_types owner to pgcopy_hard_owner`,
    undo: `alter table app.all_types owner to postgres`,
    says: "OWNER TO pgcopy_hard_owner",
  },
];

test("a shop of any size has the rows that it says", async () => {
  await using database = await createDatabase(server(15));
  await createShop(database, { rows: 1000 });
  for (const [table, rows] of Object.entries(shopRowCounts({ rows: 1000 }))) {
    expect(await countRows(database, table), table).toBe(rows);
  }
  expect(await countRows(database, "events_2023")).toBeGreaterThan(0);
  expect(await countRows(database, "events_later")).toBeGreaterThan(0);
});

test("two shops of one size are the same, on any version, and an empty one can be made", async () => {
  await using older = await createDatabase(server(13));
  await using newer = await createDatabase(server(18));
  await using empty = await createDatabase(server(18));
  await createShop(older, { rows: 50 });
  await createShop(newer, { rows: 50 });
  await createShop(empty, { rows: 0 });
  await expectSameData(older.uri, newer.uri);
  expect(await countRows(empty, "orders")).toBe(0);
  expect(await failureOf(expectSameData(newer.uri, empty.uri))).toContain("tables: public.orders");
});

async function countRows(database: TestDatabase, table: string): Promise<number> {
  const [row] = await database.query<{ n: number }>(`select count(*)::int as n from ${table}`);
  return row?.n ?? -1;
}
