/** What the lines of --json hold that `compare` and `check` print for each thing that they found. */

import type { DataComparison, Finding, SchemaComparison } from "../library.js";
import type { Documented } from "./documented-event.js";

interface DifferenceLines {
  finding: Finding;
  schema_difference: SchemaComparison["differences"][number];
  table_difference: DataComparison["tableDifferences"][number];
  sequence_difference: DataComparison["sequenceDifferences"][number];
}

/** What `compare` and `check` found, before the last line; none of these carries `atMs`. */
export const differenceEvents: Documented<DifferenceLines> = {
  finding: {
    when: "`check` found something",
    fields: {
      check: "what was looked at: `missing_roles`, … ([check.md](check.md#the-checks))",
      severity: "`error`, `warning` or `info`",
      side: "`source` or `target`",
      title: "in words",
      items: "the objects concerned",
      advice: "what to do",
      statements: "SQL that does it, to be run on that side",
    },
  },
  schema_difference: {
    when: "`compare schema` found an entry that differs",
    fields: {
      object: "what it belongs to: `TABLE public.orders`",
      entry: "what differs: the object itself, `INDEX …`, `privileges`, …",
      status: "`only_on_source`, `only_on_target` or `different`",
      source: "a list: the statements that only the source has",
      target: "a list: the statements that only the target has",
    },
  },
  table_difference: {
    when: "`compare data` found a table that differs",
    fields: {
      schema: "the table's schema",
      name: "its name",
      status: "`only_on_source`, `only_on_target`, `populated_on_one_end` or `different`",
      populatedOn: "of a materialized view: `source` or `target`",
      sourceRows: "how many rows the source has",
      targetRows: "how many rows the target has",
      columnsOnlyOnSource: "a list of names",
      columnsOnlyOnTarget: "a list of names",
      key: "a list: the columns by which rows are told apart; empty without a key",
      onlyOnSource: "how many rows only the source has",
      onlyOnTarget: "how many rows only the target has",
      differentRows: "how many keys have another row on each end",
      rows: "a list: `key` (`column`, `value`), `status`, `columns`, with `--show-values` `values`; without a key `rowHash`, `onSource`, `onTarget`",
      unexamined:
        "ranges of keys that differ and were not looked into: `ranges`, `sourceRows`, `targetRows`",
    },
  },
  sequence_difference: {
    when: "`compare data` found a sequence that differs",
    fields: {
      schema: "the sequence's schema",
      name: "its name",
      status: "`only_on_source`, `only_on_target`, or the target's is `behind` or `ahead`",
      source: "`lastValue` and `isCalled`",
      target: "the same of the target's",
    },
  },
};
