/** The options of a run as a whole: its two ends, and who is told of it and may stop it. */

import type { Observer } from "../events.js";
import type { Environment } from "../run/environment.js";
import { given, interval, observer, signal } from "./option-values.js";

/** What every verb takes. */
export interface CommonOptions {
  /**
   * Where libpq would read the environment: PGPASSWORD, PGPASSFILE, PGSSLMODE, HOME, … and PATH, to
   * find pg_dump and server binaries. Default: an empty one. The command line passes `process.env`.
   */
  readonly environment?: Environment;
  /** Aborting it stops the work on both servers; the call then throws `interrupted`. */
  readonly signal?: AbortSignal;
}

export interface RunOptions extends CommonOptions {
  /** `postgres://…`, a libpq `key=value` string, or `pgdata:DIR`. */
  readonly source: string;
  /** The same; for `clone` also `null:`, which throws away what is read. */
  readonly target: string;
  readonly observer?: Observer;
  /** How often `progress` events come, in milliseconds; 0 (the default without an observer) for never. Default 500. */
  readonly progressIntervalMs?: number;
}

export interface ResolvedRunOptions {
  readonly source: string;
  readonly target: string;
  readonly environment: Environment;
  readonly signal: AbortSignal;
  readonly observer: Observer | undefined;
  readonly progressIntervalMs: number;
}

export const runOptionNames: Readonly<Record<keyof RunOptions, true>> = {
  source: true,
  target: true,
  environment: true,
  signal: true,
  observer: true,
  progressIntervalMs: true,
};

export function resolveRunOptions(options: RunOptions): ResolvedRunOptions {
  return {
    source: given("source", options.source),
    target: given("target", options.target),
    environment: options.environment ?? {},
    signal: signal(options.signal) ?? new AbortController().signal,
    observer: observer(options.observer),
    progressIntervalMs: interval(options.progressIntervalMs) ?? (options.observer ? 500 : 0),
  };
}
