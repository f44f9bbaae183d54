/**
 * `pgdata:DIR` endpoints: a server runs on the directory for the length of a command, and is shut
 * down cleanly at its end.
 *
 * It is private: it listens only on a unix socket in a temporary directory that nobody else can
 * enter, with a pg_hba.conf of its own that asks for no password; it takes part in no replication.
 * All of that comes as command-line parameters: no file of the data directory is changed, so the
 * next ordinary start finds its own settings.
 *
 * On Windows node-postgres can't use unix sockets: there the server listens on a free port of
 * 127.0.0.1, where for as long as it runs every user of that machine could connect to it.
 */

import type { DataDirectoryEndpoint, ServerEndpoint } from "../endpoint/endpoint.js";
import { PgCopyError, type Side } from "../errors.js";
import { throwIfAborted } from "../run/abort.js";
import type { Environment } from "../run/environment.js";
import {
  type DataDirectory,
  inspectDirectory,
  refuseClosedParents,
  refuseUnfitDirectory,
} from "./data-directory-state.js";
import { initialiseDirectory } from "./new-data-directory.js";
import { createPrivateDirectory, type PrivateDirectory } from "./private-directory.js";
import {
  executableBinaries,
  privateAddress,
  privateEndpoint,
  privateFiles,
  privateParameters,
  serverEnvironment,
} from "./private-server.js";
import { findServerBinaries, type ServerBinaries } from "./server-binaries.js";
import { isRoot, newDirectoryOwner, type ServerOwner } from "./server-owner.js";
import {
  type ServerProcess,
  type ServerStart,
  ServerStartFailure,
  startServer,
} from "./server-process.js";

export interface StartOptions {
  readonly side: Side;
  /** Whether a directory that is missing or empty is made a new one. */
  readonly mayInitialise: boolean;
  readonly environment: Environment;
  /** Aborted: the start is given up. A server that runs is stopped by its `stop` alone. */
  readonly signal: AbortSignal;
  /** Configuration parameters for this server, such as `max_connections`. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Absent: looked for (`findServerBinaries`). */
  readonly binaries?: ServerBinaries;
}

export interface RunningServer extends AsyncDisposable {
  /** How to connect to it, as the superuser or the endpoint's user. */
  readonly endpoint: ServerEndpoint;
  /** The process id of the postmaster. */
  readonly processId: number;
  /** The server's version: `16.14`. */
  readonly version: string;
  /** Whether the data directory was made by this call. */
  readonly initialised: boolean;
  /** The last lines of the server's log. */
  log(): readonly string[];
  /** Shuts it down and removes its temporary files; a second call waits for the first. Never throws. */
  stop(): Promise<void>;
}

/**
 * Starts a server on a data directory.
 *
 * @throws PgCopyError `usage` if it is not one, or is missing and may not be made; `source_unfit` or
 *   `target_unfit` if a server runs on it, if it belongs to a standby or another user, if there are
 *   no programs of its version, or if the server does not start; `interrupted`.
 */
export async function startDataDirectory(
  endpoint: DataDirectoryEndpoint,
  options: StartOptions,
): Promise<RunningServer> {
  throwIfAborted(options.signal, "starting a server");
  const { directory } = endpoint;
  const existing = await existingDirectory(directory, options);
  const owner = await serverOwner(existing, options.environment);
  if (existing !== undefined && owner !== undefined) {
    await refuseClosedParents(directory, owner, options.side);
  }
  const found = options.binaries ?? (await findServerBinaries(existing?.major, options));
  const temporary = await createPrivateDirectory(options.environment, owner);
  try {
    const prepared = { existing, owner, found, temporary };
    return await startPrivately(endpoint, options, prepared);
  } catch (error) {
    await temporary.remove();
    throw error;
  }
}

/** What is known and made before the directory is touched. */
interface Prepared {
  /** Absent: the directory is made. */
  readonly existing: DataDirectory | undefined;
  readonly owner: ServerOwner | undefined;
  readonly found: ServerBinaries;
  readonly temporary: PrivateDirectory;
}

async function startPrivately(
  endpoint: DataDirectoryEndpoint,
  options: StartOptions,
  { existing, owner, found, temporary }: Prepared,
): Promise<RunningServer> {
  const { directory } = endpoint;
  const environment = serverEnvironment(options.environment);
  const binaries = await executableBinaries(found, {
    temporaryDirectory: temporary.path,
    owner,
    environment,
    side: options.side,
  });
  const undo =
    existing === undefined
      ? await initialiseDirectory({
          ...options,
          directory,
          initdb: binaries.initdb,
          superuser: endpoint.user ?? "postgres",
          owner,
          environment,
        })
      : async () => {};
  try {
    const address = await privateAddress(temporary.path);
    const server = await start(options, {
      postgres: binaries.postgres,
      dataDirectory: directory,
      parameters: {
        ...options.settings,
        ...privateParameters(directory, temporary.path, address),
        ...(await privateFiles(temporary.path, owner, existing?.hasConfiguration ?? true)),
      },
      owner,
      environment,
      temporaryDirectory: temporary.path,
      signal: options.signal,
    });
    return runningServer(server, {
      endpoint: privateEndpoint(endpoint, address),
      version: binaries.version,
      initialised: existing === undefined,
      removeTemporary: temporary.remove,
    });
  } catch (error) {
    await undo();
    throw error;
  }
}

/** The data directory that is there; undefined if one is to be made. */
async function existingDirectory(
  directory: string,
  { side, mayInitialise }: StartOptions,
): Promise<DataDirectory | undefined> {
  const state = await inspectDirectory(directory);
  if (state.kind !== "missing" && state.kind !== "empty") {
    refuseUnfitDirectory(directory, state, side);
    return state;
  }
  if (mayInitialise) return undefined;
  const why = state.kind === "missing" ? "does not exist" : "is empty";
  throw new PgCopyError(`the ${side} directory ${directory} ${why}`, {
    code: "usage",
    side,
    advice: "give the path of a PostgreSQL data directory",
  });
}

/** Root can't run a server, and a directory's server can only be run by its owner. */
async function serverOwner(
  existing: DataDirectory | undefined,
  environment: Environment,
): Promise<ServerOwner | undefined> {
  if (!isRoot()) return undefined;
  return existing?.owner ?? (await newDirectoryOwner(environment));
}

/** Starts the process, and tells why it failed by the last lines of its log. */
async function start({ side }: StartOptions, what: ServerStart): Promise<ServerProcess> {
  try {
    return await startServer(what);
  } catch (error) {
    if (!(error instanceof ServerStartFailure)) throw error;
    const fatal = error.lines.findLast((line) => /^(FATAL|PANIC): /.test(line));
    throw new PgCopyError(
      `can't start a server on the ${side} directory ${what.dataDirectory}: ${fatal ?? error.message}`,
      {
        code: `${side}_unfit`,
        side,
        items: error.lines.slice(-10),
        advice: "its log says why",
        cause: error,
      },
    );
  }
}

function runningServer(
  server: ServerProcess,
  about: Pick<RunningServer, "endpoint" | "version" | "initialised"> & {
    readonly removeTemporary: () => Promise<void>;
  },
): RunningServer {
  const { removeTemporary, ...shown } = about;
  let stopping: Promise<void> | undefined;
  const stop = () => {
    stopping ??= server.stop().then(removeTemporary);
    return stopping;
  };
  return {
    ...shown,
    processId: server.processId,
    log: () => server.log(),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
