/** What to say of a pg_dump script that can't be used, without giving away the secrets in it. */

import { PgCopyError } from "../errors.js";
import { headingStart } from "./script-gap.js";

/** Characters of the script that an error shows. */
const excerptLength = 200;

/** The script ends before pg_dump's own last line. */
export function dumpEndedEarly(): PgCopyError {
  return scriptError(
    "pg_dump's script ended early",
    "run it again; if it stays so, choose another pg_dump with --pg-dump PATH or --pg-dump bundled",
  );
}

/** A statement that creates something stands before the first heading. */
export function withoutHeading(sql: string): PgCopyError {
  return scriptError(
    `a statement of pg_dump's script has no heading: ${maskLiterals(sql).slice(0, excerptLength)}`,
    "pg_dump writes headings with TOC numbers only when it is given --verbose",
  );
}

/** The script escapes backslashes in strings, so a session with today's setting would misread it. */
export function escapesBackslashes(): PgCopyError {
  return scriptError(
    "pg_dump's script was written with standard_conforming_strings = off",
    "set standard_conforming_strings to on for the source's role and database, and run it again",
  );
}

/** The parser would take the script to end there, and say nothing of the rest. */
export function holdsZeroByte(): PgCopyError {
  return scriptError(
    "there is a zero byte in pg_dump's script, which PostgreSQL never prints",
    "run it again; if it stays so, choose another pg_dump with --pg-dump PATH or --pg-dump bundled",
  );
}

/** A `pg_attver` in a place where pg_dump never wrote one. */
export function unexpectedAttver(sql: string): PgCopyError {
  return scriptError(
    `pg_attver can't be taken out of: ${maskLiterals(sql).slice(0, excerptLength)}`,
    "choose the newest minor release of pg_dump with --pg-dump PATH",
  );
}

/**
 * The parser's complaint, with the neighbourhood of the place.
 *
 * @param text the script from the beginning of a statement on
 * @param position of the mistake in `text`, in characters as PostgreSQL counts them (code points)
 */
export function unreadableScript(message: string, text: string, position: number): PgCopyError {
  // The parser quotes the token that it stumbled over, which may be a string, to the end of the text.
  const [complaint] = message.split(" at or near ", 1);
  return scriptError(
    `pg_dump's script could not be read: ${complaint} at the mark: ${neighbourhood(text, utf16Index(text, position))}`,
    "scripts of pg_dump 12 to 18 can be read: choose one with --pg-dump PATH, or --pg-dump bundled",
  );
}

/** No `cause`: the parser's own error may quote a string, and with it a password. */
function scriptError(words: string, advice: string): PgCopyError {
  return new PgCopyError(`the schema dump failed: ${words}`, {
    code: "schema_dump_failed",
    attempted: "reading pg_dump's script",
    side: "source",
    advice,
  });
}

/**
 * Up to 200 characters around the mistake, which is marked by ▸. A subscription's connection string
 * and the options of a user mapping hold passwords, so strings are masked. That starts at the last
 * heading, because only from a place outside of strings on can one tell what is inside.
 */
function neighbourhood(text: string, index: number): string {
  const start = Math.max(0, text.lastIndexOf(headingStart, index));
  const before = maskLiterals(text.slice(start, index)).length;
  const masked = maskLiterals(text.slice(start, index + excerptLength));
  const from = Math.max(0, before - excerptLength / 2);
  const shown = masked.slice(from, from + excerptLength);
  return `${shown.slice(0, before - from)}▸${shown.slice(before - from)}`.trim();
}

function utf16Index(text: string, codePoints: number): number {
  let index = 0;
  for (let passed = 0; passed < codePoints && index < text.length; passed++)
    index += (text.codePointAt(index) ?? 0) > 0xffff ? 2 : 1;
  return index;
}

/** Comments and quoted names, which may hold an apostrophe, then the three sorts of strings. */
const tokens =
  /--[^\n]*|"[^"]*"|[eE]'(?:[^'\\]|\\[\s\S])*(?:'|\\?$)|'[^']*(?:'|$)|\$([A-Za-z_\d]*)\$[\s\S]*?(?:\$\1\$|$)/g;

/** SQL with the content of its strings left out; one that does not end is left out to the end. */
function maskLiterals(sql: string): string {
  return sql.replace(tokens, (token) => (/^["-]/.test(token) ? token : "'…'"));
}
