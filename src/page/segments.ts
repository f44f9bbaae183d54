/**
 * A job's tasks as the pieces that its line on the timeline is drawn of. Of 20,000 tasks most are
 * narrower than a pixel: neighbours that are become one piece, which tells how many they are.
 */

import type { TaskRecord } from "../record/run-record.js";
import { groupOf, type TaskGroup } from "./task-groups.js";

export interface Segment {
  readonly beganMs: number;
  readonly endedMs: number;
  readonly tasks: readonly TaskRecord[];
  /** Of most of its time. */
  readonly group: TaskGroup;
}

export interface Lane {
  readonly pool: string;
  readonly job: number;
  readonly tasks: readonly TaskRecord[];
  readonly segments: readonly Segment[];
}

const POOLS: readonly string[] = ["tables", "indexes", "control"];
/** So many pieces a line may have that are drawn on a width of some thousand pixels. */
const FINEST = 1_000;
/** With more lines than these, each is drawn coarser, so that the page stays small. */
const LANES_DRAWN_FINE = 8;

/** One lane for each job that did something. */
export function lanes(tasks: readonly TaskRecord[], durationMs: number): Lane[] {
  const byJob = new Map<string, TaskRecord[]>();
  for (const task of tasks) {
    const key = `${task.pool} ${task.job}`;
    const list = byJob.get(key);
    if (list === undefined) byJob.set(key, [task]);
    else list.push(task);
  }
  const smallestMs = (durationMs / FINEST) * Math.max(1, byJob.size / LANES_DRAWN_FINE);
  return [...byJob.values()]
    .map((own) => {
      const { pool, job } = own[0] as TaskRecord;
      return { pool, job, tasks: own, segments: segments(own, smallestMs) };
    })
    .sort((a, b) => poolOrder(a.pool) - poolOrder(b.pool) || a.job - b.job);
}

function poolOrder(pool: string): number {
  const place = POOLS.indexOf(pool);
  return place === -1 ? POOLS.length : place;
}

/** @param smallestMs tasks that are shorter are drawn together, up to some four times that length. */
export function segments(tasks: readonly TaskRecord[], smallestMs: number): Segment[] {
  const pieces: TaskRecord[][] = [];
  for (const task of [...tasks].sort((a, b) => a.beganMs - b.beganMs)) {
    const last = pieces.at(-1);
    if (last !== undefined && belongTogether(last, task, smallestMs)) last.push(task);
    else pieces.push([task]);
  }
  return pieces.map((piece) => ({
    beganMs: (piece[0] as TaskRecord).beganMs,
    endedMs: piece.reduce((most, task) => Math.max(most, task.endedMs), 0),
    tasks: piece,
    group: mainGroup(piece),
  }));
}

/** What did not end well stands for itself, however short it was. */
function belongTogether(piece: readonly TaskRecord[], next: TaskRecord, smallestMs: number) {
  const [first, last] = [piece[0] as TaskRecord, piece.at(-1) as TaskRecord];
  const isTiny = (task: TaskRecord) =>
    task.state === "done" && task.endedMs - task.beganMs < smallestMs;
  return (
    isTiny(last) &&
    isTiny(next) &&
    next.beganMs - last.endedMs < smallestMs &&
    next.endedMs - first.beganMs < 4 * smallestMs
  );
}

function mainGroup(piece: readonly TaskRecord[]): TaskGroup {
  const times = new Map<TaskGroup, number>();
  for (const { kind, beganMs, endedMs } of piece) {
    const group = groupOf(kind);
    times.set(group, (times.get(group) ?? 0) + endedMs - beganMs);
  }
  const [most] = [...times].sort(([, a], [, b]) => b - a);
  return most?.[0] ?? groupOf("finish");
}
