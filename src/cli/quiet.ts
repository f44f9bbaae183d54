/** The view of --quiet: warnings, and nothing else. */

import type { RunEvent } from "../events.js";
import { eventLine } from "./event-words.js";
import type { OutputStream } from "./output.js";
import type { View } from "./view.js";

export class QuietView implements View {
  readonly #stream: OutputStream;

  constructor(stream: OutputStream) {
    this.#stream = stream;
  }

  observe(event: RunEvent): void {
    const line = eventLine(event, false);
    if (line?.kind === "warning") this.#stream.write(`pgcopy: ${line.text}\n`);
  }

  say(): void {}

  stopping(words: string): void {
    this.#stream.write(`pgcopy: ${words}\n`);
  }

  tick(): void {}

  suspend(): void {}

  close(): void {}
}
