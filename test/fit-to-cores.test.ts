/** How many tasks run at a time where both servers and pgcopy share this machine's cores. */

import { availableParallelism } from "node:os";
import { expect, it } from "vitest";
import { type CloneOptions, clone } from "../src/index.js";
import { expectSameDatabase } from "./support/compare.js";
import { createDatabase, server, type TestDatabase } from "./support/servers.js";

const cores = availableParallelism();
const JOBS = cores + 4;

/** More tables than cores, and too large for batches. */
async function createTables(database: TestDatabase): Promise<void> {
  const table = (n: number) => `
    create table t${n} (id int primary key, filler text);
    insert into t${n} select g, repeat('x', 100) from generate_series(1, 2000) g;`;
  await database.execute(Array.from({ length: JOBS }, (_, n) => table(n)).join(""));
}

/** The most tasks that ran at a time, of those that keep a core busy. */
async function mostAtATime(without: CloneOptions["without"]): Promise<number> {
  await using source = await createDatabase(server(16), "cores");
  await createTables(source);
  await using target = await createDatabase(server(16), "copy");
  const running = new Set<string>();
  let most = 0;
  await clone({
    source: source.uri,
    target: target.uri,
    jobs: JOBS,
    ...(without === undefined ? {} : { without }),
    observer: (event) => {
      if (event.type === "task_finished") running.delete(event.task.id);
      if (event.type !== "task_started" || event.pool === "control") return;
      if (event.task.kind !== "pre_data") running.add(event.task.id);
      most = Math.max(most, running.size);
    },
  });
  await expectSameDatabase(source.uri, target.uri);
  return most;
}

it.skipIf(process.platform !== "linux")(
  "is what keeps the cores busy, however many jobs there may be",
  async () => {
    const most = await mostAtATime(undefined);
    expect(most).toBeGreaterThanOrEqual(cores);
    expect(most).toBeLessThanOrEqual(Math.floor(1.4 * cores));
    expect(await mostAtATime(["fit-to-cores"])).toBeGreaterThanOrEqual(JOBS);
  },
);
