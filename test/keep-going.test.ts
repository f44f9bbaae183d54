/** --keep-going on real servers: one clone in which several things fail, and all else is there. */

import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  clone,
  compareData,
  compareSchema,
  type PgCopyError,
  type RunEvent,
} from "../src/index.js";
import { runCli } from "./support/cli.js";
import { createDatabase, server, sessionsOf, type TestDatabase } from "./support/servers.js";
import { textOf } from "./unit/html-structure.js";

let source: TestDatabase;

/** Twenty tables, so that without --keep-going they would be copied in batches. */
const small = Array.from(
  { length: 20 },
  (_, n) => `create table small_${n} (id int primary key);
  insert into small_${n} values (${n}); create index small_${n}_again on small_${n} (id);`,
);

/**
 * Three things that a source can hold and no restore can make again: a check by a function that finds
 * its table by the search_path, a unique index over a function that was changed after it was built, and
 * rows that came in while triggers were off.
 */
const broken = `
  create table countries (code text primary key);
  insert into countries values ('at'), ('de');
  create function is_country(text) returns boolean language sql as
    'select exists (select from countries where code = $1)';
  create table customers (id int generated always as identity primary key, country text,
    constraint known_country check (is_country(country)));
  insert into customers (country) select 'at' from generate_series(1, 50);
  create index customers_country on customers (country);
  create function short(text) returns text immutable language sql as 'select upper($1)';
  create table orders (id bigserial primary key, note text);
  insert into orders (note) select 'note ' || n from generate_series(1, 1000) n;
  create unique index orders_short on orders (short(note));
  create index orders_note on orders (note);
  create or replace function short(text) returns text immutable language sql as
    'select pg_catalog.left(pg_catalog.upper($1), 6)';
  create table items (id int primary key, order_id bigint not null,
    constraint items_order foreign key (order_id) references orders);
  alter table items disable trigger all;
  insert into items select n, n from generate_series(999, 1001) n;
  alter table items enable trigger all;
  create materialized view totals as select count(*) from orders;
  grant select on countries to public;
  create function watch() returns event_trigger language plpgsql as 'begin end';
  create event trigger watching on ddl_command_end execute function watch();`;

beforeAll(async () => {
  source = await createDatabase(server(16), "keep_going");
  await source.execute(`${broken} ${small.join(" ")}`);
});
afterAll(() => source[Symbol.asyncDispose]());

async function failing(
  target: TestDatabase,
  options: Partial<Parameters<typeof clone>[0]> = {},
): Promise<{ error: PgCopyError; events: RunEvent[] }> {
  const events: RunEvent[] = [];
  const error = await clone({
    source: source.uri,
    target: target.uri,
    pgDump: "bundled",
    keepGoing: true,
    observer: (event) => events.push(event),
    ...options,
  }).then(
    () => {
      throw new Error("the clone should have failed");
    },
    (thrown: PgCopyError) => thrown,
  );
  return { error, events };
}

const failed = [
  ["42P01", "COPY public.customers"],
  ["23503", "ADD FOREIGN KEY items_order to public.items"],
  ["23505", "CREATE UNIQUE INDEX public.orders_short"],
].sort();

describe("a clone in which three things fail", () => {
  test("names all of them and what was left out, and all else is there", async () => {
    await using target = await createDatabase(server(18), "keep_going");
    const { error, events } = await failing(target, { verify: "checksum" });

    expect(error).toMatchObject({
      code: "task_failed",
      message: "3 tasks failed; what needs one of them was left out; all else is done",
    });
    const found = error.failures.map(({ server, attempted }) => [server?.sqlstate, attempted]);
    expect(found.sort()).toEqual(failed);
    for (const [sqlstate, attempted] of failed)
      expect(error.items).toContainEqual(
        expect.stringMatching(new RegExp(`^${attempted} failed on target: .*SQLSTATE ${sqlstate}`)),
      );
    expect(error.items).toContainEqual(expect.stringMatching(/: Key \(order_id\)=\(1001\) is not/));
    const leftOut = error.items.find((item) => item.startsWith("left out, as COPY"));
    expect(leftOut).toContain("verify public.customers");
    expect(leftOut).toContain("customers_country");
    expect(error.advice).toMatch(
      /^event triggers and the properties of the database itself .*pgcopy_journal/,
    );

    const skipped = events.filter((event) => event.type === "task_skipped");
    expect(skipped.map(({ task }) => task.label)).toContain(
      "REFRESH MATERIALIZED VIEW public.totals",
    );
    for (const { because } of skipped)
      for (const { label } of because) expect(failed.map(([, label]) => label)).toContain(label);

    await expectAllElse(target);
    expect(await sessionsOf(source)).toEqual([]);
    expect(await sessionsOf(target)).toEqual([]);
  });

  test("is finished by a resume once the causes are gone", async () => {
    await using target = await createDatabase(server(18), "keep_going");
    await failing(target);
    await target.execute(`
      alter function is_country(text) set search_path = public;
      create or replace function short(text) returns text immutable language sql as 'select upper($1)';
      delete from items where order_id = 1001`);
    const events: RunEvent[] = [];
    const ends = { source: source.uri, target: target.uri };
    const resume = { ...ends, pgDump: "bundled", resume: true } as const;
    await expect(clone(resume)).rejects.toMatchObject({ code: "source_unfit" });
    await clone({ ...resume, notConsistent: true, observer: (event) => events.push(event) });
    const copied = events.filter(({ type }) => type === "task_started");
    const labels = copied.map((event) => (event.type === "task_started" ? event.task.label : ""));
    expect(labels.filter((label) => label.startsWith("COPY"))).toEqual(["COPY public.customers"]);
    expect(labels).toContain("set the sequences");
    expect(labels).not.toContain("grant privileges");
    const { tableDifferences, sequenceDifferences } = await compareData(ends);
    expect(tableDifferences.map(({ name }) => name)).toEqual(["items"]);
    expect(sequenceDifferences).toEqual([]);
    const { differences } = await compareSchema({ ...ends, pgDump: "bundled" });
    expect(differences.map(({ entry }) => entry).sort()).toEqual([
      "FUNCTION public.is_country(text)",
      "FUNCTION public.short(text)",
    ]);
  });

  test("stops at the first of them without keepGoing", async () => {
    await using target = await createDatabase(server(18), "keep_going");
    const { error, events } = await failing(target, { keepGoing: false });
    expect(error.failures).toEqual([]);
    expect(events.filter(({ type }) => type === "task_failed")).toHaveLength(1);
    expect(events.filter(({ type }) => type === "task_skipped")).toEqual([]);
  });

  test("can be stopped, and then says what had failed", async () => {
    await using target = await createDatabase(server(18), "keep_going");
    const controller = new AbortController();
    const { error } = await failing(target, {
      jobs: 1,
      signal: controller.signal,
      observer: (event) => {
        // Once it has failed, and others are about to begin.
        if (event.type === "task_failed") setImmediate(() => controller.abort());
      },
    });
    expect(error.code).toBe("interrupted");
    expect(error.failures.map(({ code }) => code)).toEqual(["task_failed", "interrupted"]);
    expect(error.items).toEqual([
      expect.stringMatching(/SQLSTATE/),
      expect.stringMatching(/^left out, as /),
    ]);
    expect(await sessionsOf(target)).toEqual([]);
  });

  test("is the same of a source that is only read", async () => {
    const { error } = await failing(source, {
      target: "null:",
      mask: { "public.items.id": "id / (id - 1000)", "public.countries.code": "(code::int)::text" },
    });
    expect(error.failures.map(({ attempted }) => attempted).sort()).toEqual([
      "COPY public.countries",
      "COPY public.items",
    ]);
    expect(error.advice).toBe("nothing was written anywhere");
    expect(error.items.join("\n")).toMatch(/\n {2}what to do: run the expression on the source/);
    expect(error.advice).not.toContain("event triggers");
  });
});

/** Only what failed and what needs it is missing; the journal stays, and nothing comes that comes last. */
async function expectAllElse(target: TestDatabase): Promise<void> {
  const ends = { source: source.uri, target: target.uri };
  const data = await compareData(ends);
  expect(data.tableDifferences.map(({ name }) => name).sort()).toEqual(["customers", "totals"]);
  expect(data.sequenceDifferences).toEqual([]);
  const schema = await compareSchema({ ...ends, pgDump: "bundled" });
  const missing = schema.differences.filter(({ status }) => status !== "only_on_target");
  expect(missing.map(({ entry }) => entry).sort()).toEqual([
    "ADD CONSTRAINT customers_pkey PRIMARY KEY",
    "ADD CONSTRAINT items_order FOREIGN KEY",
    "EVENT TRIGGER watching ON ddl_command_end",
    "INDEX customers_country ON public.customers",
    "UNIQUE INDEX orders_short ON public.orders",
  ]);
  const [journal] = await target.query("select count(*)::int as n from pgcopy_journal.task");
  expect(journal?.n).toBeGreaterThan(60);
}

describe("the command", () => {
  test("exits with 5 and lists everything; so do its events and its page", async () => {
    await using target = await createDatabase(server(18), "keep_going");
    const folder = await mkdtemp(join(tmpdir(), "pgcopy-keep-going-"));
    try {
      const file = join(folder, "run.html");
      const { exitCode, stdout } = await runCli([
        "clone",
        source.uri,
        target.uri,
        ...["--keep-going", "--json", "--pg-dump", "bundled", "--report", file],
      ]);
      expect(exitCode).toBe(5);
      const events = stdout
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line));
      const { type, failures, items } = events.at(-1);
      expect(type).toBe("error");
      expect(failures).toHaveLength(3);
      // Three failures, what to do about two of them, and what two of them left out.
      expect(items).toHaveLength(7);
      expect(events.filter((event) => event.goesOn === true)).toHaveLength(3);
      const text = textOf(await readFile(file, "utf8"));
      for (const words of ["Left out", "customers_country", ...failed.map(([, label]) => label)])
        expect(text).toContain(words);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test("says at once that it goes on, and at the end what failed", async () => {
    await using target = await createDatabase(server(18), "keep_going");
    const { exitCode, stderr } = await runCli([
      "clone",
      source.uri,
      target.uri,
      ...["--keep-going", "--pg-dump", "bundled"],
    ]);
    expect(exitCode).toBe(5);
    expect(stderr).toContain("COPY public.customers failed; going on with what doesn't need it\n");
    expect(stderr).toContain("\npgcopy: 3 tasks failed; what needs one of them was left out");
    expect(stderr).toMatch(/\n {4}CREATE UNIQUE INDEX public.orders_short failed on target: /);
    expect(stderr).toMatch(/\n {6}what to do: the source holds rows that refer to none/);
    expect(stderr).toMatch(/\n {2}what to do: event triggers and the properties/);
  });
});
