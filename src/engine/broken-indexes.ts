/** Indexes that the journal says are built, as they are on the target now. */

import type { JournalState } from "../load/journal-store.js";
import type { ClonePlan } from "../plan/clone-plan.js";
import { type PlannedIndex, relationName } from "../plan/task.js";
import type { Connection } from "../postgres/connection.js";
import { quoteQualified } from "../postgres/quote.js";
import { nothingUndone, type Undone } from "./undone-tasks.js";

/** An index of a partitioned table is valid when all of its parts are attached, which tasks of their own do. */
const brokenQuery = `
select w.n::int as n
from unnest($1::text[], $2::text[]) with ordinality as w (schema, name, n)
join pg_catalog.pg_namespace s on s.nspname = w.schema
join pg_catalog.pg_class c on c.relnamespace = s.oid and c.relname = w.name and c.relkind = 'i'
join pg_catalog.pg_index x on x.indexrelid = c.oid
where not (x.indisvalid and x.indisready and x.indislive)`;

/** Those that are invalid are built again, in place: what depends on them stays as it is. */
export async function brokenIndexes(
  target: Connection,
  plan: ClonePlan,
  { finished }: Pick<JournalState, "finished">,
): Promise<Undone> {
  const indexes = plan.tasks
    .filter(({ id }) => finished.has(id))
    .flatMap((task) => [...task.indexes]);
  if (indexes.length === 0) return nothingUndone;
  const rows = await target.query<{ n: number }>("looking for broken indexes", brokenQuery, [
    indexes.map(({ schema }) => schema),
    indexes.map(({ name }) => name),
  ]);
  const broken = rows.map(({ n }) => indexes[n - 1] as PlannedIndex);
  return {
    ids: [],
    undo: broken.map(({ schema, name }) => `reindex index ${quoteQualified(schema, name)}`),
    reasons: broken.map(
      (index) => `the index ${relationName(index)} was invalid: it is built again`,
    ),
  };
}
