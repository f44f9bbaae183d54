/**
 * Going on after a run was killed: `--resume` does what is missing and nothing twice, and the target is
 * then the source, schema and data; without the snapshot of the first rows it refuses.
 */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type CloneOptions, clone, type PgCopyError, type RunEvent } from "../src/index.js";
import { runCli, startCli } from "./support/cli.js";
import { expectSameDatabase } from "./support/compare.js";
import { closeGates, createGatedSchema, type Gate } from "./support/gated-schema.js";
import {
  createDatabase,
  databaseOn,
  dropDatabase,
  server,
  type TestDatabase,
  uniqueName,
} from "./support/servers.js";
import { expectNoSessions, until } from "./support/waiting.js";

let source: TestDatabase;

beforeAll(async () => {
  source = await createDatabase(server(16), "resume");
  await createGatedSchema(source);
});

afterAll(async () => {
  await source[Symbol.asyncDispose]();
});

/** Kills a clone where it stands before a gate of the target, with SIGKILL: it can't say a word. */
async function killedClone(
  target: TestDatabase,
  gate: Partial<Record<Gate, string>>,
  flags: readonly string[] = [],
  finished: readonly string[] = [],
): Promise<void> {
  await using gates = await closeGates(target, gate);
  const running = startCli(["clone", source.uri, target.uri, "--json", "--jobs", "2", ...flags]);
  await gates.untilReached();
  for (const id of finished) {
    await until(`${id} is recorded`, async () => (await finishedTasks(target)).includes(id));
  }
  running.kill("SIGKILL");
  await running.ended;
  await gates.open();
  await expectNoSessions(source, target);
}

/** A session that holds a snapshot of the source for as long as the test wants. */
async function withHeldSnapshot(use: (id: string) => Promise<void>): Promise<void> {
  await source.withClient(async (client) => {
    await client.query("begin isolation level repeatable read");
    const { rows } = await client.query("select pg_export_snapshot() as id");
    await use(rows[0].id);
    await client.query("commit");
  });
}

async function resume(
  target: TestDatabase,
  options: Partial<CloneOptions> = {},
): Promise<{ events: RunEvent[]; started: string[] }> {
  const events: RunEvent[] = [];
  await clone({
    source: source.uri,
    target: target.uri,
    resume: true,
    observer: (event) => events.push(event),
    ...options,
  });
  const started = events.flatMap((event) => (event.type === "task_started" ? event.task.id : []));
  return { events, started };
}

async function refusal(target: TestDatabase, options: Partial<CloneOptions>): Promise<PgCopyError> {
  return await clone({ source: source.uri, target: target.uri, ...options }).then(
    () => expect.unreachable("it was not refused"),
    (error) => error,
  );
}

async function finishedTasks(target: TestDatabase): Promise<string[]> {
  const rows = await target.query<{ id: string }>("select id from pgcopy_journal.task");
  return rows.map(({ id }) => id);
}

async function journalIsGone(target: TestDatabase): Promise<void> {
  const rows = await target.query("select from pg_namespace where nspname = 'pgcopy_journal'");
  expect(rows).toEqual([]);
}

describe("a run that was killed, whose snapshot somebody still holds", () => {
  test.each([
    ["in a COPY", { row: "100" }],
    ["in an index build", { index: "closed" }],
  ] as const)("%s goes on where it was, and does nothing twice", async (_where, gate) => {
    await using target = await createDatabase(server(16), "resume_held");
    await withHeldSnapshot(async (id) => {
      await killedClone(target, gate, ["--snapshot", id]);
      const before = await finishedTasks(target);
      expect(before).toContain("pre-data");
      const { started, events } = await resume(target, { snapshot: id });
      expect(started.filter((task) => before.includes(task))).toEqual([]);
      expect(events).toContainEqual(
        expect.objectContaining({
          type: "resumed",
          tasksBefore: before.length,
          consistent: true,
        }),
      );
    });
    await expectSameDatabase(source.uri, target.uri);
    await journalIsGone(target);
  });

  test("reads what was there at first, whatever was written since", async () => {
    await using target = await createDatabase(server(16), "resume_written");
    await using same = await createDatabase(server(16), "resume_same");
    await withHeldSnapshot(async (id) => {
      await clone({ source: source.uri, target: same.uri, snapshot: id });
      await killedClone(target, { row: "100" }, ["--snapshot", id]);
      await source.execute("insert into small_1 values (101, 'late'); update wide set id = -id");
      try {
        await resume(target);
      } finally {
        await source.execute("delete from small_1 where id = 101; update wide set id = -id");
      }
    });
    await expectSameDatabase(same.uri, target.uri);
  });

  test("says what it is doing, and what was done", async () => {
    await using target = await createDatabase(server(16), "resume_words");
    await withHeldSnapshot(async (id) => {
      await killedClone(target, { row: "100" }, ["--snapshot", id]);
      const { exitCode, stdout, stderr } = await runCli([
        "clone",
        source.uri,
        target.uri,
        "--resume",
      ]);
      expect(stderr).toMatch(/resuming the run of .*: \d+ of \d+ tasks (is|are) done/);
      expect(stdout).toMatch(
        /Resumed: begun at [-\d]{10} [:\d]{8} UTC, started 2 times; \d+ tasks? had/,
      );
      expect(stdout).toContain("all rows are of one moment");
      expect(exitCode).toBe(0);
    });
  });
});

describe("a run that was killed, whose snapshot is gone", () => {
  test("goes on if nothing is left to be read", async () => {
    await using target = await createDatabase(server(16), "resume_built");
    await killedClone(target, { index: "closed" }, [], ["copy:public.wide"]);
    await resume(target);
    await expectSameDatabase(source.uri, target.uri);
  });

  test("is refused, and says what can be done; nothing is changed", async () => {
    await using target = await createDatabase(server(16), "resume_gone");
    await killedClone(target, { row: "2900" });
    const before = await finishedTasks(target);
    expect(before).toContain("copy:public.small_1");
    const error = await refusal(target, { resume: true });
    expect(error.code).toBe("source_unfit");
    expect(error.message).toMatch(
      /^the snapshot that the first rows were read in, of 2.*, is gone/,
    );
    expect(error.advice).toContain("--not-consistent");
    expect(error.advice).toContain("--restart");
    expect(await finishedTasks(target)).toEqual(before);
  });

  test("is finished with notConsistent, each table whole", async () => {
    await using target = await createDatabase(server(16), "resume_later");
    await killedClone(target, { row: "2900" });
    await source.execute("insert into small_1 values (101, 'late')");
    try {
      const { events } = await resume(target, { notConsistent: true });
      const warnings = events.flatMap((event) => (event.type === "notice" ? event.message : []));
      expect(warnings).toContain(
        "the rows that are read from now on are of a later moment than those that are there already",
      );
    } finally {
      await source.execute("delete from small_1 where id = 101");
    }
    await expectSameDatabase(source.uri, target.uri);
  });

  test("copies a table again that is there in parts", async () => {
    await using target = await createDatabase(server(16), "resume_parts");
    await killedClone(target, { row: "2900" }, ["--split-tables-larger-than", "64 kB"]);
    const before = await finishedTasks(target);
    const parts = before.filter((id) => id.startsWith("copy:public.wide:"));
    expect(parts.length).toBeGreaterThan(0);
    const { started } = await resume(target, { notConsistent: true });
    expect(started).toEqual(expect.arrayContaining(parts));
    await expectSameDatabase(source.uri, target.uri);
  });
});

describe("what it is given", () => {
  test("may not be other options than the plan was made with", async () => {
    await using target = await createDatabase(server(16), "resume_options");
    await killedClone(target, { row: "2900" }, ["--verify", "count"]);
    const error = await refusal(target, { resume: true, verify: "checksum", noOwner: true });
    expect(error).toMatchObject({
      code: "usage",
      message: "the unfinished run was begun with other options",
      items: ["noOwner was false, and is true now", "verify was count, and is checksum now"],
    });
  });

  test("must be the same source", async () => {
    await using other = await createDatabase(server(16), "resume_other");
    await using target = await createDatabase(server(16), "resume_source");
    await killedClone(target, { row: "2900" });
    const error = await refusal(target, { source: other.uri, resume: true });
    expect(error.code).toBe("usage");
    expect(error.message).toMatch(
      /^the unfinished run on the target copies another database: .*resume/,
    );
  });

  test("must be the same masks, which the journal keeps sealed", async () => {
    await using target = await createDatabase(server(16), "resume_masks");
    const mask = "public.small_1.word=md5(word || 'pepper-1848')";
    await killedClone(target, { row: "2900" }, ["--mask", mask]);
    const [{ found } = { found: undefined }] = await target.query<{ found: boolean }>(
      "select bool_or(position('pepper-1848'::bytea in data) > 0) as found from pgcopy_journal.plan",
    );
    expect(found).toBe(false);
    const error = await refusal(target, { resume: true });
    expect(error.message).toBe("the unfinished run was begun with other WHERE conditions or masks");
    await resume(target, {
      notConsistent: true,
      mask: { "public.small_1.word": "md5(word || 'pepper-1848')" },
    });
    expect(await target.query("select word from small_1 where id = 1")).toEqual(
      await source.query("select md5(word || 'pepper-1848') as word from small_1 where id = 1"),
    );
  });

  test("where there is nothing to go on with, it begins", async () => {
    await using target = await createDatabase(server(16), "resume_empty");
    const { events } = await resume(target);
    expect(events).toContainEqual(
      expect.objectContaining({
        message: "the target holds no unfinished run: this one begins from the start",
      }),
    );
    await expectSameDatabase(source.uri, target.uri);
  });

  test("where all is there already, it says that there is nothing to go on with", async () => {
    await using target = await createDatabase(server(16), "resume_done");
    await clone({ source: source.uri, target: target.uri });
    const error = await refusal(target, { resume: true });
    expect(error.code).toBe("target_unfit");
    expect(error.advice).toContain("pgcopy compare says whether both ends are the same");
  });

  test("where nothing had been copied, it begins again", async () => {
    await using target = await createDatabase(server(16), "resume_early");
    await using same = await createDatabase(server(16), "resume_once");
    await clone({ source: source.uri, target: same.uri });
    await killedClone(target, { row: "1" }, ["--jobs", "1"]);
    expect((await finishedTasks(target)).filter((id) => id.startsWith("copy:"))).toEqual([]);
    await resume(target);
    await expectSameDatabase(same.uri, target.uri);
  });
});

test("a statement that the killed run left on the server is ended, not waited for", async () => {
  await using target = await createDatabase(server(16), "resume_left");
  await using gates = await closeGates(target, { index: "closed" });
  const running = startCli(["clone", source.uri, target.uri, "--json", "--jobs", "2"]);
  await gates.untilReached();
  const recorded = async () => (await finishedTasks(target)).includes("copy:public.wide");
  await until("all is copied", recorded);
  running.kill("SIGKILL");
  await running.ended;
  // The gate stays closed: only its end can take the session away from it.
  await target.execute(`alter database ${target.name} reset all`);
  await resume(target);
  await expectSameDatabase(source.uri, target.uri);
});

test("a target that the killed run had made read-only at its end is gone on with", async () => {
  await using readOnly = await createDatabase(server(16), "resume_read_only");
  await readOnly.execute(`create table t (id int primary key); insert into t values (1);
    alter database ${readOnly.name} set default_transaction_read_only = on`);
  const name = uniqueName("resume_made");
  const target = databaseOn(server(16), name);
  try {
    const failing = { PGCOPY_FAILPOINTS: "finish.begin=kill" };
    await startCli(["clone", readOnly.uri, target.uri], failing).ended;
    await clone({ source: readOnly.uri, target: target.uri, resume: true });
    expect(await target.query("select id from t")).toEqual([{ id: 1 }]);
    const refused = await clone({ source: source.uri, target: target.uri }).catch((error) => error);
    expect(refused.message).toMatch(/^the target is read-only for this role or database/);
  } finally {
    await dropDatabase(server(16), name);
  }
});

describe("starting over", () => {
  test("drops what was created, and nothing else", async () => {
    await using target = await createDatabase(server(16), "restart");
    await target.execute("create table own (id int); insert into own values (1)");
    await killedClone(target, { row: "2900" });
    await target.execute("create view on_nothing as select 1 as one");
    await clone({ source: source.uri, target: target.uri, restart: true });
    expect(await target.query("select id, one from own, on_nothing")).toEqual([{ id: 1, one: 1 }]);
    await target.execute("drop table own; drop view on_nothing");
    await expectSameDatabase(source.uri, target.uri);
  });

  test("is refused if something else depends on it", async () => {
    await using target = await createDatabase(server(16), "restart_depends");
    await killedClone(target, { row: "2900" });
    await target.execute("create view own as select id from small_1");
    const error = await refusal(target, { restart: true });
    expect(error).toMatchObject({
      code: "target_unfit",
      items: ["rule _RETURN on view public.own"],
    });
    expect(await finishedTasks(target)).toContain("copy:public.small_1");
  });
});

test("another role's journal is not believed", async () => {
  await using target = await createDatabase(server(16), "resume_forged");
  await killedClone(target, { row: "2900" });
  await target.execute(`
    create role forger; grant usage, create on schema pgcopy_journal to forger;
    alter table pgcopy_journal.plan owner to forger`);
  try {
    const error = await refusal(target, { resume: true, notConsistent: true });
    expect(error.message).toBe("the journal on the target belongs to another role: forger");
  } finally {
    await target.execute("drop owned by forger cascade; drop role forger");
  }
});
