/** `restart`: what an unfinished run has created goes, and nothing else. */

import {
  dropLargeObjects,
  findLargeObjects,
  largeObjectsOnSource,
} from "../load/check-large-objects.js";
import { findNamed } from "../load/check-target.js";
import { dropExisting, planDrops } from "../load/drop-existing.js";
import type { JournalState } from "../load/journal-store.js";
import type { SourceObject } from "../plan/task.js";
import type { Run } from "./run.js";
import type { Servers } from "./servers.js";
import type { Created } from "./stored-run.js";
import type { UnfinishedRun } from "./unfinished-run.js";

/**
 * Drops what the journal says was created, and the journal.
 *
 * @throws PgCopyError `target_unfit` if something that the run did not create depends on any of it.
 */
export async function startOver(
  { source, target }: Pick<Servers, "source" | "target">,
  { journal, state, stored }: UnfinishedRun,
  run: Run,
): Promise<void> {
  const done = [...stored.created].flatMap(([id, created]) => doneOf(id, created, state));
  const keys = new Set(done.flatMap(({ scripts }) => scripts.flat()).map(keyOf));
  const own = stored.objects.filter((object) => keys.has(keyOf(object)));
  const { objects, extensions } = await findNamed(target, own);
  const drops = await planDrops(target, { objects: [...objects, ...extensions], extensions: [] });
  const selections = done.flatMap(({ largeObjects }) => largeObjects ?? []);
  // A batch is a range of OIDs, in which the target may have had others of its own.
  const oids = await largeObjectsOnSource(source, await findLargeObjects(target, selections));
  // The journal goes with the last of the drops: until then this can be done again.
  await dropLargeObjects(target, oids);
  await dropExisting(target, drops);
  await journal.discard();
  const count = objects.length + extensions.length + oids.length;
  run.info(`dropped the ${count} objects that the unfinished run had created, to start over`);
}

/** Of a task in several transactions, the scripts that were committed, or may have been. */
function doneOf(
  id: string,
  { scripts, largeObjects }: Created,
  { finished, stepsDone, unsure }: Pick<JournalState, "finished" | "stepsDone" | "unsure">,
): Created[] {
  const done = finished.has(id);
  const steps = unsure.get(id) ?? stepsDone.get(id) ?? 0;
  if (!done && steps === 0) return [];
  return [
    {
      scripts: done ? scripts : scripts.slice(0, steps),
      ...(largeObjects === undefined ? {} : { largeObjects }),
    },
  ];
}

function keyOf({ classOid, oid }: SourceObject): string {
  return `${classOid}.${oid}`;
}
