/**
 * What the library's verbs take, and what it becomes once defaults are in and nonsense is out. The
 * options stand in groups, a file each: what it takes, what becomes of it, and how.
 */

import { PgCopyError } from "../errors.js";
import {
  type FailureOptions,
  failureOptionNames,
  type ResolvedFailureOptions,
  resolveFailureOptions,
} from "./failure-options.js";
import {
  type MethodOptions,
  methodOptionNames,
  type ResolvedMethodOptions,
  resolveMethodOptions,
} from "./method-options.js";
import { flag, unknownOptions } from "./option-values.js";
import {
  type ResolvedResumeOptions,
  type ResumeOptions,
  resolveResumeOptions,
  resumeOptionNames,
} from "./resume-options.js";
import {
  type ResolvedRetryOptions,
  type RetryOptions,
  resolveRetryOptions,
  retryOptionNames,
} from "./retry-options.js";
import {
  type ResolvedRunOptions,
  type RunOptions,
  resolveRunOptions,
  runOptionNames,
} from "./run-options.js";
import {
  type ResolvedSelectionOptions,
  resolveSelectionOptions,
  type SelectionOptions,
  selectionOptionNames,
} from "./selection-options.js";
import {
  type ResolvedSpeedOptions,
  resolveSpeedOptions,
  type SpeedOptions,
  speedOptionNames,
} from "./speed-options.js";
import {
  type ResolvedTargetOptions,
  resolveTargetOptions,
  type TargetOptions,
  targetOptionNames,
} from "./target-options.js";
import {
  type ResolvedTimeoutOptions,
  resolveTimeoutOptions,
  type TimeoutOptions,
  timeoutOptionNames,
} from "./timeout-options.js";

/** Those that a configuration file can hold are described in config/option-table.ts, too. */
export interface CloneOptions
  extends RunOptions,
    SpeedOptions,
    SelectionOptions,
    TargetOptions,
    MethodOptions,
    FailureOptions,
    ResumeOptions,
    TimeoutOptions,
    RetryOptions {}

/** Those of the clone that is meant: they decide what would be in its way. */
export interface CheckOptions extends CloneOptions {
  /** Also look whether the source's changes could be followed afterwards, by logical replication. */
  readonly followReady?: boolean;
}

export interface ResolvedOptions
  extends ResolvedRunOptions,
    ResolvedSpeedOptions,
    ResolvedSelectionOptions,
    ResolvedTargetOptions,
    ResolvedMethodOptions,
    ResolvedFailureOptions,
    ResolvedResumeOptions,
    ResolvedTimeoutOptions,
    ResolvedRetryOptions {
  /** Names of the options that say something: the defaults of others may give way. */
  readonly given: ReadonlySet<string>;
}

/** @throws PgCopyError `usage`, naming the option and what it takes. */
export function resolveCloneOptions(options: CloneOptions): ResolvedOptions {
  if (typeof options !== "object" || options === null) {
    throw new PgCopyError("no options were given", {
      code: "usage",
      advice: "give at least { source, target }",
    });
  }
  refuseUnknownOptions(options);
  return {
    ...resolveRunOptions(options),
    ...resolveSpeedOptions(options),
    ...resolveSelectionOptions(options),
    ...resolveTargetOptions(options),
    ...resolveMethodOptions(options),
    ...resolveFailureOptions(options),
    ...resolveResumeOptions(options),
    given: new Set(
      Object.entries(options).flatMap(([name, value]) =>
        value === undefined || value === false ? [] : [name],
      ),
    ),
    ...resolveTimeoutOptions(options),
    ...resolveRetryOptions(options),
  };
}

/** @throws PgCopyError `usage`, as `resolveCloneOptions`. */
export function resolveCheckOptions(options: CheckOptions): {
  readonly resolved: ResolvedOptions;
  readonly followReady: boolean;
} {
  const { followReady, ...ofClone } = options;
  return { resolved: resolveCloneOptions(ofClone), followReady: flag("followReady", followReady) };
}

const knownOptions: Readonly<Record<keyof CloneOptions, true>> = {
  ...runOptionNames,
  ...speedOptionNames,
  ...selectionOptionNames,
  ...targetOptionNames,
  ...methodOptionNames,
  ...resumeOptionNames,
  ...failureOptionNames,
  ...timeoutOptionNames,
  ...retryOptionNames,
};

/** A misspelt `verify` would otherwise be a copy that nobody verified. */
function refuseUnknownOptions(options: CloneOptions): void {
  const unknown = Object.keys(options).filter((name) => !Object.hasOwn(knownOptions, name));
  if (unknown.length > 0) throw unknownOptions(unknown, Object.keys(knownOptions));
}
