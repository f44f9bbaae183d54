/**
 * How long a run will take: its graph played through with the tasks' costs, the jobs, the cores and
 * the network's delay. docs/performance.md says what the numbers are and how far to trust them.
 */

import { remainingPaths } from "../run/graph-order.js";
import { longestChain, type SimulatedTask, simulateGraph } from "../run/simulate-graph.js";
import { BOTH_ENDS_WIDTH, copyWidth } from "./cost.js";
import { roundTripsOf } from "./round-trips.js";
import type { CloneTask, PoolName } from "./task.js";

export interface EstimateInput {
  readonly tasks: readonly CloneTask[];
  readonly jobs: { readonly tableJobs: number; readonly indexJobs: number };
  /** How much the tasks that run may weigh, of both kinds of jobs together; default: as many run as there are jobs. */
  readonly together?: number | undefined;
  /** Of the machine that both servers run on, where that is known. */
  readonly cores: number | undefined;
  /** Of each server, in milliseconds. */
  readonly roundTripMs: { readonly source: number; readonly target: number };
  /** What connecting, reading the source and looking at the target took, in seconds. */
  readonly secondsBefore: number;
}

/** A task of the chain that the run waits for. */
export interface EstimatedTask {
  readonly id: string;
  readonly kind: CloneTask["kind"];
  readonly label: string;
  /** Since the run began. */
  readonly beganSeconds: number;
  readonly seconds: number;
}

export interface Estimate {
  readonly seconds: number;
  /** As many cores as the tasks that run can use. */
  readonly fastestSeconds: number;
  /** Two cores for both servers. */
  readonly slowestSeconds: number;
  readonly assumed: {
    /** For `seconds`: what the tasks share. */
    readonly cores: number;
    /** Whether these are this machine's, on which both servers run, or only as many as there are jobs. */
    readonly coresAre: "of this machine" | "as many as jobs";
    /** The network's, measured. */
    readonly roundTripMs: { readonly source: number; readonly target: number };
    /** Of `seconds`: before the first task and after the last one. */
    readonly besideTasksSeconds: number;
  };
  /** What would have to be more, or shorter, for a shorter run. */
  readonly boundBy: "longest path" | "table jobs" | "index jobs" | "cores";
  /** Tasks of which each began when the one before ended; together they last as long as all tasks. */
  readonly criticalPath: readonly EstimatedTask[];
}

const FEWEST_CORES = 2;
/** Journal, last checks, the sessions of the first jobs, and at the end what the target's properties take. */
const ROUND_TRIPS_BESIDE_TASKS = 16;
const SECONDS_BESIDE_TASKS = 0.05;

/** Estimates the run. Pure. */
export function estimateRun(input: EstimateInput): Estimate {
  const { roundTripMs, secondsBefore } = input;
  const cores = coresOf(input);
  const beside = secondsBesideTasks(input);
  const ended = simulateTasks(input, cores);
  const seconds = (played: readonly SimulatedTask<CloneTask>[]) =>
    rounded(beside + lengthOf(played));
  // More cores would also let more tasks run at a time.
  const fastest = simulateTasks({ ...input, together: undefined }, Number.POSITIVE_INFINITY);
  const fewer = Math.min(cores, FEWEST_CORES);
  return {
    seconds: seconds(ended),
    fastestSeconds: seconds(fastest),
    slowestSeconds: seconds(fewer === cores ? ended : simulateTasks(input, fewer)),
    assumed: {
      cores,
      coresAre: input.cores === undefined ? "as many as jobs" : "of this machine",
      roundTripMs,
      besideTasksSeconds: rounded(beside),
    },
    boundBy: boundOf(input),
    criticalPath: longestChain(ended).map(({ task, beganAt, endedAt }) => ({
      id: task.id,
      kind: task.kind,
      label: task.label,
      beganSeconds: rounded(secondsBefore + beganAt),
      seconds: rounded(endedAt - beganAt),
    })),
  };
}

/** The estimate's `seconds` alone. */
export function expectedSeconds(input: EstimateInput): number {
  return rounded(secondsBesideTasks(input) + lengthOf(simulateTasks(input, coresOf(input))));
}

/** A job is said to keep a core busy: docs/concurrency.md. */
function coresOf({ cores, jobs }: EstimateInput): number {
  return cores ?? Math.max(jobs.tableJobs, jobs.indexJobs);
}

function secondsBesideTasks({ secondsBefore, roundTripMs }: EstimateInput): number {
  return (
    secondsBefore + SECONDS_BESIDE_TASKS + (ROUND_TRIPS_BESIDE_TASKS * roundTripMs.target) / 1000
  );
}

function lengthOf(ended: readonly SimulatedTask<CloneTask>[]): number {
  return ended.at(-1)?.endedAt ?? 0;
}

function simulateTasks(input: EstimateInput, cores: number) {
  const { tasks, jobs, together } = input;
  return simulateGraph(tasks, {
    pools: { tables: jobs.tableJobs, indexes: jobs.indexJobs, control: 1 },
    together,
    cores,
    widthOf,
    waitOf: (task) => waitOf(task, input),
  });
}

function widthOf({ kind, work }: CloneTask): number {
  if (work.do === "copy") return copyWidth(work.table.table, work.table.format);
  return kind === "copy" || kind === "large_objects" ? BOTH_ENDS_WIDTH : 1;
}

function waitOf({ work }: CloneTask, { roundTripMs, jobs }: EstimateInput): number {
  const { source, target } = roundTripsOf(work, jobs.tableJobs + jobs.indexJobs);
  return (source * roundTripMs.source + target * roundTripMs.target) / 1000;
}

/** No run is shorter than any of these; the longest of them is what bounds it. */
function boundOf(input: EstimateInput): Estimate["boundBy"] {
  const { tableJobs, indexJobs } = input.jobs;
  const tasks = input.tasks.map((task) => ({ ...task, cost: task.cost + waitOf(task, input) }));
  const inPool = (pool: PoolName) =>
    sumOf(tasks.filter((task) => task.pool === pool && task.mayUse === undefined));
  const bounds = [
    ["longest path", [...remainingPaths(tasks).values()].reduce((a, b) => Math.max(a, b), 0)],
    ["cores", sumOf(input.tasks) / coresOf(input)],
    ["table jobs", inPool("tables") / tableJobs],
    ["index jobs", inPool("indexes") / indexJobs],
  ] as const;
  return bounds.reduce((one, other) => (other[1] > one[1] ? other : one))[0];
}

function sumOf(tasks: readonly CloneTask[]): number {
  return tasks.reduce((sum, { cost }) => sum + cost, 0);
}

function rounded(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}
