/** Where the journal of a run is kept. */

import { directoryJournal } from "../load/directory-journal.js";
import type { Journal } from "../load/journal-store.js";
import { schemaJournal } from "../load/schema-journal.js";
import type { ResolvedOptions } from "../options/clone-options.js";
import type { Connection } from "../postgres/connection.js";

/** @param control a session in the target database, or where that doesn't exist yet in another one. */
export function openJournal(
  control: Connection,
  { dir }: Partial<Pick<ResolvedOptions, "dir">>,
): Journal {
  return dir === undefined ? schemaJournal(control) : directoryJournal(control, dir);
}
