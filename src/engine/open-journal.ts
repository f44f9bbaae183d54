/** Where the journal of a run is kept. */

import type { Journal } from "../load/journal-store.js";
import { schemaJournal } from "../load/schema-journal.js";
import type { Connection } from "../postgres/connection.js";

/** @param control a session in the target database, or where that doesn't exist yet in another one. */
export function openJournal(control: Connection): Journal {
  return schemaJournal(control);
}
