/** DDL on the source that a snapshot does not cover: it must be noticed, never copied as no rows. */

import { expect, it } from "vitest";
import { clone, type PgCopyError } from "../src/index.js";
import { closeGates, createGatedSchema, WIDE_ROWS } from "./support/gated-schema.js";
import { createDatabase, server } from "./support/servers.js";

const refusal = (options: Parameters<typeof clone>[0]): Promise<PgCopyError> =>
  clone(options).then(
    () => {
      throw new Error("the clone should have failed");
    },
    (error: PgCopyError) => error,
  );

it("a table truncated after the snapshot was taken is refused before anything is changed", async () => {
  await using source = await createDatabase(server(16), "changes");
  await source.execute(
    "create table t (n int); insert into t values (1); create table other (n int);",
  );
  await using target = await createDatabase(server(16), "copy");
  await source.withClient(async (holder) => {
    await holder.query("begin isolation level repeatable read");
    const { rows } = await holder.query("select pg_export_snapshot() as id");
    await source.execute("truncate t");
    const error = await refusal({ source: source.uri, target: target.uri, snapshot: rows[0].id });
    expect(error.code).toBe("source_unfit");
    expect(error.message).toMatch(/no longer shows the rows of a table: truncated or rewritten/);
    expect(error.items).toEqual(["public.t"]);
  });
  expect(await target.query("select from pg_class where relname in ('t', 'other')")).toEqual([]);
});

it.each([
  ["truncate small_3", /COPY public\.small_3 failed: public\.small_3 was truncated or rewritten/],
  ["alter table small_3 alter column id type bigint", /small_3 was truncated or rewritten/],
  ["drop table small_3", /COPY public\.small_3 failed on source: .*small_3.*does not exist/],
  [
    "alter table small_3 rename to other",
    /COPY public\.small_3 failed on source: .*does not exist/,
  ],
  [
    "alter table small_3 drop column word",
    /COPY public\.small_3 failed on source: .*"word".*not exist/,
  ],
  [
    "drop table small_3; create table small_3 (id int, word text)",
    /small_3 was truncated or rewritten/,
  ],
])(
  "%s while another table is being copied ends the clone with that table's name",
  async (ddl, words) => {
    await using source = await createDatabase(server(16), "changes");
    await createGatedSchema(source);
    await using target = await createDatabase(server(16), "copy");
    await using gates = await closeGates(target, { row: String(WIDE_ROWS / 2) });
    const cloning = refusal({ source: source.uri, target: target.uri, jobs: 1 });
    await gates.untilReached();
    await source.execute(ddl);
    await gates.open();
    const error = await cloning;
    expect(error).toMatchObject({ code: "task_failed", side: "source", reason: "source_changed" });
    expect(error.message).toMatch(words);
    expect(error.advice).toMatch(/^start over, with nothing that (drops|truncates)/);
    const done = await target.query("select id from pgcopy_journal.task where id like 'copy:%'");
    expect(done.map(({ id }) => id)).not.toContain("copy:public.small_3");
  },
);

it("VACUUM FULL of a whole table keeps its rows, and is no failure", async () => {
  await using source = await createDatabase(server(16), "changes");
  await createGatedSchema(source);
  await using target = await createDatabase(server(16), "copy");
  await using gates = await closeGates(target, { row: String(WIDE_ROWS / 2) });
  const cloning = clone({ source: source.uri, target: target.uri, jobs: 1 });
  await gates.untilReached();
  await source.execute("vacuum full small_3");
  await gates.open();
  const report = await cloning;
  expect(report.tables.find(({ name }) => name === "small_3")?.rows).toBe(100);
});

it("a sequence that the role can't read is named before anything is changed", async () => {
  await using source = await createDatabase(server(16), "changes");
  const role = `${source.name}_reader`;
  await source.execute(`
    create table t (id serial);
    create role ${role} login password 'reader';
    grant select on t to ${role};`);
  await using target = await createDatabase(server(16), "copy");
  try {
    const uri = source.uri.replace(/\/\/[^@]*@/, `//${role}:reader@`);
    const error = await refusal({ source: uri, target: target.uri });
    expect(error.code).toBe("source_unfit");
    expect(error.items).toEqual(["public.t_id_seq"]);
  } finally {
    await source.execute(`drop owned by ${role}; drop role ${role}`);
  }
});
