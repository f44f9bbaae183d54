/** A real standby: a data directory that was stopped cleanly, started again with standby.signal. */

import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startDataDirectory } from "../../src/pgdata/data-directory.js";
import { copyNativeFolder } from "../../src/pgdata/embedded-binaries.js";
import { embeddedServerBinaries } from "../../src/pgdata/server-binaries.js";
import { canExecute, newDirectoryOwner } from "../../src/pgdata/server-owner.js";
import { startServer } from "../../src/pgdata/server-process.js";
import { connect } from "../../src/postgres/connect.js";

export interface Standby extends AsyncDisposable {
  /** Connects over its unix socket, where no password is asked for. */
  uri(database?: string): string;
}

/** Starts one; `script` is run while it is still a primary. */
export async function startStandby(script: string): Promise<Standby> {
  const base = await mkdtemp(join(tmpdir(), "pgcopy-standby-"));
  try {
    return await startIn(base, script);
  } catch (error) {
    await rm(base, { recursive: true, force: true });
    throw error;
  }
}

async function startIn(base: string, script: string): Promise<Standby> {
  const owner = await newDirectoryOwner();
  await chmod(base, 0o777);
  const directory = join(base, "data");
  const signal = new AbortController().signal;
  const environment = { PATH: process.env.PATH, TMPDIR: base };
  const binaries = await embeddedServerBinaries();
  if (binaries?.nativeFolder === undefined) throw new Error("no embedded PostgreSQL: run npm ci");
  let { postgres } = binaries;
  if (!(await canExecute(postgres, owner))) {
    await copyNativeFolder(binaries.nativeFolder, join(base, "native"));
    postgres = join(base, "native", "bin", "postgres");
  }
  const primary = await startDataDirectory(
    { kind: "pgdata", directory, database: "postgres" },
    { side: "target", mayInitialise: true, environment, signal, binaries },
  );
  await using connection = await connect(primary.endpoint, {
    side: "target",
    purpose: "test",
    signal,
  });
  await connection.execute("filling the primary", script);
  await connection.close();
  await primary.stop();

  await writeFile(join(directory, "standby.signal"), "");
  await writeFile(join(directory, "pg_hba.conf"), "local all all trust\n");
  const standby = await startServer({
    postgres,
    dataDirectory: directory,
    parameters: { listen_addresses: "", unix_socket_directories: base, hot_standby: "on" },
    owner,
    environment,
    temporaryDirectory: join(base, "none"),
    signal,
  });
  return {
    uri: (database = "postgres") =>
      `postgres://postgres@${encodeURIComponent(base)}:5432/${encodeURIComponent(database)}`,
    [Symbol.asyncDispose]: async () => {
      await standby.stop();
      await rm(base, { recursive: true, force: true });
    },
  };
}
