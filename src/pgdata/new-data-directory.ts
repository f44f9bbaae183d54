/** Making a new data directory with initdb; on any failure nothing of it is left. */

import { execFile } from "node:child_process";
import { chmod, chown, mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { PgCopyError, type Side } from "../errors.js";
import { throwIfAborted } from "../run/abort.js";
import type { Environment } from "../run/environment.js";
import { refuseClosedParents } from "./data-directory-state.js";
import type { ServerOwner } from "./server-owner.js";

export interface NewDataDirectory {
  readonly directory: string;
  /** Path of `initdb`. */
  readonly initdb: string;
  /** The name of the bootstrap superuser. */
  readonly superuser: string;
  /** Who the directory will belong to; absent: the current user. */
  readonly owner: ServerOwner | undefined;
  readonly environment: Environment;
  readonly side: Side;
  readonly signal: AbortSignal;
}

/** Takes away what was made. Never throws. */
type Undo = () => Promise<void>;

/**
 * Makes the directory (and those above it that are missing) if it does not exist, for its owner
 * alone, and initialises it: UTF8, the locale C.UTF-8 where the system has it, else C. Its
 * pg_hba.conf will ask for passwords, and let the system's user in over the socket.
 *
 * @returns what takes all of it away again, should the server not start.
 * @throws PgCopyError `target_unfit` (or `source_unfit`) with initdb's own words; `interrupted`.
 */
export async function initialiseDirectory(created: NewDataDirectory): Promise<Undo> {
  const undo = await makeDirectory(created);
  try {
    if (created.owner !== undefined) {
      await refuseClosedParents(created.directory, created.owner, created.side);
    }
    await runInitdb(created);
    return undo;
  } catch (error) {
    await undo();
    throw error;
  }
}

async function makeDirectory({ directory, owner, side }: NewDataDirectory): Promise<Undo> {
  try {
    // Undefined if it exists: then it is an empty one, perhaps a mount point, and stays.
    // Whoever could write to a directory above could put another one in its place, whatever the umask is.
    const first = await mkdir(directory, { recursive: true, mode: 0o755 });
    await chmod(directory, 0o700);
    if (owner !== undefined) await chown(directory, owner.uid, owner.gid);
    return first === undefined ? () => emptyDirectory(directory) : () => removeAll(first);
  } catch (error) {
    throw new PgCopyError(`can't create the ${side} directory: ${(error as Error).message}`, {
      code: `${side}_unfit`,
      side,
      advice: "choose a directory where this user may write",
      cause: error,
    });
  }
}

async function removeAll(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true, maxRetries: 3 }).catch(() => {});
}

async function emptyDirectory(directory: string): Promise<void> {
  const entries = await readdir(directory).catch(() => []);
  await Promise.all(entries.map((entry) => removeAll(join(directory, entry))));
}

async function runInitdb(created: NewDataDirectory): Promise<void> {
  try {
    await initdb(created, "C.UTF-8");
  } catch (error) {
    throwIfAborted(created.signal, "initdb");
    if (!/invalid locale/.test(initdbWords(error))) throw initdbError(created, error);
    await initdb(created, "C").catch((again) => {
      throwIfAborted(created.signal, "initdb");
      throw initdbError(created, again);
    });
  }
}

async function initdb(created: NewDataDirectory, locale: string): Promise<void> {
  const running = promisify(execFile)(
    created.initdb,
    [
      ...["-D", created.directory, "-U", created.superuser],
      ...["--encoding=UTF8", `--locale=${locale}`],
      ...["--auth-local=peer", "--auth-host=scram-sha-256"],
    ],
    {
      cwd: created.directory,
      env: created.environment,
      // initdb cleans up after itself when it is told to end.
      signal: created.signal,
      ...created.owner,
    },
  );
  const { child } = running;
  // An abort rejects at once, while initdb still cleans up: what is removed then must stay so.
  const closed = new Promise((resolve) => child.once("close", resolve));
  try {
    await running;
  } finally {
    if (child.pid !== undefined) await closed;
  }
}

function initdbWords(error: unknown): string {
  const { stderr, message } = error as Error & { stderr?: string };
  return stderr !== undefined && stderr !== "" ? stderr : message;
}

function initdbError({ directory, side }: NewDataDirectory, error: unknown): PgCopyError {
  return new PgCopyError(`initdb failed on the ${side} directory ${directory}`, {
    code: `${side}_unfit`,
    side,
    items: initdbWords(error)
      .split("\n")
      .filter((line) => line.trim() !== "")
      .slice(-10),
    cause: error,
  });
}
