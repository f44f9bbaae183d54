/** The planner's statistics of what was loaded. */

import type { RelationName } from "../plan/toc.js";
import type { Connection } from "../postgres/connection.js";
import { displayName, quoteQualified } from "../postgres/quote.js";
import { named, type TaskRecord } from "./recorder.js";

/** @param only leave a table's partitions and children alone (PostgreSQL 18 and newer). */
export async function analyzeTables(
  target: Connection,
  tables: readonly RelationName[],
  only: boolean,
  record: TaskRecord,
): Promise<void> {
  const names = tables.map(
    ({ schema, name }) => `${only ? "only " : ""}${quoteQualified(schema, name)}`,
  );
  const [first] = tables;
  const attempted =
    tables.length === 1 && first !== undefined
      ? `ANALYZE ${displayName(first.schema, first.name)}`
      : `ANALYZE of ${tables.length} tables`;
  await record.commit(target, named(attempted, "begin", `analyze ${names.join(", ")}`));
}
