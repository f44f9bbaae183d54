/** What the comparing verbs take. */

import type { Observer } from "../events.js";
import { type ResolvedOptions, resolveCloneOptions } from "../options/clone-options.js";
import { unknownOptions, wrongOption } from "../options/option-values.js";
import type { CommonOptions } from "../options/run-options.js";

/** What both comparisons take. */
export interface CompareOptions extends CommonOptions {
  /** `postgres://…`, a libpq `key=value` string, or `pgdata:DIR`. */
  readonly source: string;
  readonly target: string;
  readonly observer?: Observer;
}

export interface CompareSchemaOptions extends CompareOptions {
  /** Don't compare owners. */
  readonly noOwner?: boolean;
  /** Don't compare privileges. */
  readonly noAcl?: boolean;
  /** Path of a pg_dump, or `bundled`. Default: the newest local one that fits both ends, else the bundled. */
  readonly pgDump?: string;
}

export interface CompareDataOptions extends CompareOptions {
  /** How many tables are compared at a time; default 4. */
  readonly jobs?: number;
  /** How many differing rows of each table are told; default 20. */
  readonly limit?: number;
  /** Tell the values of differing rows, too, not only their keys. Default: don't. */
  readonly showValues?: boolean;
  /** How often `progress` events come, in milliseconds; 0 (the default without an observer) for never. Default 500. */
  readonly progressIntervalMs?: number;
}

export interface ResolvedDataOptions extends ResolvedOptions {
  readonly limit: number;
  readonly showValues: boolean;
}

const DEFAULT_LIMIT = 20;

const commonNames = ["source", "target", "environment", "signal", "observer"];

/** @throws PgCopyError `usage`, naming the option and what it takes. */
export function resolveSchemaOptions(options: CompareSchemaOptions): ResolvedOptions {
  refuseUnknown(options, [...commonNames, "noOwner", "noAcl", "pgDump"]);
  return resolveCloneOptions(options);
}

/** @throws PgCopyError `usage`, naming the option and what it takes. */
export function resolveDataOptions(options: CompareDataOptions): ResolvedDataOptions {
  const own = ["jobs", "limit", "showValues", "progressIntervalMs"];
  refuseUnknown(options, [...commonNames, ...own]);
  const { limit = DEFAULT_LIMIT, showValues = false, ...rest } = options;
  if (!(Number.isSafeInteger(limit) && limit >= 0))
    throw wrongOption("limit", limit, "a whole number");
  if (typeof showValues !== "boolean") throw wrongOption("showValues", showValues, "true or false");
  return { ...resolveCloneOptions(rest), limit, showValues };
}

function refuseUnknown(options: object, known: readonly string[]): void {
  const unknown = Object.keys(options).filter((name) => !known.includes(name));
  if (unknown.length > 0) throw unknownOptions(unknown, known);
}
