/**
 * Endpoints: the two ends of a copy, as typed objects. Parsing is in `endpoint-syntax.ts`; nothing
 * here connects, and nothing here reads the environment: whoever calls passes one in.
 */

/** libpq's sslmode. */
export type SslMode = "disable" | "allow" | "prefer" | "require" | "verify-ca" | "verify-full";

export interface TlsSettings {
  readonly mode: SslMode;
  /** Paths of PEM files, as libpq's sslrootcert (or `system`), sslcert, sslkey and sslcrl. */
  readonly rootCertificate?: string;
  readonly certificate?: string;
  readonly key?: string;
  readonly keyPassword?: string;
  readonly revocationList?: string;
  readonly negotiation: "postgres" | "direct";
  readonly serverName: boolean;
}

export interface HostAddress {
  /** A host name, an address, or the directory of a unix socket (absolute path). */
  readonly host: string;
  readonly port: number;
}

/** A running server. */
export interface ServerEndpoint {
  readonly kind: "server";
  /** Tried in this order, as libpq does with several hosts. */
  readonly hosts: readonly HostAddress[];
  readonly user: string;
  readonly database: string;
  /** Absent when none was given; then the server must not ask for one. */
  readonly password?: string;
  readonly tls: TlsSettings;
  /** libpq's target_session_attrs. */
  readonly sessionAttributes:
    | "any"
    | "read-write"
    | "read-only"
    | "primary"
    | "standby"
    | "prefer-standby";
  /** libpq's `options`: command-line options for the server's session, such as `-c geqo=off`. */
  readonly options?: string;
  readonly connectTimeoutMs: number;
  readonly keepAlive: boolean;
  readonly keepAliveIdleMs: number;
}

/** A data directory: pgcopy starts its server for the length of the command. */
export interface DataDirectoryEndpoint {
  readonly kind: "pgdata";
  /** Absolute path. */
  readonly directory: string;
  /** The database in it; `postgres` unless given as `pgdata:DIR?dbname=NAME`. */
  readonly database: string;
  /** The role to connect as; absent: the bootstrap superuser `postgres`. */
  readonly user?: string;
}

export type Endpoint = ServerEndpoint | DataDirectoryEndpoint;

/** What stands for `process.env`; the engine reads no other. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The endpoint as it may be shown: never with its password. */
export function describeEndpoint(endpoint: Endpoint): string {
  if (endpoint.kind === "pgdata") {
    const database = endpoint.database === "postgres" ? "" : `?dbname=${endpoint.database}`;
    return `pgdata:${endpoint.directory}${database}`;
  }
  const hosts = endpoint.hosts
    .map(({ host, port }) => {
      const shown = host.startsWith("/")
        ? encodeURIComponent(host)
        : host.includes(":")
          ? `[${host}]`
          : host;
      return port === 5432 ? shown : `${shown}:${port}`;
    })
    .join(",");
  return `postgres://${encodeURIComponent(endpoint.user)}@${hosts}/${encodeURIComponent(endpoint.database)}`;
}
