/** What a target may be unable to do, found out before anything is copied; and what replaces what. */

import { createServer } from "node:net";
import { expect, it } from "vitest";
import { clone, type PgCopyError, plan } from "../src/index.js";
import { runCli } from "./support/cli.js";
import { expectSameDatabase } from "./support/compare.js";
import { objectsOf } from "./support/objects.js";
import { createDatabase, server, type TestDatabase, uniqueName } from "./support/servers.js";

const refusal = (options: Parameters<typeof clone>[0]): Promise<PgCopyError> =>
  clone(options).then(
    () => {
      throw new Error("the clone should have failed");
    },
    (error: PgCopyError) => error,
  );

const withEventTrigger = `
  create table t (id int primary key);
  create function no_ddl() returns event_trigger language plpgsql as
    $$ begin raise exception 'no DDL for you: %', tg_tag; end $$;
  create event trigger guard on ddl_command_start when tag in ('DROP TABLE', 'DROP SCHEMA')
    execute function no_ddl();`;

/** A role that owns a database and nothing else. */
async function ordinaryRole(database: TestDatabase): Promise<AsyncDisposable & { uri: string }> {
  const role = uniqueName("ordinary");
  await database.execute(
    `create role ${role} login password 'ordinary'; alter database ${database.name} owner to ${role};`,
  );
  return {
    uri: database.uri.replace(/\/\/[^@]*@/, `//${role}:ordinary@`),
    [Symbol.asyncDispose]: () =>
      database.execute(
        `alter database ${database.name} owner to postgres; drop owned by ${role}; drop role ${role}`,
      ),
  };
}

it("an event trigger that forbids DROP is dropped first, with --drop-if-exists", async () => {
  await using source = await createDatabase(server(16), "limits");
  await source.execute(withEventTrigger);
  await using target = await createDatabase(server(16), "copy");
  await clone({ source: source.uri, target: target.uri });
  await clone({ source: source.uri, target: target.uri, dropIfExists: true });
  await expectSameDatabase(source.uri, target.uri);
});

it("a role that may not create event triggers is told before anything is copied", async () => {
  await using source = await createDatabase(server(16), "limits");
  await source.execute(withEventTrigger);
  await using target = await createDatabase(server(16), "copy");
  await using role = await ordinaryRole(target);
  const before = await objectsOf(target);
  const error = await refusal({
    source: source.uri,
    target: role.uri,
    noOwner: true,
    noAcl: true,
  });
  expect(error.code).toBe("target_unfit");
  expect(error.message).toMatch(
    /may not create event triggers \(permission denied to create event trigger\)/,
  );
  expect(error.items).toEqual([expect.stringContaining("guard")]);
  expect(await objectsOf(target)).toEqual(before);
});

it("a read-only target is refused, and nothing is said to be left in it", async () => {
  await using source = await createDatabase(server(16), "limits");
  await source.execute("create table t (n int)");
  await using target = await createDatabase(server(16), "copy");
  await target.execute(`alter database ${target.name} set default_transaction_read_only = on`);
  const error = await refusal({ source: source.uri, target: target.uri });
  expect(error.code).toBe("target_unfit");
  expect(error.message).toMatch(/read-only/);
  expect(error.advice).toMatch(/nothing was changed/);
});

it("a journal that can't be created is no half copy: nothing was copied, and that is said", async () => {
  await using source = await createDatabase(server(16), "limits");
  await source.execute("create table t (n int)");
  await using target = await createDatabase(server(16), "copy");
  await target.execute(
    withEventTrigger
      .replaceAll("DROP", "CREATE")
      .replace("create table t (id int primary key);", ""),
  );
  const error = await refusal({ source: source.uri, target: target.uri });
  expect(error.code).toBe("target_unfit");
  expect(error.message).toMatch(/^creating the journal failed on target: no DDL for you/);
  expect(error.advice).toBe("nothing was copied; run it again");
  expect(await target.query("select from pg_namespace where nspname = 'pgcopy_journal'")).toEqual(
    [],
  );
});

it("two clones into one missing database at the same moment: one of them is told of the other", async () => {
  await using source = await createDatabase(server(16), "limits");
  await source.execute("create table t as select g as n from generate_series(1, 1000) g");
  const name = uniqueName("raced");
  const target = source.uri.replace(source.name, name);
  const both = await Promise.allSettled([
    clone({ source: source.uri, target }),
    clone({ source: source.uri, target }),
  ]);
  try {
    const failures = both.flatMap((one) =>
      one.status === "rejected" ? [one.reason as PgCopyError] : [],
    );
    expect(failures).toHaveLength(1);
    expect(failures[0]?.code).toBe("target_unfit");
    expect(`${failures[0]?.message} ${failures[0]?.advice}`).toMatch(
      /another (session|pgcopy run)|already has/,
    );
  } finally {
    await source.execute(`drop database if exists ${name} with (force)`);
  }
});

it("plan shows missing roles beside what is in the way, and exits as the clone would", async () => {
  await using source = await createDatabase(server(16), "limits");
  const role = uniqueName("absent");
  await source.execute(
    `create role ${role}; create table t (n int); alter table t owner to ${role};`,
  );
  await using target = await createDatabase(server(18), "copy");
  try {
    await target.execute("create table t (other text)");
    const report = await plan({ source: source.uri, target: target.uri, dropIfExists: true });
    expect(report.conflicts).toEqual(["table public.t"]);
    expect(report.refusals).toEqual([
      `the target lacks a role that the source's objects need: ${role} (owner of 1 object)`,
    ]);
    const cli = await runCli(["plan", source.uri, target.uri, "--drop-if-exists"]);
    expect(cli.exitCode).toBe(4);
    expect(cli.stdout.replaceAll(/\s+/g, " ")).toContain(report.refusals[0]);
  } finally {
    await source.execute(`drop owned by ${role}; drop role ${role}`);
  }
});

it("a source that never answers does not hold up the target's refusal", async () => {
  const sockets: { destroy(): void }[] = [];
  const silent = createServer((socket) => sockets.push(socket));
  await new Promise<void>((listening) => silent.listen(0, "127.0.0.1", listening));
  const { port } = silent.address() as { port: number };
  // Nobody listens on a port that was just closed.
  const gone = createServer();
  await new Promise<void>((listening) => gone.listen(0, "127.0.0.1", listening));
  const { port: closed } = gone.address() as { port: number };
  await new Promise((done) => gone.close(done));
  try {
    const error = await refusal({
      source: `postgres://someone@127.0.0.1:${port}/db?sslmode=disable`,
      target: `postgres://someone@127.0.0.1:${closed}/db?sslmode=disable`,
    });
    expect(error.code).toBe("connection_failed");
    expect(error.side).toBe("target");
  } finally {
    for (const socket of sockets) socket.destroy();
    silent.close();
  }
});

it("a misspelt option is no option", async () => {
  const options = { source: "postgres://a@h/b", target: "postgres://a@h/c", verfy: "count" };
  const error = await refusal(options);
  expect(error.code).toBe("usage");
  expect(error.message).toBe("there is no option verfy (did you mean verify?)");
  expect(error.advice).toContain("verify");
});
