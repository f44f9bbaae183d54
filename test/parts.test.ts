/** Parts of nasty tables, by the server's own word: every row is in one of them, whatever its key or page. */

import { expect, test } from "vitest";
import { readCatalog } from "../src/catalog/read-catalog.js";
import { readKeyBounds } from "../src/catalog/read-key-bounds.js";
import { parseEndpoint } from "../src/endpoint/parse-endpoint.js";
import { clone } from "../src/index.js";
import { partCondition } from "../src/plan/parts.js";
import { planTable, type TablePlan } from "../src/plan/table-plan.js";
import { connect } from "../src/postgres/connect.js";
import { quoteName } from "../src/postgres/quote.js";
import { expectSameData } from "./support/compare.js";
import { createDatabase, server, type TestDatabase, testMajors } from "./support/servers.js";

const LIMIT_BYTES = 64 * 1024;
const pad = "repeat('x', 200)";

/** Each with what happens to it once the catalog was read. */
const tables: readonly { name: string; create: string; afterwards?: string }[] = [
  {
    name: "all int8",
    create: `(id int8 primary key, pad text);
      insert into "all int8" select n::numeric * 9223372036854775 / 1000, ${pad}
        from generate_series(-1000000, 1000000, 1000) n;
      insert into "all int8" values (-9223372036854775808, ''), (9223372036854775807, ''), (1, ''), (-1, '')`,
  },
  {
    name: "all int2",
    create: `(id int2 primary key, pad text);
      insert into "all int2" select n, ${pad} from generate_series(-32768, 32767, 31) n;
      insert into "all int2" values (32767, '')`,
  },
  {
    name: "negative",
    create: `(id int4 primary key, pad text);
      insert into negative select -n, ${pad} from generate_series(1, 1500) n;
      insert into negative values (-2147483648, '')`,
  },
  {
    name: "sparse",
    create: `(id int8 primary key, pad text);
      insert into sparse select n, ${pad} from generate_series(1, 1500) n;
      insert into sparse values (4611686018427387904, '')`,
  },
  {
    name: "null keys",
    create: `(id int4 unique, pad text);
      insert into "null keys" select nullif(n % 3, 0) * n, ${pad} from generate_series(1, 1500) n
        on conflict do nothing`,
  },
  {
    name: "grown",
    create: `(id int4 primary key, pad text);
      insert into grown select n, ${pad} from generate_series(1, 1500) n`,
    afterwards: `insert into grown select n, ${pad} from generate_series(-500, 0) n;
      insert into grown select n, ${pad} from generate_series(1501, 9000) n`,
  },
  {
    name: "shrunken",
    create: `(id int4 primary key, pad text);
      insert into shrunken select n, ${pad} from generate_series(1, 5000) n`,
    afterwards: "delete from shrunken where id > 7; vacuum shrunken",
  },
  {
    name: "emptied",
    create: `(id int4 primary key, pad text);
      insert into emptied select n, ${pad} from generate_series(1, 1500) n; delete from emptied`,
  },
  {
    name: "of one page",
    create: `(id int4 primary key, pad text);
      alter table "of one page" alter pad set storage external;
      insert into "of one page" values (7, repeat('x', 300000)), (8, '')`,
  },
  { name: "never filled", create: "(id int4 primary key)" },
];

async function createTables(database: TestDatabase): Promise<void> {
  for (const { name, create } of tables)
    await database.execute(`create table ${quoteName(name)} ${create}`);
}

/** As a clone plans them. */
async function plansOf(database: TestDatabase): Promise<TablePlan[]> {
  const endpoint = await parseEndpoint(database.uri, {}, "source");
  if (endpoint.kind !== "server") throw new Error("not a server");
  await using connection = await connect(endpoint, {
    side: "source",
    purpose: "test",
    signal: new AbortController().signal,
  });
  const catalog = await readCatalog(connection);
  const keyBounds = await readKeyBounds(connection, catalog.tables);
  const options = {
    copyFormat: "auto",
    splitTablesLargerThan: LIMIT_BYTES,
    keyBounds,
    tableRows: new Map(),
  } as const;
  return catalog.tables.map((table) => planTable(table, catalog, options));
}

/** In how many parts each row is: the fewest and the most, and how many rows there are. */
async function rowsIn(database: TestDatabase, { table, parts }: TablePlan) {
  const terms = parts.map((part) => `coalesce(${partCondition(part) ?? "true"}, false)::int`);
  const found = terms.length === 0 ? "0" : terms.join(" + ");
  const [counted] = await database.query<{ fewest: number; most: number; rows: number }>(
    `select coalesce(min(n), 1) as fewest, coalesce(max(n), 1) as most, count(*)::int as rows
     from (select ${found} as n from ${quoteName(table.name)}) one`,
  );
  return counted;
}

test.each(testMajors.filter((major) => major !== 15))(
  "every row of PostgreSQL %i is in one part",
  async (major) => {
    await using source = await createDatabase(server(major), "parts");
    await createTables(source);
    const plans = await plansOf(source);
    const byKey = major < 14;
    const whole = ["never filled", ...(byKey ? ["emptied", "null keys"] : ["of one page"])];
    for (const { afterwards } of tables)
      for (const statement of afterwards?.split("; ") ?? []) await source.execute(statement);
    for (const plan of plans) {
      const { name } = plan.table;
      const counted = await rowsIn(source, plan);
      expect({ name, ...counted }).toMatchObject({ name, fewest: 1, most: 1 });
      expect({ name, isCut: plan.parts.length > 1 }).toEqual({
        name,
        isCut: !whole.includes(name),
      });
    }
    expect(plans.map(({ table }) => table.name).sort()).toEqual(
      tables.map(({ name }) => name).sort(),
    );

    await using target = await createDatabase(server(18), "parts");
    await clone({
      source: source.uri,
      target: target.uri,
      pgDump: "bundled",
      splitTablesLargerThan: LIMIT_BYTES,
    });
    await expectSameData(source.uri, target.uri);
  },
);
