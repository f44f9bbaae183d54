/** A run with its view: opened, kept in motion, interrupted, and closed whatever happens. */

import type { Observer } from "../events.js";
import { interruptible } from "./interrupt.js";
import type { Output } from "./output.js";
import { openView, progressIntervalMs, type View, type ViewOptions } from "./view.js";

const TICK_MS = 250;

export interface WatchedRun {
  readonly view: View;
  readonly signal: AbortSignal;
  readonly observer: Observer;
  readonly progressIntervalMs: number;
}

export interface WatchOptions extends ViewOptions {
  /** What an interruption announces. */
  readonly stopping: string;
  /** Also told every event, for what is written when the run is over. */
  readonly record?: Observer | undefined;
}

/** How often a record is told the progress where no view wants it, in milliseconds. */
const RECORD_INTERVAL_MS = 1_000;

export async function watchRun<T>(
  output: Output,
  options: WatchOptions,
  work: (run: WatchedRun) => Promise<T>,
): Promise<T> {
  const { record } = options;
  const view = await openView(output, options);
  const close = () => view.close();
  const suspend = () => suspendProcess(view);
  const ticking = setInterval(() => view.tick(), TICK_MS);
  // However the process ends, the terminal gets its cursor back.
  process.once("exit", close);
  if (process.platform !== "win32") process.on("SIGTSTP", suspend);
  try {
    return await interruptible(
      { announce: () => view.stopping(options.stopping), leave: close },
      (signal) =>
        work({
          view,
          signal,
          observer: (event) => {
            record?.(event);
            view.observe(event);
          },
          progressIntervalMs:
            progressIntervalMs(output, options) || (record === undefined ? 0 : RECORD_INTERVAL_MS),
        }),
    );
  } finally {
    clearInterval(ticking);
    process.off("exit", close);
    process.off("SIGTSTP", suspend);
    view.close();
  }
}

/** Ctrl-Z: a shell must not be left without its cursor. The next tick after `fg` draws again. */
function suspendProcess(view: View): void {
  view.suspend();
  process.kill(process.pid, "SIGSTOP");
}
