/**
 * One run of a verb: its clock, its observer, its signal. Everything that the engine has to say
 * goes through here; the engine itself never prints.
 */

import { shownOptions } from "../config/shown-options.js";
import { isNullEndpoint } from "../endpoint/parse-endpoint.js";
import type { Observer, RunEvent } from "../events.js";
import type { CloneOptions } from "../options/clone-options.js";
import type { RunRecord } from "../record/run-record.js";
import { RunRecorder } from "../record/run-recorder.js";
import { anySignal } from "../run/abort.js";
import { version } from "../version.js";
import { WhatStays } from "./what-stays.js";

type EventBody = RunEvent extends infer E ? (E extends unknown ? Omit<E, "atMs"> : never) : never;

/** The clock starts when it is made. */
export class Run {
  readonly signal: AbortSignal;
  readonly warnings: string[] = [];
  readonly stays = new WhatStays();
  readonly #observer: Observer | undefined;
  readonly #recorder = new RunRecorder();
  readonly #began = performance.now();

  constructor(signal: AbortSignal, observer: Observer | undefined) {
    this.signal = anySignal(signal);
    this.#observer = observer;
  }

  /** Milliseconds since the run began. */
  get elapsedMs(): number {
    return performance.now() - this.#began;
  }

  /** What has been done by now. */
  get record(): RunRecord {
    return this.#recorder.record(Math.round(this.elapsedMs));
  }

  /** Tells what the run is about to do, and when. */
  begin(options: CloneOptions): void {
    const startedAt = new Date(Date.now() - this.elapsedMs).toISOString();
    const pgcopyVersion = version;
    this.tell({
      type: "run_started",
      pgcopyVersion,
      startedAt,
      options: shownOptions(options),
      ...(isNullEndpoint(options.target) ? { nothingCopied: true } : {}),
    });
  }

  tell(body: EventBody): void {
    const event = { atMs: Math.round(this.elapsedMs), ...body } as RunEvent;
    this.#recorder.observe(event);
    try {
      this.#observer?.(event);
    } catch {
      // An observer's mistake must not end a copy that is going well.
    }
  }

  info(message: string): void {
    this.tell({ type: "notice", level: "info", message });
  }

  /** A warning is told at once, and again in the report. */
  warn(message: string): void {
    this.warnings.push(message);
    this.tell({ type: "notice", level: "warning", message });
  }

  /** Runs a named step and tells how long it took. */
  async step<T>(step: string, work: () => Promise<T>): Promise<T> {
    const began = performance.now();
    const durationMs = () => Math.round(performance.now() - began);
    this.tell({ type: "step_started", step });
    try {
      const result = await work();
      this.tell({ type: "step_finished", step, durationMs: durationMs() });
      return result;
    } catch (error) {
      this.tell({ type: "step_failed", step, durationMs: durationMs() });
      throw error;
    }
  }
}
