/**
 * A temporary directory that only one user can enter: it holds the socket of a server that asks for
 * no password, so its permissions are what keeps others out.
 */

import { chown, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { PgCopyError } from "../errors.js";
import type { Environment } from "../run/environment.js";
import { canEnter, type ServerOwner } from "./server-owner.js";

/** The path of a unix socket, its end included, may have 104 bytes on macOS and 108 on Linux. */
const SOCKET_PATH_BYTES = 103;

export interface PrivateDirectory {
  readonly path: string;
  /** Removes it with all that is in it. Never throws. */
  remove(): Promise<void>;
}

/**
 * Creates one in the temporary directory of the environment, or in /tmp if that is too long for a
 * socket or closed to the owner.
 *
 * @param owner absent: the current user.
 * @throws PgCopyError `usage` if neither will do.
 */
export async function createPrivateDirectory(
  environment: Environment,
  owner: ServerOwner | undefined,
): Promise<PrivateDirectory> {
  let failure: unknown;
  for (const parent of temporaryDirectories(environment)) {
    try {
      return await createIn(parent, owner);
    } catch (error) {
      failure = error;
    }
  }
  throw new PgCopyError(
    `can't create a temporary directory for the server's socket: ${failure instanceof Error ? failure.message : failure}`,
    {
      code: "usage",
      advice: "set TMPDIR to a writable directory with a short path",
      cause: failure,
    },
  );
}

function temporaryDirectories(environment: Environment): string[] {
  if (process.platform === "win32") return [environment.TEMP ?? environment.TMP ?? tmpdir()];
  const chosen = environment.TMPDIR;
  return chosen === undefined || chosen === "" ? ["/tmp"] : [resolve(chosen), "/tmp"];
}

async function createIn(parent: string, owner: ServerOwner | undefined): Promise<PrivateDirectory> {
  const path = await mkdtemp(join(parent, "pgcopy-")); // mode 0700
  const remove = () => rm(path, { recursive: true, force: true, maxRetries: 3 }).catch(() => {});
  try {
    if (Buffer.byteLength(`${path}/.s.PGSQL.5432`) > SOCKET_PATH_BYTES) {
      throw new Error(`${parent} is too long a path`);
    }
    if (owner !== undefined) {
      await chown(path, owner.uid, owner.gid);
      if (!(await canEnter(path, owner))) throw new Error(`${parent} is closed to other users`);
    }
  } catch (error) {
    await remove();
    throw error;
  }
  return { path, remove };
}
