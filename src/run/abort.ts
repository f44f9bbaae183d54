/**
 * Stopping together. The first failure wins, its siblings are aborted, and all of them are awaited
 * before the error leaves: `Promise.all` alone does neither, and would leave statements running on
 * a server after the caller was told that the work had failed.
 */

import { setMaxListeners } from "node:events";
import { PgCopyError } from "../errors.js";

/**
 * The error of work that was stopped by the caller's signal. Its advice holds until the target is
 * changed; from then on the engine puts another in its place.
 */
export function interruptedError(attempted?: string): PgCopyError {
  return new PgCopyError(attempted === undefined ? "interrupted" : `${attempted} was interrupted`, {
    code: "interrupted",
    advice: "nothing is left to clean up; the same command starts again",
    ...(attempted === undefined ? {} : { attempted }),
    retrySafe: true,
  });
}

/** The error of what an aborted signal stopped: its reason, where that is an error of ours. */
export function abortError(signal: AbortSignal, attempted?: string): PgCopyError {
  return signal.reason instanceof PgCopyError ? signal.reason : interruptedError(attempted);
}

/** @throws PgCopyError as `abortError` gives it, if the signal is aborted. */
export function throwIfAborted(signal: AbortSignal, attempted?: string): void {
  if (signal.aborted) throw abortError(signal, attempted);
}

/**
 * A signal that is aborted with any of the given ones. Every session and statement listens to it,
 * far more than the ten listeners at which Node.js warns of a leak.
 */
export function anySignal(...signals: readonly AbortSignal[]): AbortSignal {
  const signal = AbortSignal.any([...signals]);
  setMaxListeners(0, signal);
  return signal;
}

/**
 * Runs all of `steps` side by side. When one fails, the signal given to the others is aborted, all
 * are awaited, and the first failure is thrown.
 */
export async function all<T extends readonly unknown[]>(
  signal: AbortSignal,
  steps: { [K in keyof T]: (signal: AbortSignal) => Promise<T[K]> },
): Promise<T> {
  const siblings = new AbortController();
  const combined = anySignal(signal, siblings.signal);
  let first: { error: unknown } | undefined;
  const results = await Promise.all(
    steps.map(async (step) => {
      try {
        throwIfAborted(combined);
        return await step(combined);
      } catch (error) {
        first ??= { error };
        siblings.abort(interruptedError());
        return undefined;
      }
    }),
  );
  if (first !== undefined) throw first.error;
  return results as unknown as T;
}
