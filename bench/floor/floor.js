// @ts-check
/**
 * The floor: what the two servers themselves must spend on a data set, measured on the same servers,
 * in the same rounds as the contestants. Each table is copied out to /dev/null, and in from a local
 * file with FREEZE; each index is built alone, on one core; each foreign key is added; each table is
 * analyzed: one after the other, without a client. Their sum is core-seconds of the servers' work; in less
 * than that sum divided by the cores nobody can do the same work in the same way.
 *
 * Tables are copied into a database that has the source's schema, in place of creating them each
 * time: creating them is not in the floor.
 */

import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { clone } from "pgcopy";
import {
  checkpoint,
  createDatabase,
  dropDatabase,
  FLOOR_DATABASE,
  SOURCE_DATABASE,
  withConnection,
} from "../databases.js";
import { canReadCpuTime, timeOnServer } from "./server-time.js";
import { dropIndexes, parts, readStatements } from "./statements.js";

/**
 * @typedef {Record<import("./statements.js").Part, import("./server-time.js").ServerTime>} FloorRound
 *
 * @typedef {{ measure: () => Promise<FloorRound> } | { unmeasured: string }} Floor
 *   `unmeasured`: why it can't be measured
 */

/** An index that is built by parallel workers takes less time and no less work. */
const sessionSettings = { max_parallel_maintenance_workers: "0", jit: "off" };

/**
 * Runs `use` with the means to measure the floor of the data set that is on the source.
 *
 * @template T
 * @param {import("../servers.js").BenchServers} servers
 * @param {(floor: Floor) => Promise<T>} use
 * @returns {Promise<T>}
 */
export async function withFloor(servers, use) {
  const directory = await mkdtemp(
    join(process.env.PGCOPY_BENCH_DIRECTORY ?? tmpdir(), "pgcopy-bench-floor-"),
  );
  try {
    // The servers write and read here, whoever they run as.
    await chmod(directory, 0o777);
    const unmeasured = await obstacle(servers, directory);
    if (unmeasured !== undefined) return await use({ unmeasured });
    return await use({ measure: await prepare(servers, directory) });
  } finally {
    await dropDatabase(servers.target, FLOOR_DATABASE);
    await rm(directory, { recursive: true, force: true });
  }
}

/**
 * Whether the target can read a file that the source has written; if not, why.
 *
 * @param {import("../servers.js").BenchServers} servers
 * @param {string} directory
 * @returns {Promise<string | undefined>}
 */
async function obstacle({ source, target }, directory) {
  const file = `${directory}/probe`;
  try {
    await withConnection(source, SOURCE_DATABASE, (connection) =>
      connection.execute("writing a file on the source", `copy (select 1) to '${file}'`),
    );
    await withConnection(target, target.maintenanceDatabase, (connection) =>
      connection.execute(
        "reading the source's file on the target",
        `create temporary table probe (n integer); copy probe from '${file}'`,
      ),
    );
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/**
 * Writes the tables' files, and makes the database that they are copied into.
 *
 * @param {import("../servers.js").BenchServers} servers
 * @param {string} directory
 * @returns {Promise<() => Promise<FloorRound>>}
 */
async function prepare({ source, target }, directory) {
  await createDatabase(target, FLOOR_DATABASE);
  await clone({
    source: source.uri(SOURCE_DATABASE),
    target: target.uri(FLOOR_DATABASE),
    filters: { excludeTableData: ["~/./.~/./"] },
  });
  const statements = await withConnection(source, SOURCE_DATABASE, async (connection) => {
    const read = await readStatements(connection, directory);
    await timeOnServer(connection, read.files, false);
    return read;
  });
  return async () =>
    await withConnection(
      source,
      SOURCE_DATABASE,
      (from) =>
        withConnection(
          target,
          FLOOR_DATABASE,
          async (into) => {
            await dropIndexes(into, (drops) => timeOnServer(into, drops, false));
            await checkpoint(source);
            await checkpoint(target);
            return await measure(statements, from, into);
          },
          sessionSettings,
        ),
      sessionSettings,
    );
}

/**
 * @param {Record<import("./statements.js").Part, import("./statements.js").Statement[]>} statements
 * @param {import("pgcopy").Connection} from
 * @param {import("pgcopy").Connection} into
 * @returns {Promise<FloorRound>}
 */
async function measure(statements, from, into) {
  const cpu = (await canReadCpuTime(from)) && (await canReadCpuTime(into));
  const round = /** @type {FloorRound} */ ({});
  for (const part of parts) {
    round[part] = await timeOnServer(part === "out" ? from : into, statements[part], cpu);
  }
  return round;
}
