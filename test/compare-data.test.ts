/** `compare data`: every difference that it can find is planted once and found, and nothing else is. */

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readRowKeys } from "../src/catalog/read-row-keys.js";
import { readTables } from "../src/catalog/read-tables.js";
import {
  type CompareDataOptions,
  type Connection,
  compareData,
  connect,
  type DataComparison,
  parseEndpoint,
  type TableDifference,
} from "../src/index.js";
import { compareRows } from "../src/verify/compare-rows.js";
import { chooseRowHashing, comparedSettings } from "../src/verify/row-hash.js";
import { pairTables } from "../src/verify/table-pairs.js";
import { runCli, startCli } from "./support/cli.js";
import { createDatabase, server, type TestDatabase, testMajors } from "./support/servers.js";
import { startStandby } from "./support/standby.js";
import { expectNoSessions, untilRunning } from "./support/waiting.js";

const oldest = server(testMajors[0] ?? 13);
const newest = server(testMajors.at(-1) ?? 18);

const schema = `
  create type mood as enum ('sad', 'ok', 'happy');
  create table items (id int primary key, name text, note text, raw bytea, price numeric, f float8, code varchar(10), at timestamptz);
  insert into items select i, 'name ' || i, 'note ' || i, decode('00ff' || lpad(to_hex(i), 2, '0'), 'hex'), i * 1.5, i / 2.0, 'c' || i, '2024-01-01 00:00+00'::timestamptz + i * interval '1 hour'
    from generate_series(1, 10) i;
  update items set note = '', f = 0, price = 1.0 where id = 5;
  create table no_key (a int, b text);
  insert into no_key values (1, 'once'), (2, 'twice'), (2, 'twice'), (3, null);
  create table big (id bigint primary key, state text);
  insert into big select i * 7, 'state ' || i % 10 from generate_series(1, 20000) i;
  create table words (word text primary key, n int);
  insert into words select md5(i::text), i from generate_series(1, 5000) i;
  create table pairs (region text, "N" int, value text, primary key (region, "N"));
  insert into pairs select (array['Ä', 'z', 'a', 'B'])[1 + i % 4], i, 'v' from generate_series(1, 5000) i;
  create table moods (feeling mood primary key, n int);
  insert into moods values ('sad', 1), ('happy', 2);
  create table many (a int, b text);
  insert into many select i % 900, 'row' from generate_series(1, 9000) i;
  create table measured (at date, n int) partition by range (at);
  create table measured_old partition of measured for values from ('2020-01-01') to ('2022-01-01');
  create table measured_new partition of measured for values from ('2022-01-01') to ('2030-01-01');
  insert into measured select '2021-01-01'::date + i * 30, i from generate_series(1, 30) i;
  create materialized view summary as select state, count(*) as n from big group by state;
  create sequence counter; select setval('counter', 25);
  create sequence down increment -1; select setval('down', -25);
  create sequence never;
  select lo_from_bytea(7001, 'first'), lo_from_bytea(7002, convert_to(repeat('second', 1000), 'UTF8'));`;

async function compare(
  source: TestDatabase,
  target: TestDatabase,
  options: Partial<CompareDataOptions> = {},
): Promise<DataComparison> {
  return await compareData({ source: source.uri, target: target.uri, ...options });
}

/** What differs, in short; the numbers of rows only where a test asks for them. */
function shortened(comparison: DataComparison): unknown[] {
  const { tableDifferences, sequenceDifferences, largeObjects } = comparison;
  return [
    ...tableDifferences.map(({ name, status, rows, columnsOnlyOnSource }: TableDifference) => [
      name,
      ...(status === "different" ? [] : [status]),
      ...(columnsOnlyOnSource ?? []),
      ...(rows ?? []).map((row) =>
        [
          row.status,
          row.key.map(({ column, value }) => `${column}=${value}`).join(" "),
          row.rowHash === undefined ? "" : `${row.onSource}:${row.onTarget}`,
          (row.columns ?? []).join(" "),
        ]
          .filter((word) => word !== "")
          .join(", "),
      ),
    ]),
    ...sequenceDifferences.map(({ name, status }) => [name, status]),
    ...(largeObjects === undefined
      ? []
      : [largeObjects.onlyOnSource, largeObjects.onlyOnTarget, largeObjects.different]
          .filter((oids) => oids.length > 0)
          .map((oids) => ["large objects", ...oids])),
  ];
}

interface Plant {
  readonly what: string;
  readonly change: string;
  readonly found: readonly unknown[];
}

const plants: readonly Plant[] = [
  {
    what: "one bit in one row",
    change: "update items set raw = set_bit(raw, 3, 1 - get_bit(raw, 3)) where id = 2",
    found: [["items", "different, id=2, raw"]],
  },
  {
    what: "a missing row",
    change: "delete from items where id = 4",
    found: [["items", "only_on_source, id=4"]],
  },
  {
    what: "an extra row",
    change: "insert into items (id) values (77)",
    found: [["items", "only_on_target, id=77"]],
  },
  {
    what: "a key that became another one",
    change: "update items set id = 0 where id = 10",
    found: [["items", "only_on_target, id=0", "only_on_source, id=10"]],
  },
  {
    what: "swapped columns of the same type",
    change: "update items set name = note, note = name where id = 3",
    found: [["items", "different, id=3, name note"]],
  },
  {
    what: "values swapped between two rows",
    change:
      "update items set name = case id when 6 then 'name 7' else 'name 6' end where id in (6, 7)",
    found: [["items", "different, id=6, name", "different, id=7, name"]],
  },
  {
    what: "NULL for an empty string",
    change: "update items set note = null where id = 5",
    found: [["items", "different, id=5, note"]],
  },
  {
    what: "-0.0 for 0",
    change: "update items set f = '-0' where id = 5",
    found: [["items", "different, id=5, f"]],
  },
  {
    what: "1.00 for 1.0",
    change: "update items set price = 1.00 where id = 5",
    found: [["items", "different, id=5, price"]],
  },
  {
    what: "a blank at the end",
    change: "update items set code = code || ' ' where id = 8",
    found: [["items", "different, id=8, code"]],
  },
  {
    what: "a microsecond",
    change: "update items set at = at + interval '1 microsecond' where id = 9",
    found: [["items", "different, id=9, at"]],
  },
  {
    what: "the last digit of a float",
    change: "update items set f = 0.1::float8 + 0.2::float8 where id = 1",
    found: [["items", "different, id=1, f"]],
  },
  {
    what: "a row too many in a table without a key",
    change: "insert into no_key values (2, 'twice')",
    found: [["no_key", "only_on_target, 2:3"]],
  },
  {
    what: "a row too few, and another one",
    change: `delete from no_key where a = 1; insert into no_key values (3, '')`,
    found: [
      ["no_key", expect.stringMatching(/^only_on_(source, 1:0|target, 0:1)$/), expect.anything()],
    ],
  },
  {
    what: "one row of 9,000 without a key, most of them equal to others",
    change: "update many set b = 'Row' where ctid = (select min(ctid) from many where a = 17)",
    found: [["many", expect.stringMatching(/0:1|10:9/), expect.stringMatching(/0:1|10:9/)]],
  },
  {
    what: "three rows of 20,000",
    change:
      "delete from big where id = 7; update big set state = 'x' where id = 70007; insert into big values (140001, 'y')",
    found: [
      ["big", "only_on_source, id=7", "different, id=70007, state", "only_on_target, id=140001"],
    ],
  },
  {
    what: "one row by a text key",
    change: "update words set n = -n where n = 4711",
    found: [["words", "different, word=b52340b4de4566b804c9880aa0b4af5f, n"]],
  },
  {
    what: "one row by a key of two columns, one of them text",
    change: `update pairs set value = 'w' where "N" = 4712`,
    found: [["pairs", "different, region=Ä N=4712, value"]],
  },
  {
    what: "one row by an enum",
    change: "update moods set n = 3 where feeling = 'happy'",
    found: [["moods", "different, feeling=happy, n"]],
  },
  {
    what: "rows that moved to another partition",
    change: `
      alter table measured detach partition measured_old; alter table measured detach partition measured_new;
      with moved as (delete from measured_old where n = 12 returning *) insert into measured_new select * from moved;
      alter table measured attach partition measured_old for values from ('2020-01-01') to ('2021-12-01');
      alter table measured attach partition measured_new for values from ('2021-12-01') to ('2030-01-01')`,
    found: [
      ["measured_new", "only_on_target, 0:1"],
      ["measured_old", "only_on_source, 1:0"],
    ],
  },
  {
    what: "a materialized view that is stale",
    change:
      "update big set state = 'new' where id = 7; refresh materialized view summary; update big set state = 'state 1' where id = 7",
    found: [["summary", expect.anything(), expect.anything(), expect.anything()]],
  },
  {
    what: "a materialized view without its rows",
    change: "refresh materialized view summary with no data",
    found: [["summary", "populated_on_one_end"]],
  },
  { what: "a missing table", change: "drop table moods", found: [["moods", "only_on_source"]] },
  {
    what: "an extra table",
    change: `create table "Odd; name" (id int)`,
    found: [["Odd; name", "only_on_target"]],
  },
  {
    what: "a missing column",
    change: "alter table items drop column note",
    found: [["items", "note"]],
  },
  {
    what: "a sequence behind",
    change: "select setval('counter', 24)",
    found: [["counter", "behind"]],
  },
  {
    what: "a sequence ahead",
    change: "select nextval('counter')",
    found: [["counter", "ahead"]],
  },
  {
    what: "a sequence that will give out its last value again",
    change: "select setval('counter', 25, false)",
    found: [["counter", "behind"]],
  },
  {
    what: "a descending sequence behind",
    change: "select setval('down', -24)",
    found: [["down", "behind"]],
  },
  {
    what: "a sequence that was never used",
    change: "select nextval('never')",
    found: [["never", "ahead"]],
  },
  {
    what: "a missing sequence",
    change: "drop sequence never",
    found: [["never", "only_on_source"]],
  },
  {
    what: "a missing and an extra large object",
    change: "select lo_unlink(7001), lo_from_bytea(7003, 'x')",
    found: [
      ["large objects", 7001],
      ["large objects", 7003],
    ],
  },
  {
    what: "one byte of a large object",
    change: "select lo_put(7002, 5000, 'X')",
    found: [["large objects", 7002]],
  },
];

describe(`what is planted between PostgreSQL ${oldest.major} and ${newest.major}`, () => {
  let source: TestDatabase;
  beforeAll(async () => {
    source = await createDatabase(oldest, "compared");
    await source.execute(schema);
  });
  afterAll(() => source[Symbol.asyncDispose]());

  it("is nothing at first", async () => {
    await using target = await createDatabase(newest, "compared");
    await target.execute(schema);
    const comparison = await compare(source, target);
    expect(shortened(comparison)).toEqual([]);
    expect(comparison).toMatchObject({ same: true, tables: 10, sequences: 3, notCompared: [] });
    expect(comparison.largeObjects).toMatchObject({ source: 2, target: 2 });
    await expectNoSessions(source, target);
  });

  it.each(plants)("is found: $what", async ({ change, found }) => {
    await using target = await createDatabase(newest, "compared");
    await target.execute(schema);
    await target.execute(change);
    const comparison = await compare(source, target, { jobs: 2 });
    expect(shortened(comparison)).toEqual(found);
    expect(comparison.same).toBe(false);
  });
});

describe("on the command line", () => {
  it("is the same with exit code 0, and different with 6, in words and in JSON", async () => {
    await using source = await createDatabase(oldest, "compared");
    await using target = await createDatabase(newest, "compared");
    for (const end of [source, target]) await end.execute(schema);
    const args = ["compare", "data", source.uri, target.uri];
    const same = await runCli(args);
    expect(same.exitCode).toBe(0);
    expect(same.stdout).toMatch(
      /^The data is the same: 10 tables with [\d,]+ rows, 2 large objects, 3 sequences\s\(/m,
    );
    expect(same.stderr).toMatch(/^compare \(/m);

    await target.execute("delete from items where id = 4; select setval('counter', 20)");
    const different = await runCli(args);
    expect(different.exitCode).toBe(6);
    for (const line of [
      "public.items: 1 only on the source (10 rows on the source, 9 on the target)",
      "  only on the source  id = 4",
      "  public.counter: the target is behind, 20; the source is at 25",
    ])
      expect(different.stdout.split("\n")).toContain(line);

    const json = await runCli([...args, "--json"]);
    expect([json.exitCode, json.stderr]).toEqual([6, ""]);
    const lines = json.stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    const ofType = (type: string) => lines.filter((line) => line.type === type);
    expect(ofType("table_difference")).toMatchObject([{ name: "items", onlyOnSource: 1 }]);
    expect(ofType("sequence_difference")).toMatchObject([{ name: "counter", status: "behind" }]);
    expect(lines.at(-1)).toMatchObject({
      type: "data_comparison",
      same: false,
      tableDifferences: 1,
      sequenceDifferences: 1,
    });
    const quiet = await runCli([...args, "--quiet"]);
    expect(quiet).toEqual({ exitCode: 6, stdout: "", stderr: "" });
  });
});

it("of a table without a key, rows beyond the limit are counted as others are", async () => {
  await using source = await createDatabase(newest, "keyless");
  await using target = await createDatabase(oldest, "keyless");
  await source.execute("create table t as select i / 4 as n from generate_series(0, 199) i");
  await target.execute("create table t (n int)");
  const args = ["compare", "data", source.uri, target.uri, "--limit", "3"];
  const { stdout } = await runCli(args);
  expect(stdout.match(/row hash [0-9a-f]+: 4 on the source/g)).toHaveLength(3);
  expect(stdout).toContain("\n  and 188 more rows (--limit shows more)\n");
  const all = await runCli(["compare", "data", source.uri, target.uri, "--limit", "50"]);
  expect(all.stdout.match(/row hash/g)).toHaveLength(50);
  expect(all.stdout).not.toContain("more row");
});

describe("SHA-256, where the servers' own hash is not to be relied on,", () => {
  it.each(["own", "UTF8"] as const)(
    "is the same on both ends, and finds rows (%s bytes)",
    async (bytes) => {
      await using source = await createDatabase(oldest, "compared");
      await using target = await createDatabase(newest, "compared");
      for (const end of [source, target]) await end.execute(schema);
      await target.execute("update words set n = 0 where n = 4711");
      const signal = new AbortController().signal;
      const open = async ({ uri }: TestDatabase, side: "source" | "target") => {
        const endpoint = await parseEndpoint(uri, {}, side);
        if (endpoint.kind !== "server") throw new Error("not a running server");
        return await connect(endpoint, {
          side,
          purpose: "test",
          signal,
          settings: comparedSettings,
        });
      };
      await using here = await open(source, "source");
      await using there = await open(target, "target");
      const endTables = async (end: Connection) => ({
        tables: await readTables(end),
        keys: await readRowKeys(end),
      });
      const { pairs } = pairTables(await endTables(here), await endTables(there));
      const hashing = { hash: "sha256", bytes } as const;
      const options = { source: here, target: there, hashing, signal, limit: 5, showValues: false };
      const differing: string[] = [];
      for (const pair of pairs) {
        const compared = await compareRows(pair, options);
        for (const row of compared.differing?.rows ?? [])
          differing.push(`${pair.name} ${row.key[0]?.value} ${row.columns}`);
      }
      expect(differing).toEqual(["words b52340b4de4566b804c9880aa0b4af5f n"]);
      // These two agree on the faster one.
      expect(await chooseRowHashing(here, there)).toEqual({ hash: "server", bytes: "own" });
    },
  );
});

describe("what is told of differing rows", () => {
  it("is limited, and the rest counted", async () => {
    await using source = await createDatabase(newest, "compared");
    await using target = await createDatabase(newest, "compared");
    for (const end of [source, target]) await end.execute(schema);
    await target.execute("update big set state = 'other' where id % 3 = 0");
    const { tableDifferences } = await compare(source, target, { limit: 5 });
    const big = tableDifferences.find(({ name }) => name === "big");
    expect(big).toMatchObject({ differentRows: 6666, onlyOnSource: 0, onlyOnTarget: 0 });
    expect(big?.rows?.map(({ key }) => key[0]?.value)).toEqual(["21", "42", "63", "84", "105"]);
    expect(big?.unexamined).toBeUndefined();
  });

  it("says how much was not looked into where very many differ", async () => {
    await using source = await createDatabase(newest, "compared");
    await using target = await createDatabase(newest, "compared");
    for (const [end, word] of [
      [source, "one"],
      [target, "other"],
    ] as const) {
      await end.execute(
        `create table t (id int primary key, v text); insert into t select i, '${word}' from generate_series(1, 300000) i`,
      );
    }
    const [difference] = (await compare(source, target, { limit: 3 })).tableDifferences;
    expect(difference?.rows?.map(({ key }) => key[0]?.value)).toEqual(["1", "2", "3"]);
    expect(difference?.unexamined?.ranges).toBeGreaterThan(0);
    const { differentRows = 0, unexamined } = difference ?? {};
    expect(differentRows + (unexamined?.sourceRows ?? 0)).toBe(300_000);
  });

  it("has values only if asked", async () => {
    await using source = await createDatabase(oldest, "compared");
    await using target = await createDatabase(newest, "compared");
    for (const end of [source, target]) await end.execute(schema);
    await target.execute(
      "update items set note = null, name = 'secret' where id = 1; insert into no_key values (9, 'secret')",
    );
    const quiet = await compare(source, target);
    expect(JSON.stringify(quiet)).not.toContain("secret");
    const { tableDifferences } = await compare(source, target, { showValues: true });
    expect(tableDifferences.map(({ rows }) => rows?.[0]?.values)).toEqual([
      [
        { column: "name", source: "name 1", target: "secret" },
        { column: "note", source: "note 1", target: null },
      ],
      [
        { column: "a", target: "9" },
        { column: "b", target: "secret" },
      ],
    ]);
  });
});

describe("what is no difference", () => {
  it("time zones, other settings, the order of columns and rows, and how a table is divided", async () => {
    await using source = await createDatabase(oldest, "compared");
    await using target = await createDatabase(newest, "compared");
    await source.execute(`${schema};
      create table divided (id int primary key, at date) partition by range (id);
      create table divided_1 partition of divided for values from (0) to (100);
      create table divided_2 partition of divided for values from (100) to (1000);
      insert into divided select i, '2024-02-01' from generate_series(1, 500) i;
      create table plain (id int primary key, v text); insert into plain values (1, 'a'), (200, 'b');
      alter database ${source.name} set timezone = 'Asia/Tokyo'; alter database ${source.name} set datestyle = 'SQL, DMY';
      alter database ${source.name} set extra_float_digits = -5; alter database ${source.name} set bytea_output = 'escape'`);
    await target.execute(`${schema};
      create table divided (at date, id int) partition by list (at);
      create table divided_all partition of divided default;
      insert into divided select '2024-02-01', i from generate_series(500, 1, -1) i;
      create table plain (v text, id int primary key) partition by range (id);
      create table plain_1 partition of plain for values from (0) to (100);
      create table plain_2 partition of plain default;
      insert into plain values ('b', 200), ('a', 1);
      create table again as select * from big order by random(); truncate big; insert into big select * from again; drop table again;
      alter table words alter column n type bigint;
      alter database ${target.name} set timezone = 'America/New_York'`);
    expect(shortened(await compare(source, target))).toEqual([]);
  });

  it("the encoding; and text keys of two encodings are found and shown as they are", async () => {
    await using source = await createDatabase(oldest, "compared");
    const name = `${source.name}_latin1`;
    await source.execute(
      `create database ${name} template template0 encoding 'LATIN1' lc_collate 'C' lc_ctype 'C'`,
    );
    const table = `create table streets (name text primary key, n int);
      insert into streets select chr(192 + i % 60) || 'straße ' || i, i from generate_series(1, 3000) i`;
    await source.execute(table);
    try {
      const latin1 = { ...source, uri: source.server.uri(name) };
      const { default: pg } = await import("pg");
      const client = new pg.Client({ connectionString: latin1.uri });
      await client.connect();
      await client.query("set client_encoding = 'UTF8'");
      await client.query(table);
      expect(shortened(await compare(source, latin1))).toEqual([]);
      await client.query("delete from streets where n = 2000");
      await client.end();
      const key = String.fromCodePoint(192 + (2000 % 60));
      expect(shortened(await compare(source, latin1))).toEqual([
        ["streets", `only_on_source, name=${key}straße 2000`],
      ]);
    } finally {
      await source.execute(`drop database ${name}`);
    }
  });

  it("what a standby holds", async () => {
    const script = `create table public.t (id int primary key, v text); insert into public.t values (1, 'a'), (2, 'b');
      create unlogged table public.u (id int); create sequence public.s; select setval('public.s', 7)`;
    await using source = await createDatabase(server(18), "compared");
    await source.execute(script);
    await using standby = await startStandby(script);
    const comparison = await compareData({ source: source.uri, target: standby.uri() });
    expect(comparison).toMatchObject({ same: true, tables: 1, sequences: 1 });
    expect(comparison.notCompared).toEqual([
      {
        schema: "public",
        name: "u",
        reason: "unlogged: the target is a standby, and lacks its rows",
      },
    ]);
    const other = await compareData({ source: standby.uri(), target: source.uri });
    expect(other).toMatchObject({ same: true, tables: 1 });
  });
});

describe("a target in use", () => {
  it("is read as of one moment, and nobody has to wait for it", async () => {
    await using source = await createDatabase(newest, "compared");
    await using target = await createDatabase(newest, "compared");
    for (const end of [source, target]) await end.execute(schema);
    // A writer whose transaction is open: its rows don't count, and its lock is in nobody's way.
    await target.withClient(async (writer) => {
      await writer.query("begin; insert into items (id) values (99); update big set state = 'w'");
      expect(shortened(await compare(source, target))).toEqual([]);
      await writer.query("rollback");
    });
  });

  it("leaves nothing running when it is interrupted", async () => {
    await using source = await createDatabase(newest, "compared");
    await using target = await createDatabase(newest, "compared");
    // A few bytes each, and as text 131,000 digits: slow to compare.
    const slow = `create table slow (n numeric); insert into slow select 1e131000 from generate_series(1, 100000)`;
    for (const end of [source, target]) await end.execute(slow);
    const cli = startCli(["compare", "data", source.uri, target.uri]);
    await untilRunning(target, /"slow"/);
    cli.kill("SIGINT");
    const { exitCode, stderr } = await cli.ended;
    expect(exitCode).toBe(130);
    expect(stderr).toMatch(/^pgcopy: the comparison was interrupted$/m);
    await expectNoSessions(source, target);
  });
});

describe("refused before anything is compared", () => {
  it("tables that the role may not read, or not all rows of, each named", async () => {
    await using source = await createDatabase(newest, "compared");
    await using target = await createDatabase(newest, "compared");
    const role = `${target.name}_reader`;
    await source.execute("create table a (id int); create table b (id int)");
    await target.execute(`create table a (id int); create table b (id int);
      create role ${role} login password 'r'; grant select on a to ${role}`);
    try {
      const uri = target.uri.replace(/\/\/[^@]+@/, `//${role}:r@`);
      await expect(compareData({ source: source.uri, target: uri })).rejects.toMatchObject({
        code: "target_unfit",
        items: ["public.b"],
      });
      await target.execute(`grant select on b to ${role}; alter table b enable row level security`);
      await expect(compareData({ source: source.uri, target: uri })).rejects.toMatchObject({
        code: "target_unfit",
        message: expect.stringContaining("row security"),
        items: ["public.b"],
      });
    } finally {
      await target.execute(`drop owned by ${role}; drop role ${role}`);
    }
  });

  it("a database and itself; options that don't exist", async () => {
    await using source = await createDatabase(newest, "compared");
    const ends = { source: source.uri, target: source.uri };
    await expect(compareData(ends)).rejects.toMatchObject({ code: "target_unfit" });
    await expect(compareData({ ...ends, limits: 1 } as CompareDataOptions)).rejects.toMatchObject({
      code: "usage",
      message: "there is no option limits (did you mean limit?)",
    });
    await expect(compareData({ ...ends, limit: -1 })).rejects.toMatchObject({ code: "usage" });
  });
});
