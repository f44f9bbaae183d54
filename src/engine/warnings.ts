/** What a clone does not bring along, said before it starts and again in the report. */

import type { ClonePlan } from "../plan/clone-plan.js";
import { relationName } from "../plan/task.js";
import type { SourceContent } from "./read-source.js";
import type { Run } from "./run.js";

/** Warns of each thing that the plan leaves out, or does in another way than asked. */
export function warnOfOmissions(content: SourceContent, plan: ClonePlan, run: Run): void {
  const { catalog, schema } = content;
  if (catalog.largeObjects > 0) {
    const many = catalog.largeObjects > 1;
    run.warn(
      `the source holds ${catalog.largeObjects} large object${many ? "s" : ""}, which this release does not copy`,
    );
  }
  for (const table of catalog.extensionTables) {
    if (table.unreadable === undefined) continue;
    run.warn(
      `the rows of ${relationName(table)} of extension ${table.extension} are not copied: ${table.unreadable} on the source`,
    );
  }
  const elsewhere = catalog.tables.filter((table) => table.rowsElsewhere);
  if (elsewhere.length > 0) {
    run.warn(
      `the source is a standby, which has no rows of unlogged tables: these arrive empty: ${elsewhere.map(relationName).join(", ")}`,
    );
  }
  const statements = schema.entries.flatMap((entry) => entry.statements);
  if (statements.some((statement) => statement.kind === "subscription")) {
    run.warn("subscriptions are created disabled: enable them when the source's are stopped");
  }
  const invalid = catalog.indexes.filter((index) => !index.valid && !index.partitioned);
  if (invalid.length > 0) {
    const names = invalid.map(relationName).join(", ");
    run.warn(`invalid indexes of the source are not built, as pg_dump leaves them out: ${names}`);
  }
  const whole = plan.tables.filter(
    (table) => table.parts.length === 1 && table.splitReason !== undefined,
  );
  for (const { table, splitReason } of whole) {
    run.warn(`${relationName(table)} is copied in one part: ${splitReason}`);
  }
}
