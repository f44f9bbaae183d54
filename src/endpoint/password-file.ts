/**
 * libpq's password file (~/.pgpass): lines of `host:port:database:user:password`, of which the
 * first that fits counts; `*` fits everything, and a backslash escapes `:` and itself.
 */

import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { Environment } from "../run/environment.js";
import { readIfPresent, userFile } from "./user-files.js";

/** Read once, asked for each host. */
export interface PasswordFile {
  readonly path: string;
  /** Why the file is not used, although it exists. */
  readonly problem?: string;
  passwordFor(session: PasswordQuery): string | undefined;
}

export interface PasswordQuery {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
}

/** The directories that PostgreSQL is built to put its socket in; for them libpq looks up `localhost`. */
export const defaultSocketDirectories: readonly string[] = ["/var/run/postgresql", "/tmp"];

/** The path of the user's password file, where none is named by `passfile` or PGPASSFILE. */
export function defaultPasswordFile(environment: Environment): string | undefined {
  if (process.platform === "win32") return userFile(environment, "pgpass.conf");
  return environment.HOME ? join(environment.HOME, ".pgpass") : undefined;
}

/** Reads a password file. One that does not exist is empty; one that others may read is not used. */
export async function readPasswordFile(path: string): Promise<PasswordFile> {
  const unused = (problem?: string): PasswordFile => ({
    path,
    ...(problem === undefined ? {} : { problem }),
    passwordFor: () => undefined,
  });
  const file = await stat(path).catch(() => undefined);
  if (file === undefined) return unused();
  if (!file.isFile()) return unused(`${path} is not a plain file`);
  if (process.platform !== "win32" && (file.mode & 0o077) !== 0) {
    return unused(`${path} is not used because others may read it: chmod 600 it`);
  }
  const text = await readIfPresent(path);
  if (text === undefined) return unused(`${path} can't be read`);
  return { path, passwordFor: (session) => findPassword(text, session) };
}

/** The password that the text of a password file holds for a session. */
export function findPassword(text: string, session: PasswordQuery): string | undefined {
  const wanted = [
    defaultSocketDirectories.includes(session.host) ? ["localhost", session.host] : [session.host],
    [String(session.port)],
    [session.database],
    [session.user],
  ];
  for (const line of text.split(/\r?\n/)) {
    if (line.startsWith("#")) continue;
    const fields =
      /^((?:[^:\\]|\\.)*):((?:[^:\\]|\\.)*):((?:[^:\\]|\\.)*):((?:[^:\\]|\\.)*):(.*)$/.exec(line);
    if (fields === null) continue;
    const fits = wanted.every((names, index) => {
      const field = fields[index + 1]!;
      return field === "*" || names.includes(unescaped(field));
    });
    // libpq stops at the first line that fits, even if its password is empty.
    if (fits) return unescaped(fields[5]!) || undefined;
  }
  return undefined;
}

function unescaped(field: string): string {
  return field.replace(/\\(.)/g, "$1");
}
