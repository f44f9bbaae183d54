/**
 * One run of a verb: its clock, its observer, its signal. Everything that the engine has to say
 * goes through here; the engine itself never prints.
 */

import type { Observer, RunEvent } from "../events.js";
import { anySignal } from "../run/abort.js";

export interface StepTime {
  readonly step: string;
  readonly durationMs: number;
}

type EventBody = RunEvent extends infer E ? (E extends unknown ? Omit<E, "atMs"> : never) : never;

/** The clock starts when it is made. */
export class Run {
  readonly signal: AbortSignal;
  readonly steps: StepTime[] = [];
  readonly warnings: string[] = [];
  readonly #observer: Observer | undefined;
  readonly #began = performance.now();

  constructor(signal: AbortSignal, observer: Observer | undefined) {
    this.signal = anySignal(signal);
    this.#observer = observer;
  }

  /** Milliseconds since the run began. */
  get elapsedMs(): number {
    return performance.now() - this.#began;
  }

  tell(event: EventBody): void {
    try {
      this.#observer?.({ atMs: Math.round(this.elapsedMs), ...event } as RunEvent);
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

  /** Runs a named step and keeps its time for the report. */
  async step<T>(step: string, work: () => Promise<T>): Promise<T> {
    const began = performance.now();
    this.tell({ type: "step_started", step });
    const result = await work();
    const durationMs = Math.round(performance.now() - began);
    this.steps.push({ step, durationMs });
    this.tell({ type: "step_finished", step, durationMs });
    return result;
  }
}
