/** Which scripts share a transaction on the target, and with it a round trip. */

import type { Script } from "./task.js";

export const MOST_STATEMENTS = 200;
/**
 * A server with default settings has 6,400 lock slots (max_locks_per_transaction × max_connections), and
 * other work, too. A new table with a TOAST table takes five of them until commit, one with keys a dozen
 * (counted in pg_locks); it is two statements.
 */
const SLOTS_FOR_ALL_SESSIONS = 4_800;
const SLOTS_PER_STATEMENT = 3;

/** How many statements may share a transaction where so many sessions create tables at the same time. */
export function statementsPerTransaction(sessions: number): number {
  const fair = Math.floor(SLOTS_FOR_ALL_SESSIONS / SLOTS_PER_STATEMENT / sessions);
  return Math.max(10, Math.min(MOST_STATEMENTS, fair));
}

/** The scripts in order, none of them cut; at least one batch, as a task's record wants one. */
export function batchScripts(scripts: readonly Script[], mostStatements: number): Script[][] {
  const batches: Script[][] = [[]];
  let count = 0;
  for (const script of scripts) {
    if (count > 0 && count + script.statements.length > mostStatements) {
      batches.push([]);
      count = 0;
    }
    batches.at(-1)?.push(script);
    count += script.statements.length;
  }
  return batches;
}
