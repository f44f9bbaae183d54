/**
 * The view of --json: one event a line on stdout, and nothing else there. The events are those of
 * src/events.ts; a command ends with `report`, `plan`, `ping` or `error`. stderr stays empty, since
 * the log of a container holds both streams and would no longer be JSON.
 */

import type { RunEvent } from "../events.js";
import { UNPRINTABLE } from "../printable.js";
import type { OutputStream } from "./output.js";
import type { View } from "./view.js";

export class JsonView implements View {
  readonly #stream: OutputStream;
  readonly #quiet: boolean;
  #lastMs = 0;

  constructor(stream: OutputStream, quiet: boolean) {
    this.#stream = stream;
    this.#quiet = quiet;
  }

  observe(event: RunEvent): void {
    this.#lastMs = event.atMs;
    if (!this.#quiet) writeJson(this.#stream, event);
  }

  /** Words for people say nothing that the events don't. */
  say(): void {}

  stopping(words: string): void {
    this.observe({ type: "notice", atMs: this.#lastMs, level: "warning", message: words });
  }

  tick(): void {}

  suspend(): void {}

  close(): void {}
}

/**
 * One value as one line. What a terminal would obey or hide is written as its code: JSON's own escapes
 * end with U+001F, and U+009B begins a terminal's commands, too.
 */
export function writeJson(stream: OutputStream, value: unknown): void {
  const text = JSON.stringify(value, plainNumbers).replace(UNPRINTABLE, escaped);
  stream.write(`${text}\n`);
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** JSON has no bigint; one that a number can't hold exactly becomes text. */
function plainNumbers(_key: string, value: unknown): unknown {
  if (typeof value !== "bigint") return value;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : String(value);
}
