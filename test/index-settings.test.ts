/** The memory and the workers that a large index is built with, as the target's own session sees them. */

import { expect, it } from "vitest";
import { type CloneOptions, clone } from "../src/index.js";
import { createDatabase, server, type TestDatabase } from "./support/servers.js";

/** Building the index on it writes down what the session has set; its second index is a plain one. */
async function createWatchedTable(source: TestDatabase): Promise<void> {
  await source.execute(`
    create table seen (memory text, workers text);
    create function note_settings() returns void language sql as $$
      insert into public.seen select current_setting('maintenance_work_mem'),
        current_setting('max_parallel_maintenance_workers') $$;
    create function watched(n int) returns int immutable language plpgsql as $$
      begin
        if n = 1 then perform public.note_settings(); end if;
        return n;
      end $$;
    create table t (id int, filler text);
    insert into t select n, repeat('x', 100) from generate_series(1, 12000) n;
    create index watched_idx on t (watched(id));
    truncate seen;`);
}

async function settingsSeen(
  options: Partial<CloneOptions>,
  alter: (database: string) => string = () => "",
) {
  await using source = await createDatabase(server(16), "indexed");
  await createWatchedTable(source);
  await using target = await createDatabase(server(16), "copy");
  await target.execute(alter(target.name));
  // ANALYZE would compute the index's expression, too.
  await clone({ source: source.uri, target: target.uri, skipAnalyze: true, ...options });
  return await target.query("select distinct memory, workers from seen");
}

it("are chosen from the index and the jobs where the target has only defaults", async () => {
  // One of few tasks that are left: its share of the jobs, and 32 MB for each process.
  const [many] = await settingsSeen({ jobs: 8 });
  const workers = Number(many?.workers);
  expect(workers).toBeGreaterThan(0);
  expect(many?.memory).toBe(`${32 * (1 + workers)}MB`);
  expect(await settingsSeen({ jobs: 1 })).toEqual([{ memory: "16MB", workers: "0" }]);
});

it("stay as somebody set them, or as the target has them", async () => {
  const set = (database: string) => `alter database ${database} set maintenance_work_mem = '70MB';
    alter database ${database} set max_parallel_maintenance_workers = 1`;
  expect(await settingsSeen({ jobs: 4 }, set)).toEqual([{ memory: "70MB", workers: "1" }]);
  const without = ["index-settings"] as const;
  expect(await settingsSeen({ jobs: 4, without })).toEqual([{ memory: "64MB", workers: "2" }]);
});

it("are what the option says, whatever the target has", async () => {
  const set = (database: string) => `alter database ${database} set maintenance_work_mem = '70MB'`;
  const maintenanceWorkMem = 20 * 1024 ** 2;
  expect(await settingsSeen({ jobs: 1, maintenanceWorkMem }, set)).toEqual([
    { memory: "20MB", workers: "0" },
  ]);
});
