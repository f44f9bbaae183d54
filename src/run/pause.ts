/** Waiting between two tries. */

import { abortError, throwIfAborted } from "./abort.js";

/** How often something that failed is tried again, and for how long. */
export interface RetryPolicy {
  /** How many further tries a task has. */
  readonly retries: number;
  /** How long a server may be out of reach, in milliseconds. */
  readonly timeoutMs: number;
}

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 10_000;

/**
 * How long to wait before the next try: twice as long each time, and each a little different, so that
 * tasks that one event has stopped don't all come back at the same moment.
 *
 * @param failures how many tries there have been, from 1.
 */
export function pauseMs(failures: number, random: () => number = Math.random): number {
  const longest = Math.min(FIRST_PAUSE_MS * 2 ** (failures - 1), LONGEST_PAUSE_MS);
  return Math.round(longest * (0.75 + random() / 2));
}

/**
 * Waits.
 *
 * @throws PgCopyError as `abortError` gives it, as soon as the signal is aborted.
 */
export async function pause(durationMs: number, signal: AbortSignal): Promise<void> {
  await orAborted(signal, (done) => {
    const timer = setTimeout(done, durationMs);
    return () => clearTimeout(timer);
  });
}

/**
 * Waits for what others do, too, and so is not stopped by this signal.
 *
 * @throws PgCopyError as `abortError` gives it, as soon as the signal is aborted.
 */
export async function unlessAborted<T>(signal: AbortSignal, shared: Promise<T>): Promise<T> {
  await orAborted(signal, (done) => {
    shared.then(done, done);
    return () => {};
  });
  return await shared;
}

async function orAborted(signal: AbortSignal, begin: (done: () => void) => () => void) {
  throwIfAborted(signal);
  let stop = () => {};
  let end = () => {};
  try {
    await new Promise<void>((resolve, reject) => {
      stop = () => reject(abortError(signal));
      signal.addEventListener("abort", stop, { once: true });
      end = begin(resolve);
    });
  } finally {
    end();
    signal.removeEventListener("abort", stop);
  }
}
