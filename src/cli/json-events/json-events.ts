/**
 * What each line of --json holds, in words: docs/command-line.md prints this. Lines come while a command
 * runs (run-events.ts), some for what it found (difference-events.ts), and one when it has ended.
 */

import { reportAllEvent, reportEvent } from "./clone-events.js";
import { dataComparisonEvent, schemaComparisonEvent } from "./comparison-events.js";
import { errorEvent } from "./error-event.js";
import { planAllEvent, planEvent } from "./plan-events.js";
import { checkEvent, holdEvent, pingEvent, progressEvent } from "./server-events.js";

export { differenceEvents } from "./difference-events.js";
export { runEvents } from "./run-events.js";

/** The last line; none of these carries `atMs`. */
export const lastEvents = {
  report: reportEvent,
  plan: planEvent,
  schema_comparison: schemaComparisonEvent,
  data_comparison: dataComparisonEvent,
  check: checkEvent,
  report_all: reportAllEvent,
  plan_all: planAllEvent,
  ping: pingEvent,
  run_progress: progressEvent,
  hold: holdEvent,
  error: errorEvent,
};
