/** `mask`: what arrives in place of a column, in every way that tables are copied, and what never leaves. */

import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { type CloneOptions, clone, PgCopyError, plan, type RunEvent } from "../src/index.js";
import {
  createDatabase,
  server,
  type TestDatabase,
  testMajors,
  uniqueName,
} from "./support/servers.js";
import { openProxy } from "./support/tcp-proxy.js";

const majors = testMajors.filter((major) => major !== 15);

async function refusal(options: CloneOptions): Promise<PgCopyError> {
  const error = await clone(options).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(PgCopyError);
  return error as PgCopyError;
}

async function values(database: TestDatabase, sql: string): Promise<unknown[]> {
  const rows = await database.query(sql);
  return rows.map((row) => Object.values(row)[0]);
}

/** Columns of many types, each to be masked by an expression that needs a cast, or none. */
const types = `
  create schema odd;
  create type odd.mood as enum ('sad', 'ok', 'happy');
  create domain odd.code as varchar(8) check (value <> '');
  create type odd.pair as (a int, b text);
  create table odd."Of Types" (
    id int primary key, "Text" text, limited varchar(10), padded char(5), flags bit(4), number numeric(8,2),
    small int2, big int8, real4 float4, mood odd.mood, moods odd.mood[], code odd.code, pair odd.pair, day date,
    at timestamptz(0), span interval(0), doc jsonb, plain json, names text[], bytes bytea, ip inet, uuid uuid, range int4range,
    letter "char", name name, ok bool, twice int generated always as (small * 2) stored
  );
  insert into odd."Of Types" select n, 's3cret', 's3cret', 'sec', '1111', 1.5, 7, 7, 7, 'sad', '{sad}', 's3cret', row(7, 's3cret')::odd.pair, '2001-01-01',
    '2001-01-01', '1 day', '{"s3cret": 1}', '{"s3cret": 1}', '{s3cret}', 's3cret', '10.0.0.7', '00000000-0000-0000-0000-000000000007', '[7,8)', 's', 's3cret', true
  from generate_series(1, 3) n`;

const masks = {
  'odd."Of Types"."Text"': "'m'",
  'odd."Of Types".limited': "'m' || id",
  'odd."Of Types".padded': "'m'",
  'odd."Of Types".flags': "B'0101'",
  'odd."Of Types".number': "id + 0.128",
  'odd."Of Types".small': "id",
  'odd."Of Types".big': "id * 2",
  'odd."Of Types".real4': "id / 3.0",
  'odd."Of Types".mood': "'happy'",
  'odd."Of Types".moods': "array[null, 'ok']::odd.mood[]",
  'odd."Of Types".code': "'c' || id",
  'odd."Of Types".pair': "row(id, 'm')",
  'odd."Of Types".day': "current_date",
  'odd."Of Types".at': "now()",
  'odd."Of Types".span': "interval '1.6 seconds'",
  'odd."Of Types".doc': "'{\"m\": 1}'",
  'odd."Of Types".plain': "json_build_object('m', id)",
  'odd."Of Types".names': "'{m}'",
  'odd."Of Types".bytes': "decode('00ff', 'hex')",
  'odd."Of Types".ip': "NULL -- nothing",
  'odd."Of Types".uuid': "md5(uuid::text)::uuid",
  'odd."Of Types".range': "int4range(id, id + 1)",
  'odd."Of Types".letter': "'x'",
  'odd."Of Types".name': "'n'",
  'odd."Of Types".ok': "false",
};

describe.each(majors)("PostgreSQL %i", (major) => {
  test.each(["auto", "text"] as const)("each type is masked, by %s format", async (copyFormat) => {
    await using source = await createDatabase(server(major), "mask");
    await source.execute(types);
    await using target = await createDatabase(server(major), "mask_copy");
    const { verification, tables } = await clone({
      source: source.uri,
      target: target.uri,
      mask: masks,
      copyFormat,
      verify: "checksum",
    });
    expect(verification?.mismatches).toEqual([]);
    expect(tables[0]?.masked?.length).toBe(Object.keys(masks).length);
    const [row] = await target.query(
      `select t::text as all, number::text as number, padded, span::text as span, twice, at = date_trunc('second', at) as whole from odd."Of Types" t where id = 2`,
    );
    expect(row?.all).not.toMatch(/s3cret|sec/);
    expect(row).toMatchObject({
      number: "2.13",
      padded: "m    ",
      span: "00:00:02",
      twice: 4,
      whole: true,
    });
  });

  test("a masked table of plain types is copied in binary, in parts, and by FREEZE", async () => {
    await using source = await createDatabase(server(major), "mask");
    await source.execute(`
      create table people (id int primary key, email text not null, filler text);
      insert into people select n, 's3cret' || n, repeat('x', 100) from generate_series(1, 20000) n`);
    for (const splitTablesLargerThan of [undefined, 512 * 1024]) {
      await using target = await createDatabase(server(major), "mask_copy");
      const report = await clone({
        source: source.uri,
        target: target.uri,
        mask: { "public.people.email": "md5(email)" },
        verify: "checksum",
        ...(splitTablesLargerThan === undefined ? {} : { splitTablesLargerThan }),
      });
      const [table] = report.tables;
      expect(table).toMatchObject({
        format: "binary",
        masked: ["email"],
        rows: 20_000,
        freeze: splitTablesLargerThan === undefined,
      });
      expect((table?.parts ?? 0) > 1).toBe(splitTablesLargerThan !== undefined);
      expect(
        await values(target, "select count(*)::int from people where email ~ '^[0-9a-f]{32}$'"),
      ).toEqual([20_000]);
    }
  });

  test("masked values never leave the source", { timeout: 120_000 }, async () => {
    await using source = await createDatabase(server(major), "mask");
    const small = Array.from(
      { length: 12 },
      (_, i) =>
        `create table small_${i} (id int primary key, note text); insert into small_${i} select n, 's3cret-' || n from generate_series(1, 5) n;`,
    );
    await source.execute(`
      create table people (id bigint primary key, email text unique, "SSN" int not null, filler text default repeat('x', 80));
      insert into people (id, email, "SSN") select 7770000000000 + n, 's3cret-' || n, 1936024434 + n from generate_series(1, 20000) n;
      create index on people ("SSN");
      create table heap_less (ssn bigint primary key, filler text);
      insert into heap_less select 8316293051463594000 + n, repeat('y', 100) from generate_series(1, 20000) n;
      create materialized view seen as select email from people where id < 7770000000010;
      ${small.join("\n")}
      analyze`);
    const mask = {
      "public.people.email": "'m' || id % 1000000",
      'public.people."SSN"': "id % 1000",
      "public.heap_less.ssn": "ssn % 1000000",
      ...Object.fromEntries(small.map((_, i) => [`public.small_${i}.note`, "'masked'"])),
    };
    await using proxy = await openProxy(source.server);
    let received: Buffer[] = [];
    proxy.onServerData = (chunk) => received.push(Buffer.from(chunk));
    /** The secret values as text, and as the binary form has them. */
    const secrets = [
      Buffer.from("s3cret"),
      // 's3cr' as a number: the first bytes of every SSN, in text and in binary.
      Buffer.from("193602"),
      Buffer.from([0x73, 0x65]),
      Buffer.from("83162930514"),
    ];
    const ssn = Buffer.alloc(4);
    ssn.writeInt32BE(1936024434 + 17);
    const big = Buffer.alloc(8);
    big.writeBigInt64BE(8316293051463594017n);
    secrets[2] = ssn;
    secrets.push(big);
    for (const copyFormat of ["auto", "text"] as const) {
      await using target = await createDatabase(server(major), "mask_copy");
      const options = {
        source: proxy.through(source.uri),
        target: target.uri,
        mask,
        copyFormat,
        splitTablesLargerThan: 512 * 1024,
        progressIntervalMs: 5,
        observer: () => {},
      };
      await plan(options);
      await clone({ ...options, verify: "checksum" });
      expect(
        await values(target, "select count(*)::int from people where email like 'm%'"),
      ).toEqual([20_000]);
      expect(
        await values(target, "select count(*)::int from seen where email like 's3cret%'"),
      ).toEqual([0]);
      const all = Buffer.concat(received);
      received = [];
      expect(all.length).toBeGreaterThan(2_000_000);
      expect(secrets.map((secret) => all.includes(secret))).toEqual(secrets.map(() => false));
    }
    // What is looked for is found where nothing is masked.
    await using target = await createDatabase(server(major), "mask_copy");
    for (const copyFormat of ["auto", "text"] as const)
      await clone({
        source: proxy.through(source.uri),
        target: target.uri,
        copyFormat,
        dropIfExists: true,
      });
    const all = Buffer.concat(received);
    expect(secrets.map((secret) => all.includes(secret))).toEqual(secrets.map(() => true));
  });

  test("an expression that fails on a value does not tell it, not even to the target", async () => {
    await using source = await createDatabase(server(major), "mask");
    await source.execute(`
      create table people (id int primary key, email text);
      insert into people values (1, '12'), (2, 's3cret-value');
      create table plain (note text);
      insert into plain values ('s3cret-value')`);
    for (const many of [false, true]) {
      if (many)
        for (let i = 0; i < 12; i++) await source.execute(`create table t_${i} as select 1 as a`);
      await using target = await createDatabase(server(major), "mask_copy");
      await using proxy = await openProxy(target.server);
      let sent = "";
      proxy.onClientData = (chunk) => {
        sent += chunk.toString("latin1");
      };
      const events: RunEvent[] = [];
      const error = await refusal({
        source: source.uri,
        target: proxy.through(target.uri),
        mask: { "public.people.email": "email::int::text" },
        where: { "public.plain": "false" },
        observer: (event) => events.push(event),
      });
      expect(error.code).toBe("task_failed");
      expect(error.message).toMatch(
        /^COPY public\.people failed on source: an expression failed \(SQLSTATE 22P02\); the message is kept back/,
      );
      expect(inspect([error, events], { depth: 20 })).not.toContain("s3cret");
      expect(sent).toContain("people");
      expect(sent).not.toContain("s3cret");
    }
  });

  test("values that the target refuses are told with the masked columns", async () => {
    await using source = await createDatabase(server(major), "mask");
    await source.execute(`
      create table people (id int primary key, email varchar(10) unique, name text not null);
      insert into people select n, 'e' || n, 'n' from generate_series(1, 3) n`);
    const failed = async (mask: Record<string, string>) => {
      await using target = await createDatabase(server(major), "mask_copy");
      return await refusal({ source: source.uri, target: target.uri, mask });
    };
    const twice = await failed({ "public.people.email": "'same'" });
    expect(twice.server?.sqlstate).toBe("23505");
    expect(twice.advice).toMatch(
      /^masked are public\.people \(email\): a mask must give each row of a unique column another value/,
    );
    const long = await failed({ "public.people.email": "md5(email)" });
    expect(long.server?.message).toContain("too long for type character varying(10)");
    expect(long.advice).toContain("masked are public.people (email)");
    const missing = await failed({ "public.people.name": "null" });
    expect(missing.server?.sqlstate).toBe("23502");
    // The server quotes the whole row, with columns that nobody masked.
    expect(inspect(missing, { depth: 9 })).not.toContain("Failing row");
  });

  test("keys are masked on both sides, or the check of the foreign keys says so", async () => {
    await using source = await createDatabase(server(major), "mask");
    await source.execute(`
      create table people (ssn char(9) primary key);
      create table cards (id int, ssn char(9) references people);
      insert into people select n::text from generate_series(1, 10) n;
      insert into cards select n, nullif(n, 10)::text from generate_series(1, 10) n`);
    await using target = await createDatabase(server(major), "mask_copy");
    const ends = { source: source.uri, target: target.uri } as const;
    const one = { "public.people.ssn": "left(md5(ssn), 9)" };
    const broken = await refusal({ ...ends, mask: one });
    expect(broken.code).toBe("source_unfit");
    expect(broken.items).toEqual([
      "public.cards cards_ssn_fkey, to public.people: 9 rows (masked: ssn)",
    ]);
    const random = { "public.people.ssn": "left(md5(random()::text), 9)" };
    expect((await refusal({ ...ends, mask: random })).message).toContain("a volatile mask");
    await clone({
      ...ends,
      mask: { ...one, "public.cards.ssn": "left(md5(ssn), 9)" },
      verify: "checksum",
    });
    expect(await values(target, "select count(*)::int from cards join people using (ssn)")).toEqual(
      [9],
    );
  });

  test("identity columns can be masked, by a role that may only read", async () => {
    await using source = await createDatabase(server(major), "mask");
    const reader = uniqueName("reader");
    await source.execute(`
      create role ${reader} login password 'p';
      create table people (id int generated always as identity primary key, name text);
      insert into people (name) select 's3cret' from generate_series(1, 5);
      grant select on people, people_id_seq to ${reader}`);
    await using target = await createDatabase(server(major), "mask_copy");
    const { host, port } = source.server;
    const report = await clone({
      source: `postgres://${reader}:p@${host}:${port}/${source.name}`,
      target: target.uri,
      mask: { "public.people.id": "id * 10", "public.people.name": "'n' || id" },
      noOwner: true,
      noAcl: true,
      verify: "checksum",
    }).finally(() => source.execute(`drop owned by ${reader}; drop role ${reader}`));
    expect(report.verification?.mismatches).toEqual([]);
    expect(await values(target, "select id || name from people order by id")).toEqual([
      "10n1",
      "20n2",
      "30n3",
      "40n4",
      "50n5",
    ]);
  });

  test("now() is the same moment in every session", async () => {
    await using source = await createDatabase(server(major), "mask");
    await source.execute(`
      create table a (id int primary key, at timestamptz, pad text);
      create table b (id int primary key, at timestamptz, pad text);
      insert into a select n, 'epoch', repeat('x', 100) from generate_series(1, 20000) n;
      insert into b select * from a`);
    await using target = await createDatabase(server(major), "mask_copy");
    await clone({
      source: source.uri,
      target: target.uri,
      mask: { "public.a.at": "now()", "public.b.at": "current_timestamp" },
      splitTablesLargerThan: 256 * 1024,
      verify: "checksum",
    });
    expect(
      await values(
        target,
        "select count(distinct at)::int from (select at from a union all select at from b) as b",
      ),
    ).toEqual([1]);
  });

  test("the check of the foreign keys and verification keep values back, too", async () => {
    await using source = await createDatabase(server(major), "mask");
    await source.execute(`
      create table people (id int primary key, email text);
      create table cards (person int references people);
      insert into people values (1, '12'), (2, 's3cret');
      insert into cards values (1), (2)`);
    await using target = await createDatabase(server(major), "mask_copy");
    const error = await refusal({
      source: source.uri,
      target: target.uri,
      mask: { "public.people.email": "'x'" },
      where: { "public.people": "email::int > 0" },
    });
    expect(error.code).toBe("source_unfit");
    expect(error.message).toContain("(SQLSTATE 22P02); the message is kept back");
    expect(inspect(error, { depth: 20 })).not.toContain("s3cret");
    expect(
      await values(target, "select count(*)::int from pg_tables where schemaname = 'public'"),
    ).toEqual([0]);
  });
});
