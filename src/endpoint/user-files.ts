/** The files that libpq keeps in the user's home directory. */

import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Environment } from "../run/environment.js";

/** The path of a file in ~/.postgresql; undefined if the environment knows no home directory. */
export function userFile(environment: Environment, name: string): string | undefined {
  if (process.platform === "win32") {
    return environment.APPDATA ? join(environment.APPDATA, "postgresql", name) : undefined;
  }
  return environment.HOME ? join(environment.HOME, ".postgresql", name) : undefined;
}

/** The path of that file if it exists. */
export async function existingUserFile(
  environment: Environment,
  name: string,
): Promise<string | undefined> {
  const path = userFile(environment, name);
  return path !== undefined && (await exists(path)) ? path : undefined;
}

export async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}

/** A text file, or undefined where there is none that can be read. */
export async function readIfPresent(path: string): Promise<string | undefined> {
  return await readFile(path, "utf8").catch(() => undefined);
}
