/** Tasks that a journal says are done, and that must be done again. */

import type { JournalState } from "../load/journal-store.js";
import type { ClonePlan } from "../plan/clone-plan.js";
import { largeObjectCondition } from "../plan/large-object-rows.js";
import type { TablePlan } from "../plan/table-plan.js";
import { type CloneTask, relationName } from "../plan/task.js";
import { quoteQualified } from "../postgres/quote.js";
import { readsRows } from "./resume-snapshot.js";

export interface Undone {
  /** Ids of the tasks. */
  readonly ids: readonly string[];
  /** Statements that take back what is left of them. */
  readonly undo: readonly string[];
  /** Why, in words, each naming its object. */
  readonly reasons: readonly string[];
}

export const nothingUndone: Undone = { ids: [], undo: [], reasons: [] };

export function both(one: Undone, other: Undone): Undone {
  return {
    ids: [...new Set([...one.ids, ...other.ids])],
    undo: [...new Set([...one.undo, ...other.undo])],
    reasons: [...one.reasons, ...other.reasons],
  };
}

/** What is left of a journal's state when tasks were taken back: these are done from their beginning. */
export function leftOf(
  { stepsDone, unsure }: Pick<JournalState, "stepsDone" | "unsure">,
  finished: JournalState["finished"],
  { ids }: Undone,
): Pick<JournalState, "finished" | "stepsDone" | "unsure"> {
  const without = (of: ReadonlyMap<string, number>) =>
    new Map([...of].filter(([id]) => !ids.includes(id)));
  return { finished, stepsDone: without(stepsDone), unsure: without(unsure) };
}

type Finished = Pick<JournalState, "finished">;

/**
 * Tasks of which it can't be told whether they were committed. A copy is made again after a TRUNCATE, with
 * all parts of its table. What is left out here may be done twice: scripts find their objects there if they
 * were run, and all else comes out the same.
 */
export function unsureTasks(plan: ClonePlan, { unsure }: Pick<JournalState, "unsure">): Undone {
  const tables = new Set(
    plan.tasks.flatMap(({ id, work }) => {
      if (!unsure.has(id)) return [];
      if (work.do === "copy") return [work.table];
      return work.do === "small_tables" ? work.tables.map((table) => table.plan) : [];
    }),
  );
  const copies = plan.tasks.filter(
    ({ id, work }) =>
      (work.do === "copy" && tables.has(work.table)) ||
      (work.do === "small_tables" && unsure.has(id)),
  );
  const created = plan.tasks.filter(({ id, work }) => unsure.has(id) && createsLargeObjects(work));
  return {
    ids: [...copies, ...created].map(({ id }) => id),
    undo: [...[...tables].map(truncate), ...created.map(unlink)],
    reasons: [
      ...[...tables].map(({ table }) => relationName(table)),
      ...created.map(({ label }) => label),
    ].map((what) => `${what}: copied again, as it can't be told whether it was committed`),
  };
}

type LargeObjectsWork = Extract<CloneTask["work"], { readonly do: "large_objects" }>;

/** Contents may be put twice, objects made once. */
function createsLargeObjects(work: CloneTask["work"]): boolean {
  return work.do === "large_objects" && (work.step === "all" || work.step === "create");
}

function unlink({ work }: CloneTask): string {
  const selected = largeObjectCondition((work as LargeObjectsWork).objects, "m.oid");
  return `select pg_catalog.lo_unlink(m.oid) from pg_catalog.pg_largeobject_metadata m where ${selected}`;
}

/** Parts of tables that are not whole yet, for a run that reads another snapshot: each table is to be of one moment. */
export function partlyCopied(plan: ClonePlan, { finished }: Finished): Undone {
  const tables = new Map<TablePlan, CloneTask[]>();
  for (const task of plan.tasks) {
    if (task.work.do !== "copy") continue;
    const { table } = task.work;
    tables.set(table, [...(tables.get(table) ?? []), task]);
  }
  return [...tables].reduce((undone, [table, copies]) => {
    const done = copies.filter(({ id }) => finished.has(id));
    if (done.length === 0 || done.length === copies.length) return undone;
    return both(undone, {
      ids: done.map(({ id }) => id),
      undo: [truncate(table)],
      reasons: [
        `${done.length} of ${copies.length} parts of ${relationName(table.table)} are copied again, with the others`,
      ],
    });
  }, nothingUndone);
}

/** The same of large objects, a large one of which has several tasks: none may be torn. */
export function partlyFilled(plan: ClonePlan, { finished }: Finished): Undone {
  const fills = new Map<number, string[]>();
  for (const { id, work } of plan.tasks) {
    if (work.do !== "large_objects" || work.step !== "fill" || work.objects.by !== "oid") continue;
    for (const oid of work.objects.oids) fills.set(oid, [...(fills.get(oid) ?? []), id]);
  }
  return [...fills].reduce((undone, [oid, ids]) => {
    const done = ids.filter((id) => finished.has(id));
    if (done.length === 0 || done.length === ids.length) return undone;
    return both(undone, {
      ids: done,
      undo: [`select pg_catalog.lo_truncate64(pg_catalog.lo_open('${oid}', ${INV_WRITE}), 0)`],
      reasons: [
        `${done.length} of ${ids.length} parts of large object ${oid} are copied again, with the others`,
      ],
    });
  }, nothingUndone);
}

const INV_WRITE = 131072;

/**
 * The sequences, each time: a run that went on after a copy had failed has set them before all rows were there,
 * and unlogged ones begin anew when the target crashes. Setting all once more does no harm.
 */
export function sequencesAgain(plan: ClonePlan, { finished }: Finished): Undone {
  const ids = plan.tasks.filter(({ kind }) => kind === "sequences").map(({ id }) => id);
  return { ...nothingUndone, ids: ids.filter((id) => finished.has(id)) };
}

function truncate({ table }: TablePlan): string {
  return `truncate only ${quoteQualified(table.schema, table.name)}`;
}

/** Comparisons that would find a difference that is none: of rows that were read in another snapshot. */
export function comparedAcross(plan: ClonePlan, { finished }: Finished): readonly CloneTask[] {
  const copiedBefore = new Set(
    plan.tasks.filter((task) => readsRows(task) && finished.has(task.id)).map(({ id }) => id),
  );
  return plan.tasks.filter(
    (task) =>
      task.kind === "verify" &&
      !finished.has(task.id) &&
      task.needs.some((id) => copiedBefore.has(id)),
  );
}
