/**
 * The view where stderr is no terminal: a line for each thing that came to pass, and about every
 * ten seconds one that says how far the run is. No control characters.
 */

import type { RunEvent } from "../events.js";
import { eventLine, pinsWords, progressWords, stepName } from "./event-words.js";
import { formatDuration } from "./formatting.js";
import type { OutputStream } from "./output.js";
import { stepHint } from "./step-hints.js";
import type { View } from "./view.js";

/** A log of an hour then holds 360 of these lines. */
const PROGRESS_INTERVAL_MS = 10_000;
/** A snapshot may be held for days. */
const PINS_INTERVAL_MS = 60_000;

export class PlainView implements View {
  readonly #stream: OutputStream;
  readonly #verbose: boolean;
  readonly #now: () => number;
  /** When each step began that goes on and has not been called long yet. */
  readonly #steps = new Map<string, number>();
  #nextProgressMs = PROGRESS_INTERVAL_MS;
  #nextPinsMs = 0;

  /** `now`: milliseconds of any clock that never goes back. */
  constructor(stream: OutputStream, verbose: boolean, now = () => performance.now()) {
    this.#stream = stream;
    this.#verbose = verbose;
    this.#now = now;
  }

  observe(event: RunEvent): void {
    if (event.type === "step_started") this.#steps.set(stepName(event), this.#now());
    if (event.type === "step_finished") this.#steps.delete(stepName(event));
    const line = eventLine(event, this.#verbose);
    if (line !== undefined) this.say(line.text);
    if (event.type === "snapshot_pins" && event.atMs >= this.#nextPinsMs) {
      this.#nextPinsMs = event.atMs + PINS_INTERVAL_MS;
      this.say(pinsWords(event));
    }
    if (event.type !== "progress" || event.atMs < this.#nextProgressMs) return;
    this.#nextProgressMs = event.atMs + PROGRESS_INTERVAL_MS;
    this.say(`after ${formatDuration(event.atMs)}: ${progressWords(event)}`);
  }

  say(words: string): void {
    this.#stream.write(`${words}\n`);
  }

  stopping(words: string): void {
    this.say(words);
  }

  tick(): void {
    for (const [step, beganMs] of this.#steps) {
      const durationMs = this.#now() - beganMs;
      const hint = stepHint(step, durationMs);
      if (hint === undefined) continue;
      this.#steps.delete(step);
      this.say(`${step} goes on after ${formatDuration(durationMs)}: ${hint}`);
    }
  }

  suspend(): void {}

  close(): void {}
}
