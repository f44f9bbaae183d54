/**
 * Which tables are copied in parts where nobody says from which size on. A few large tables leave jobs
 * without work at the end; parts keep all of them busy, but are loaded without FREEZE. So the run's large
 * copies and index builds are played through: with all tables whole, and with the longest one, two, three …
 * in parts. What is shortest is done. Pure, and no more work for 100,000 tables than for ten large ones.
 */

import type { Index } from "../catalog/catalog.js";
import { freezeSaving, tableCost } from "./cost.js";
import {
  type Capacity,
  type LargeTable,
  type Load,
  PARTS_PER_JOB,
  playerOf,
} from "./play-parts.js";
import { inParts, type TablePlan } from "./table-plan.js";

/** A shorter part is not worth its session, query and transaction. */
const SMALLEST_PART_SECONDS = 0.25;
/** Blocks of a table of large values hold more or fewer of them: a part of one block may be nothing. */
const FEWEST_PAGES_PER_PART = 2;
/**
 * What further tables in parts have to save. Less is within what costs are off by: they leave out the client,
 * which fills cores, too. One large table with five indexes was reckoned 5 % shorter on two cores, and was not.
 */
const WORTH = 0.9;
/** The same where FREEZE would bring the tables nothing: there parts cost nothing either. */
const WORTH_OF_LARGE_VALUES = 0.98;
/** The share of a copy below which FREEZE brings nothing. */
const NO_SAVING = 0.02;

/** The tables with those in parts that are better copied so. */
export function withAutomaticParts(
  tables: readonly TablePlan[],
  indexes: readonly Index[],
  capacity: Capacity,
): TablePlan[] {
  const costs = tables.map((plan) => (plan.parts.length === 0 ? 0 : costOf(plan)));
  const whole = costs.reduce((sum, cost) => sum + cost, 0);
  const large = tables
    .map((plan, i): LargeTable => largeOf(plan, costs[i] ?? 0, whole, capacity))
    // What is shorter than half of what each job gets fills the gaps by itself.
    .filter(({ cost }) => cost > whole / (2 * capacity.tableJobs))
    .sort((a, b) => b.cost - a.cost || a.plan.table.oid - b.plan.table.oid);
  const cut = chooseCut(large, { tables, indexes, cost: whole, capacity });
  const counts = new Map(cut.map((one) => [one.plan, one]));
  return tables.map((plan) => {
    const one = counts.get(plan);
    if (one === undefined) return plan;
    const share = Math.round((100 * one.cost) / whole);
    return inParts(
      plan,
      one.parts,
      `whole, its copy would be ${share} % of the time of all copies`,
    );
  });
}

function costOf({ table, format }: TablePlan): number {
  return tableCost(table, format);
}

function largeOf(
  plan: TablePlan,
  cost: number,
  whole: number,
  { tableJobs }: Capacity,
): LargeTable {
  const each = Math.max(SMALLEST_PART_SECONDS, whole / (tableJobs * PARTS_PER_JOB));
  const most = Math.floor(plan.table.pages / FEWEST_PAGES_PER_PART);
  const parts = isCuttable(plan) ? Math.max(1, Math.min(Math.ceil(cost / each), most)) : 1;
  return { plan, cost, parts };
}

/**
 * With a WHERE nobody knows how much there is to copy, and each part might look through all of an index. A mask that
 * counts in its session (a setting, a seed) has to be in one.
 */
function isCuttable({ parts, rows, ctidRanges }: TablePlan): boolean {
  const counts = [...(rows?.masks.values() ?? [])].some(({ volatile }) => volatile);
  return ctidRanges && parts.length === 1 && rows?.where === undefined && !counts;
}

function gainsByFreeze({ plan, cost }: LargeTable): boolean {
  return plan.freeze && freezeSaving(plan.table) > cost * NO_SAVING;
}

/** Each up to eight, then half as many more each time, and all: with a hundred jobs there may be as many tables. */
function countsToTry(most: number): number[] {
  const counts: number[] = [];
  for (let count = 1; count < most; count += Math.max(1, Math.floor(count / 8) * 4))
    counts.push(count);
  return [...counts, most];
}

function chooseCut(large: readonly LargeTable[], load: Load): readonly LargeTable[] {
  const candidates = large.filter(({ parts }) => parts > 1);
  if (candidates.length === 0) return [];
  const secondsWith = playerOf(large, load);
  let best: readonly LargeTable[] = [];
  let shortest = secondsWith(new Set());
  for (const count of countsToTry(candidates.length)) {
    const cut = candidates.slice(0, count);
    const seconds = secondsWith(new Set(cut));
    const worth = cut.some(gainsByFreeze) ? WORTH : WORTH_OF_LARGE_VALUES;
    if (seconds < shortest * worth) [best, shortest] = [cut, seconds];
  }
  return best;
}
