/** Whether a server can be connected to, and what it is: `pgcopy ping`. */

import { parseEndpoint } from "./endpoint/parse-endpoint.js";
import { versionName } from "./engine/check-servers.js";
import { openEndpoint } from "./engine/open-endpoint.js";
import { openOnlySession } from "./engine/open-session.js";
import { Run } from "./engine/run.js";
import { withPgCopyErrors } from "./errors.js";
import type { CommonOptions } from "./options/run-options.js";

export interface PingOptions extends CommonOptions {
  readonly endpoint: string;
}

export interface PingReport {
  /** Without its password. */
  readonly endpoint: string;
  readonly serverVersion: string;
  readonly database: string;
  readonly user: string;
  readonly superuser: boolean;
  /** Of one query on an open session, in milliseconds. */
  readonly latencyMs: number;
  /** Of connecting and authenticating, in milliseconds. */
  readonly connectMs: number;
  /** Whether it is a standby. */
  readonly inRecovery: boolean;
  readonly databaseBytes: number;
  readonly connections: { readonly used: number; readonly max: number };
  readonly tls: boolean;
}

const pingQuery = `
select pg_catalog.current_database()::text as database, current_user::text as user,
       current_setting('is_superuser') = 'on' as superuser,
       pg_catalog.pg_is_in_recovery() as "inRecovery",
       pg_catalog.pg_database_size(pg_catalog.current_database())::float8 as "databaseBytes",
       (select coalesce(sum(numbackends), 0)::float8 from pg_catalog.pg_stat_database) as used,
       current_setting('max_connections')::float8 as max,
       coalesce((select s.ssl from pg_catalog.pg_stat_ssl s where s.pid = pg_catalog.pg_backend_pid()), false) as tls`;

interface PingRow extends Record<string, unknown> {
  database: string;
  user: string;
  superuser: boolean;
  inRecovery: boolean;
  databaseBytes: number;
  used: number;
  max: number;
  tls: boolean;
}

/**
 * Connects, asks one question, and disconnects.
 *
 * @throws PgCopyError `usage`, `connection_failed`, `interrupted`.
 */
export async function ping(options: PingOptions): Promise<PingReport> {
  return await withPgCopyErrors(() => pingServer(options));
}

async function pingServer(options: PingOptions): Promise<PingReport> {
  const run = new Run(options.signal ?? new AbortController().signal, undefined);
  const environment = options.environment ?? {};
  const opening = { side: "source", environment, sessions: 1, signal: run.signal } as const;
  await using endpoint = await openEndpoint(
    await parseEndpoint(options.endpoint, environment, "source"),
    opening,
    run,
  );
  const connecting = run.elapsedMs;
  await using connection = await openOnlySession(endpoint.server, "ping", run.signal);
  const connected = run.elapsedMs;
  await connection.query("ping", "select 1");
  const answered = run.elapsedMs;
  const [row] = (await connection.query<PingRow>("ping", pingQuery)) as [PingRow];
  const { used, max, ...facts } = row;
  return {
    endpoint: endpoint.description,
    serverVersion: versionName(connection.serverVersion),
    ...facts,
    connections: { used, max },
    connectMs: round(connected - connecting),
    latencyMs: round(answered - connected),
  };
}

function round(milliseconds: number): number {
  return Math.round(milliseconds * 100) / 100;
}
