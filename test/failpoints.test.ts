/**
 * For every failpoint: a run that fails there, is killed there, or stands still there and is then
 * stopped. Then the user goes on as the message says, and the target is what the source is.
 */

import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseFailpoints } from "../src/cli/failpoints.js";
import { type CloneOptions, clone } from "../src/index.js";
import { type Failpoint, failpointActions, failpoints } from "../src/run/failpoints.js";
import { type Ended, runCli, startCli } from "./support/cli.js";
import { dataOf, schemaOf } from "./support/compare.js";
import type { Contents } from "./support/database-contents.js";
import { createFailpointSchema } from "./support/failpoint-schema.js";
import { launchWithExtensions, type ServerWithExtensions } from "./support/own-extension.js";
import {
  createDatabase,
  databaseOn,
  server,
  type TestDatabase,
  uniqueName,
} from "./support/servers.js";
import { expectNoSessions, until } from "./support/waiting.js";

/** Within it a stopped run is gone. */
const SOON_MS = 2_000;

type Action = (typeof failpointActions)[number];

let extended: ServerWithExtensions;
let source: TestDatabase;
let expected: { readonly schema: string; readonly data: Contents };
/** Holds the snapshot for all runs, so that one can go on with another. */
let holder: pg.Client;
let snapshot: string;

beforeAll(async () => {
  extended = await launchWithExtensions();
  source = await createDatabase(extended.server, "failpoints");
  await createFailpointSchema(source, { withExtension: true });
  expected = { schema: await schemaOf(source.uri), data: await dataOf(source.uri) };
  holder = new pg.Client(source.uri);
  await holder.connect();
  await holder.query("begin isolation level repeatable read read only");
  const { rows } = await holder.query("select pg_export_snapshot() as id");
  snapshot = rows[0].id;
});

afterAll(async () => {
  await holder?.end();
  await source?.[Symbol.asyncDispose]();
  await extended?.[Symbol.asyncDispose]();
});

/** What it takes to come by the point, and no more: a run costs half a second as it is. */
function optionsOf(name: Failpoint, target: TestDatabase): CloneOptions {
  const [subject = ""] = name.split(".");
  const more: Readonly<Record<string, Partial<CloneOptions>>> = {
    statistics: { statistics: "copy" },
    verify: { verify: "checksum" },
    drop: { dropIfExists: true },
  };
  return { source: source.uri, target: target.uri, snapshot, jobs: 2, ...more[subject] };
}

/** The command line with the same options. */
function argumentsOf(name: Failpoint, target: TestDatabase): string[] {
  const { source: from, target: to, ...options } = optionsOf(name, target);
  const flags = Object.entries(options).flatMap(([key, value]) => {
    const flag = `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    return value === true ? [flag] : [flag, String(value)];
  });
  return ["clone", String(from), String(to), "--quiet", ...flags];
}

/** Where nothing of the copy is there yet: the same command starts again. */
const nothingYet: readonly Failpoint[] = [
  "connect.done",
  "snapshot.exported",
  "prepare.begin",
  "database.created",
  "database.marked",
  "drop.before-commit",
  "drop.after-commit",
  "journal.before-commit",
];
/** Where all is there, and the journal gone. */
const over: readonly Failpoint[] = ["finish.after-commit"];
/** A role is the whole server's: these come by one at a time, from a source of their own. */
const ofRoles: readonly Failpoint[] = ["roles.before-commit", "roles.after-commit"];
/** Only a second run comes by. */
const ofResuming: readonly Failpoint[] = ["resume.begun"];

async function finishedTasks(target: TestDatabase): Promise<string[]> {
  const rows = await target.query<{ id: string }>("select id from pgcopy_journal.task");
  return rows.map(({ id }) => id);
}

/** Does what the message says, which does nothing that was done. */
async function goOn(name: Failpoint, target: TestDatabase): Promise<void> {
  if (over.includes(name)) return;
  const begins = nothingYet.includes(name);
  const before = begins ? [] : await finishedTasks(target);
  const started: string[] = [];
  // In this process: a program that has to be started takes as long as all that it then does.
  await clone({
    ...optionsOf(name, target),
    resume: !begins,
    observer: (event) => {
      if (event.type === "task_started") started.push(event.task.id);
    },
  });
  expect(
    // Sequences are set again: a crash of the target begins unlogged ones anew.
    started.filter((id) => id !== "sequences" && before.includes(id)),
    "tasks that were done twice",
  ).toEqual([]);
}

/** Runs it into the failpoint; what the user then sees. */
async function runInto(args: readonly string[], at: string, target: TestDatabase): Promise<void> {
  const [{ name, action }] = parseFailpoints(at) as [
    { name: Failpoint; action: Action; hit: number },
  ];
  const cli = startCli(args, { PGCOPY_FAILPOINTS: at });
  const acted = `failpoint ${name}: ${action}`;
  if (action === "stall") {
    await until(`it stands at ${name}`, () => cli.stderr.includes(acted) || cli.hasEnded);
    const began = performance.now();
    cli.kill("SIGTERM");
    const ended = await cli.ended;
    expect(performance.now() - began, "milliseconds until it was gone").toBeLessThan(SOON_MS);
    expect(ended).toMatchObject({ exitCode: 130, stdout: "" });
    expect(ended.stderr).toContain("pgcopy: the clone was interrupted");
  } else {
    const ended: Ended = await cli.ended;
    // What a thread says of it may come too late.
    if (action === "kill")
      expect(ended).toEqual({
        exitCode: null,
        stdout: "",
        stderr: expect.stringMatching(new RegExp(`^(${acted}\n)?$`)),
      });
    else {
      expect(ended.exitCode, "the exit code").toBeGreaterThan(2);
      expect(ended.stderr).toMatch(new RegExp(`^${acted}\n(.*\n)*pgcopy: .*failpoint ${name}\n`));
    }
  }
  // A killed one's are gone as soon as their servers notice. Those on the source are looked for when no other
  // run goes on beside this one: after the test.
  await expectNoSessions(target);
}

async function expectWhole(target: TestDatabase): Promise<void> {
  expect(await schemaOf(target.uri)).toBe(expected.schema);
  expect(await dataOf(target.uri)).toEqual(expected.data);
}

async function runAndGoOn(at: string, more: readonly string[]): Promise<void> {
  const name = at.replace(/=.*/, "") as Failpoint;
  await using target = name.startsWith("database.")
    ? databaseOn(extended.server, uniqueName("failpoint"))
    : await createDatabase(extended.server, "failpoint");
  if (name.startsWith("drop."))
    await target.execute("create table small_1 (other int); insert into small_1 values (1)");
  await runInto([...argumentsOf(name, target), ...more], at, target);
  await goOn(name, target);
  await expectWhole(target);
}

/** Every action at once, each into a database of its own. */
async function throughAll(point: string, more: readonly string[] = []): Promise<void> {
  const runs = failpointActions.map(async (action) => {
    const at = point.includes("@") ? point.replace("@", `=${action}@`) : `${point}=${action}`;
    await runAndGoOn(at, more).catch((error) => {
      throw new Error(`${at}: ${error.message}`, { cause: error });
    });
  });
  const settled = await Promise.allSettled(runs);
  const failed = settled.flatMap((one) => (one.status === "rejected" ? [one.reason] : []));
  if (failed.length > 0) throw failed[0];
}

describe("a run that ends at", () => {
  test.each(failpoints.filter((name) => ![...ofRoles, ...ofResuming].includes(name)))(
    "%s",
    (point) => throughAll(point),
  );

  test.each([
    // The first is that of the view that large objects are written through.
    "large_objects.before-commit@2",
    "large_objects.after-commit@2",
    "copy.after-commit@2",
    "index.after-commit@2",
  ])("%s", (point) => throughAll(point));

  test.each(ofResuming)("%s", async (name) => {
    for (const action of failpointActions) {
      await using target = await createDatabase(extended.server, "failpoint");
      const args = argumentsOf(name, target);
      await runInto(args, "copy.after-commit=kill", target);
      await runInto([...args, "--resume"], `${name}=${action}`, target);
      await goOn(name, target);
      await expectWhole(target);
    }
  });

  test("copy.data, in a thread", () => throughAll("copy.data", ["--threads", "2"]));

  test.each(ofRoles)("%s", async (name) => {
    const role = uniqueName("failpoint_role");
    await using owned = await createDatabase(extended.server, "failpoint_roles");
    await owned.execute(
      `create role ${role}; create table t (id int); alter table t owner to ${role}`,
    );
    const schema = await schemaOf(owned.uri);
    for (const action of failpointActions) {
      const maintenance = databaseOn(server(18), "postgres");
      {
        await using target = await createDatabase(server(18), "failpoint");
        const args = ["clone", owned.uri, target.uri, "--roles", "--quiet"];
        await runInto(args, `${name}=${action}`, target);
        const roles = await target.query("select from pg_roles where rolname = $1", [role]);
        expect(roles, `the role, after ${action}`).toHaveLength(
          name === "roles.after-commit" ? 1 : 0,
        );
        expect(await runCli(args)).toEqual({ exitCode: 0, stdout: "", stderr: "" });
        expect(await schemaOf(target.uri)).toBe(schema);
      }
      await maintenance.execute(`drop role ${role}`);
    }
  });
});
