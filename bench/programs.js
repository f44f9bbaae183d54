// @ts-check
/** Which programs this machine has. */

import { execFile } from "node:child_process";
import { promisify } from "node:util";

/**
 * The first line of what a program says to `--version`; undefined if there is no such program.
 *
 * @param {string} program
 * @returns {Promise<string | undefined>}
 */
export async function versionOf(program) {
  try {
    const { stdout, stderr } = await promisify(execFile)(program, ["--version"]);
    return `${stdout}${stderr}`.trim().split("\n")[0];
  } catch {
    return undefined;
  }
}

/**
 * The major version of one of PostgreSQL's client programs on the PATH.
 *
 * @param {string} program
 */
export async function majorOf(program) {
  const match = / (\d+)/.exec((await versionOf(program)) ?? "");
  return match === null ? undefined : Number(match[1]);
}
