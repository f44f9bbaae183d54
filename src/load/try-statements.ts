/**
 * Statements that a server may refuse one by one, for reasons that only it knows: its version, its
 * libraries, the rules of whoever hosts it. Tried in a transaction, so that all that it refuses is
 * known at once and the caller decides whether the rest is kept.
 */

import { PgCopyError } from "../errors.js";
import type { Connection, NamedStatement } from "../postgres/connection.js";

export interface Refusal<T extends NamedStatement> {
  readonly statement: T;
  /** The server's words. */
  readonly reason: string;
  readonly sqlstate: string;
}

/**
 * Runs the statements in the session's open transaction; one that the server refuses has no effect.
 * All go in one round trip unless one of them is refused.
 *
 * @throws PgCopyError `task_failed` if the connection breaks; `interrupted`.
 */
export async function tryStatements<T extends NamedStatement>(
  connection: Connection,
  statements: readonly T[],
): Promise<Refusal<T>[]> {
  if (statements.length === 0) return [];
  if ((await tryTogether(connection, statements)) === undefined) return [];
  const refusals: Refusal<T>[] = [];
  for (const statement of statements) {
    const refused = await tryTogether(connection, [statement]);
    if (refused !== undefined) refusals.push({ statement, ...refused });
  }
  return refusals;
}

async function tryTogether(
  connection: Connection,
  statements: readonly NamedStatement[],
): Promise<{ reason: string; sqlstate: string } | undefined> {
  const attempted = statements[0]?.attempted ?? "";
  const savepoint = { attempted, sql: "savepoint pgcopy_try" };
  const release = { attempted, sql: "release savepoint pgcopy_try" };
  try {
    await connection.executeAll([savepoint, ...statements, release]);
    return undefined;
  } catch (error) {
    if (!(error instanceof PgCopyError) || error.server === undefined) throw error;
    await connection.execute(attempted, "rollback to savepoint pgcopy_try");
    const { message, sqlstate, detail } = error.server;
    return { reason: detail === undefined ? message : `${message} (${detail})`, sqlstate };
  }
}
