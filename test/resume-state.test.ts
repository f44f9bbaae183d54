/** What a run that died has left in another state than a run that goes through ever sees: `--resume` ends as that does. */

import { expect, test } from "vitest";
import { type CloneReport, clone, type PgCopyError } from "../src/index.js";
import { runCli } from "./support/cli.js";
import { expectSameDatabase } from "./support/compare.js";
import { createDatabase, server, type TestDatabase } from "./support/servers.js";

/** A clone that fails at a failpoint. */
async function failedClone(
  source: TestDatabase,
  target: TestDatabase,
  failpoint: string,
  ...flags: readonly string[]
): Promise<void> {
  const cli = await runCli(["clone", source.uri, target.uri, "--quiet", ...flags], {
    PGCOPY_FAILPOINTS: `${failpoint.replace(/(@.*)?$/, "=error$1")}`,
  });
  expect(cli.stderr).toContain(`failpoint ${failpoint.replace(/@.*/, "")}`);
}

async function resume(source: TestDatabase, target: TestDatabase): Promise<CloneReport> {
  return await clone({ source: source.uri, target: target.uri, resume: true });
}

test("views are refreshed in the source's time zone where the dead run created the database", async () => {
  await using source = await createDatabase(server(16), "state_zone");
  await source.execute(`alter database ${source.name} set timezone = 'Asia/Tokyo'`);
  await source.execute(`create table t (n int primary key); insert into t values (1);
    create materialized view noon as select '2024-01-01 12:00+00'::timestamptz::text as noon from t`);
  await using target = await createDatabase(server(16), "state_zone_target");
  await source.execute(`drop database ${target.name}`);
  await failedClone(source, target, "refresh.before-commit");
  await resume(source, target);
  const noon = [{ noon: "2024-01-01 21:00:00+09" }];
  expect(await source.query("select noon from noon")).toEqual(noon);
  expect(await target.query("select noon from noon")).toEqual(noon);
});

test("the journal goes with the last of many event triggers, not with the first", async () => {
  await using source = await createDatabase(server(16), "state_finish");
  await source.execute(`
    create function seen() returns event_trigger language plpgsql as 'begin end';
    do $$ begin for i in 1..80 loop
      execute format('create event trigger on_%s on ddl_command_start when tag in (%L) execute function public.seen()', i, 'DROP OPERATOR');
      execute format('comment on event trigger on_%s is %L', i, i);
    end loop; end $$`);
  await using target = await createDatabase(server(16), "state_finish_target");
  await failedClone(source, target, "finish.after-commit");
  await expectSameDatabase(source.uri, target.uri);
});

test("rows of two moments stay so, however often the run is resumed", async () => {
  await using source = await createDatabase(server(16), "state_moments");
  await source.execute(`create table a (n int primary key); insert into a values (1);
    create table b (n int primary key); insert into b values (1)`);
  await using target = await createDatabase(server(16), "state_moments_target");
  await failedClone(source, target, "copy.before-commit@2", "--jobs", "1");
  await source.execute("insert into a values (2); insert into b values (2)");
  await failedClone(source, target, "finish.begin", "--resume", "--not-consistent");
  await failedClone(source, target, "finish.begin", "--resume");
  const { resumed, warnings } = await resume(source, target);
  expect(resumed).toMatchObject({ attempts: 4, consistent: false });
  expect(warnings).toEqual(["the rows that are there are not all of one moment"]);
});

test("an unlogged table that a crash of the target emptied is copied again", async () => {
  await using source = await createDatabase(server(16), "state_unlogged");
  await source.execute(`create unlogged table brief (n int primary key);
    insert into brief select generate_series(1, 10)`);
  await using target = await createDatabase(server(16), "state_unlogged_target");
  await source.withClient(async (client) => {
    await client.query("begin isolation level repeatable read");
    const { rows } = await client.query("select pg_export_snapshot() as id");
    await failedClone(source, target, "finish.begin", "--snapshot", rows[0].id);
    await target.execute("truncate brief");
    await resume(source, target);
  });
  await expectSameDatabase(source.uri, target.uri);
});

test("but not where its triggers would fire once more, or a foreign key is in the way", async () => {
  await using source = await createDatabase(server(16), "state_triggers");
  await source.execute(`
    create unlogged table mother (id int primary key);
    create unlogged table child (id int references mother);
    create unlogged table noted (id int);
    create table notes (id int);
    create function note() returns trigger language plpgsql as
      'begin insert into public.notes values (new.id); return new; end';
    insert into mother values (1); insert into child values (1); insert into noted values (1);
    create trigger note after insert on noted for each row execute function note()`);
  await using target = await createDatabase(server(16), "state_triggers_target");
  await failedClone(source, target, "finish.begin");
  await target.execute("truncate mother, child, noted");
  const error: PgCopyError = await resume(source, target).then(
    () => expect.unreachable("it was not refused"),
    (thrown) => thrown,
  );
  expect(error).toMatchObject({ code: "target_unfit" });
  expect([...error.items].sort()).toEqual(["public.child", "public.mother", "public.noted"]);
  expect(error.advice).toContain("--restart");
  await clone({ source: source.uri, target: target.uri, restart: true });
  await expectSameDatabase(source.uri, target.uri);
});

test("sequences are set again, as a crash of the target has unlogged ones begin anew", async () => {
  await using source = await createDatabase(server(16), "state_sequence");
  await source.execute("create unlogged sequence counted; select setval('counted', 42)");
  await using target = await createDatabase(server(16), "state_sequence_target");
  await failedClone(source, target, "finish.begin");
  await target.execute("alter sequence counted restart");
  await resume(source, target);
  await expectSameDatabase(source.uri, target.uri);
});

test("starting over leaves the target's own large objects, between those of the source", async () => {
  await using source = await createDatabase(server(16), "state_objects");
  await source.execute("select lo_from_bytea(20000, 'a'), lo_from_bytea(20010, 'b')");
  await using target = await createDatabase(server(16), "state_objects_target");
  await target.execute("select lo_from_bytea(20005, 'own')");
  await failedClone(source, target, "finish.begin");
  await clone({ source: source.uri, target: target.uri, restart: true });
  const rows = await target.query("select convert_from(lo_get(20005), 'UTF8') as own");
  expect(rows).toEqual([{ own: "own" }]);
});
