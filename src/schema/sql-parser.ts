/** The SQL parser's package, loaded once. */

import { createRequire } from "node:module";
import type { ScanToken } from "libpg-query";

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

/** No white space: in SQL they can only be in a name, a string or a comment. */
const CONTROLS = /(?!\s)\p{Cc}/gu;

/**
 * The tokens of a statement, by their places. The package writes the tokens' text as JSON and leaves
 * control characters in it as they are, which is none; so the scanner is shown others for them.
 */
export function scanTokens(library: SqlParser, sql: string): readonly ScanToken[] {
  // Those beyond ASCII are good JSON; they have two bytes, and the places are in bytes.
  const shown = sql.replaceAll(CONTROLS, (control) => (control < "\u0080" ? "?" : control));
  return library.scanSync(shown).tokens;
}
