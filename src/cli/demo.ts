/**
 * `pgcopy demo`: two servers in a temporary directory, one of them filled with a made-up shop that is
 * then cloned into the other, as `pgcopy clone pgdata:… pgdata:… --verify checksum` would.
 */

import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { all } from "../run/abort.js";
import { printReport, reported, STOPPING } from "./clone-command.js";
import { fillStatements, finishStatements, lastStatements, shopSchema } from "./demo-database.js";
import { formatNumberOf } from "./formatting.js";
import { type Library, loadLibrary } from "./library.js";
import type { Output } from "./output.js";
import { DEMO_ORDERS, type DemoFlags } from "./program/program.js";
import { openReport } from "./report-file.js";
import { type WatchedRun, watchRun } from "./watched-run.js";

const DATABASE = "nut_shop";
/** Nothing here has to survive a power failure. */
const FILL_SETTINGS = {
  fsync: "off",
  full_page_writes: "off",
  synchronous_commit: "off",
  max_wal_size: "4GB",
  maintenance_work_mem: "128MB",
};

export async function demoCommand(output: Output, flags: DemoFlags): Promise<void> {
  const page = await openReport(output, flags);
  const directory = await createDirectory();
  const source = join(directory, "source");
  const target = join(directory, "target");
  try {
    const watched = { ...flags, stopping: STOPPING, record: page?.observe };
    const report = await reported(page, () =>
      watchRun(output, watched, async (run) => {
        const library = await loadLibrary();
        run.view.say(`two servers of its own, in ${directory}`);
        await step(run, "make up the shop", () =>
          makeShop({ library, output, run, directory: source, orders: flags.rows ?? DEMO_ORDERS }),
        );
        return await library.clone({
          source: `pgdata:${source}?dbname=${DATABASE}`,
          target: `pgdata:${target}?dbname=${DATABASE}`,
          verify: "checksum",
          environment: output.environment,
          signal: run.signal,
          observer: run.observer,
          progressIntervalMs: run.progressIntervalMs,
        });
      }),
    );
    await page?.finished(report);
    printReport(output, report, flags);
  } finally {
    await leaveOrRemove(output, directory, flags);
  }
}

/** Started by root, PostgreSQL runs as another user, who has to be able to pass through. */
async function createDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "pgcopy-demo-"));
  await chmod(directory, 0o711);
  return directory;
}

interface ShopOptions {
  readonly library: Library;
  readonly output: Output;
  readonly run: WatchedRun;
  readonly directory: string;
  readonly orders: number;
}

/** A new data directory with the shop in it; its server is stopped again. */
async function makeShop({ library, output, run, directory, orders }: ShopOptions): Promise<void> {
  const { signal } = run;
  await using server = await library.startDataDirectory(
    { kind: "pgdata", directory, database: "postgres" },
    {
      side: "source",
      mayInitialise: true,
      environment: output.environment,
      signal,
      settings: FILL_SETTINGS,
    },
  );
  run.view.say(
    `PostgreSQL ${server.version}, filling ${DATABASE} with ${formatNumberOf(orders, "order")}`,
  );
  const inDatabase =
    (database: string) =>
    (statements: readonly string[]) =>
    async (stop: AbortSignal): Promise<void> => {
      await using connection = await library.connect(
        { ...server.endpoint, database },
        { side: "source", purpose: "demo", signal: stop },
      );
      for (const statement of statements) await connection.execute("making up the shop", statement);
    };
  await inDatabase("postgres")([`create database ${DATABASE}`])(signal);
  const inShop = inDatabase(DATABASE);
  await inShop([shopSchema])(signal);
  await all(signal, fillStatements(orders).map(inShop));
  await all(signal, finishStatements.map(inShop));
  await inShop([lastStatements])(signal);
}

async function step(run: WatchedRun, name: string, work: () => Promise<void>): Promise<void> {
  const startMs = performance.now();
  run.observer({ type: "step_started", atMs: 0, step: name });
  await work();
  const durationMs = Math.round(performance.now() - startMs);
  run.observer({ type: "step_finished", atMs: durationMs, step: name, durationMs });
}

/** Never throws: a directory that could not be removed must not hide why the demo failed. */
async function leaveOrRemove(output: Output, directory: string, flags: DemoFlags): Promise<void> {
  const words =
    flags.keep === true
      ? `Both data directories are in ${directory}; look into one with\n  pgcopy list tables "pgdata:${directory}/target?dbname=${DATABASE}"`
      : await removed(directory);
  if (flags.json === true || flags.quiet === true) return;
  output.stdout.write(`\n${words}\n`);
}

async function removed(directory: string): Promise<string> {
  return await rm(directory, { recursive: true, force: true, maxRetries: 3 }).then(
    () => `Removed ${directory}.`,
    (error: Error) => `${directory} could not be removed: ${error.message}`,
  );
}
