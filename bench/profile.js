// @ts-check
/**
 * Where pgcopy's time goes on a data set: its own report of one more run, beside the time of the
 * whole process. What the report doesn't cover is Node.js starting and the modules being loaded.
 */

import { pgcopyClone } from "./contestants/pgcopy.js";
import { runOnce } from "./rounds.js";

/**
 * @typedef {object} Profile
 * @property {number} wallMs of the whole process
 * @property {number} reportedMs of the run within it
 * @property {number} estimatedMs how long that was expected to take when its first task was about to begin
 * @property {{ step: string, beganMs?: number, durationMs: number }[]} steps
 * @property {{ kind: string, tasks: number, durationMs: number, firstMs: number, lastMs: number }[]} work
 *   the tasks of each kind: their time summed over the jobs, when the first began and the last ended
 * @property {{ binary: number, text: number, frozen: number }} tables
 * @property {number} copiedBytes those of COPY, by its report
 * @property {string} pgDump which one it used
 */

/**
 * @param {import("./rounds.js").Field} field
 * @returns {Promise<Profile>}
 */
export async function profilePgcopy(field) {
  const measurement = await runOnce((run) => pgcopyClone(run, "--json"), field);
  if (measurement.failure !== undefined) throw new Error(measurement.failure);
  const events = measurement.stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  const report = events.at(-1);
  return {
    wallMs: measurement.wallMs,
    reportedMs: report.durationMs,
    estimatedMs: report.estimatedSeconds * 1000,
    steps: report.steps,
    work: workOf(events),
    tables: {
      binary: count(report.tables, (table) => table.format === "binary"),
      text: count(report.tables, (table) => table.format === "text"),
      frozen: count(report.tables, (table) => table.freeze),
    },
    copiedBytes: report.bytes,
    pgDump: `${report.pgDump.kind} ${report.pgDump.version}`,
  };
}

/**
 * @param {readonly any[]} events
 * @returns {Profile["work"]}
 */
function workOf(events) {
  /** @type {Map<string, Profile["work"][number]>} */
  const kinds = new Map();
  for (const { type, task, durationMs, atMs } of events) {
    if (type !== "task_finished") continue;
    const sum = kinds.get(task.kind) ?? {
      kind: task.kind,
      tasks: 0,
      durationMs: 0,
      firstMs: Number.POSITIVE_INFINITY,
      lastMs: 0,
    };
    sum.tasks += 1;
    sum.durationMs += durationMs;
    sum.firstMs = Math.min(sum.firstMs, atMs - durationMs);
    sum.lastMs = Math.max(sum.lastMs, atMs);
    kinds.set(task.kind, sum);
  }
  return [...kinds.values()];
}

/**
 * @param {readonly any[]} list
 * @param {(one: any) => boolean} test
 */
function count(list, test) {
  return list.filter(test).length;
}
