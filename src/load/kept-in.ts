/** From the place where records are kept to what keeps them there. */

import { recordInDirectory } from "./directory-recorder.js";
import { type Recorder, type RecordsKeptIn, recordInSchema } from "./recorder.js";

export function recorderOf(keptIn: RecordsKeptIn): Recorder {
  return keptIn.kind === "schema" ? recordInSchema : recordInDirectory(keptIn.directory);
}
