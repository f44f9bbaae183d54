/** The planner's statistics of what was loaded. */

import type { RelationName } from "../plan/toc.js";
import type { Connection } from "../postgres/connection.js";
import { quoteQualified } from "../postgres/quote.js";

/** @param only leave a table's partitions and children alone (PostgreSQL 18 and newer). */
export async function analyzeTables(
  target: Connection,
  tables: readonly RelationName[],
  only: boolean,
  record: () => string,
): Promise<void> {
  const names = tables.map(
    ({ schema, name }) => `${only ? "only " : ""}${quoteQualified(schema, name)}`,
  );
  await target.execute("ANALYZE", `begin; analyze ${names.join(", ")}; ${record()}; commit`);
}
