/**
 * How often a task waits for an answer before it says the next thing: what the network's delay costs
 * it, whatever its size. Counted in the code of src/load: statements that travel together are one.
 */

import { batchScripts, statementsPerTransaction } from "./script-batches.js";
import type { Work } from "./task.js";

export interface RoundTrips {
  readonly source: number;
  readonly target: number;
}

/** Sequences that one query reads (sequences.ts). */
const SEQUENCES_PER_QUERY = 500;

/** @param sessions how many may work on the target at a time: with many, fewer statements share a transaction. */
export function roundTripsOf(work: Work, sessions: number): RoundTrips {
  switch (work.do) {
    case "scripts":
      return onTarget(batchScripts(work.scripts, statementsPerTransaction(sessions)).length);
    // BEGIN, the end of the rows, COMMIT; on the source COPY and a look at the table's file.
    case "copy":
      return { source: 2, target: 3 };
    case "small_tables":
      return { source: 2, target: 2 };
    // As a copy of each table, in one transaction.
    case "extension_rows":
      return { source: work.tables.length, target: 2 + work.tables.length };
    // Both ends at the same time, then the record.
    case "verify":
      return { source: 1, target: 1 };
    case "large_objects":
      return { source: work.step === "fill" ? 1 : 3, target: 3 };
    case "verify_large_objects":
      return { source: 2, target: 1 };
    case "sequences":
      return { source: Math.ceil(work.sequences.length / SEQUENCES_PER_QUERY), target: 1 };
    case "release_snapshot":
      return { source: 2, target: 0 };
    case "analyze":
    case "prepare_large_objects":
    case "statistics":
      return onTarget(1);
  }
}

function onTarget(target: number): RoundTrips {
  return { source: 0, target };
}
