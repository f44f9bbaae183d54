/**
 * Being interrupted. The first signal aborts the run, which stops its statements on both servers and
 * closes up; the second one leaves at once. A reader of stdout that goes away (`| head`) interrupts
 * as well: the events of --json are then for nobody. Losing stderr is no reason to lose the work.
 */

import { EXIT_INTERRUPTED } from "./exit-codes.js";

/**
 * SIGHUP too: Node ends on it even under nohup (it undoes an inherited SIG_IGN), so the choice is
 * between an orderly stop and one that leaves statements running.
 */
const SIGNALS: readonly NodeJS.Signals[] = ["SIGINT", "SIGTERM", "SIGHUP"];

/**
 * Under npx and npm run, one Ctrl-C arrives twice: from the terminal, and forwarded by npm. What
 * comes so soon after the first signal is not somebody's second thought.
 */
const SAME_SIGNAL_MS = 1000;

export interface InterruptOptions {
  /** Called once, before the run is told to stop. */
  readonly announce: () => void;
  /** Called before the process leaves on the second signal. */
  readonly leave: () => void;
}

/** Runs `work` with a signal that is aborted by the first interruption. */
export async function interruptible<T>(
  options: InterruptOptions,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  let firstMs: number | undefined;

  const interrupt = () => {
    if (firstMs === undefined) {
      firstMs = performance.now();
      options.announce();
      controller.abort();
    } else if (performance.now() - firstMs >= SAME_SIGNAL_MS) {
      options.leave();
      process.exit(EXIT_INTERRUPTED);
    }
  };
  const readerGone = () => {
    if (firstMs === undefined) interrupt();
  };

  for (const signal of SIGNALS) process.on(signal, interrupt);
  process.stdout.on("error", readerGone);
  try {
    return await work(controller.signal);
  } finally {
    for (const signal of SIGNALS) process.off(signal, interrupt);
    process.stdout.off("error", readerGone);
  }
}
