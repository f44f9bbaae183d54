/** Which tables ANALYZE visits, and when: as soon as a table and all that is built on it is ready. */

import type { Table } from "../catalog/catalog.js";
import { analyzeCost } from "./cost.js";
import { ANY_JOB, type CloneTask, PRE_DATA, relationName } from "./task.js";

const SMALL_BYTES = 8 * 1024 * 1024;
const SMALL_PER_TASK = 100;

export interface AnalyzeOptions {
  /** server_version_num of the target. */
  readonly targetVersion: number;
  /** Whether each table has a task of its own, so that one which can't be filled keeps no other from it. */
  readonly keepGoing?: boolean;
}

/**
 * From PostgreSQL 18 on, ANALYZE ONLY samples a partitioned table's partitions without analyzing
 * each of them too. Before, ANALYZE of the root does both, so its partitions need none of their own.
 */
export function planAnalyze(
  tables: readonly Table[],
  tasks: readonly CloneTask[],
  { targetVersion, keepGoing = false }: AnalyzeOptions,
  wanted: (table: Table) => boolean = () => true,
): CloneTask[] {
  const only = targetVersion >= 180_000;
  const needs = needsOf(tables, tasks);
  const visited = tables.filter(
    (table) =>
      (table.kind === "table" ||
        table.kind === "partitioned" ||
        (table.kind === "materialized_view" && table.populated)) &&
      (only || table.partitionOf === undefined) &&
      wanted(table),
  );
  const isSmall = (table: Table) => table.bytes < SMALL_BYTES && table.kind === "table";
  const small = visited.filter(isSmall);
  const large = visited.filter((table) => !isSmall(table));
  // Without ONLY, a partitioned table's ANALYZE locks each of its partitions as it comes to it.
  const below = (table: Table) =>
    only || table.kind !== "partitioned" ? [] : descendantsOf(table.oid, tables);
  const groups = [
    ...large.map((table) => [table]),
    ...chunks(small, keepGoing ? 1 : SMALL_PER_TASK),
  ];
  return groups.map((group) => {
    const first = group[0] as Table;
    const name = relationName(first);
    return {
      id: `analyze:${name}`,
      kind: "analyze",
      label:
        group.length === 1
          ? `ANALYZE ${name}`
          : `ANALYZE ${name} and ${group.length - 1} more small tables`,
      ...ANY_JOB,
      needs: [PRE_DATA, ...new Set(group.flatMap((table) => [...(needs.get(table.oid) ?? [])]))],
      cost: group.reduce((sum, table) => sum + analyzeCost(table), 0),
      locks: { exclusive: group.flatMap((table) => [table.oid, ...below(table)]).map(String) },
      work: { do: "analyze", tables: group, only },
      bytes: 0,
      indexes: [],
    };
  });
}

function descendantsOf(oid: number, tables: readonly Table[]): number[] {
  const children = tables.filter((table) => table.partitionOf === oid);
  return children.flatMap((child) => [child.oid, ...descendantsOf(child.oid, tables)]);
}

/** The tasks that touch a table or, for the sake of a parent's statistics, one of its descendants. */
export function needsOf(
  tables: readonly Table[],
  tasks: readonly CloneTask[],
): Map<number, Set<string>> {
  const parents = new Map(tables.map((table) => [table.oid, table.parents]));
  const needs = new Map<number, Set<string>>();
  const note = (oid: number, id: string): void => {
    const set = needs.get(oid) ?? new Set<string>();
    if (set.has(id)) return;
    needs.set(oid, set.add(id));
    for (const parent of parents.get(oid) ?? []) note(parent, id);
  };
  for (const task of tasks) {
    if (task.kind === "foreign_key") continue;
    for (const name of [...(task.locks?.shared ?? []), ...(task.locks?.exclusive ?? [])])
      note(Number(name), task.id);
  }
  return needs;
}

/** A list in pieces of at most `size`. */
export function chunks<T>(list: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, i) =>
    list.slice(i * size, (i + 1) * size),
  );
}
