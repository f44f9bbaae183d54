// @ts-check
/** The floor's rounds as one figure. */

import { spread } from "../statistics.js";
import { parts } from "./statements.js";

/**
 * @typedef {object} FloorSummary
 * @property {"cpu" | "elapsed"} basis which of the two times the figures are
 * @property {Record<import("./statements.js").Part, number>} partsMs medians of the rounds
 * @property {number} workMs the median of the rounds' sums: the servers' work
 * @property {number} cores of this machine
 * @property {number} floorMs the work divided by the cores
 * @property {import("./floor.js").FloorRound[]} rounds one of each measured round
 *
 * @typedef {FloorSummary | { unmeasured: string }} FloorResult
 */

/** Below, the floor is known to a tick of the scheduler or so, and no measure of anything. */
const LEAST_FLOOR_MS = 50;

/**
 * CPU time where the servers can tell it, for whatever else runs on the machine makes a statement
 * take longer, but not more of it.
 *
 * @param {import("./floor.js").FloorRound[]} rounds at least one
 * @param {number} cores
 * @returns {FloorSummary}
 */
export function summarize(rounds, cores) {
  const cpu = rounds.every((round) => parts.every((part) => round[part].cpuMs !== undefined));
  /** @param {import("./server-time.js").ServerTime} time */
  const msOf = ({ cpuMs, elapsedMs }) => (cpu ? (cpuMs ?? 0) : elapsedMs);
  const partsMs = /** @type {FloorSummary["partsMs"]} */ ({});
  for (const part of parts) partsMs[part] = spread(rounds.map((round) => msOf(round[part]))).median;
  const sums = rounds.map((round) => parts.reduce((sum, part) => sum + msOf(round[part]), 0));
  const workMs = spread(sums).median;
  const basis = cpu ? "cpu" : "elapsed";
  return { basis, partsMs, workMs, cores, floorMs: workMs / cores, rounds };
}

/**
 * The floor, in milliseconds, where distances from it mean something.
 *
 * @param {{ floorMs: number } | { unmeasured: string } | undefined} floor
 */
export function comparableFloorMs(floor) {
  if (floor === undefined || "unmeasured" in floor) return undefined;
  return floor.floorMs < LEAST_FLOOR_MS ? undefined : floor.floorMs;
}
