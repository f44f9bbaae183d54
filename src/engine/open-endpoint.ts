/** From an endpoint as the user wrote it to a server that can be connected to. */

import { describeEndpoint, type Endpoint, type ServerEndpoint } from "../endpoint/endpoint.js";
import { PgCopyError, type Side } from "../errors.js";
import { startDataDirectory } from "../pgdata/data-directory.js";
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
  if (running.initialised) {
    run.stays.directory = endpoint.directory;
    run.info(`initialised the data directory ${endpoint.directory}`);
  }
  return {
    description,
    endpoint,
    server: running.endpoint,
    database: endpoint.database,
    directory: endpoint.directory,
    [Symbol.asyncDispose]: () => running.stop(),
  };
}

/** Whether a connection failed only because its database does not exist. */
export function isMissingDatabase(error: unknown): error is PgCopyError {
  return error instanceof PgCopyError && error.server?.sqlstate === "3D000";
}
