/**
 * Who a server runs as. PostgreSQL refuses to run as root, and only the owner of a data directory
 * can start a server on it; so when pgcopy runs as root, its servers run as somebody else.
 *
 * No program is run with this process's environment, which may hold a PGPASSWORD: whoever a program
 * runs as can read its environment.
 */

import { execFile, spawn } from "node:child_process";
import { promisify } from "node:util";
import type { Environment } from "../run/environment.js";

/** The user that a server's processes run as. */
export interface ServerOwner {
  readonly uid: number;
  readonly gid: number;
}

/** The ids of `nobody` on Linux, used where there is no user `postgres`. */
const NOBODY: ServerOwner = { uid: 65_534, gid: 65_534 };

/** Whether this process is root (never on Windows). */
export function isRoot(): boolean {
  return process.getuid?.() === 0;
}

/**
 * The owner of a new data directory: undefined for the current user; for root the user `postgres`
 * if there is one, else `nobody`.
 *
 * @param environment its PATH is searched for `id`; without one, the system's own directories.
 */
export async function newDirectoryOwner(
  environment: Environment = {},
): Promise<ServerOwner | undefined> {
  if (!isRoot()) return undefined;
  const [uid, gid] = await Promise.all([
    postgresId("-u", environment),
    postgresId("-g", environment),
  ]);
  return uid === undefined || gid === undefined || uid === 0 ? NOBODY : { uid, gid };
}

/** `id` knows users of every name service, which /etc/passwd does not. */
async function postgresId(kind: "-u" | "-g", { PATH }: Environment): Promise<number | undefined> {
  try {
    const env = PATH === undefined ? {} : { PATH };
    const { stdout } = await promisify(execFile)("id", [kind, "postgres"], { env });
    return Number.parseInt(stdout, 10);
  } catch {
    return undefined;
  }
}

/** Whether `owner` can execute the program, in the environment in which it is going to run. */
export function canExecute(
  program: string,
  owner: ServerOwner | undefined,
  environment: Environment = {},
): Promise<boolean> {
  return succeeds(program, ["--version"], owner, environment);
}

/** Whether `owner` can enter the directory. */
export function canEnter(directory: string, owner: ServerOwner): Promise<boolean> {
  return succeeds("/bin/sh", ["-c", 'cd -- "$0"', directory], owner);
}

/** Whether a process of that id runs as `owner` (or, without one, as the current user). */
export function isRunningAs(processId: number, owner: ServerOwner | undefined): Promise<boolean> {
  if (owner !== undefined) return succeeds("/bin/sh", ["-c", `kill -0 ${processId}`], owner);
  try {
    return Promise.resolve(process.kill(processId, 0));
  } catch {
    return Promise.resolve(false); // no such process, or somebody else's
  }
}

/**
 * Runs a command as `owner`: the system then answers with all that it knows, such as the permissions
 * of every directory above one, groups, and access control lists.
 */
function succeeds(
  program: string,
  args: readonly string[],
  owner: ServerOwner | undefined,
  env: Environment = {},
): Promise<boolean> {
  return new Promise<boolean>((resolve) => {
    // Throws at once where even root may not change to another user.
    const child = spawn(program, args, { stdio: "ignore", cwd: "/", env, ...owner });
    child.once("error", () => resolve(false));
    child.once("exit", (status) => resolve(status === 0));
  }).catch(() => false);
}
