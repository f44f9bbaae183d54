/** From an endpoint as the user wrote it to a server that can be connected to. */

import { describeEndpoint, type Endpoint, type ServerEndpoint } from "../endpoint/endpoint.js";
import { PgCopyError, type Side } from "../errors.js";
import { startDataDirectory } from "../pgdata/data-directory.js";
import { type Connection, connect } from "../postgres/connection.js";
import { pinnedSettings } from "../postgres/session-settings.js";
import type { Environment } from "../run/environment.js";
import type { Run } from "./run.js";

/** A server for the length of a run; a data directory's is stopped at the end of the scope. */
export interface OpenEndpoint extends AsyncDisposable {
  /** As the user knows it, without its password. */
  readonly description: string;
  /** As the user gave it. */
  readonly endpoint: Endpoint;
  readonly server: ServerEndpoint;
  /** The database that was asked for; on a target it may not exist yet. */
  readonly database: string;
  /** Of a `pgdata:` endpoint. */
  readonly directory?: string;
}

export interface OpenOptions {
  readonly side: Side;
  readonly environment: Environment;
  /** How many sessions will be wanted: a data directory's server is started with room for them. */
  readonly sessions: number;
  /** Whether a data directory that does not exist is made. */
  readonly mayInitialise?: boolean;
  /** Aborted: a server that is being started is given up. */
  readonly signal: AbortSignal;
}

/**
 * If the endpoint is a data directory, starts its server.
 *
 * @throws PgCopyError whatever `startDataDirectory` throws.
 */
export async function openEndpoint(
  endpoint: Endpoint,
  options: OpenOptions,
  run: Run,
): Promise<OpenEndpoint> {
  const { side, environment } = options;
  const description = describeEndpoint(endpoint);
  if (endpoint.kind === "server") {
    return {
      description,
      endpoint,
      server: endpoint,
      database: endpoint.database,
      [Symbol.asyncDispose]: async () => {},
    };
  }
  const running = await startDataDirectory(endpoint, {
    side,
    mayInitialise: options.mayInitialise ?? false,
    environment,
    signal: options.signal,
    settings: { max_connections: String(Math.max(100, options.sessions + 10)) },
  });
  if (running.initialised) run.info(`initialised the data directory ${endpoint.directory}`);
  return {
    description,
    endpoint,
    server: running.endpoint,
    database: endpoint.database,
    directory: endpoint.directory,
    [Symbol.asyncDispose]: () => running.stop(),
  };
}

/** Sessions that pgcopy writes through: nothing they write has to reach the disk before the end. */
const targetSettings = { ...pinnedSettings, synchronous_commit: "off" };

/**
 * Opens a session for one of the run's purposes.
 *
 * @param server that of the side's first session (`connection.endpoint`) for all later ones: it is
 *   the very server that one found, where several hosts were given.
 */
export async function openSession(
  server: ServerEndpoint,
  side: Side,
  purpose: string,
  signal: AbortSignal,
): Promise<Connection> {
  return await connect(server, {
    side,
    purpose,
    signal,
    ...(side === "target" ? { settings: targetSettings } : {}),
  });
}

/** Whether a connection failed only because its database does not exist. */
export function isMissingDatabase(error: unknown): boolean {
  return error instanceof PgCopyError && error.server?.sqlstate === "3D000";
}
