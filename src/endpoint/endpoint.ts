/**
 * Endpoints: the two ends of a copy, as typed objects. Parsing is in `parse-endpoint.ts`; nothing
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
  /** Whether the server is told the host name that is connected to (SNI). */
  readonly serverName: boolean;
  readonly minVersion?: TlsVersion;
  readonly maxVersion?: TlsVersion;
}

export type TlsVersion = "TLSv1" | "TLSv1.1" | "TLSv1.2" | "TLSv1.3";

/** libpq's target_session_attrs: what a server must be for its session to be taken. */
export type SessionAttributes =
  | "any"
  | "read-write"
  | "read-only"
  | "primary"
  | "standby"
  | "prefer-standby";

export interface HostAddress {
  /** A host name, an address, or the directory of a unix socket (absolute path). */
  readonly host: string;
  readonly port: number;
  /** The address to connect to, where it is not to be looked up (libpq's hostaddr). */
  readonly address?: string;
  /** This host's own password, where the password file holds different ones. */
  readonly password?: string;
}

/** A running server. */
export interface ServerEndpoint {
  readonly kind: "server";
  /** Tried in this order, as libpq does with several hosts. */
  readonly hosts: readonly HostAddress[];
  readonly user: string;
  readonly database: string;
  /** Present where no database was named, so that it is the user's own. */
  readonly databaseFrom?: "the user's name";
  /** Absent when none was given; then the server must not ask for one. See `passwordFor`. */
  readonly password?: string;
  /** Where the password was taken from (`PGPASSWORD`, a file's path); for the advice of an error. */
  readonly passwordFrom?: string;
  /** Why the password file is not used, although it exists; for the advice of an error. */
  readonly passwordFileProblem?: string;
  /** Present: the server must prove that it knows the password on this very TLS connection. */
  readonly channelBinding?: "require";
  readonly tls: TlsSettings;
  readonly sessionAttributes: SessionAttributes;
  /** libpq's `options`: command-line options for the server's session, such as `-c geqo=off`. */
  readonly options?: string;
  /** For each attempt; 0 for no limit. */
  readonly connectTimeoutMs: number;
  readonly keepAlive: boolean;
  /** At least 1 s. Node then asks ten times, a second apart. */
  readonly keepAliveIdleMs: number;
  /** After how long without anything moving its sessions' statements are looked into; 0 or absent: never. */
  readonly stallTimeoutMs?: number;
}

/** The password for one of the endpoint's hosts. */
export function passwordFor(endpoint: ServerEndpoint, host: HostAddress): string | undefined {
  return endpoint.password ?? host.password;
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

export type { Environment } from "../run/environment.js";

/** The endpoint as it may be shown: never with its password. */
export function describeEndpoint(endpoint: Endpoint): string {
  if (endpoint.kind === "pgdata") {
    const database = endpoint.database === "postgres" ? "" : `?dbname=${endpoint.database}`;
    return `pgdata:${endpoint.directory}${database}`;
  }
  const hosts = endpoint.hosts
    .map(({ host, port }) => (port === 5432 ? describeHost(host) : `${describeHost(host)}:${port}`))
    .join(",");
  return `postgres://${encodeURIComponent(endpoint.user)}@${hosts}/${encodeURIComponent(endpoint.database)}`;
}

/** The host as a URI writes it. */
export function describeHost(host: string): string {
  if (host.startsWith("/")) return encodeURIComponent(host);
  return host.includes(":") ? `[${host}]` : host;
}
