/** What is running now, and how far the whole is. */

import { movesData, type Progress, type RunningTask } from "../events.js";
import { readServerProgress, type StatementProgress } from "../load/server-progress.js";
import type { ClonePlan } from "../plan/clone-plan.js";
import type { CloneTask } from "../plan/task.js";
import type { Connection } from "../postgres/connection.js";
import { CopyEstimate, type RunningCopy } from "./copy-estimate.js";
import type { Run } from "./run.js";

/** A task that runs, as its executor and the progress events see it. */
export interface ActiveTask {
  readonly task: CloneTask;
  readonly beganMs: number;
  bytes: number;
  /** The target session's process id, once there is one. */
  targetPid?: number;
}

/** Throughput is that of the last few seconds: long enough not to jump, short enough to be true. */
const THROUGHPUT_WINDOW_MS = 5_000;

export class ProgressMeter {
  readonly #plan: ClonePlan;
  readonly #run: Run;
  readonly #doing: Progress["doing"];
  readonly #active = new Map<string, ActiveTask>();
  readonly #samples: { atMs: number; bytes: number }[] = [];
  readonly #estimate: CopyEstimate;
  readonly #costTotal: number;
  readonly #partsLeft = new Map<number, number>();
  readonly #beganMs: number;
  #costDone = 0;
  /** Of tasks that were done before this run began. */
  #costBefore = 0;
  #rows = 0;
  #tablesDone: number;
  #indexesDone = 0;
  #tasksDone = 0;
  #onServer = new Map<number, StatementProgress>();

  constructor(plan: ClonePlan, run: Run, doing: Progress["doing"] = "copying") {
    this.#plan = plan;
    this.#run = run;
    this.#doing = doing;
    this.#beganMs = run.elapsedMs;
    this.#estimate = new CopyEstimate(plan.tasks);
    this.#costTotal = plan.tasks.reduce((sum, task) => sum + task.cost, 0);
    this.#tablesDone = plan.tables.filter((table) => table.parts.length === 0).length;
    for (const { table, parts } of plan.tables) this.#partsLeft.set(table.oid, parts.length);
  }

  /** The estimated length of all tasks that are not done yet, one after the other. */
  get remainingSeconds(): number {
    return this.#costTotal - this.#costDone;
  }

  start(task: CloneTask): ActiveTask {
    const active: ActiveTask = { task, beganMs: this.#run.elapsedMs, bytes: 0 };
    this.#active.set(task.id, active);
    this.#estimate.start(task);
    if (movesData(task) && this.#samples.length === 0)
      this.#samples.push({ atMs: active.beganMs, bytes: 0 });
    return active;
  }

  finish(active: ActiveTask, rows: number): void {
    const { task } = active;
    this.#active.delete(task.id);
    this.#costDone += task.cost;
    this.#tasksDone++;
    this.#rows += rows;
    this.#estimate.finish(task, active.bytes);
    this.#indexesDone += task.indexes.length;
    if (task.work.do === "small_tables") this.#tablesDone += task.work.tables.length;
    if (task.work.do !== "copy") return;
    const { oid } = task.work.table.table;
    const left = (this.#partsLeft.get(oid) ?? 1) - 1;
    this.#partsLeft.set(oid, left);
    if (left === 0) this.#tablesDone++;
  }

  /** Counts a task that an earlier process has done. */
  doneBefore({ task, rows, bytes }: { task: CloneTask; rows: number; bytes: number }): void {
    this.#estimate.start(task);
    this.finish({ task, beganMs: this.#beganMs, bytes }, rows);
    this.#costBefore = this.#costDone;
  }

  /** What the server last said of this session was about another task's statement. */
  runsOn(active: ActiveTask, targetPid: number): void {
    active.targetPid = targetPid;
    this.#onServer.delete(targetPid);
  }

  stop(active: ActiveTask): void {
    this.#active.delete(active.task.id);
  }

  /**
   * Tells progress every `intervalMs` until the returned function is called.
   *
   * @param target its session is asked how far the target's long statements are; undefined where there is none.
   */
  every(intervalMs: number, target: { readonly connection: Connection } | undefined): () => void {
    if (intervalMs <= 0) return () => {};
    let reading = false;
    const timer = setInterval(() => {
      this.#run.tell({ type: "progress", ...this.now() });
      if (target === undefined || reading || !this.#hasLongStatement() || this.#run.signal.aborted)
        return;
      reading = true;
      const asked = this.#sessions();
      readServerProgress(target.connection)
        .then((progress) => {
          // A session that has begun another task since was asked about the one before.
          const now = this.#sessions();
          this.#onServer = new Map(
            [...progress].filter(([pid]) => now.has(pid) && now.get(pid) === asked.get(pid)),
          );
        })
        // Progress is a courtesy; a server that refuses to tell it must not end the run.
        .catch(() => {})
        .finally(() => {
          reading = false;
        });
    }, intervalMs);
    return () => clearInterval(timer);
  }

  now(): Progress {
    const active = [...this.#active.values()];
    const running = active.map((one) => this.#running(one));
    const bytes = active.reduce((sum, one) => sum + one.bytes, this.#estimate.bytesDone);
    const copying = active.map((one) => this.#copying(one));
    const cost = running.reduce(
      (sum, task) => sum + (task.fraction ?? 0) * (this.#active.get(task.id)?.task.cost ?? 0),
      this.#costDone,
    );
    const fraction = this.#costTotal === 0 ? 1 : Math.min(cost / this.#costTotal, 1);
    const elapsedMs = this.#run.elapsedMs - this.#beganMs;
    const now = cost - this.#costBefore;
    return {
      rows: running.reduce((sum, task) => sum + task.rows, this.#rows),
      bytes,
      bytesTotal: this.#estimate.total(copying),
      bytesPerSecond: running.some(movesData) ? this.#throughput(bytes) : 0,
      tablesDone: this.#tablesDone,
      tablesTotal: this.#plan.tables.length,
      indexesDone: this.#indexesDone,
      indexesTotal: this.#plan.indexes.length,
      tasksDone: this.#tasksDone,
      tasksTotal: this.#plan.tasks.length,
      fraction,
      // Before a few percent are done, the estimate would be noise.
      ...(now > 0.03 * this.#costTotal && elapsedMs > 1_000
        ? { remainingMs: Math.round((elapsedMs / now) * Math.max(this.#costTotal - cost, 0)) }
        : {}),
      doing: this.#doing,
      running,
    };
  }

  #running(active: ActiveTask): RunningTask {
    const { task } = active;
    const known = active.targetPid === undefined ? undefined : this.#onServer.get(active.targetPid);
    const fraction = known?.fraction ?? this.#estimate.fraction(this.#copying(active));
    return {
      id: task.id,
      kind: task.kind,
      label: task.label,
      durationMs: Math.round(this.#run.elapsedMs - active.beganMs),
      rows: this.#rowsOf(active),
      bytes: active.bytes,
      ...(fraction === undefined ? {} : { fraction }),
      ...(known?.phase === undefined ? {} : { phase: known.phase }),
    };
  }

  /** Of a batch of small tables the server only knows the one that it is at. */
  #rowsOf({ task, targetPid }: ActiveTask): number {
    if (task.work.do !== "copy" || targetPid === undefined) return 0;
    return this.#onServer.get(targetPid)?.rows ?? 0;
  }

  #copying(active: ActiveTask): RunningCopy {
    return { task: active.task, bytes: active.bytes, rows: this.#rowsOf(active) };
  }

  #throughput(bytes: number): number {
    const atMs = this.#run.elapsedMs;
    // What a failed try has moved is taken back; the speed is that from then on.
    if (bytes < (this.#samples.at(-1)?.bytes ?? 0)) this.#samples.length = 0;
    this.#samples.push({ atMs, bytes });
    while (this.#samples.length > 2 && (this.#samples[0]?.atMs ?? 0) < atMs - THROUGHPUT_WINDOW_MS)
      this.#samples.shift();
    const first = this.#samples[0];
    if (first === undefined || atMs <= first.atMs) return 0;
    return Math.round(((bytes - first.bytes) * 1_000) / (atMs - first.atMs));
  }

  /** The tasks by the sessions that they run on. */
  #sessions(): Map<number, ActiveTask> {
    return new Map(
      [...this.#active.values()].flatMap((active): [number, ActiveTask][] =>
        active.targetPid === undefined ? [] : [[active.targetPid, active]],
      ),
    );
  }

  #hasLongStatement(): boolean {
    return [...this.#active.values()].some(
      (active) => active.targetPid !== undefined && this.#run.elapsedMs - active.beganMs > 300,
    );
  }
}
