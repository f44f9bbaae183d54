/** Servers that are restarted while a clone runs: killed, or as an administrator does it. */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { clone, type RunEvent } from "../src/index.js";
import { startCli } from "./support/cli.js";
import { expectSameDatabase } from "./support/compare.js";
import { closeGates, createGatedSchema, SMALL_TABLES } from "./support/gated-schema.js";
import { launchServer } from "./support/launch-servers.js";
import { createDatabase, server, type TestDatabase, testServer } from "./support/servers.js";
import { expectNoSessions, until } from "./support/waiting.js";

let source: TestDatabase;

beforeAll(async () => {
  source = await createDatabase(server(16), "restarts");
  await createGatedSchema(source);
  await source.execute(`
    create unlogged table scratch (id int primary key, word text);
    insert into scratch select n, repeat('word ', 20) from generate_series(1, 500) n`);
});

afterAll(async () => {
  await source[Symbol.asyncDispose]();
});

const isDone = (table: string) => (event: RunEvent) =>
  event.type === "task_finished" && event.task.label === `COPY ${table}`;

describe("the target", () => {
  test.each(["is killed", "is restarted by an administrator"])(
    "%s, and waited for",
    async (how) => {
      await using launched = await launchServer(16);
      await using target = await createDatabase(testServer(launched.address), "restarts_copy");
      const gates = await closeGates(target, { row: "100" });
      const events: RunEvent[] = [];
      const running = clone({
        source: source.uri,
        target: target.uri,
        pgDump: "bundled",
        observer: (event) => events.push(event),
        signal: AbortSignal.timeout(50_000),
      });
      running.catch(() => {});
      await until("the other tables are copied", () =>
        ["public.scratch", ...SMALL_TABLES].every((table) =>
          events.some(
            (event) =>
              isDone(table)(event) ||
              (event.type === "task_finished" && event.task.label.includes("small tables")),
          ),
        ),
      );
      await gates.untilReached();
      await launched.restart(how === "is killed" ? "SIGKILL" : "SIGINT");
      await gates.open().catch(() => {});
      await target.execute(`alter database ${target.name} reset all`);
      const report = await running;
      await expectSameDatabase(source.uri, target.uri);
      await expectNoSessions(source, target);
      const told = report.warnings.join("\n");
      if (how === "is killed") {
        expect(told).toMatch(/the target's server was restarted after a crash: of \d+ tasks/);
        expect(told).toContain("public.scratch is copied again");
      } else expect(report.retries.map(({ label }) => label)).toContain("COPY public.wide");
    },
  );
});

test("the source is restarted: the run ends soon, and says that its snapshot is gone", async () => {
  await using launched = await launchServer(16);
  await using from = await createDatabase(testServer(launched.address), "restarts");
  await createGatedSchema(from);
  await using target = await createDatabase(server(16), "restarts_copy");
  await using gates = await closeGates(target, { row: "100" });
  const cli = startCli(["clone", from.uri, target.uri, "--pg-dump", "bundled"]);
  await gates.untilReached();
  const beganMs = performance.now();
  await launched.restart("SIGINT");
  await gates.open();
  const { exitCode, stderr } = await cli.ended;
  expect(performance.now() - beganMs, "milliseconds").toBeLessThan(20_000);
  expect(exitCode, stderr).toBe(5);
  expect(stderr).toContain("the source's snapshot is gone");
  expect(stderr).toContain("what to do");
  await expectNoSessions(target);
});
