/** What makes a data directory's server a private one: its programs, address, parameters and files. */

import { chown, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { basename, join } from "node:path";
import type { DataDirectoryEndpoint, HostAddress, ServerEndpoint } from "../endpoint/endpoint.js";
import type { Side } from "../errors.js";
import type { Environment } from "../run/environment.js";
import { unfit } from "./data-directory-state.js";
import { copyNativeFolder } from "./embedded-binaries.js";
import type { ServerBinaries } from "./server-binaries.js";
import { canExecute, type ServerOwner } from "./server-owner.js";

/** Who is going to run the programs, and where. */
export interface ProgramsUse {
  readonly temporaryDirectory: string;
  /** Absent: the current user. */
  readonly owner: ServerOwner | undefined;
  readonly environment: Environment;
  readonly side: Side;
}

/**
 * The programs, where the server's user can run them: an embedded package that lies where only root
 * can enter is copied into the temporary directory.
 *
 * @throws PgCopyError `source_unfit`, `target_unfit` for an installation closed to that user.
 */
export async function executableBinaries(
  binaries: ServerBinaries,
  { temporaryDirectory, owner, environment, side }: ProgramsUse,
): Promise<ServerBinaries> {
  if (owner === undefined || (await canExecute(binaries.postgres, owner, environment))) {
    return binaries;
  }
  if (binaries.nativeFolder === undefined) {
    throw unfit(
      side,
      `${binaries.postgres} can't be run by uid ${owner.uid}, as whom the server would run (PostgreSQL does not run as root)`,
      "install PostgreSQL where every user can run it",
    );
  }
  const copy = join(temporaryDirectory, "native");
  await copyNativeFolder(binaries.nativeFolder, copy);
  const moved = (path: string) => join(copy, "bin", basename(path));
  return { ...binaries, postgres: moved(binaries.postgres), initdb: moved(binaries.initdb) };
}

/** Without the PG* variables, which are for clients, and with messages in the language that we read. */
export function serverEnvironment(environment: Environment): Environment {
  const kept = Object.entries(environment).filter(([name]) => !/^(PG|LC_|LANG)/.test(name));
  return { ...Object.fromEntries(kept), LC_ALL: "C" };
}

/** Where the server listens: the unix socket's directory, or on Windows a free port. */
export async function privateAddress(socketDirectory: string): Promise<HostAddress> {
  if (process.platform !== "win32") return { host: socketDirectory, port: 5432 };
  return await new Promise((resolve, reject) => {
    const listener = createServer();
    listener.once("error", reject);
    listener.listen(0, "127.0.0.1", () => {
      const address = listener.address();
      const port = typeof address === "object" && address !== null ? address.port : 5432;
      listener.close(() => resolve({ host: "127.0.0.1", port }));
    });
  });
}

/**
 * What keeps this server apart, whatever its configuration says. archive_mode is left as it is: what
 * is written now belongs into the archive of the directory, or the archive would have a hole.
 */
export function privateParameters(
  directory: string,
  socketDirectory: string,
  address: HostAddress,
): Record<string, string> {
  const unixSocket = address.host === socketDirectory;
  return {
    // A configuration made elsewhere may point to another directory.
    data_directory: directory,
    listen_addresses: unixSocket ? "" : address.host,
    port: String(address.port),
    unix_socket_directories: unixSocket ? socketDirectory : "",
    unix_socket_group: "",
    ssl: "off",
    external_pid_file: "",
    cluster_name: "pgcopy",
    autovacuum: "off",
    // No subscription of the directory goes on fetching changes.
    max_logical_replication_workers: "0",
    // Standbys can't connect: a commit that waits for one would wait for ever.
    synchronous_standby_names: "",
  };
}

/** The files that replace those of the data directory, as parameters. */
export async function privateFiles(
  temporaryDirectory: string,
  owner: ServerOwner | undefined,
  hasConfiguration: boolean,
): Promise<Record<string, string>> {
  const write = async (name: string, content: string) => {
    const path = join(temporaryDirectory, name);
    await writeFile(path, content, { mode: 0o600 });
    if (owner !== undefined) await chown(path, owner.uid, owner.gid);
    return path;
  };
  const rule =
    process.platform === "win32" ? "host all all 127.0.0.1/32 trust" : "local all all trust";
  return {
    hba_file: await write("pg_hba.conf", `${rule}\n`),
    ident_file: await write("pg_ident.conf", ""),
    // Without one PostgreSQL does not start.
    ...(hasConfiguration ? {} : { config_file: await write("postgresql.conf", "") }),
  };
}

/** How pgcopy connects to it. */
export function privateEndpoint(
  endpoint: DataDirectoryEndpoint,
  address: HostAddress,
): ServerEndpoint {
  return {
    kind: "server",
    hosts: [address],
    user: endpoint.user ?? "postgres",
    database: endpoint.database,
    tls: { mode: "disable", negotiation: "postgres", serverName: false },
    sessionAttributes: "any",
    connectTimeoutMs: 10_000,
    keepAlive: false,
    keepAliveIdleMs: 0,
  };
}
