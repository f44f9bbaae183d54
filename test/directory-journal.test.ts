/**
 * `--dir`: a role that may create no schema on the target keeps its journal in a local directory. What was
 * committed when the process was killed is told apart from what was not, or copied again.
 */

import {
  chmod,
  chown,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type CloneOptions, clone, type PgCopyError, type RunEvent } from "../src/index.js";
import { runCli, startCli } from "./support/cli.js";
import { expectSameDatabase } from "./support/compare.js";
import { closeGates, createGatedSchema, type Gate, WIDE_ROWS } from "./support/gated-schema.js";
import { type LaunchedServer, launchServer } from "./support/launch-servers.js";
import { dropRoles } from "./support/managed-role.js";
import {
  createDatabase,
  server,
  type TestDatabase,
  type TestServer,
  testServer,
  uniqueName,
} from "./support/servers.js";
import { expectNoSessions, until } from "./support/waiting.js";

const role = uniqueName("guest");
/** One that a test may crash. */
let own: LaunchedServer;
let source: TestDatabase;
let base: string;
let dir: string;

beforeAll(async () => {
  own = await launchServer(16);
  source = await createDatabase(server(16), "directory");
  for (const on of [source, await createDatabase(testServer(own.address), "directory")])
    await on.execute(`create role ${role} login password 'guest'`);
  await createGatedSchema(source);
  await source.execute(`
    select lo_from_bytea(o, decode(repeat('ab', 3000 + o), 'hex')) from generate_series(70001, 70003) o;
    alter large object 70001 owner to ${role}; alter large object 70002 owner to ${role};
    alter large object 70003 owner to ${role};
    do $$ declare name text; begin
      for name in select oid::regclass from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'S')
      loop execute format('alter table %s owner to ${role}', name); end loop;
      for name in select oid::regprocedure from pg_proc where pronamespace = 'public'::regnamespace
      loop execute format('alter function %s owner to ${role}', name); end loop;
    end $$;
    grant create on schema public to ${role}`);
});

afterAll(async () => {
  await source[Symbol.asyncDispose]();
  await own[Symbol.asyncDispose]();
  await dropRoles(server(16), [role]);
});

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), "pgcopy-journal-"));
  dir = join(base, "journal");
});
afterEach(() => rm(base, { recursive: true, force: true }));

/** A database in which the role may create what it likes in the schema public, and no schema. */
async function createTarget(on: TestServer = server(16)): Promise<TestDatabase> {
  const target = await createDatabase(on, "directory_target");
  await target.execute(`grant create on schema public to ${role}`);
  return target;
}

const asGuest = (database: TestDatabase) => database.uri.replace(/\/\/[^@]*@/, `//${role}:guest@`);

/** Kills a clone where it stands before a gate of the target, with SIGKILL: it can't say a word. */
async function killedClone(
  target: TestDatabase,
  gate: Partial<Record<Gate, string>>,
  flags: readonly string[] = [],
  finished: readonly string[] = [],
): Promise<void> {
  await using gates = await closeGates(target, gate);
  const args = ["clone", source.uri, asGuest(target), "--jobs", "2", "--dir", dir, ...flags];
  const running = startCli(args);
  await gates.untilReached();
  for (const id of finished)
    await until(`${id} is recorded`, async () =>
      (await recorded()).some((one) => one.startsWith(id)),
    );
  running.kill("SIGKILL");
  await running.ended;
  await gates.open();
  await expectNoSessions(source, target);
}

const journal = () => join(dir, "journal.jsonl");
const lines = async () => (await readFile(journal(), "utf8")).split("\n");

async function recorded(): Promise<string[]> {
  return (await lines()).flatMap((line) => {
    const id = /^\{"xid".*"task":\{"id":"([^"]+)"/.exec(line)?.[1];
    return id === undefined ? [] : [id];
  });
}

/** Ids of the tasks of which a line says that they committed; those that are begun may still be rolled back. */
async function confirmed(): Promise<string[]> {
  const all = (await lines()).map((line) => JSON.parse(line));
  const committed = new Set(all.map((line) => line.committed));
  return all.flatMap(({ xid, task }) => (task && committed.has(xid) ? task.id : []));
}

/** The id of the one task of that kind of which no line says that it committed. */
async function unconfirmedTask(kind: string): Promise<string | undefined> {
  const all = (await lines()).map((line) => JSON.parse(line));
  const confirmed = new Set(all.map(({ committed }) => committed));
  const left = all.filter(({ xid, task }) => task?.kind === kind && !confirmed.has(xid));
  expect(left).toHaveLength(1);
  return left[0]?.task.id;
}

/** As after a crash of this machine, which may take the lines that nobody waited for: those that confirm. */
async function loseConfirmations(): Promise<void> {
  const kept = (await lines()).filter((line) => !line.startsWith('{"committed"'));
  await writeFile(journal(), kept.join("\n"));
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

async function resume(target: TestDatabase, options: Partial<CloneOptions> = {}) {
  const events: RunEvent[] = [];
  await clone({
    source: source.uri,
    target: asGuest(target),
    resume: true,
    dir,
    observer: (event) => events.push(event),
    ...options,
  });
  const started = events.flatMap((event) => (event.type === "task_started" ? event.task.id : []));
  const notices = events.flatMap((event) => (event.type === "notice" ? event.message : []));
  return { started, notices };
}

async function refusal(
  target: TestDatabase,
  options: Partial<CloneOptions>,
  kept: Pick<CloneOptions, "dir"> = { dir },
): Promise<PgCopyError> {
  return await clone({ source: source.uri, target: asGuest(target), ...kept, ...options }).then(
    () => expect.unreachable("it was not refused"),
    (error) => error,
  );
}

async function crash(target: TestDatabase): Promise<void> {
  await target
    .withClient(async (client) => {
      const { rows } = await client.query("select pg_backend_pid() as pid");
      process.kill(rows[0].pid, "SIGKILL");
      await client.query("select 1").catch(() => {});
    })
    .catch(() => {});
  await until("the server is up again", () =>
    target.query("select 1").then(
      () => true,
      () => false,
    ),
  );
}

describe("a role that may create no schema", () => {
  test("is refused without a directory, and told of it", async () => {
    await using target = await createTarget();
    const error = await refusal(target, {}, {});
    expect(error).toMatchObject({
      code: "target_unfit",
      items: [`schemas in database ${target.name}`],
    });
    expect(error.advice).toContain("--dir");
  });

  test.each([{ threads: 1 }, { threads: 2 }])(
    "clones with one, and leaves nothing in it: %j",
    async (options) => {
      await using target = await createTarget();
      const { notices } = await resume(target, options);
      expect(notices.join()).toContain(`the journal is kept in ${dir}`);
      expect(notices).toContain(
        `the directory ${dir} holds no unfinished run: this one begins from the start`,
      );
      await expectSameDatabase(source.uri, target.uri);
      expect(await readdir(dir)).toEqual([]);
    },
  );
});

describe("a run that was killed, whose snapshot somebody still holds", () => {
  test.each([
    ["in a COPY", { row: "100" }, "1"],
    ["in a COPY of a thread", { row: "2900" }, "2"],
    ["in an index build", { index: "closed" }, "1"],
  ] as const)("%s goes on where it was, and does nothing twice", async (_where, gate, threads) => {
    await using target = await createTarget();
    await withHeldSnapshot(async (id) => {
      const flags = ["--snapshot", id, "--threads", threads, "--split-tables-larger-than", "64 kB"];
      await killedClone(target, gate, flags);
      const before = await confirmed();
      expect(before).toContain("pre-data");
      const { started } = await resume(target, { snapshot: id });
      expect(started.filter((task) => before.includes(task))).toEqual([]);
    });
    await expectSameDatabase(source.uri, target.uri);
    expect(await readdir(dir)).toEqual([]);
  });

  test.each([
    ["pre_data.after-commit", 1],
    ["copy.before-commit", 0],
    ["copy.after-commit", 1],
    ["index.after-commit", 1],
    ["post_data.after-commit", 1],
  ] as const)("at %s asks the server whether it committed", async (failpoint, committed) => {
    await using target = await createTarget();
    await withHeldSnapshot(async (id) => {
      const args = ["clone", source.uri, asGuest(target), "--jobs", "1", "--dir", dir];
      const killed = startCli([...args, "--snapshot", id], {
        PGCOPY_FAILPOINTS: `${failpoint}=kill`,
      });
      expect((await killed.ended).exitCode).toBeNull();
      await expectNoSessions(target);
      const unconfirmed = await unconfirmedTask(failpoint.split(".")[0] ?? "");
      const { started } = await resume(target, { snapshot: id });
      expect(started.filter((task) => task === unconfirmed)).toHaveLength(1 - committed);
    });
    await expectSameDatabase(source.uri, target.uri);
  });

  test("is seen by progress, which is told of the directory", async () => {
    await using target = await createTarget();
    await killedClone(target, { row: "2900" }, [], ["copy:public.small_1"]);
    const look = ["progress", asGuest(target), "--dir", dir];
    const { exitCode, stdout } = await runCli(look);
    expect(exitCode).toBe(5);
    expect(stdout).toMatch(/\d+ of \d+ tasks done/);
    expect(stdout).toContain("--resume");
    expect(await runCli(["progress", asGuest(target), "--dir", `${dir}/none`])).toMatchObject({
      exitCode: 4,
    });
    const elsewhere = await runCli(["progress", source.uri, "--dir", dir]);
    expect(elsewhere.stdout).toContain("the journal in the directory is that of another target");
  });

  test("ignores a line that was torn", async () => {
    await using target = await createTarget();
    await withHeldSnapshot(async (id) => {
      await killedClone(target, { row: "2900" }, ["--snapshot", id]);
      const last = (await lines()).findLast((line) => line.includes('"copy:public.small_1"')) ?? "";
      const torn = last.replace("small_1", "wide").slice(0, -3);
      await writeFile(journal(), `${(await lines()).join("\n")}\n${torn}`);
      const { started } = await resume(target, { snapshot: id });
      expect(started).toContain("copy:public.wide");
      expect(started).not.toContain("copy:public.small_1");
    });
    await expectSameDatabase(source.uri, target.uri);
  });
});

describe("where the server crashed, and no line confirms a commit", () => {
  test.each([
    ["in a COPY", { row: "2900" }],
    ["in an index build", { index: "closed" }],
  ] as const)(
    "%s: tables are copied again, and scripts find their objects there",
    async (_where, gate) => {
      await using target = await createTarget(testServer(own.address));
      await withHeldSnapshot(async (id) => {
        const flags = ["--snapshot", id, "--split-tables-larger-than", "64 kB"];
        await killedClone(target, gate, flags, ["copy:public.small_1", "copy:public.wide:"]);
        const before = await recorded();
        await loseConfirmations();
        await crash(target);
        const { started, notices } = await resume(target, { snapshot: id });
        expect(started).toEqual(expect.arrayContaining(before));
        expect(notices).toContain(
          "public.wide: copied again, as it can't be told whether it was committed",
        );
      });
      await expectSameDatabase(source.uri, target.uri);
      expect(await target.query("select count(*)::int from wide")).toEqual([{ count: WIDE_ROWS }]);
    },
  );

  test("confirmed ones are not", async () => {
    await using target = await createTarget(testServer(own.address));
    await withHeldSnapshot(async (id) => {
      await killedClone(target, { row: "2900" }, ["--snapshot", id], ["copy:public.small_1"]);
      const before = await confirmed();
      await crash(target);
      const { started } = await resume(target, { snapshot: id });
      expect(started.filter((task) => before.includes(task))).toEqual([]);
    });
    await expectSameDatabase(source.uri, target.uri);
  });
});

test("starting over drops what was created, also what may have been", async () => {
  await using target = await createTarget(testServer(own.address));
  await killedClone(target, { row: "2900" });
  await loseConfirmations();
  await crash(target);
  await clone({ source: source.uri, target: asGuest(target), dir, restart: true });
  await expectSameDatabase(source.uri, target.uri);
});

describe("the directory", () => {
  test("is for nobody else to read, whatever the umask, and for one target", async () => {
    await using target = await createTarget();
    await using other = await createTarget();
    const before = process.umask(0);
    try {
      await killedClone(target, { row: "2900" });
    } finally {
      process.umask(before);
    }
    expect((await stat(dir)).mode & 0o777).toBe(0o700);
    for (const name of await readdir(dir))
      expect([name, (await stat(join(dir, name))).mode & 0o777]).toEqual([name, 0o600]);
    for (const options of [{ resume: true }, { restart: true }, {}]) {
      const error = await refusal(other, options);
      expect(error).toMatchObject({ code: "usage", options: ["dir"] });
      expect(error.message).toMatch(/^the journal in .* is that of another target: of a copy of /);
    }
  });

  test.each([
    ["that others may write", async () => chmod(dir, 0o777), /^others may write /],
    [
      "with a file that others may write",
      async () => chmod(journal(), 0o666),
      /^others may write /,
    ],
    ["with other files", async () => writeFile(join(dir, "notes"), ""), /holds other files$/],
    [
      "with a link",
      async () => {
        await rm(journal());
        await symlink("/etc/hostname", journal());
      },
      /^the journal can't be kept in .*ELOOP/,
    ],
    [
      "with the words of somebody else",
      async () => writeFile(journal(), "hello\n"),
      /is none that this release/,
    ],
  ] as const)("%s is refused", async (_what, spoil, message) => {
    await using target = await createTarget();
    await mkdir(dir, { mode: 0o700 });
    await writeFile(journal(), "", { mode: 0o600 });
    await spoil();
    expect((await refusal(target, { resume: true })).message).toMatch(message);
  });

  test.runIf(process.getuid?.() === 0)("of another user is refused", async () => {
    await using target = await createTarget();
    await mkdir(dir, { mode: 0o700 });
    await chown(dir, 65534, 65534);
    expect((await refusal(target, {})).message).toMatch(/ belongs to another user$/);
  });

  test("is refused where the journal is on the target", async () => {
    await using target = await createDatabase(server(16), "directory_schema");
    await target.execute("create schema pgcopy_journal");
    const error = await refusal(target, { resume: true, target: target.uri });
    expect(error.message).toMatch(/keeps its journal there/);
  });
});
