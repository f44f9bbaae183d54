/** The options that say how long to wait for a server that does not answer. */

import type { Environment } from "../run/environment.js";
import { wrongOption } from "./option-values.js";

export interface TimeoutOptions {
  /**
   * How long opening a connection may take, in seconds, for endpoints without a connect_timeout of their
   * own; 0 for no limit. Default: PGCONNECT_TIMEOUT of `environment`, else 60.
   */
  readonly connectTimeout?: number;
  /**
   * After how many seconds in which nothing moved a server is asked whether it still works on a statement;
   * if it does not, or does not answer, the statement is given up. Default 300; 0 for never.
   */
  readonly stallTimeout?: number;
}

export interface ResolvedTimeoutOptions {
  readonly environment: Environment;
  /** 0: never. */
  readonly stallTimeoutMs: number;
}

export const timeoutOptionNames: Readonly<Record<keyof TimeoutOptions, true>> = {
  connectTimeout: true,
  stallTimeout: true,
};

const STALL_SECONDS = 300;
/** Longer timers would fire at once. */
const MOST_SECONDS = 2_000_000;

/** @param options with the environment that stands where libpq would read it. */
export function resolveTimeoutOptions({
  environment = {},
  connectTimeout,
  stallTimeout,
}: TimeoutOptions & { readonly environment?: Environment }): ResolvedTimeoutOptions {
  const connectSeconds = seconds("connectTimeout", connectTimeout);
  const stallSeconds = seconds("stallTimeout", stallTimeout) ?? STALL_SECONDS;
  return {
    environment:
      connectSeconds === undefined
        ? environment
        : { ...environment, PGCONNECT_TIMEOUT: String(connectSeconds) },
    stallTimeoutMs: stallSeconds * 1_000,
  };
}

function seconds(name: string, value: number | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (Number.isSafeInteger(value) && value >= 0 && value <= MOST_SECONDS) return value;
  throw wrongOption(name, value, `a whole number of seconds up to ${MOST_SECONDS}, 0 for no limit`);
}
