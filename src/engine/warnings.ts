/** What a clone does not bring along, said before it starts and again in the report. */

import type { ClonePlan } from "../plan/clone-plan.js";
import { relationName } from "../plan/task.js";
import { quoteQualified } from "../postgres/quote.js";
import { tellOfFilters } from "./filter-report.js";
import type { SourceContent } from "./read-source.js";
import type { Run } from "./run.js";

/** One thing that does not arrive, or not as asked. */
export interface Omission {
  readonly title: string;
  /** The objects concerned. */
  readonly items: readonly string[];
  readonly advice: string;
  /** SQL for the source. */
  readonly statements: readonly string[];
}

/** Warns of each thing that the plan leaves out, or does in another way than asked. */
export function warnOfOmissions(content: SourceContent, plan: ClonePlan, run: Run): void {
  if (content.filters !== undefined) tellOfFilters(content.filters, run);
  for (const { title, items } of omissions(content, plan))
    run.warn(items.length === 0 ? title : `${title}: ${items.join(", ")}`);
  const leftOut = content.catalog.largeObjects.count - plan.largeObjects.count;
  if (leftOut > 0) {
    const holds =
      leftOut === 1 ? "a large object, which is" : `${leftOut} large objects, which are`;
    run.info(`the source holds ${holds} left out`);
  }
}

/** Everything that the plan leaves out, or does in another way than asked. */
export function omissions(content: SourceContent, plan: ClonePlan): Omission[] {
  const { catalog, schema } = content;
  const found: Omission[] = [];
  const omit = (
    title: string,
    items: readonly string[],
    advice: string,
    statements: readonly string[] = [],
  ) => found.push({ title, items, advice, statements });
  if (content.filters !== undefined && catalog.tables.length === 0) {
    omit(
      "the filters leave no table of the source",
      [],
      "what is excluded is out even where it is included, too",
    );
  }
  for (const table of catalog.extensionTables) {
    if (table.unreadable === undefined) continue;
    omit(
      `the rows of ${relationName(table)} of extension ${table.extension} are not copied: ${table.unreadable} on the source`,
      [],
      "connect as a role that may read it, or copy its rows apart",
    );
  }
  const elsewhere = catalog.tables.filter((table) => table.rowsElsewhere);
  if (elsewhere.length > 0) {
    omit(
      "the source is a standby, which has no rows of unlogged tables: these arrive empty",
      elsewhere.map(relationName),
      "give the primary as the source",
    );
  }
  const statements = schema.entries.flatMap((entry) => entry.statements);
  if (statements.some((statement) => statement.kind === "subscription")) {
    omit(
      "subscriptions are created disabled: enable them when the source's are stopped",
      [],
      "disable the source's first: two subscribers can't share a replication slot",
    );
  }
  if (catalog.hiddenSubscriptions.length > 0) {
    omit(
      "subscriptions are not copied, as pg_dump reads them for superusers only",
      catalog.hiddenSubscriptions,
      "create them on the target by hand, or connect to the source as a superuser",
    );
  }
  const invalid = catalog.indexes.filter((index) => !index.valid && !index.partitioned);
  if (invalid.length > 0) {
    omit(
      "invalid indexes of the source are not built, as pg_dump leaves them out",
      invalid.map(relationName),
      "build them anew on the source, or drop them",
      invalid.map(
        ({ schema: of, name }) => `reindex index concurrently ${quoteQualified(of, name)}`,
      ),
    );
  }
  const whole = plan.tables.filter((table) => table.splitReason !== undefined);
  for (const { table, splitReason } of whole) {
    omit(
      `${relationName(table)} is copied in one part: ${splitReason}`,
      [],
      "give it a primary key of one integer column, or let it take its time",
    );
  }
  return found;
}
