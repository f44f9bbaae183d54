/** What a data directory is, seen from outside, and why a server can't be started on it. */

import { readdir, readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { PgCopyError, type Side } from "../errors.js";
import { canEnter, isRoot, isRunningAs, type ServerOwner } from "./server-owner.js";

export type DirectoryState =
  | { readonly kind: "missing" }
  | { readonly kind: "empty" }
  /** A file, or a directory with something else in it. */
  | { readonly kind: "foreign" }
  | { readonly kind: "unreadable"; readonly reason: string }
  | DataDirectory;

export interface DataDirectory {
  readonly kind: "data";
  readonly major: number;
  readonly owner: ServerOwner;
  /** Present while a server runs on it. */
  readonly serverProcessId?: number;
  /** The file that says that its server would follow another one, or restore from an archive. */
  readonly recovery?: "standby.signal" | "recovery.signal";
  /** False if its postgresql.conf is elsewhere, as Debian's is. */
  readonly hasConfiguration: boolean;
}

/** Looks at a directory; changes nothing. */
export async function inspectDirectory(directory: string): Promise<DirectoryState> {
  try {
    const entries = await readdir(directory);
    if (entries.length === 0) return { kind: "empty" };
    if (!entries.includes("PG_VERSION") || !entries.includes("global")) return { kind: "foreign" };
    return await inspectData(directory, entries);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return { kind: "missing" };
    if (code === "ENOTDIR") return { kind: "foreign" };
    return { kind: "unreadable", reason: message };
  }
}

async function inspectData(directory: string, entries: string[]): Promise<DirectoryState> {
  const major = Number.parseInt(await readFile(join(directory, "PG_VERSION"), "utf8"), 10);
  if (Number.isNaN(major)) return { kind: "foreign" };
  const { uid, gid } = await stat(directory);
  const serverProcessId = await runningServer(directory, { uid, gid });
  const recovery = (["standby.signal", "recovery.signal"] as const).find((file) =>
    entries.includes(file),
  );
  return {
    kind: "data",
    major,
    owner: { uid, gid },
    ...(serverProcessId === undefined ? {} : { serverProcessId }),
    ...(recovery === undefined ? {} : { recovery }),
    hasConfiguration: entries.includes("postgresql.conf"),
  };
}

/**
 * The process named in postmaster.pid, if it is alive. The rules are PostgreSQL's own: a process of
 * another user can't be the server, and after a restart of the machine or container our own
 * process or its parent may have got the number. A file that is merely stale the server replaces.
 */
async function runningServer(directory: string, owner: ServerOwner): Promise<number | undefined> {
  let content: string;
  try {
    content = await readFile(join(directory, "postmaster.pid"), "utf8");
  } catch {
    return undefined;
  }
  // A standalone backend (postgres --single) writes its number with a minus.
  const processId = Math.abs(Number.parseInt(content, 10));
  if (!(processId > 0) || processId === process.pid || processId === process.ppid) return undefined;
  return (await isRunningAs(processId, isRoot() ? owner : undefined)) ? processId : undefined;
}

/**
 * Refuses a directory on which no server can be started, or should be.
 *
 * @throws PgCopyError `usage` if it is no data directory; `source_unfit`, `target_unfit`.
 */
export function refuseUnfitDirectory(
  directory: string,
  state: Exclude<DirectoryState, { kind: "missing" | "empty" }>,
  side: Side,
): asserts state is DataDirectory {
  switch (state.kind) {
    case "foreign":
      throw new PgCopyError(
        `the ${side} directory ${directory} is not a PostgreSQL data directory`,
        {
          code: "usage",
          side,
          advice: `a data directory has a file PG_VERSION${side === "target" ? "; a new one is made only where nothing is, or in an empty directory" : ""}`,
        },
      );
    case "unreadable":
      throw unfit(
        side,
        `can't read the ${side} directory: ${state.reason}`,
        "run pgcopy as the directory's owner",
      );
    case "data":
      return refuseUnfitData(directory, state, side);
  }
}

function refuseUnfitData(directory: string, state: DataDirectory, side: Side): void {
  const { serverProcessId, recovery, owner } = state;
  if (serverProcessId !== undefined) {
    throw unfit(
      side,
      `a server is running on the ${side} directory ${directory} (process ${serverProcessId})`,
      "connect to that server with a postgres:// URI, or stop it first",
    );
  }
  if (recovery !== undefined) {
    throw unfit(
      side,
      `the ${side} directory ${directory} belongs to a server in recovery (it holds ${recovery}); starting it would change it`,
      "start and promote that server first, or use another one",
    );
  }
  if (isRoot() && owner.uid === 0) {
    throw unfit(
      side,
      `the ${side} directory ${directory} belongs to root, and PostgreSQL does not run as root`,
      `give it to another user: chown -R postgres ${directory}`,
    );
  }
  const uid = process.getuid?.();
  if (!isRoot() && uid !== undefined && owner.uid !== uid) {
    throw unfit(
      side,
      `the ${side} directory ${directory} belongs to another user (uid ${owner.uid}; this is uid ${uid})`,
      "run pgcopy as the directory's owner, or as root",
    );
  }
}

/**
 * Refuses a directory that the user who would run its server can't reach.
 *
 * @throws PgCopyError `source_unfit`, `target_unfit`, naming the directory that is closed.
 */
export async function refuseClosedParents(
  directory: string,
  owner: ServerOwner,
  side: Side,
): Promise<void> {
  if (await canEnter(directory, owner)) return;
  const ancestors = [directory];
  for (let at = directory; dirname(at) !== at; at = dirname(at)) ancestors.unshift(dirname(at));
  for (const ancestor of ancestors) {
    if (await canEnter(ancestor, owner)) continue;
    throw unfit(
      side,
      `the server of ${directory} would run as uid ${owner.uid} (PostgreSQL does not run as root), which can't enter ${ancestor}`,
      "choose a directory that other users can reach, such as one under /var/lib or /tmp",
    );
  }
}

/** The error for a data directory that can't be used as that side. */
export function unfit(side: Side, message: string, advice: string): PgCopyError {
  return new PgCopyError(message, { code: `${side}_unfit`, side, advice });
}
