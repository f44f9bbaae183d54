/**
 * What a server says when an expression fails may quote the value that it failed on: `invalid input
 * syntax for type integer: "nora@example.com"`. Where a column is masked, such words go no further.
 */

import { PgCopyError } from "../errors.js";

/**
 * Classes of SQLSTATEs that are about sessions, locks and resources, never about a value
 * (PostgreSQL documentation, "PostgreSQL Error Codes").
 */
const HARMLESS = /^(08|25|40|53|55|57|58)/;

/** Runs a query of the source; if it is `confidential`, a failure's words are kept back. */
export async function readConfidentially<T>(
  confidential: boolean,
  read: () => Promise<T>,
): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw confidential && error instanceof PgCopyError ? withoutWords(error) : error;
  }
}

/** The same error without the source's words. It has no cause either: that would show them. */
export function withoutWords(error: PgCopyError): PgCopyError {
  const { server, side, attempted = "reading the source" } = error;
  if (server === undefined || side !== "source" || HARMLESS.test(server.sqlstate)) return error;
  const kept = "the message is kept back, as it may quote a masked value";
  return new PgCopyError(
    `${attempted} failed on source: an expression failed (SQLSTATE ${server.sqlstate}); ${kept}`,
    {
      code: error.code,
      attempted,
      side,
      retrySafe: error.retrySafe,
      server: { severity: server.severity, sqlstate: server.sqlstate, message: kept },
      advice: "run the expression on the source by hand to see which value it fails on",
    },
  );
}
