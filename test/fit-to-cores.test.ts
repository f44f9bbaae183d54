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

/** The most tasks that ran at a time, of those that keep a core busy; and what was said of cores. */
async function runWith(without: CloneOptions["without"]) {
  await using source = await createDatabase(server(16), "cores");
  await createTables(source);
  await using target = await createDatabase(server(16), "copy");
  const running = new Set<string>();
  const notices: string[] = [];
  let most = 0;
  await clone({
    source: source.uri,
    target: target.uri,
    jobs: JOBS,
    ...(without === undefined ? {} : { without }),
    observer: (event) => {
      if (event.type === "notice") notices.push(event.message);
      if (event.type === "task_finished") running.delete(event.task.id);
      if (event.type !== "task_started" || event.pool === "control") return;
      if (event.task.kind !== "pre_data") running.add(event.task.id);
      most = Math.max(most, running.size);
    },
  });
  await expectSameDatabase(source.uri, target.uri);
  return { most, told: notices.filter((message) => message.includes("share this machine's")) };
}

it.skipIf(process.platform !== "linux")(
  "is what keeps the cores busy, however many jobs there may be",
  async () => {
    const { most, told } = await runWith(undefined);
    expect(most).toBeGreaterThanOrEqual(cores);
    expect(most).toBeLessThanOrEqual(Math.floor(1.4 * cores));
    expect(told).toEqual([expect.stringContaining(`no more than ${cores} large copies, or`)]);
    const without = await runWith(["fit-to-cores"]);
    expect(without.most).toBeGreaterThanOrEqual(JOBS);
    expect(without.told).toEqual([]);
  },
);
