/** The options that say what happens when a connection or a server is lost. */

import type { RetryPolicy } from "../run/pause.js";
import { wrongOption } from "./option-values.js";

export interface RetryOptions {
  /** How often a task is done again that a lost connection, a deadlock or the like has stopped; default 3, 0 for never. */
  readonly retries?: number;
  /** How long a server may be out of reach before the run gives up, in seconds; default 300. */
  readonly retryTimeout?: number;
}

export interface ResolvedRetryOptions {
  readonly retry: RetryPolicy;
}

export const retryOptionNames: Readonly<Record<keyof RetryOptions, true>> = {
  retries: true,
  retryTimeout: true,
};

export const DEFAULT_RETRIES = 3;
export const DEFAULT_RETRY_TIMEOUT_SECONDS = 300;
/** A longer timer would fire at once. */
const LONGEST_SECONDS = 2_000_000;

export function resolveRetryOptions(options: RetryOptions): ResolvedRetryOptions {
  const { retries = DEFAULT_RETRIES, retryTimeout = DEFAULT_RETRY_TIMEOUT_SECONDS } = options;
  if (!Number.isSafeInteger(retries) || retries < 0)
    throw wrongOption("retries", retries, "a whole number of at least 0");
  if (!Number.isSafeInteger(retryTimeout) || retryTimeout < 0 || retryTimeout > LONGEST_SECONDS)
    throw wrongOption(
      "retryTimeout",
      retryTimeout,
      `a whole number of seconds up to ${LONGEST_SECONDS}`,
    );
  return { retry: { retries, timeoutMs: retryTimeout * 1_000 } };
}
