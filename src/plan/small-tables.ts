/**
 * Thousands of small tables. A task for each copy and each table's keys would spend most of its time
 * on round trips, transactions and journal rows: measured on 2,000 tables of 20 rows, half of the
 * run (docs/performance.md). So where there are many, a task takes a batch of them: all their rows and
 * all that is built on them, in one transaction and two round trips.
 */

import { type CloneTask, newTask, PRE_DATA, relationName, type SmallTable } from "./task.js";

/** Fewer are done as soon by tasks of their own, side by side. */
const WORTH_BATCHING = 10;
const LARGEST_TABLE_BYTES = 128 * 1024;
/** What a batch may hold: its rows wait in memory, and its locks until the transaction's end. */
const TABLES_PER_BATCH = 50;
const BYTES_PER_BATCH = 1024 * 1024;

/**
 * Puts the copies of small tables, and the tasks that build on one small table alone, into batches.
 * Whoever waits for one of these tasks waits for its batch afterwards.
 */
export function batchSmallTables(tasks: readonly CloneTask[], tableJobs: number): CloneTask[] {
  const candidates = smallTables(tasks);
  if (candidates.length < WORTH_BATCHING) return [...tasks];
  const replacedBy = new Map<string, string>();
  const batches = cut(candidates, tableJobs).map((batch) => {
    const task = batchTask(batch);
    for (const { replaces } of batch) for (const id of replaces) replacedBy.set(id, task.id);
    return task;
  });
  const others = tasks
    .filter((task) => !replacedBy.has(task.id))
    .map(({ after, ...task }) => ({
      ...task,
      needs: renamed(task.needs, replacedBy),
      ...(after === undefined ? {} : { after: renamed(after, replacedBy) }),
    }));
  return [...batches, ...others];
}

function renamed(ids: readonly string[], by: ReadonlyMap<string, string>): string[] {
  return [...new Set(ids.map((id) => by.get(id) ?? id))];
}

interface Candidate {
  readonly table: SmallTable;
  /** Ids of the tasks that become part of the batch. */
  readonly replaces: readonly string[];
  readonly indexes: CloneTask["indexes"];
  readonly cost: number;
  readonly bytes: number;
}

function smallTables(tasks: readonly CloneTask[]): Candidate[] {
  const builds = buildsOnOneTable(tasks);
  return tasks.flatMap((copy): Candidate[] => {
    if (copy.work.do !== "copy") return [];
    const { table: plan } = copy.work;
    if (plan.parts.length !== 1 || plan.table.bytes > LARGEST_TABLE_BYTES) return [];
    // A crash of the target empties it, and it is copied again; the batch would be, too.
    if (plan.table.unlogged) return [];
    const build = builds.get(String(plan.table.oid));
    const alone = build?.needs.every((need) => need === PRE_DATA || need === copy.id) === true;
    const scripts = alone && build?.work.do === "scripts" ? build.work.scripts : [];
    return [
      {
        table: { plan, scripts },
        replaces: alone && build !== undefined ? [copy.id, build.id] : [copy.id],
        indexes: alone ? (build?.indexes ?? []) : [],
        cost: copy.cost + (alone ? (build?.cost ?? 0) : 0),
        bytes: copy.bytes,
      },
    ];
  });
}

/** The task with a small table's indexes and constraints (see post-data.ts), by the table's lock. */
function buildsOnOneTable(tasks: readonly CloneTask[]): Map<string, CloneTask> {
  const builds = new Map<string, CloneTask>();
  for (const task of tasks) {
    const [lock, ...others] = task.locks?.exclusive ?? [];
    if (task.id.startsWith("indexes:") && lock !== undefined && others.length === 0)
      builds.set(lock, task);
  }
  return builds;
}

/** Even batches, at least two for each job, so that none waits for one long batch at the end. */
function cut(candidates: readonly Candidate[], tableJobs: number): Candidate[][] {
  const wanted = Math.ceil(candidates.length / (tableJobs * 2));
  const size = Math.min(TABLES_PER_BATCH, Math.max(wanted, WORTH_BATCHING / 2));
  const batches: Candidate[][] = [];
  let bytes = 0;
  for (const candidate of candidates) {
    const last = batches.at(-1);
    if (last === undefined || last.length >= size || bytes + candidate.bytes > BYTES_PER_BATCH) {
      batches.push([candidate]);
      bytes = candidate.bytes;
    } else {
      last.push(candidate);
      bytes += candidate.bytes;
    }
  }
  return batches;
}

function batchTask(batch: readonly Candidate[]): CloneTask {
  const tables = batch.map(({ table }) => table);
  const name = relationName((tables[0] as SmallTable).plan.table);
  const more = tables.length === 1 ? "" : ` and ${tables.length - 1} more small tables`;
  return {
    ...newTask(`small:${name}`, "copy", `COPY ${name}${more}`, {
      needs: [PRE_DATA],
      cost: batch.reduce((sum, { cost }) => sum + cost, 0),
      locks: { exclusive: tables.map(({ plan }) => String(plan.table.oid)) },
      work: { do: "small_tables", tables },
      bytes: batch.reduce((sum, { bytes }) => sum + bytes, 0),
      indexes: batch.flatMap(({ indexes }) => indexes),
    }),
    pool: "tables",
    mayUse: ["indexes"],
  };
}
