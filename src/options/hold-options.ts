/** The options of `hold`. */

import { PgCopyError } from "../errors.js";
import type { Observer } from "../events.js";
import type { Environment } from "../run/environment.js";
import { flag, given, interval, observer, signal, wrongOption } from "./option-values.js";
import type { CommonOptions } from "./run-options.js";

export interface HoldOptions extends CommonOptions {
  /** `postgres://…` or a libpq `key=value` string. */
  readonly source: string;
  /** Whether every table is locked in ACCESS SHARE mode, too, so that none is truncated or rewritten. Default false. */
  readonly fence?: boolean;
  /** With `fence`: how long it waits for its locks, in milliseconds; 0 for as long as it takes. Default 300 000. */
  readonly lockTimeoutMs?: number;
  readonly observer?: Observer;
  /** How often `snapshot_pins` events come, in milliseconds, at least 100. Default 10 000. */
  readonly progressIntervalMs?: number;
}

export interface ResolvedHoldOptions {
  readonly source: string;
  readonly environment: Environment;
  readonly signal: AbortSignal;
  readonly fence: boolean;
  /** Infinity: for as long as it takes. */
  readonly lockTimeoutMs: number;
  readonly observer: Observer | undefined;
  readonly progressIntervalMs: number;
}

const LOCK_TIMEOUT_MS = 300_000;
const INTERVAL_MS = 10_000;
const SHORTEST_INTERVAL_MS = 100;
/** The longest that PostgreSQL's lock_timeout can be. */
const LONGEST_MS = 2 ** 31 - 1;

/** @throws PgCopyError `usage`. */
export function resolveHoldOptions(options: HoldOptions): ResolvedHoldOptions {
  const fence = flag("fence", options.fence);
  if (options.lockTimeoutMs !== undefined && !fence) {
    throw new PgCopyError("lockTimeoutMs needs fence", {
      code: "usage",
      options: ["lockTimeoutMs", "fence"],
      advice: "give both, or neither",
    });
  }
  return {
    source: given("source", options.source),
    environment: options.environment ?? {},
    signal: signal(options.signal) ?? new AbortController().signal,
    fence,
    lockTimeoutMs: lockTimeout(options.lockTimeoutMs),
    observer: observer(options.observer),
    progressIntervalMs: Math.max(
      SHORTEST_INTERVAL_MS,
      interval(options.progressIntervalMs) ?? INTERVAL_MS,
    ),
  };
}

function lockTimeout(value: number | undefined): number {
  if (value === undefined) return LOCK_TIMEOUT_MS;
  if (value === 0) return Number.POSITIVE_INFINITY;
  if (Number.isFinite(value) && value > 0 && value <= LONGEST_MS) return value;
  throw wrongOption("lockTimeoutMs", value, "a number of milliseconds, 0 for no limit");
}
