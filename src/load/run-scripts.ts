/** Running planned statements on the target, many in a round trip. */

import type { Script } from "../plan/task.js";
import type { Connection, NamedStatement } from "../postgres/connection.js";
import { quoteLiteral, quoteName } from "../postgres/quote.js";
import { pinnedSettings } from "../postgres/session-settings.js";

const MOST_STATEMENTS = 200;
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

export interface RunScriptsOptions {
  /** For messages, where a script has no title of its own. */
  readonly attempted: string;
  /** SQL that records the work as done; it commits together with the last batch. */
  readonly record?: () => string;
  /** Default: 200. */
  readonly statementsPerTransaction?: number;
  /** Session parameters that hold for all of the scripts, to the end of each transaction. */
  readonly settings?: Readonly<Record<string, string>>;
}

/**
 * Runs the scripts in order, in as few transactions as the server's lock slots allow.
 *
 * @throws PgCopyError `task_failed`, naming the object whose statement failed; the batch that it was
 *   in is rolled back.
 */
export async function runScripts(
  target: Connection,
  scripts: readonly Script[],
  options: RunScriptsOptions,
): Promise<void> {
  const { attempted, record, settings = {} } = options;
  const batches = batch(scripts, options.statementsPerTransaction ?? MOST_STATEMENTS);
  for (const [i, some] of batches.entries()) {
    const last = i === batches.length - 1 && record !== undefined;
    const statements = [
      { attempted, sql: "begin" },
      ...Object.entries(settings).map(([name, value]) => ({
        attempted,
        sql: setLocal(name, value),
      })),
      ...some.flatMap(statementsOf),
      ...(last ? [{ attempted, sql: record() }] : []),
      { attempted, sql: "commit" },
    ];
    try {
      await target.executeAll(statements);
    } catch (error) {
      if (target.usable) await target.execute("rolling back", "rollback").catch(() => {});
      throw error;
    }
  }
}

function batch(scripts: readonly Script[], most: number): Script[][] {
  const batches: Script[][] = [[]];
  let count = 0;
  for (const script of scripts) {
    if (count > 0 && count + script.statements.length > most) {
      batches.push([]);
      count = 0;
    }
    batches.at(-1)?.push(script);
    count += script.statements.length;
  }
  return batches;
}

/**
 * Settings hold for the script alone, and then are again what our sessions pin: `to default` would
 * be the role's or the database's default.
 */
export function statementsOf({ title, settings, statements }: Script): NamedStatement[] {
  const names = Object.entries(settings);
  return [
    ...names.map(([name, value]) => setLocal(name, value)),
    ...statements,
    ...names.map(([name]) => setLocal(name, pinnedSettings[name] ?? "")),
  ].map((sql) => ({ attempted: title, sql }));
}

function setLocal(name: string, value: string): string {
  return `set local ${quoteName(name)} = ${quoteLiteral(value)}`;
}
