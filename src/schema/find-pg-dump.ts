/**
 * Which local pg_dump to use, found in a few milliseconds: the directory that a program lies in
 * nearly always tells its version, so programs are run only where it does not.
 */

import { execFile } from "node:child_process";
import { constants } from "node:fs";
import { access, readdir, realpath, stat } from "node:fs/promises";
import { basename, delimiter, dirname, isAbsolute, join, resolve } from "node:path";
import { promisify } from "node:util";
import { PgCopyError } from "../errors.js";
import type { Environment } from "../run/environment.js";

export interface FoundPgDump {
  /** Absolute path. */
  readonly path: string;
  /** PostgreSQL's major version that it belongs to. */
  readonly major: number;
}

export interface FindPgDumpOptions {
  /** Its PATH is searched. */
  readonly environment: Environment;
  /** The source's major version: an older pg_dump refuses to dump it. */
  readonly minimumMajor: number;
  readonly signal: AbortSignal;
  /** Searched as well as PATH; `*` stands for the version. Default: `usualDirectories`. */
  readonly directories?: readonly string[];
}

const onWindows = process.platform === "win32";
const PROGRAM = onWindows ? "pg_dump.exe" : "pg_dump";
/** A program that says nothing for this long is not pg_dump, in milliseconds. */
const VERSION_TIMEOUT_MS = 5_000;
/** How many programs of unknown version are asked for it: each costs a process. */
const MAX_ASKED = 2;

/** Where packages for the common systems put the programs of each major version. */
function usualDirectories(environment: Environment): string[] {
  const programFiles = environment.ProgramFiles;
  if (onWindows) return programFiles === undefined ? [] : [`${programFiles}\\PostgreSQL\\*\\bin`];
  return [
    "/usr/lib/postgresql/*/bin", // Debian, Ubuntu
    "/usr/pgsql-*/bin", // Red Hat, from PostgreSQL's own repository
    "/usr/lib/postgresql*/bin", // SUSE
    "/usr/libexec/postgresql*", // Alpine
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
    "/home/linuxbrew/.linuxbrew/opt/postgresql@*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
    "/opt/homebrew/opt/libpq/bin",
    "/usr/local/opt/libpq/bin",
    "/usr/local/pgsql/bin",
  ];
}

/**
 * The newest pg_dump whose version its path tells, on PATH or in the usual directories, if it is
 * new enough; else one whose version it says itself; else undefined. Never throws for a pg_dump
 * that is broken: it is passed over.
 */
export async function findPgDump(options: FindPgDumpOptions): Promise<FoundPgDump | undefined> {
  const places = await Promise.all([
    ...(options.directories ?? usualDirectories(options.environment)).map(matchingDirectories),
    pathDirectories(options.environment),
  ]);
  const programs = await distinctPrograms(places.flat());
  const known = programs.filter((program) => program.major !== undefined) as FoundPgDump[];
  const newest = known.sort((a, b) => b.major - a.major)[0];
  if (newest !== undefined && newest.major >= options.minimumMajor) return newest;

  const unknown = programs.filter((program) => program.major === undefined).slice(0, MAX_ASKED);
  if (unknown.length === 0) unknown.push(...(await besidePgConfig(options, programs)));
  const asked = await Promise.all(
    unknown.map(async ({ path }) => ({ path, major: (await askVersion(path, options)) ?? 0 })),
  );
  const answered = asked.sort((a, b) => b.major - a.major)[0];
  return answered !== undefined && answered.major >= options.minimumMajor ? answered : undefined;
}

/**
 * The pg_dump that the user named: a path, or a name to look up on PATH.
 *
 * @throws PgCopyError `schema_dump_failed` if it is not there, can't be run, or is too old.
 */
export async function namedPgDump(name: string, options: FindPgDumpOptions): Promise<FoundPgDump> {
  const path = await locate(name, options.environment);
  const problem = path === undefined ? "is not on PATH" : await whyNotExecutable(path);
  if (path === undefined || problem !== undefined) {
    throw unusable(`pg_dump ${JSON.stringify(name)} ${problem}`);
  }
  const major = await askVersion(path, options);
  if (major === undefined) {
    throw unusable(`${path} does not tell its version as pg_dump does: it is another program`);
  }
  if (major < options.minimumMajor) {
    throw unusable(
      `${path} is pg_dump ${major}, which can't dump a server of version ${options.minimumMajor}`,
    );
  }
  return { path, major };
}

function unusable(message: string): PgCopyError {
  return new PgCopyError(message, {
    code: "schema_dump_failed",
    advice:
      'name a pg_dump at least as new as the source, or "bundled" for the one that comes with pgcopy, or none and one is chosen',
  });
}

interface Program {
  readonly path: string;
  readonly major: number | undefined;
}

/** The pg_dump programs in these directories, without those that are links to another one. */
async function distinctPrograms(directories: readonly string[]): Promise<Program[]> {
  const found = await Promise.all(
    [...new Set(directories)].map(async (directory): Promise<Program | undefined> => {
      const path = join(directory, PROGRAM);
      if ((await whyNotExecutable(path)) !== undefined) return undefined;
      const real = await realpath(path).catch(() => path);
      // Debian's /usr/bin/pg_dump is a Perl script that starts one in /usr/lib/postgresql: slowly.
      if (basename(real) === "pg_wrapper") return undefined;
      return { path: real, major: majorInPath(real) };
    }),
  );
  const byPath = new Map(found.flatMap((program) => (program ? [[program.path, program]] : [])));
  return [...byPath.values()];
}

/** `/usr/lib/postgresql/16/bin/pg_dump`, `…/Cellar/libpq/16.4/bin/pg_dump` → 16. */
function majorInPath(path: string): number | undefined {
  const directory = dirname(path).replaceAll("\\", "/");
  const match =
    /(?:postgresql|pgsql|libpq|Postgres\.app\/Contents\/Versions)[@/-]?(\d\d?)(?!\d)[^/]*(?:\/[\d._]+)?(?:\/bin)?$/i.exec(
      directory,
    );
  return match === null ? undefined : Number(match[1]);
}

async function matchingDirectories(pattern: string): Promise<string[]> {
  const match = /^(.*[\\/])([^\\/*]*)\*(.*)$/.exec(pattern);
  if (match === null) return [pattern];
  const [, parent = "", prefix = "", rest = ""] = match;
  const names = await readdir(parent).catch(() => []);
  return names
    .filter((name) => name.startsWith(prefix) && /^\d+(\.\d+)?$/.test(name.slice(prefix.length)))
    .map((name) => join(parent, name, rest));
}

function pathDirectories(environment: Environment): string[] {
  return pathOf(environment).split(delimiter).filter(isAbsolute);
}

/** Windows writes the name of the variable `Path`, and a plain object knows no other case. */
function pathOf(environment: Environment): string {
  const name = onWindows
    ? Object.keys(environment).find((key) => key.toUpperCase() === "PATH")
    : "PATH";
  return (name === undefined ? undefined : environment[name]) ?? "";
}

/** PostgreSQL built from source is often not on PATH while pg_config is linked there. */
async function besidePgConfig(
  options: FindPgDumpOptions,
  seen: readonly Program[],
): Promise<Program[]> {
  const program = onWindows ? "pg_config.exe" : "pg_config";
  for (const directory of pathDirectories(options.environment)) {
    const path = join(directory, program);
    if ((await whyNotExecutable(path)) !== undefined) continue;
    const bin = (await output(path, ["--bindir"], options))?.trim();
    const programs = bin === undefined || bin === "" ? [] : await distinctPrograms([bin]);
    return programs.filter(({ path: one }) => !seen.some((other) => other.path === one));
  }
  return [];
}

async function locate(name: string, environment: Environment): Promise<string | undefined> {
  if (/[\\/]/.test(name)) return resolve(name);
  for (const directory of pathDirectories(environment)) {
    const path = join(directory, name);
    if ((await whyNotExecutable(path)) === undefined) return path;
  }
  return undefined;
}

async function whyNotExecutable(path: string): Promise<string | undefined> {
  try {
    if (!(await stat(path)).isFile()) return "is not a file";
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EACCES"
      ? "can't be reached: permission denied"
      : "does not exist";
  }
  return await access(path, constants.X_OK).then(
    () => undefined,
    () => "is not executable",
  );
}

async function askVersion(path: string, options: FindPgDumpOptions): Promise<number | undefined> {
  const answer = await output(path, ["--version"], options);
  const match = /^pg_dump \(PostgreSQL\) (\d+)/m.exec(answer ?? "");
  return match === null ? undefined : Number(match[1]);
}

async function output(
  path: string,
  args: readonly string[],
  options: FindPgDumpOptions,
): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)(path, args, {
      env: { ...options.environment, LC_ALL: "C" },
      timeout: VERSION_TIMEOUT_MS,
      signal: options.signal,
      windowsHide: true,
    });
    return stdout;
  } catch {
    return undefined;
  }
}
