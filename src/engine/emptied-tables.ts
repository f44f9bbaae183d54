/** Unlogged tables that the journal says are copied, and that a crash of the target has emptied. */

import { PgCopyError } from "../errors.js";
import type { JournalState } from "../load/journal-store.js";
import type { ClonePlan } from "../plan/clone-plan.js";
import type { TablePlan } from "../plan/table-plan.js";
import { relationName } from "../plan/task.js";
import type { Connection } from "../postgres/connection.js";
import { quoteQualified } from "../postgres/quote.js";
import { nothingUndone, type Undone } from "./undone-tasks.js";

type Finished = Pick<JournalState, "finished">;

/**
 * They are copied again, all parts of them: one that had no rows may have some in a later snapshot.
 *
 * @throws PgCopyError `target_unfit` if one has triggers by now, which would fire, or foreign keys.
 */
export async function emptiedByCrash(
  target: Connection,
  plan: ClonePlan,
  state: Finished,
): Promise<Undone> {
  const copied = copiedUnlogged(plan, state);
  const empty = await findEmpty(target, [...copied.keys()]);
  if (empty.length === 0) return nothingUndone;
  await refuseTriggers(target, empty);
  return {
    ids: empty.flatMap((table) => copied.get(table) ?? []),
    undo: [],
    reasons: empty.map(
      ({ table }) =>
        `the unlogged table ${relationName(table)} is copied again: a crash of the target emptied it`,
    ),
  };
}

/** Those of which rows were copied, with the finished tasks of each. None is in a batch: see small-tables.ts. */
function copiedUnlogged(
  { tasks }: ClonePlan,
  { finished }: Finished,
): ReadonlyMap<TablePlan, readonly string[]> {
  const ids = new Map<TablePlan, string[]>();
  const withRows = new Set<TablePlan>();
  for (const { id, work } of tasks) {
    const done = finished.get(id);
    if (done === undefined || work.do !== "copy" || !work.table.table.unlogged) continue;
    ids.set(work.table, [...(ids.get(work.table) ?? []), id]);
    if (done.rows > 0) withRows.add(work.table);
  }
  return new Map([...ids].filter(([table]) => withRows.has(table)));
}

async function findEmpty(
  target: Connection,
  tables: readonly TablePlan[],
): Promise<readonly TablePlan[]> {
  if (tables.length === 0) return [];
  const queries = tables.map(
    ({ table }, n) =>
      `select ${n} as n where not exists (select from only ${quoteQualified(table.schema, table.name)})`,
  );
  const rows = await target.query<{ n: number }>(
    "looking for emptied tables",
    queries.join(" union all "),
  );
  return rows.map(({ n }) => tables[n] as TablePlan);
}

/** A foreign key is a trigger on both of its tables. */
const triggersQuery = `
select w.n::int as n
from unnest($1::text[], $2::text[]) with ordinality as w (schema, name, n)
join pg_catalog.pg_namespace s on s.nspname = w.schema
join pg_catalog.pg_class c on c.relnamespace = s.oid and c.relname = w.name
where exists (select from pg_catalog.pg_trigger t where t.tgrelid = c.oid)
order by w.n`;

async function refuseTriggers(target: Connection, empty: readonly TablePlan[]): Promise<void> {
  const rows = await target.query<{ n: number }>("looking for triggers", triggersQuery, [
    empty.map(({ table }) => table.schema),
    empty.map(({ table }) => table.name),
  ]);
  if (rows.length === 0) return;
  throw new PgCopyError(
    "a crash of the target emptied unlogged tables that have their triggers or foreign keys already",
    {
      code: "target_unfit",
      side: "target",
      items: rows.map(({ n }) => relationName((empty[n - 1] as TablePlan).table)),
      advice: "start over with --restart: copied again now, their triggers would fire once more",
    },
  );
}
