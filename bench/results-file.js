// @ts-check
/** Where a command's results go. */

import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * @param {string | undefined} output the one asked for
 * @param {string} [kind]
 */
export function resultsFile(output, kind) {
  const time = new Date().toISOString().replaceAll(":", "-").slice(0, 19);
  const name = kind === undefined ? time : `${kind}-${time}`;
  return output ?? fileURLToPath(new URL(`results/${name}.json`, import.meta.url));
}

/**
 * Writes it anew after each data set, so that a run which is interrupted keeps what it has measured.
 *
 * @param {string} file
 * @param {string} text
 */
export async function writeResults(file, text) {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
}
