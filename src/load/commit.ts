/** The end of a transaction on the target. */

import type { Connection, NamedStatement } from "../postgres/connection.js";
import { type Committed, committed, failpoint, isArmed } from "../run/failpoints.js";

/**
 * Runs statements and commits: in one round trip, unless a failpoint is to stand between.
 *
 * @param what is committed, which its failpoints are named after.
 * @throws PgCopyError as `executeAll`.
 */
export async function commit(
  target: Connection,
  what: Committed | undefined,
  statements: readonly NamedStatement[],
): Promise<void> {
  const attempted = statements.at(-1)?.attempted ?? "committing";
  const end = [{ attempted, sql: "commit" }];
  if (what !== undefined && isArmed(`${what}.before-commit`)) {
    await target.executeAll(statements);
    await failpoint(`${what}.before-commit`, target.signal);
    await target.executeAll(end);
  } else {
    await target.executeAll([...statements, ...end]);
  }
  if (what !== undefined) await failpoint(`${what}.after-commit`, target.signal);
}

/** What failpoints call a task of that kind. */
export function committedBy(kind: string): Committed | undefined {
  return committed.find((what) => what === kind);
}
