/** Running planned statements on the target, many in a round trip. */

import { batchScripts, MOST_STATEMENTS } from "../plan/script-batches.js";
import type { Script } from "../plan/task.js";
import type { Connection, NamedStatement } from "../postgres/connection.js";
import { quoteLiteral, quoteName } from "../postgres/quote.js";
import { pinnedSettings } from "../postgres/session-settings.js";
import type { Committed } from "../run/failpoints.js";
import { commit } from "./commit.js";
import { findDone } from "./maybe-done.js";
import { named, type TaskRecord } from "./recorder.js";

export interface RunScriptsOptions {
  /** For messages, where a script has no title of its own. */
  readonly attempted: string;
  /** Records the work as done, together with the last batch; those before it are steps, counted in scripts. */
  readonly record?: TaskRecord;
  /** Default: 200. */
  readonly statementsPerTransaction?: number;
  /** Session parameters that hold for all of the scripts, to the end of each transaction. */
  readonly settings?: Readonly<Record<string, string>>;
  /** What failpoints call it, where there is no record. */
  readonly committed?: Committed;
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
  let done = record?.stepsDone ?? 0;
  let maybeDone = record?.unsure !== undefined;
  for (const some of batchesOf(scripts, options)) {
    done += some.length;
    const begin = named(attempted, "begin");
    let statements = [
      ...begin,
      ...named(attempted, ...Object.entries(settings).map(setLocal)),
      ...some.flatMap(statementsOf),
    ];
    try {
      if (maybeDone) statements = (await findDone(target, statements)) ? begin : [];
      maybeDone = false;
      if (record === undefined) await commit(target, options.committed, statements);
      else if (done < scripts.length) await record.commitSteps(target, statements, done);
      else await record.commit(target, statements);
    } catch (error) {
      if (target.usable) await target.execute("rolling back", "rollback").catch(() => {});
      throw error;
    }
  }
}

/** What an earlier try may have done in one transaction is one batch again. */
function batchesOf(
  scripts: readonly Script[],
  { record, statementsPerTransaction = MOST_STATEMENTS }: RunScriptsOptions,
): Script[][] {
  const { stepsDone = 0, unsure } = record ?? {};
  if (unsure === undefined) return batchScripts(scripts.slice(stepsDone), statementsPerTransaction);
  const left = scripts.slice(unsure);
  const maybeDone = scripts.slice(stepsDone, unsure);
  return [maybeDone, ...(left.length === 0 ? [] : batchScripts(left, statementsPerTransaction))];
}

/**
 * Settings hold for the script alone, and then are again what our sessions pin: `to default` would
 * be the role's or the database's default.
 */
export function statementsOf({ title, settings, statements }: Script): NamedStatement[] {
  const names = Object.entries(settings);
  return [
    ...names.map(setLocal),
    ...statements,
    ...names.map(([name]) => setLocal([name, pinnedSettings[name] ?? ""])),
  ].map((sql) => ({ attempted: title, sql }));
}

function setLocal([name, value]: readonly [string, string]): string {
  return `set local ${quoteName(name)} = ${quoteLiteral(value)}`;
}
