// @ts-check
/** Databases on the two servers. */

import { connect, PgCopyError } from "pgcopy";

/** Nothing whose name does not begin so is ever created or dropped. */
export const SOURCE_DATABASE = "pgcopy_bench_source";
export const TARGET_DATABASE = "pgcopy_bench_target";
export const FLOOR_DATABASE = "pgcopy_bench_floor";

/**
 * Runs `use` with a session of the library's, in which every setting that changes what values look
 * like is pinned.
 *
 * @template T
 * @param {import("./servers.js").BenchServer} server
 * @param {string} database
 * @param {(connection: import("pgcopy").Connection) => Promise<T>} use
 * @param {Record<string, string>} [settings] in addition to the pinned ones
 * @returns {Promise<T>}
 */
export async function withConnection(server, database, use, settings = {}) {
  const connection = await connect(server.endpoint(database), {
    side: server.side,
    purpose: "bench",
    signal: new AbortController().signal,
    settings: { search_path: "public", synchronous_commit: "off", ...settings },
  });
  try {
    return await use(connection);
  } finally {
    await connection.close();
  }
}

/**
 * An empty database; one of that name is dropped first.
 *
 * @param {import("./servers.js").BenchServer} server
 * @param {string} database
 */
export async function createDatabase(server, database) {
  await dropDatabase(server, database);
  await maintain(server, [`create database ${database} template template0`]);
}

/**
 * @param {import("./servers.js").BenchServer} server
 * @param {string} database
 */
export async function dropDatabase(server, database) {
  await endSessions(server, database);
  await maintain(server, [`drop database if exists ${database}`]);
}

/**
 * Puts a database aside under another name, to be dropped later.
 *
 * @param {import("./servers.js").BenchServer} server
 * @param {string} database
 * @param {string} name
 */
export async function renameDatabase(server, database, name) {
  await endSessions(server, database);
  await dropDatabase(server, name);
  await maintain(server, [`alter database ${database} rename to ${name}`]);
}

/**
 * Ends what a contestant that was stopped left behind: a server goes on with a statement whose
 * client is gone.
 *
 * @param {import("./servers.js").BenchServer} server
 * @param {string} database
 */
export async function endSessions(server, database) {
  await maintain(server, [
    `select pg_catalog.pg_terminate_backend(pid) from pg_catalog.pg_stat_activity where datname = '${database}'`,
  ]);
}

/** SQLSTATE of insufficient_privilege. */
const NOT_ALLOWED = "42501";

/**
 * Writes out what is dirty, so that nobody pays for what an earlier one left behind; nothing where
 * the role may not.
 *
 * @param {import("./servers.js").BenchServer} server
 */
export async function checkpoint(server) {
  try {
    await maintain(server, ["checkpoint"]);
  } catch (error) {
    if (!(error instanceof PgCopyError) || error.server?.sqlstate !== NOT_ALLOWED) throw error;
  }
}

/**
 * @param {import("./servers.js").BenchServer} server
 * @param {string[]} statements
 */
async function maintain(server, statements) {
  await withConnection(server, server.maintenanceDatabase, async (connection) => {
    for (const statement of statements) await connection.execute(statement, statement);
  });
}

/**
 * Makes a data set on the source, and leaves it as a database in use would be: analyzed, with all
 * hint bits set.
 *
 * @param {import("./servers.js").BenchServer} source
 * @param {import("./data-sets/data-set.js").DataSet} dataSet
 * @param {number} scale
 * @param {string} database
 * @returns {Promise<{ bytes: number }>} the size of the database
 */
export async function makeDataSet(source, dataSet, scale, database = SOURCE_DATABASE) {
  await createDatabase(source, database);
  for (const phase of dataSet.phases(scale)) {
    const results = await Promise.allSettled(
      phase.map((script) =>
        withConnection(source, database, (connection) =>
          connection.execute(`making the data set ${dataSet.name}`, script),
        ),
      ),
    );
    const failed = results.find((result) => result.status === "rejected");
    if (failed !== undefined) throw failed.reason;
  }
  return await withConnection(source, database, async (connection) => {
    await connection.execute("vacuum analyze", "vacuum analyze");
    await checkpoint(source);
    const [row] = await connection.query(
      "reading the size of the data set",
      "select pg_catalog.pg_database_size(pg_catalog.current_database())::float8 as bytes",
    );
    return { bytes: Number(row?.bytes) };
  });
}
