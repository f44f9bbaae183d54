/**
 * The file of --requirements: pgcopydb's, as `pgcopydb list extensions --requirements --json` writes
 * it (https://pgcopydb.readthedocs.io/en/latest/ref/pgcopydb_clone.html).
 */

import { readFileSync } from "node:fs";
import { PgCopyError } from "../errors.js";
import type { CloneOptions } from "./library.js";

/** @throws PgCopyError `usage`: it can't be read, or is no JSON. What it holds is the library's to check. */
export function readRequirements(path: string): NonNullable<CloneOptions["requirements"]> {
  const shown = JSON.stringify(path);
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw wrongFile(`the requirements can't be read: ${(error as Error).message}`, error);
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw wrongFile(`${shown} is no JSON: ${(error as Error).message}`, error);
  }
}

function wrongFile(message: string, cause: unknown): PgCopyError {
  return new PgCopyError(message, {
    code: "usage",
    advice: 'the file holds an array: [{ "name": "postgis", "version": "3.4.2" }]',
    cause,
  });
}
