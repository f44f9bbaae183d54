/**
 * The view of a run on a terminal: what is finished stays as plain lines, and below them the live
 * area shows the whole run and everything that is running. Both go to stderr, so that the report on
 * stdout can be kept in a file.
 */

import type { Progress, RunEvent, SnapshotPins } from "../events.js";
import { wrap } from "./display-width.js";
import { type EventLine, eventLine, stepName } from "./event-words.js";
import { LiveArea } from "./live-area.js";
import { liveLines } from "./live-lines.js";
import type { Glyphs, OutputStream, Paint } from "./output.js";
import type { View } from "./view.js";

export interface TerminalOptions {
  readonly stream: OutputStream;
  readonly paint: Paint;
  readonly glyphs: Glyphs;
  readonly verbose: boolean;
  /** Milliseconds of any clock that never goes back. */
  readonly now?: () => number;
}

/** The area keeps its height for so many frames after its last line was needed, so it doesn't jump. */
const STEADY_FRAMES = 16;

export class TerminalView implements View {
  readonly #options: TerminalOptions;
  readonly #area: LiveArea;
  readonly #now: () => number;
  /** By name, when each began, in the run's own time. */
  readonly #steps = new Map<string, number>();
  readonly #heights: number[] = [];
  readonly #resized = () => this.tick();
  /** The run's time at a moment of our clock; between events the clock goes on from there. */
  #lastEvent = { atMs: 0, heardMs: 0 };
  #progress: Progress | undefined;
  #pins: SnapshotPins | undefined;
  #stopping = false;
  #closed = false;

  constructor(options: TerminalOptions) {
    this.#options = options;
    this.#area = new LiveArea(options.stream);
    this.#now = options.now ?? (() => performance.now());
    options.stream.on?.("resize", this.#resized);
  }

  observe(event: RunEvent): void {
    if (this.#closed) return;
    this.#lastEvent = { atMs: event.atMs, heardMs: this.#now() };
    if (event.type === "step_started") this.#steps.set(stepName(event), event.atMs);
    if (event.type === "step_finished") this.#steps.delete(stepName(event));
    if (event.type === "progress") this.#progress = event;
    if (event.type === "snapshot_pins") this.#pins = event;
    if (event.type === "task_finished" || event.type === "task_failed") {
      this.#forget(event.task.id, event.database);
    }
    const line = eventLine(event, this.#options.verbose);
    if (line !== undefined) this.#draw(this.#finished(line));
    else if (/^(progress|step_started|snapshot_pins)$/.test(event.type)) this.#draw();
  }

  /** Draws again, with the clock moved on. */
  tick(): void {
    if (!this.#closed) this.#draw();
  }

  say(words: string): void {
    if (!this.#closed) this.#draw(this.#wrapped(words));
  }

  stopping(words: string): void {
    this.#stopping = true;
    this.say(words);
  }

  suspend(): void {
    this.#area.close();
  }

  close(): void {
    this.#closed = true;
    this.#options.stream.off?.("resize", this.#resized);
    this.#area.close();
  }

  /** A task that has ended must not stay on the screen until the next progress event. */
  #forget(id: string, database: string | undefined): void {
    if (this.#progress === undefined) return;
    const running = this.#progress.running.filter(
      (task) => task.id !== id || task.database !== database,
    );
    this.#progress = { ...this.#progress, running };
  }

  #draw(above: readonly string[] = []): void {
    const sinceEventMs = this.#now() - this.#lastEvent.heardMs;
    const elapsedMs = this.#lastEvent.atMs + sinceEventMs;
    const { columns, rows } = this.#area;
    const { paint, glyphs } = this.#options;
    const lines = liveLines(
      {
        elapsedMs,
        steps: [...this.#steps].map(([step, atMs]) => ({ step, durationMs: elapsedMs - atMs })),
        progress: this.#progress,
        pins: this.#pins,
        stopping: this.#stopping,
      },
      { paint, glyphs, columns, rows },
    );
    this.#heights.push(lines.length);
    if (this.#heights.length > STEADY_FRAMES) this.#heights.shift();
    const height = Math.min(rows, Math.max(...this.#heights));
    while (lines.length < height) lines.push("");
    this.#area.draw(lines, above);
  }

  #finished({ kind, text }: EventLine): string[] {
    const { paint, glyphs } = this.#options;
    switch (kind) {
      case "done":
        return this.#wrapped(text, paint.green(glyphs.done));
      case "warning":
        return this.#wrapped(text).map(paint.yellow);
      case "failed":
        return this.#wrapped(text).map(paint.red);
      case "fact":
        return this.#wrapped(text);
    }
  }

  #wrapped(text: string, mark = " "): string[] {
    const lines = wrap(text, this.#area.columns - 2, "  ");
    return lines.map((line, index) => `${index === 0 ? mark : " "} ${line}`);
  }
}
