/** A streaming standby of a server that the tests launched, made from a base backup of it. */

import { execFile } from "node:child_process";
import { chmod, chown, mkdtemp, readlink, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { newDirectoryOwner } from "../../src/pgdata/server-owner.js";
import { type ServerStartFailure, startServer } from "../../src/pgdata/server-process.js";
import type { LaunchedServer } from "./launch-servers.js";
import { databaseOn, testServer } from "./servers.js";

export interface Replica extends AsyncDisposable {
  /** Connects over its unix socket, where no password is asked for. */
  uri(database: string): string;
}

/** Starts one of PostgreSQL 15 or newer, on Linux. */
export async function startReplica(
  primary: LaunchedServer,
  parameters: Readonly<Record<string, string>>,
): Promise<Replica> {
  const base = await mkdtemp(join(tmpdir(), "pgcopy-replica-"));
  const { address } = primary;
  const data = join(base, "data");
  await chmod(base, 0o777);
  const label = await databaseOn(testServer(address), "postgres").withClient(async (client) => {
    await client.query("select pg_backup_start('replica', true)");
    await promisify(execFile)("cp", ["-a", join(dirname(address.socketDirectory), "data"), data]);
    const { rows } = await client.query("select labelfile from pg_backup_stop(false)");
    return rows[0].labelfile as string;
  });
  const owner = await newDirectoryOwner();
  for (const [name, content] of Object.entries({ backup_label: label, "standby.signal": "" })) {
    await writeFile(join(data, name), content);
    if (owner !== undefined) await chown(join(data, name), owner.uid, owner.gid);
  }
  await rm(join(data, "postmaster.pid"), { force: true });
  const server = await startServer({
    postgres: await readlink(`/proc/${primary.process.processId}/exe`),
    dataDirectory: data,
    parameters: {
      ...parameters,
      listen_addresses: "",
      unix_socket_directories: base,
      port: "5432",
      hot_standby: "on",
      // No less than those of its primary.
      max_wal_senders: "20",
      primary_conninfo: `host=${address.socketDirectory} port=${address.port} user=postgres`,
    },
    owner,
    environment: { PATH: process.env.PATH, LC_ALL: "C" },
    temporaryDirectory: join(base, "none"),
    signal: new AbortController().signal,
  }).catch((error: ServerStartFailure) => {
    throw new Error(`the standby did not start: ${error.lines?.join("; ") ?? error.message}`);
  });
  return {
    uri: (database) => `postgres://postgres@${encodeURIComponent(base)}:5432/${database}`,
    [Symbol.asyncDispose]: async () => {
      await server.stop();
      await rm(base, { recursive: true, force: true });
    },
  };
}
