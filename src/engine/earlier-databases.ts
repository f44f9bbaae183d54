/** What a run over many databases finds of the one before it. */

import type { ResolvedOptions } from "../options/clone-options.js";
import { displayName } from "../postgres/quote.js";
import type { ChosenDatabases, DatabaseLeftOut } from "./all-databases.js";
import { type EarlierDatabase, lookAtJournals, startAllOver } from "./all-journals.js";
import type { ExpectedDatabase } from "./all-progress.js";
import type { Instance } from "./instance.js";
import type { CloneReport } from "./report.js";
import type { Run } from "./run.js";

export interface EarlierDatabases {
  /** These need no plan: they are done, or have one. */
  has(database: string): boolean;
  readonly begun: readonly ExpectedDatabase[];
  readonly finished: ReadonlyMap<string, CloneReport>;
  readonly leftOut: readonly DatabaseLeftOut[];
}

/**
 * What a run that was killed has left, and this one goes on with; with `restart` it is gone afterwards.
 *
 * @throws PgCopyError as `lookAtJournals` and `startAllOver`.
 */
export async function earlierDatabases(
  instance: Instance,
  { databases }: ChosenDatabases,
  context: { readonly resolved: ResolvedOptions; readonly run: Run },
): Promise<EarlierDatabases> {
  const { resolved, run } = context;
  if (resolved.restart) {
    await run.step("start over", () => startAllOver(instance, databases, context));
  }
  if (!resolved.resume) return sorted(new Map());
  const earlier = await run.step("look at the journals", () =>
    lookAtJournals(instance, databases, context),
  );
  tell(earlier, run);
  return sorted(earlier);
}

function tell(earlier: ReadonlyMap<string, EarlierDatabase>, run: Run): void {
  if (earlier.size === 0) {
    run.info("the target holds no unfinished run: this one begins from the start");
  }
  for (const [database, { is }] of earlier) {
    const name = displayName(database);
    run.info(
      is === "begun"
        ? `the database ${name} was begun before: it is gone on with`
        : `the database ${name} was finished before: it is left alone`,
    );
  }
}

function sorted(earlier: ReadonlyMap<string, EarlierDatabase>): EarlierDatabases {
  const begun: ExpectedDatabase[] = [];
  const finished = new Map<string, CloneReport>();
  const leftOut: DatabaseLeftOut[] = [];
  for (const [database, one] of earlier) {
    if (one.is === "begun") begun.push(one.expected);
    if (one.is === "finished") finished.set(database, { ...one.report, finishedBefore: true });
    if (one.is === "ended") leftOut.push({ database, reason: ENDED });
  }
  return { has: (database) => earlier.has(database), begun, finished, leftOut };
}

const ENDED = "it was finished before, and its report went with its journal";
