/**
 * Since August 2025 pg_dump wraps its script in `\restrict KEY` and `\unrestrict KEY`, which keep
 * psql from running meta-commands that a hostile source slipped in. They are psql's and no SQL.
 */

import { dumpEndedEarly } from "./script-error.js";

const leadingGap = /^(?:\s+|--[^\n]*(?:\n|$))*/;

/**
 * The script without these two lines: the first before any statement, the second the last line,
 * with the same key. Lines like them inside a function body are the function's own.
 *
 * @throws PgCopyError `schema_dump_failed` when only the first one is in its place: the rest got lost.
 */
export function withoutRestrictLines(script: string): string {
  const start = leadingGap.exec(script)?.[0].length ?? 0;
  if (!script.startsWith("\\restrict ", start)) return script;
  const lineEnd = script.indexOf("\n", start);
  if (lineEnd < 0) throw dumpEndedEarly();
  const key = script.slice(start + "\\restrict ".length, lineEnd).trim();
  const last = script.lastIndexOf(`\n\\unrestrict ${key}`);
  if (last < lineEnd) throw dumpEndedEarly();
  // Anything behind it: then it is a line of a body, and the script's own got lost.
  if (script.slice(last + 1).trim() !== `\\unrestrict ${key}`) throw dumpEndedEarly();
  return script.slice(0, start) + script.slice(lineEnd + 1, last + 1);
}
