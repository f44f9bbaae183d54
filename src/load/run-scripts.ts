/** Running planned statements on the target, many in a round trip. */

import { PgCopyError } from "../errors.js";
import type { Script } from "../plan/task.js";
import type { Connection } from "../postgres/connection.js";
import { quoteLiteral, quoteName } from "../postgres/quote.js";

/**
 * How many statements share a transaction. Each new table takes about ten lock slots until commit,
 * and a server with default settings has 6,400 (max_locks_per_transaction × max_connections).
 */
const STATEMENTS_PER_TRANSACTION = 200;

/** What the sessions of a run have these parameters set to. */
export const pinnedSettings: Readonly<Record<string, string>> = {
  default_tablespace: "",
  default_table_access_method: "heap",
};

export interface RunScriptsOptions {
  /** For messages, where a script has no title of its own. */
  readonly attempted: string;
  /** SQL that records the work as done; it commits together with the last batch. */
  readonly record?: () => string;
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
  const batches = batch(scripts);
  for (const [i, scriptsOfBatch] of batches.entries()) {
    const last = i === batches.length - 1;
    const record = last && options.record !== undefined ? [options.record()] : [];
    const statements = [...scriptsOfBatch.flatMap(statementsOf), ...record];
    try {
      await target.execute(options.attempted, transaction(statements));
    } catch (error) {
      throw await withCulprit(target, scriptsOfBatch, error);
    }
  }
}

function batch(scripts: readonly Script[]): Script[][] {
  const batches: Script[][] = [[]];
  let count = 0;
  for (const script of scripts) {
    if (count > 0 && count + script.statements.length > STATEMENTS_PER_TRANSACTION) {
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
function statementsOf(script: Script): string[] {
  const names = Object.entries(script.settings);
  if (names.length === 0) return [...script.statements];
  return [
    ...names.map(([name, value]) => `set local ${quoteName(name)} = ${quoteLiteral(value)}`),
    ...script.statements,
    ...names.map(
      ([name]) => `set local ${quoteName(name)} = ${quoteLiteral(pinnedSettings[name] ?? "")}`,
    ),
  ];
}

/** A semicolon on a line of its own, lest a statement end in a comment. */
function transaction(statements: readonly string[]): string {
  return ["begin", ...statements, "commit"].join("\n;\n");
}

/**
 * The server doesn't say which of a batch's statements failed. The batch is rolled back, so running
 * it again, one by one, inside a transaction that is rolled back too, finds it without a trace.
 */
async function withCulprit(
  target: Connection,
  scripts: readonly Script[],
  error: unknown,
): Promise<unknown> {
  if (!(error instanceof PgCopyError) || error.code !== "task_failed" || !target.usable)
    return error;
  await target.execute("rolling back", "rollback");
  const statements = scripts.reduce((sum, script) => sum + script.statements.length, 0);
  if (statements === 1) return named(error, scripts[0]?.title);
  try {
    await target.execute("looking for the statement that failed", "begin");
    for (const script of scripts) {
      try {
        await target.execute(
          script.title,
          transaction(statementsOf(script)).slice("begin\n;\n".length, -"\n;\ncommit".length),
        );
      } catch (again) {
        return again instanceof PgCopyError && again.server !== undefined ? again : error;
      }
    }
    return error;
  } finally {
    if (target.usable) await target.execute("rolling back", "rollback");
  }
}

function named(error: PgCopyError, title: string | undefined): PgCopyError {
  if (title === undefined || error.attempted === undefined) return error;
  return new PgCopyError(error.message.replace(error.attempted, title), {
    code: error.code,
    attempted: title,
    retrySafe: error.retrySafe,
    cause: error.cause,
    ...(error.side === undefined ? {} : { side: error.side }),
    ...(error.server === undefined ? {} : { server: error.server }),
  });
}
