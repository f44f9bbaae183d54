/**
 * One number for a row, equal on both ends if every value is equal. It is the hash of the row's text
 * as the types' output functions write it, so it depends on values alone: not on the layout, the
 * version, the encoding of the database, or the place of a column in the table.
 */

import type { Connection } from "../postgres/connection.js";
import { quoteLiteral, quoteName } from "../postgres/quote.js";

export interface RowHashing {
  /**
   * `server` is hashtextextended, which costs next to nothing beside the row's text. `sha256` costs
   * half as much again, and is the same everywhere.
   */
  readonly hash: "server" | "sha256";
  /**
   * The bytes that are hashed: the text's own where both databases have one encoding (or one has
   * none, SQL_ASCII, so that nobody knows the characters), else those of its UTF-8 form.
   */
  readonly bytes: "own" | "UTF8";
}

/** A session's setting that the text of timestamps depends on, beside the pinned ones. */
export const comparedSettings = { timezone: "UTC" } as const;

/** The row as text: named columns, so that a dropped or moved column doesn't change it. */
export function rowText(columns: readonly string[]): string {
  return `row(${columns.map(quoteName).join(", ")})::text`;
}

/** The SQL of a row's hash on that end, a bigint. */
export function rowHash(text: string, { hash, bytes }: RowHashing, end: Connection): string {
  const converted = `pg_catalog.convert_to(${text}, ${quoteLiteral(bytes === "own" ? encodingOf(end) : "UTF8")})`;
  if (hash === "sha256") {
    return `('x' || pg_catalog.encode(pg_catalog.substr(pg_catalog.sha256(${converted}), 1, 8), 'hex'))::bit(64)::bigint`;
  }
  const hashed = bytes === "own" ? text : `pg_catalog.encode(${converted}, 'hex')`;
  return `pg_catalog.hashtextextended(${hashed}, 0)`;
}

/** The bytes to hash so that both ends hash the same ones. */
export function hashedBytes(source: Connection, target: Connection): RowHashing["bytes"] {
  const encodings = new Set([encodingOf(source), encodingOf(target)]);
  return encodings.size === 1 || encodings.has("SQL_ASCII") ? "own" : "UTF8";
}

/** Texts of every length up to 40: hashtextextended takes 12 bytes at a time, and ends in three ways. */
const probeQuery = `
select pg_catalog.string_agg(pg_catalog.hashtextextended(pg_catalog.repeat('pgcopy ', 6) || n, 0)::text
         || pg_catalog.hashtextextended(pg_catalog.left('0123456789abcdefghijklmnopqrstuvwxyzABCD', n), 0)::text, ' ' order by n) as probe
from pg_catalog.generate_series(0, 40) as n`;

/**
 * How to hash on these two ends. PostgreSQL promises nobody that hashtextextended is the same on
 * another machine (on a big-endian one it is not), so both are asked.
 */
export async function chooseRowHashing(
  source: Connection,
  target: Connection,
): Promise<RowHashing> {
  const ask = async (end: Connection) =>
    (await end.query<{ probe: string }>("trying the hash function", probeQuery))[0]?.probe;
  const [here, there] = [await ask(source), await ask(target)];
  return { hash: here === there ? "server" : "sha256", bytes: hashedBytes(source, target) };
}

/** In whose bytes texts are ordered on that end; undefined where the texts themselves will do. */
export function orderedEncoding(end: Connection, other: Connection): string | undefined {
  const [here, there] = [encodingOf(end), encodingOf(other)];
  // Of SQL_ASCII nobody knows the characters: as text its values may not even arrive.
  if (here === "SQL_ASCII" || there === "SQL_ASCII") return here;
  return here === there ? undefined : "UTF8";
}

function encodingOf(connection: Connection): string {
  return connection.parameters.get("server_encoding") ?? "UTF8";
}
