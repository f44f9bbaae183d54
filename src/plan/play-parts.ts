/** Large copies and the index builds after them, played through, to see what parts would bring. */

import type { Index } from "../catalog/catalog.js";
import type { Task } from "../run/graph.js";
import { simulateGraph } from "../run/simulate-graph.js";
import { BOTH_ENDS_WIDTH, copyCost, copyWidth, freezeSaving, indexCost } from "./cost.js";
import type { TablePlan } from "./table-plan.js";
import { heapBytes } from "./toast-cost.js";

/** What there is to work with. */
export interface Capacity {
  readonly tableJobs: number;
  readonly indexJobs: number;
  /** Of the machine that both servers run on, where that is known; else as many as jobs. */
  readonly cores: number | undefined;
}

export interface LargeTable {
  readonly plan: TablePlan;
  /** Of its copy in one part, in seconds. */
  readonly cost: number;
  /** How many it would be cut into; 1 for one that has to stay whole. */
  readonly parts: number;
}

/** All that is to be done; the large tables are among it. */
export interface Load {
  readonly tables: readonly TablePlan[];
  readonly indexes: readonly Index[];
  /** Of all copies in one part, in seconds. */
  readonly cost: number;
  readonly capacity: Capacity;
}

/** So that parts which turn out unequal still end at about the same time. */
export const PARTS_PER_JOB = 4;

interface PlayedTask extends Task {
  /** How many cores it can use. */
  readonly width: number;
}

/** A function that says how long copies and builds take together when these tables are in parts, in seconds. */
export function playerOf(
  large: readonly LargeTable[],
  load: Load,
): (cut: ReadonlySet<LargeTable>) => number {
  const { tableJobs, indexJobs, cores = Math.max(tableJobs, indexJobs) } = load.capacity;
  const ofLarge = new Set(large.map(({ plan }) => plan.table.oid));
  const builds = buildsOf(load, ofLarge);
  const rest = restOf(large, load, builds.others);
  return (cut) => {
    const tasks = large.flatMap((one) =>
      tasksOf(one, cut.has(one), builds.ofTable.get(one.plan.table.oid) ?? []),
    );
    const ended = simulateGraph([...tasks, ...rest], {
      pools: { tables: tableJobs, indexes: indexJobs },
      cores,
      widthOf: ({ width }) => width,
      waitOf: () => 0,
    });
    return ended.at(-1)?.endedAt ?? 0;
  };
}

function buildsOf({ tables, indexes }: Load, ofLarge: ReadonlySet<number>) {
  const rowBytes = new Map(tables.map(({ table }) => [table.oid, heapBytes(table)]));
  const ofTable = new Map<number, number[]>();
  let others = 0;
  for (const { tableOid, bytes } of indexes) {
    const cost = indexCost(rowBytes.get(tableOid) ?? 0, bytes);
    if (!ofLarge.has(tableOid)) others += cost;
    else ofTable.set(tableOid, [...(ofTable.get(tableOid) ?? []), cost]);
  }
  return { ofTable, others };
}

function tasksOf(one: LargeTable, isCut: boolean, builds: readonly number[]): PlayedTask[] {
  const { table, format } = one.plan;
  const count = isCut ? one.parts : 1;
  const lost = isCut && one.plan.freeze ? freezeSaving(table) : 0;
  const cost = (one.cost + lost) / count + (isCut ? copyCost(0) : 0);
  const copies = Array.from({ length: count }, (_, part) => ({
    id: `copy:${table.oid}:${part}`,
    pool: "tables",
    needs: [],
    cost,
    width: copyWidth(table, format),
  }));
  const needs = copies.map(({ id }) => id);
  return [
    ...copies,
    ...builds.map((build, i) => ({
      id: `index:${table.oid}:${i}`,
      pool: "indexes",
      needs,
      cost: build,
      width: 1,
    })),
  ];
}

/** All else that is copied and built, in even pieces: it fills what the large ones leave. */
function restOf(
  large: readonly LargeTable[],
  { cost, capacity }: Load,
  builds: number,
): PlayedTask[] {
  const copies = large.reduce((rest, one) => rest - one.cost, cost);
  const pieces = (pool: string, jobs: number, cost: number, width: number) =>
    Array.from({ length: jobs * PARTS_PER_JOB }, (_, i) => ({
      id: `rest:${pool}:${i}`,
      pool,
      needs: [],
      cost: Math.max(cost, 0) / (jobs * PARTS_PER_JOB),
      width,
    }));
  return [
    ...pieces("tables", capacity.tableJobs, copies, BOTH_ENDS_WIDTH),
    ...pieces("indexes", capacity.indexJobs, builds, 1),
  ];
}
