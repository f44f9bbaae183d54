/**
 * Keeps what a run does, from its events alone: so what is known of a run that fails is known as of
 * one that ends well. It is an observer, and has no clock of its own.
 */

import type { PgCopyError } from "../errors.js";
import type { RejectedRows, RunEvent, TaskInfo } from "../events.js";
import type {
  FailedRun,
  RetryRecord,
  RunRecord,
  SkippedTask,
  StepTime,
  TaskRecord,
} from "./run-record.js";
import { ThroughputMeter } from "./throughput-meter.js";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

interface ActiveTask {
  readonly record: Mutable<TaskRecord>;
  /** When its bytes were last heard of. */
  heardMs: number;
}

export class RunRecorder {
  /** To be passed as `observer`, or called by one. */
  readonly observe: (event: RunEvent) => void = (event) => this.#take(event);

  #about: Partial<Mutable<RunRecord>> = {};
  #steps: Mutable<StepTime>[] = [];
  #tasks: Mutable<TaskRecord>[] = [];
  #skipped: SkippedTask[] = [];
  #warnings: string[] = [];
  #retries: RetryRecord[] = [];
  #rejected: RejectedRows[] = [];
  #throughput = new ThroughputMeter();
  #active = new Map<string, ActiveTask>();
  #busy = new Map<string, Set<number>>();
  #openSteps = new Set<StepTime>();
  #lastMs = 0;

  /** Whether a run has begun: before, there is nothing to report. */
  get hasBegun(): boolean {
    return this.#about.startedAt !== undefined;
  }

  /** What has been done by now. @param atMs since the run began; default: the last event's. */
  record(atMs = this.#lastMs): RunRecord {
    const open = (step: StepTime) =>
      this.#openSteps.has(step) ? { ...step, durationMs: atMs - step.beganMs } : { ...step };
    return {
      pgcopyVersion: "",
      startedAt: "",
      options: {},
      ...this.#about,
      durationMs: atMs,
      steps: this.#steps.map(open),
      tasks: this.#tasks.map((task) =>
        task.state === "running" ? { ...task, endedMs: atMs } : { ...task },
      ),
      throughput: this.#throughput.throughput,
      warnings: [...this.#warnings],
      retries: [...this.#retries],
    };
  }

  /** The record of a run that ended with an error. */
  failed(error: PgCopyError): FailedRun {
    return {
      ...this.record(),
      error,
      skipped: [...this.#skipped],
      rejected: [...this.#rejected],
    };
  }

  /** Another run's beginning, or what came before the first one's, is not this run's. */
  #restart(): void {
    this.#about = {};
    this.#steps = [];
    this.#tasks = [];
    this.#skipped = [];
    this.#warnings = [];
    this.#retries = [];
    this.#rejected = [];
    this.#throughput = new ThroughputMeter();
    this.#active = new Map();
    this.#busy = new Map();
    this.#openSteps = new Set();
    this.#lastMs = 0;
  }

  #take(event: RunEvent): void {
    // Of several databases each has a recorder of its own; this one is that of the whole.
    if (event.database !== undefined) return;
    if (event.type === "run_started") this.#restart();
    this.#lastMs = Math.max(this.#lastMs, event.atMs);
    switch (event.type) {
      case "run_started": {
        const { pgcopyVersion, startedAt, options, nothingCopied } = event;
        Object.assign(this.#about, { pgcopyVersion, startedAt, options });
        // Nothing connects to it.
        if (nothingCopied === true) Object.assign(this.#about, { target: "null:", nothingCopied });
        return;
      }
      case "connected":
        this.#about[event.side] = event.endpoint;
        this.#about[event.side === "source" ? "sourceVersion" : "targetVersion"] =
          event.serverVersion;
        return;
      case "notice":
        if (event.level === "warning") this.#warnings.push(event.message);
        return;
      case "planned": {
        const { tables, largeObjects, indexes, tasks, bytes } = event;
        this.#about.planned = { tables, largeObjects, indexes, tasks, bytes };
        return;
      }
      case "rows_rejected": {
        const { schema, name, rows, file, reason } = event;
        this.#rejected.push({ schema, name, rows, file, reason });
        return;
      }
      case "step_started":
        this.#startStep(event.step, event.atMs);
        return;
      case "step_finished":
      case "step_failed":
        this.#endStep(event);
        return;
      case "task_started":
        this.#startTask(event.task, event.pool, event.atMs);
        return;
      case "progress":
        for (const { id, bytes } of event.running) this.#hear(id, bytes, event.atMs);
        return;
      case "task_finished":
        this.#endTask(event, { rows: event.rows, bytes: event.bytes, state: "done" });
        return;
      case "task_failed":
        this.#endTask(event, { state: "failed", error: event.error });
        return;
      case "task_skipped":
        this.#skipped.push({ ...event.task, because: event.because });
        return;
      case "task_retried":
        this.#retries.push(retryOf(event));
        // What it had copied is none of its next try's.
        this.#hear(event.task.id, 0, event.atMs);
        return;
      case "task_stopped":
        this.#endTask(event, { bytes: event.bytes, state: "stopped" });
    }
  }

  #startStep(step: string, beganMs: number): void {
    const begun = { step, beganMs, durationMs: 0 };
    this.#steps.push(begun);
    this.#openSteps.add(begun);
  }

  #endStep({ type, step, durationMs }: RunEvent & { type: "step_finished" | "step_failed" }): void {
    const ended = this.#steps.findLast((one) => one.step === step && this.#openSteps.has(one));
    if (ended === undefined) return;
    this.#openSteps.delete(ended);
    ended.durationMs = durationMs;
    if (type === "step_failed") ended.failed = true;
  }

  /** A task gets its pool's first free job, as the runner has no more of them going than there are. */
  #startTask({ id, kind, label }: TaskInfo, pool: string, atMs: number): void {
    const busy = this.#busy.get(pool) ?? new Set<number>();
    this.#busy.set(pool, busy);
    let job = 1;
    while (busy.has(job)) job++;
    busy.add(job);
    const record: TaskRecord = {
      ...{ id, kind, label, beganMs: atMs, endedMs: atMs, pool, job },
      ...{ rows: 0, bytes: 0, state: "running" },
    };
    this.#tasks.push(record);
    this.#active.set(id, { record, heardMs: atMs });
  }

  #hear(id: string, bytes: number, atMs: number): void {
    const active = this.#active.get(id);
    if (active === undefined) return;
    this.#throughput.add(active.heardMs, atMs, bytes - active.record.bytes);
    active.heardMs = atMs;
    active.record.bytes = bytes;
  }

  #endTask(
    { task, atMs }: { readonly task: TaskInfo; readonly atMs: number },
    end: Pick<TaskRecord, "state" | "error"> & Partial<Pick<TaskRecord, "rows" | "bytes">>,
  ): void {
    const active = this.#active.get(task.id);
    if (active === undefined) return;
    if (end.bytes !== undefined) this.#hear(task.id, end.bytes, atMs);
    const { record } = active;
    record.endedMs = atMs;
    record.state = end.state;
    record.rows = end.rows ?? record.rows;
    if (end.error !== undefined) record.error = end.error;
    this.#active.delete(task.id);
    this.#busy.get(record.pool)?.delete(record.job);
  }
}

function retryOf({
  task: { id, kind, label },
  attempt,
  error,
  atMs,
}: RunEvent & { type: "task_retried" }): RetryRecord {
  const { message, side, server } = error as Partial<
    Pick<PgCopyError, "message" | "side" | "server">
  >;
  return {
    ...{ id, kind, label, attempt, atMs, message: message ?? "" },
    ...(side === undefined ? {} : { side }),
    ...(server === undefined ? {} : { sqlstate: server.sqlstate }),
  };
}
