/**
 * The view where stderr is no terminal: a line for each thing that came to pass, and about every
 * ten seconds one that says how far the run is. No control characters.
 */

import type { RunEvent } from "../events.js";
import { eventLine, progressWords } from "./event-words.js";
import { formatDuration } from "./formatting.js";
import type { OutputStream } from "./output.js";
import type { View } from "./view.js";

/** A log of an hour then holds 360 of these lines. */
const PROGRESS_INTERVAL_MS = 10_000;

export class PlainView implements View {
  readonly #stream: OutputStream;
  readonly #verbose: boolean;
  #nextProgressMs = PROGRESS_INTERVAL_MS;

  constructor(stream: OutputStream, verbose: boolean) {
    this.#stream = stream;
    this.#verbose = verbose;
  }

  observe(event: RunEvent): void {
    const line = eventLine(event, this.#verbose);
    if (line !== undefined) this.say(line.text);
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

  tick(): void {}

  suspend(): void {}

  close(): void {}
}
