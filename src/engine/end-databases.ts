/** The end of a run over many databases: their journals go, and with each its event triggers come. */

import { rmdir } from "node:fs/promises";
import type { ResolvedOptions } from "../options/clone-options.js";
import { displayName } from "../postgres/quote.js";
import { inDatabase, optionsOfDatabase } from "./all-databases.js";
import { inJournal } from "./all-journals.js";
import { endRun } from "./complete-clone.js";
import type { Instance } from "./instance.js";
import { resumedOptions } from "./resumed-options.js";
import type { Run } from "./run.js";
import { openStoredPlan } from "./stored-run.js";
import { watchTarget } from "./watched-target.js";

/**
 * Ends them one after the other. A crash in between leaves some without a journal, and the others say that
 * they are finished: so a resumed run knows that all are.
 *
 * @throws PgCopyError naming the database.
 */
export async function endDatabases(
  instance: Instance,
  databases: readonly string[],
  context: { readonly resolved: ResolvedOptions; readonly run: Run },
): Promise<void> {
  for (const database of databases) {
    try {
      await endDatabase(instance, database, context);
    } catch (error) {
      throw inDatabase(
        database,
        error,
        `all rows and objects of all databases are there; its journal, and those after it, are left. Go on with --resume, which only removes them and creates what event triggers there are: ${displayName(database)}`,
      );
    }
    const { dir } = optionsOfDatabase(context.resolved, database);
    if (dir !== undefined) await rmdir(dir).catch(() => {});
  }
}

async function endDatabase(
  instance: Instance,
  database: string,
  { resolved, run }: { readonly resolved: ResolvedOptions; readonly run: Run },
): Promise<void> {
  await inJournal(instance, database, { resolved, run }, async ({ target, found }) => {
    if (found === undefined) return;
    const { state, stored } = found;
    const { plan, options } = await openStoredPlan(stored, state.run, resolved);
    const given = optionsOfDatabase(resolved, database);
    const prepared = { ...stored, control: target, [Symbol.asyncDispose]: async () => {} };
    await using watched = watchTarget(prepared, run, resolved.retry);
    await endRun({
      plan,
      attributes: stored.content.attributes,
      target: watched,
      resolved: resumedOptions(given, options),
      run,
    });
  });
}
