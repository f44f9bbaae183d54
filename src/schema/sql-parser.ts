/** The SQL parser's package, loaded once. */

import { createRequire } from "node:module";

export type SqlParser = typeof import("libpg-query");

const require = createRequire(import.meta.url);

/**
 * Required rather than imported: before Node.js imports a CommonJS module it reads all of its text for
 * names that it may export, and all of this one is CommonJS inside.
 */
export async function loadSqlParser(): Promise<SqlParser> {
  const library = require("libpg-query") as SqlParser;
  await library.loadModule();
  return library;
}
