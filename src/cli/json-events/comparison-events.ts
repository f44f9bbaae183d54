/** The last line of --json of a comparison. */

import type { DataComparison, SchemaComparison } from "../library.js";
import { bothEnds, type DocumentedEvent } from "./documented-event.js";

export const schemaComparisonEvent: DocumentedEvent<SchemaComparison> = {
  when: "`compare schema` has ended",
  fields: {
    ...bothEnds,
    pgDump: "`kind`, `version`, `path`",
    durationMs: "of the whole run",
    same: "whether no difference was found",
    entries: "how many entries pg_dump has for the source",
    differences: "how many `schema_difference` lines there are",
    notes: "what is good to know and no difference, a list: `what`, `source`, `target`",
    warnings: "a list of sentences",
  },
};

export const dataComparisonEvent: DocumentedEvent<DataComparison> = {
  when: "`compare data` has ended",
  fields: {
    ...bothEnds,
    durationMs: "of the whole run",
    same: "whether no difference was found",
    tables: "how many tables, partitions and materialized views were compared",
    rows: "their rows on the source",
    sequences: "how many sequences were compared",
    tableDifferences: "how many `table_difference` lines there are",
    sequenceDifferences: "how many `sequence_difference` lines there are",
    largeObjects:
      "`source` and `target` (how many), the OIDs `onlyOnSource`, `onlyOnTarget` and `different`, whether there may be `more`, and `contentsNotCompared`, the reason",
    notCompared: "a list: `schema`, `name`, `reason`",
    warnings: "a list of sentences",
  },
};
