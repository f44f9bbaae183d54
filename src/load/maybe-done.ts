/**
 * A transaction of a script that an earlier process may have committed. Either all of it is there or nothing,
 * so the first of its statements that creates something tells.
 */

import { PgCopyError } from "../errors.js";
import type { Connection, NamedStatement } from "../postgres/connection.js";

/** duplicate_object, _table, _schema, _function, _column, _database, _alias; invalid_table_definition: a second primary key. */
const THERE_ALREADY: ReadonlySet<string> = new Set([
  "42710",
  "42P07",
  "42P06",
  "42723",
  "42701",
  "42P04",
  "42712",
  "42P16",
  "42P17",
  "42809",
  "55000",
]);

/** One that can be run once only, and whose second run says so. */
const CREATES =
  /^\s*(create\s+(?!or\s+replace\b)|alter\s+[^;]*?\b(add|attach\s+partition|inherit)\b)/i;

/**
 * Runs the statements, which begin with `begin`, one by one.
 *
 * @returns whether they had been committed before: nothing of them is then left of this try.
 */
export async function findDone(
  target: Connection,
  statements: readonly NamedStatement[],
): Promise<boolean> {
  let created = false;
  for (const { attempted, sql } of statements) {
    const creates = CREATES.test(sql);
    try {
      await target.execute(attempted, sql);
    } catch (error) {
      if (created || !creates || !saysThereAlready(error)) throw error;
      await target.execute("rolling back", "rollback");
      return true;
    }
    created ||= creates;
  }
  return false;
}

function saysThereAlready(error: unknown): boolean {
  return error instanceof PgCopyError && THERE_ALREADY.has(error.server?.sqlstate ?? "");
}
