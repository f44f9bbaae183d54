/**
 * Large objects: that all of them arrive, by each way of reading them and for each kind of role; that
 * what would go wrong is named before anything is changed; and what a run leaves that ends midway.
 * The hard schema holds the odd ones (test/fixtures/hard/16-large-objects.sql).
 */

import { describe, expect, it } from "vitest";
import {
  type CloneOptions,
  clone,
  type LargeObjectAccess,
  type PgCopyError,
  plan,
  type RunEvent,
} from "../src/index.js";
import { largeObjectRows } from "../src/plan/large-object-rows.js";
import { expectSameData } from "./support/compare.js";
import { closeGates, GATE_LOCK } from "./support/gated-schema.js";
import { launchServer } from "./support/launch-servers.js";
import { objectsOf } from "./support/objects.js";
import {
  createDatabase,
  databaseOn,
  server,
  type TestDatabase,
  type TestMajor,
  testServer,
  uniqueName,
} from "./support/servers.js";
import { startStandby } from "./support/standby.js";
import { expectNoSessions } from "./support/waiting.js";

async function refusal(options: CloneOptions): Promise<PgCopyError> {
  const error: PgCopyError = await clone(options).then(
    () => expect.unreachable("the clone was not refused"),
    (thrown) => thrown,
  );
  expect(error.name, error.message).toBe("PgCopyError");
  return error;
}

/** Roles are the cluster's: made for one test, and gone after the databases that need them. */
async function withRoles(
  databases: readonly TestDatabase[],
  count: number,
  on: readonly TestDatabase[] = databases.slice(0, 1),
): Promise<AsyncDisposable & { readonly names: readonly string[] }> {
  const names = Array.from({ length: count }, (_, i) => uniqueName(`lo "${i}"`));
  const each = async (sql: (name: string) => string) => {
    for (const { server: host } of on)
      for (const name of names) await databaseOn(host, "postgres").execute(sql(quoted(name)));
  };
  await each((name) => `create role ${name} login password 'plain'`);
  return {
    names,
    [Symbol.asyncDispose]: async () => {
      for (const database of databases) await database[Symbol.asyncDispose]();
      await each((name) => `drop role ${name}`);
    },
  };
}

function quoted(name: string | undefined): string {
  return `"${(name ?? "").replaceAll('"', '""')}"`;
}

/** The database's URI with another role. */
function as(role: string | undefined, { uri }: TestDatabase): string {
  return uri.replace(/\/\/[^@]*@/, `//${encodeURIComponent(role ?? "")}:plain@`);
}

async function oidsOf(database: TestDatabase): Promise<number[]> {
  const rows = await database.query(
    "select oid::bigint::float8 as oid from pg_largeobject_metadata order by 1",
  );
  return rows.map(({ oid }) => oid);
}

/**
 * Of several pages, with a hole, empty, ended by lo_truncate at a page's border and within one, a
 * page that is empty in the middle, one whose last chunk is such a page; on whose OIDs tables rely.
 */
const variety = `
  select lo_create(70000);
  select lo_from_bytea(70001, 'short');
  select lo_from_bytea(70002, (select string_agg(decode(md5(i::text), 'hex'), '' order by i) from generate_series(1, 12000) i));
  select lo_put(lo_create(70003), 700000, 'after a hole'); select lo_put(70003, 5, 'before it');
  select lo_truncate(lo_open(lo_create(70004), 131072), 65536);
  select lo_truncate(lo_open(lo_from_bytea(70005, 'begun'), 131072), 131072);
  select lo_truncate(lo_open(lo_from_bytea(70006, 'begun'), 131072), 100001);
  select lo_truncate(lo_open(lo_from_bytea(70007, 'begun'), 131072), 65536); select lo_put(70007, n * 70000, ('piece ' || n)::bytea) from generate_series(3, 60) n;
  select lo_from_bytea(70008, decode(repeat('00', 70000), 'hex'));
  create table documents (id int primary key, content oid); insert into documents values (1, 70001);`;

/** 200 MB long with three pages: cut into parts, with next to nothing in them. */
const sparse = `
  select lo_from_bytea(80000, 'begin');
  select lo_put(80000, 80 * 1024 * 1024, 'middle');
  select lo_put(80000, 200 * 1024 * 1024 - 3, 'end');
  select lo_truncate(lo_open(lo_from_bytea(80001, 'of zeros'), 131072), 90 * 1024 * 1024);`;

describe.each<[TestMajor, TestMajor]>([
  [13, 18],
  [15, 15],
  [16, 13],
  [18, 16],
])("from PostgreSQL %i to %i", (from, to) => {
  it("all arrive, the large ones in parts", async () => {
    await using source = await createDatabase(server(from), "large");
    await source.execute(variety);
    await source.execute(sparse);
    await using target = await createDatabase(server(to), "large_copy");
    await target.execute("select lo_from_bytea(75000, 'the target''s own')");
    const events: RunEvent[] = [];
    const ends = { source: source.uri, target: target.uri, verify: "checksum" } as const;
    const planned = await plan(ends);
    expect(planned.largeObjects.count).toBe(11);
    const report = await clone({ ...ends, observer: (event) => events.push(event) });
    const own = "select lo_get(75000)::text as content, lo_unlink(75000)";
    expect((await target.query(own))[0]?.content).toBe(
      `\\x${Buffer.from("the target's own").toString("hex")}`,
    );
    await expectSameData(source.uri, target.uri);
    expect(report.largeObjects.count).toBe(11);
    expect(report.bytes).toBe((report.tables[0]?.bytes ?? 0) + report.largeObjects.bytes);
    // The holes have not travelled.
    expect(report.largeObjects.bytes).toBeLessThan(8 * 1024 * 1024);
    expect(report.verification).toMatchObject({ tables: 1, largeObjects: 11, mismatches: [] });
    const labels = events.flatMap((event) =>
      event.type === "task_finished" ? [event.task.label] : [],
    );
    expect(labels).toContain("COPY large objects 70000 to 80001");
    expect(labels).toContain("COPY large object 80000 (part 4 of 4)");
    expect(labels).toContain("COPY large object 80001 (part 2 of 2)");
    expect(planned.tasks.map(({ label }) => label).sort()).toEqual(labels.sort());
  });
});

it.each<[LargeObjectAccess]>([["chunks"], ["functions"], ["pages"]])(
  "a row without data is the last of its object, in whatever order they come: %s",
  async (access) => {
    await using source = await createDatabase(server(16), "large");
    await source.execute(variety);
    const rows = largeObjectRows(access, { by: "range", from: 70000, to: 70008, except: [] });
    const empty = await source.query(
      `select r.oid::int as oid from (${rows}) as r
       where length(r.data) = 0 or (r.oid = 70005 and r.position + length(r.data) = 131072)`,
    );
    // 70004 and 70005 end at a page's border; 70007 has such a page in its middle.
    expect(empty.map(({ oid }) => oid).sort()).toEqual([
      ...(access === "functions" ? [] : [70004]),
      70005,
    ]);
  },
);

describe("ownership", () => {
  it("of more objects than the target has lock slots for arrives", async () => {
    await using source = await createDatabase(server(18), "large");
    // A few hundred slots: on PostgreSQL 18 a GRANT takes one for each object, too.
    await using launched = await launchServer(18, {
      max_locks_per_transaction: "10",
      max_connections: "20",
      max_wal_senders: "2",
    });
    await using target = await createDatabase(testServer(launched.address), "large_copy");
    await using roles = await withRoles([source, target], 2, [source, target]);
    const [owner, reader] = roles.names.map(quoted);
    for (const first of [90001, 94001]) {
      const last = first + 3999;
      await source.execute(`
        set role ${owner};
        select lo_from_bytea(oid::oid, oid::text::bytea) from generate_series(${first}, ${last}) oid;
        reset role;
        do $$ begin for oid in ${first} .. ${last} loop
          execute format('grant select on large object %s to ${reader}', oid);
          execute format('comment on large object %s is %L', oid, 'the ' || oid);
        end loop; end $$`);
    }
    const report = await clone({ source: source.uri, target: target.uri, tableJobs: 1 });
    expect(report.largeObjects.count).toBe(8000);
    await expectSameData(source.uri, target.uri);
  });

  it("is left out with noOwner and noAcl, and each of them alone", async () => {
    await using source = await createDatabase(server(16), "large");
    await using target = await createDatabase(server(16), "large_copy");
    await using roles = await withRoles([source, target], 2);
    const [owner, reader] = roles.names.map(quoted);
    await source.execute(`
      set role ${owner}; select lo_from_bytea(90001, 'a'); reset role;
      grant select on large object 90001 to ${reader}; revoke update on large object 90001 from ${owner};`);
    const ends = { source: source.uri, target: target.uri, dropIfExists: true };
    const state = async () =>
      (
        await target.query(
          "select pg_get_userbyid(lomowner)::text as owner, lomacl::text as acl from pg_largeobject_metadata",
        )
      )[0];
    await clone({ ...ends, noOwner: true, noAcl: true });
    expect(await state()).toEqual({ owner: "postgres", acl: null });
    await clone({ ...ends, noOwner: true });
    expect((await state())?.owner).toBe("postgres");
    expect((await state())?.acl).toMatch(/^\{postgres=rw\/postgres,".*=r\/postgres"\}$/);
    await clone({ ...ends, noAcl: true });
    expect(await state()).toEqual({ owner: roles.names[0], acl: null });
  });

  it("needs the roles, which are named before anything is changed", async () => {
    await using source = await createDatabase(server(16), "large");
    await using target = await createDatabase(server(18), "large_copy");
    await using roles = await withRoles([source, target], 3);
    const [owner, reader, unused] = roles.names;
    await source.execute(`
      set role ${quoted(owner)}; select lo_create(90001); select lo_create(90002); reset role;
      grant select on large object 90001 to ${quoted(reader)} with grant option;
      set role ${quoted(reader)}; grant select on large object 90001 to ${quoted(unused)}; reset role;`);
    const ends = { source: source.uri, target: target.uri };
    const missing = [
      `${owner} (owner of 2 objects)`,
      `${reader} (named in 1 grant)`,
      `${unused} (named in 1 grant)`,
    ].sort();
    expect(await refusal(ends)).toMatchObject({ code: "target_unfit", items: missing });
    expect((await plan(ends)).refusals).toEqual([
      `the target lacks 3 roles that the source's objects need: ${missing.join(", ")}`,
    ]);
    expect(await objectsOf(target)).toEqual([]);
    await clone({ ...ends, noOwner: true, noAcl: true });
    expect(await oidsOf(target)).toEqual([90001, 90002]);
  });

  it("does not come from the default privileges of PostgreSQL 18, which are younger", async () => {
    await using source = await createDatabase(server(18), "large");
    await using target = await createDatabase(server(18), "large_copy");
    await using roles = await withRoles([source, target], 1);
    await source.execute(`
      select lo_from_bytea(90001, 'older');
      alter default privileges grant select on large objects to ${quoted(roles.names[0])};
      select lo_from_bytea(90002, 'younger');`);
    await clone({ source: source.uri, target: target.uri });
    await expectSameData(source.uri, target.uri);
  });

  it("of security labels is asked of their provider, and a missing one named", async () => {
    await using source = await createDatabase(server(16), "large");
    await using target = await createDatabase(server(16), "large_copy");
    await source.execute(`
      select lo_create(90001);
      insert into pg_seclabel values (90001, 'pg_largeobject'::regclass, 0, 'a provider', 'its; ''label''');`);
    const error = await refusal({ source: source.uri, target: target.uri });
    expect(error.message).toBe(
      'security label of large object 90001 failed on target: security label provider "a provider" is not loaded (SQLSTATE 22023)',
    );
    expect(await oidsOf(target)).toEqual([]);
  });
});

describe("a source's role that is no superuser", () => {
  it("is told what it may not read; what it may is copied", async () => {
    await using source = await createDatabase(server(16), "large");
    await source.execute(variety);
    await source.execute(sparse);
    await using target = await createDatabase(server(16), "large_copy");
    await using roles = await withRoles([source, target], 2);
    const [reader, owner] = roles.names;
    await source.execute(`
      grant select on documents to public;
      grant select on large object 70000, 70001, 70002, 70003, 70004, 70005, 70006, 70007 to ${quoted(reader)};
      grant select on large object 70008, 80000 to public;
      alter large object 80001 owner to ${quoted(owner)};`);
    const ends = { source: as(reader, source), target: target.uri };
    expect(await refusal(ends)).toMatchObject({
      code: "source_unfit",
      message: "the source's role may not read a large object",
      items: ["large object 80001"],
      advice: expect.stringMatching(/grant select on large object .*--skip-large-objects/),
    });
    await expect(plan(ends)).rejects.toMatchObject({ code: "source_unfit" });
    expect(await objectsOf(target)).toEqual([]);

    const without = await clone({ ...ends, skipLargeObjects: true });
    expect(without.largeObjects).toEqual({ count: 0, bytes: 0, durationMs: 0 });
    expect(await oidsOf(target)).toEqual([]);

    await source.execute(`grant ${quoted(owner)} to ${quoted(reader)}`);
    const report = await clone({ ...ends, dropIfExists: true, verify: "checksum" });
    await expectSameData(source.uri, target.uri);
    expect(report.verification).toMatchObject({ largeObjects: 11 });
    expect(report.largeObjects.bytes).toBeLessThan(8 * 1024 * 1024);
  });

  it("reads the pages where it may read all of them, and open none", async () => {
    await using source = await createDatabase(server(15), "large");
    await source.execute(variety);
    await source.execute(sparse);
    await using target = await createDatabase(server(18), "large_copy");
    await using roles = await withRoles([source, target], 1);
    const [reader] = roles.names;
    await source.execute(`grant pg_read_all_data to ${quoted(reader)}`);
    await clone({ source: as(reader, source), target: target.uri, verify: "checksum" });
    await expectSameData(source.uri, target.uri);
  });

  it("needs no privileges where lo_compat_privileges is on", async () => {
    await using source = await createDatabase(server(13), "large");
    await source.execute(variety);
    await source.execute(`
      grant select on documents to public;
      alter database ${source.name} set lo_compat_privileges to on`);
    await using target = await createDatabase(server(13), "large_copy");
    await using roles = await withRoles([source, target], 1);
    await clone({ source: as(roles.names[0], source), target: target.uri, verify: "checksum" });
    await expectSameData(source.uri, target.uri);
  });
});

it("a standby can be the source, also for a role that is no superuser", async () => {
  await using standby = await startStandby(`
    set search_path to public; ${variety}
    create role reader login; grant select on documents to public;
    grant select on large object 70000, 70001, 70002, 70003, 70004, 70005, 70006, 70007, 70008 to public;`);
  await using target = await createDatabase(server(18), "large_copy");
  for (const user of ["postgres", "reader"]) {
    const source = standby.uri().replace("//postgres@", `//${user}@`);
    await clone({ source, target: target.uri, dropIfExists: true, verify: "checksum" });
    await expectSameData(standby.uri(), target.uri);
  }
});

describe("a target's role that is no superuser", () => {
  it("makes all of them its own, with noOwner", async () => {
    await using source = await createDatabase(server(16), "large");
    await source.execute(variety);
    await source.execute(sparse);
    await using target = await createDatabase(server(15), "large_copy");
    await using roles = await withRoles([target, source], 1);
    const [plain] = roles.names;
    await target.execute(`alter database ${target.name} owner to ${quoted(plain)}`);
    const ends = { source: source.uri, target: as(plain, target), noOwner: true, noAcl: true };
    await clone({ ...ends, verify: "checksum" });
    await target.execute(`
      reassign owned by ${quoted(plain)} to postgres;
      alter database ${target.name} owner to ${quoted(plain)}; grant all on schema public to public`);
    await expectSameData(source.uri, target.uri);
    // Now they are another's: not to be replaced.
    const error = await refusal({ ...ends, dropIfExists: true });
    expect(error).toMatchObject({
      code: "target_unfit",
      message: "the target's role may not replace large objects of others",
    });
    expect(error.items).toContain("large object 70000");
    await expectSameData(source.uri, target.uri);
  });

  it.each<[TestMajor]>([[15], [16]])(
    "gives them to roles that it is a member of, on PostgreSQL %i",
    async (major) => {
      await using source = await createDatabase(server(major), "large");
      await using target = await createDatabase(server(major), "large_copy");
      await using roles = await withRoles([target, source], 3);
      const [plain, owner, reader] = roles.names.map(quoted);
      await source.execute(`
        set role ${owner}; select lo_from_bytea(90001, 'a'); grant select on large object 90001 to ${reader};
        select lo_from_bytea(90002, 'b'); revoke update on large object 90002 from ${owner}; comment on large object 90002 is 'b';`);
      await target.execute(`alter database ${target.name} owner to ${plain}`);
      const ends = { source: source.uri, target: as(roles.names[0], target) };
      const refused = {
        code: "target_unfit",
        message: "the target's role may not give objects to a role that owns them on the source",
        items: [roles.names[1]],
      };
      expect(await refusal(ends)).toMatchObject(refused);
      await target.execute(`grant ${owner} to ${plain}; alter role ${plain} noinherit`);
      if (major >= 16) await target.execute(`grant ${owner} to ${plain} with inherit false`);
      expect(await refusal(ends)).toMatchObject(refused);
      await target.execute(`alter role ${plain} inherit`);
      if (major >= 16) await target.execute(`grant ${owner} to ${plain} with inherit true`);
      await clone({ ...ends, verify: "checksum" });
      await expectSameData(source.uri, target.uri);
    },
  );
});

describe("a large object whose OID is taken on the target", () => {
  it("is named, and replaced with dropIfExists; others stay", async () => {
    await using source = await createDatabase(server(16), "large");
    await source.execute(variety);
    await using target = await createDatabase(server(16), "large_copy");
    await target.execute(
      "select lo_from_bytea(70001, 'other'), lo_create(70008), lo_create(69999), lo_create(70100); create table documents ()",
    );
    const ends = { source: source.uri, target: target.uri };
    const items = ["table public.documents", "large object 70001", "large object 70008"];
    const before = [await objectsOf(target), await oidsOf(target)];
    expect(await refusal(ends)).toMatchObject({
      code: "target_unfit",
      message: "the target already has 3 objects that the clone would create",
      items,
    });
    expect((await plan(ends)).conflicts).toEqual(items);
    expect([await objectsOf(target), await oidsOf(target)]).toEqual(before);
    await clone({ ...ends, dropIfExists: true, verify: "count" });
    await target.execute("select lo_unlink(69999), lo_unlink(70100)");
    await expectSameData(source.uri, target.uri);
  });

  it("is one of so many that not all are named", async () => {
    await using source = await createDatabase(server(18), "large");
    await source.execute("select lo_create(oid::oid) from generate_series(90001, 90800) oid");
    await using target = await createDatabase(server(18), "large_copy");
    const ends = { source: source.uri, target: target.uri };
    await clone(ends);
    const error = await refusal(ends);
    expect(error.items).toHaveLength(101);
    expect(error.items.at(-1)).toBe("and 700 more large objects");
    await clone({ ...ends, dropIfExists: true });
    await expectSameData(source.uri, target.uri);
  });
});

/**
 * A trigger of the target's own, before the one that stores each piece of a large object: an event
 * trigger makes it as soon as there is something to make it on.
 */
async function interfere(target: TestDatabase, body: string): Promise<void> {
  await target.execute(`
    create function public.interfering() returns trigger language plpgsql as $do$ begin ${body}; return new; end $do$;
    create function public.join_in() returns event_trigger language plpgsql as $do$ begin
      if not exists (select from pg_catalog.pg_trigger where tgname = 'before_all') then
        create trigger before_all instead of insert on pgcopy_journal.large_object_data
          for each row execute function public.interfering();
      end if;
    end $do$;
    create event trigger joining_in on ddl_command_end when tag in ('CREATE TRIGGER') execute function public.join_in();`);
}

/** Takes the interfering trigger's functions away. */
const leaveAlone =
  "drop event trigger joining_in; drop function public.join_in(); drop function public.interfering() cascade";

describe("a run that ends midway", () => {
  it("by an error leaves what is done, in the journal", async () => {
    await using source = await createDatabase(server(16), "large");
    await source.execute(variety);
    await source.execute(
      "select lo_from_bytea(oid::oid, 'x') from generate_series(90001, 93000) oid",
    );
    await using target = await createDatabase(server(16), "large_copy");
    await interfere(target, "if new.oid = 92500 then raise exception 'the disk is full'; end if");
    const ends = { source: source.uri, target: target.uri, tableJobs: 1 };
    const error = await refusal(ends);
    expect(error).toMatchObject({ code: "task_failed", side: "target" });
    expect(error.message).toMatch(
      /^COPY large objects 9\d+ to 9\d+ failed on target: the disk is full \(SQLSTATE P0001\)$/,
    );
    const recorded = await target.query(
      "select id, label from pgcopy_journal.task where kind = 'large_objects' order by finished_at",
    );
    const arrived = await oidsOf(target);
    // Each object is of a task that is recorded, and whole; the failed task's are not there.
    const ranges = recorded.flatMap(({ label }) => {
      const match = /^COPY large objects (\d+) to (\d+)$/.exec(label);
      return match === null ? [] : [[Number(match[1]), Number(match[2])] as const];
    });
    expect(ranges.length).toBeGreaterThan(0);
    const wanted = (await oidsOf(source)).filter((oid) =>
      ranges.some(([from = 0, to = 0]) => oid >= from && oid <= to),
    );
    expect(arrived).toEqual(wanted);
    expect(arrived).not.toContain(92500);
    await expectNoSessions(source, target);
    await target.execute(leaveAlone);
    await clone({ ...ends, dropIfExists: true });
    await expectSameData(source.uri, target.uri);
  });

  it("by a privilege that the target's role lacks says so", async () => {
    await using source = await createDatabase(server(18), "large");
    await source.execute(variety);
    await using target = await createDatabase(server(18), "large_copy");
    await using roles = await withRoles([target, source], 1);
    const [plain] = roles.names;
    await target.execute(`
      alter database ${target.name} owner to ${quoted(plain)};
      revoke execute on function lo_put(oid, bigint, bytea) from public`);
    const error = await refusal({
      source: source.uri,
      target: as(plain, target),
      noOwner: true,
      noAcl: true,
    });
    expect(error.message).toBe(
      "COPY large objects 70000 to 70008 failed on target: permission denied for function lo_put (SQLSTATE 42501)",
    );
    expect(await oidsOf(target)).toEqual([]);
  });

  it("by an interruption is cancelled on the server, and can be started over", async () => {
    await using source = await createDatabase(server(16), "large");
    await source.execute(variety);
    await source.execute(sparse);
    await using target = await createDatabase(server(16), "large_copy");
    await interfere(
      target,
      `if new.oid = 80000 then perform pg_catalog.pg_advisory_lock_shared(${GATE_LOCK}); end if`,
    );
    await using gates = await closeGates(target, {});
    const controller = new AbortController();
    const ends = { source: source.uri, target: target.uri };
    const running = refusal({ ...ends, signal: controller.signal });
    await gates.untilReached();
    controller.abort();
    const error = await running;
    expect(error.code).toBe("interrupted");
    expect(error.message).toMatch(/was interrupted$/);
    expect(error.advice).toMatch(/go on with .*--resume/i);
    await expectNoSessions(source, target);
    await gates[Symbol.asyncDispose]();
    await target.execute(leaveAlone);
    await clone({ ...ends, dropIfExists: true, verify: "checksum" });
    await expectSameData(source.uri, target.uri);
  });
});

describe("verification", () => {
  it("names each object that differs, and how", async () => {
    await using source = await createDatabase(server(16), "large");
    await source.execute(variety);
    await using target = await createDatabase(server(16), "large_copy");
    await interfere(
      target,
      `if new.oid = 70001 then new.data := 'shorT';
       elsif new.oid = 70002 then new.data := pg_catalog.substr(new.data, 1, 100);
       elsif new.oid = 70003 then new."position" := 7; end if`,
    );
    const ends = { source: source.uri, target: target.uri };
    const error = await refusal({ ...ends, verify: "checksum" });
    expect(error).toMatchObject({
      code: "verification_failed",
      message: "verification failed: 3 large objects differ between source and target",
      items: [
        "large object 70001: 5 bytes on both ends, different contents",
        "large object 70002: 192000 bytes on the source, 131172 on the target",
        "large object 70003: 700012 bytes on the source, 1651 on the target",
      ],
    });
    // Counting does not look inside.
    await clone({ ...ends, dropIfExists: true, verify: "count" });
  });
});
