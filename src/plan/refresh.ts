/** Refreshing the materialized views that hold rows on the source. pg_dump leaves that to others. */

import type { RefreshDependency, Table } from "../catalog/catalog.js";
import { quoteQualified } from "../postgres/quote.js";
import { refreshCost } from "./cost.js";
import { type CloneTask, newTask, PRE_DATA, relationName } from "./task.js";

/** The id of the task that fills a materialized view. */
export function refreshId(view: Table): string {
  return `refresh:${relationName(view)}`;
}

/**
 * Which tables a view reads is not known in full, as functions may read some; so it needs all rows, and is
 * never filled from a part of them.
 *
 * @param before ids of the tasks that come before every refresh: those that it needs, and all others.
 */
export function refreshTasks(
  views: readonly Table[],
  dependencies: readonly RefreshDependency[],
  before: { readonly needs: readonly string[]; readonly others: readonly string[] },
): CloneTask[] {
  const byOid = new Map(views.map((view) => [view.oid, view]));
  return views.map((view) => {
    const first = dependencies
      .filter(({ dependent }) => dependent === view.oid)
      .flatMap(({ referenced }) => byOid.get(referenced) ?? []);
    const name = relationName(view);
    const statements = [`refresh materialized view ${quoteQualified(view.schema, view.name)}`];
    return newTask(refreshId(view), "refresh", `REFRESH MATERIALIZED VIEW ${name}`, {
      needs: [PRE_DATA, ...before.needs, ...first.map(refreshId)],
      after: before.others,
      cost: refreshCost(view.bytes),
      locks: { exclusive: [String(view.oid)] },
      work: { do: "scripts", scripts: [{ title: `refresh ${name}`, settings: {}, statements }] },
    });
  });
}
