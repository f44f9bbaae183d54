/** clone, plan and check: the options that they share, in the order of their help. */

import type { Command } from "commander";
import { type FilterFlags, withFilterOptions } from "../filter-options.js";
import type { ViewOptions } from "../view.js";
import { command } from "./command.js";
import { type ContentFlags, withContentFlags } from "./content-flags.js";
import { type FailureFlags, withFailureFlags } from "./failure-flags.js";
import { type MethodFlags, withMethodFlags } from "./method-flags.js";
import { withConfigOptions } from "./output-flags.js";
import type { ResumeFlags } from "./resume-flags.js";
import { type RetryFlags, withRetryFlags } from "./retry-flags.js";
import { type SpeedFlags, withSpeedFlags } from "./speed-flags.js";
import { type TimeoutFlags, withTimeoutFlags } from "./timeout-flags.js";

/** The options of clone and plan, as they are parsed. */
/** Those of `ResumeFlags` are clone's only. */
export interface CopyFlags
  extends ViewOptions,
    SpeedFlags,
    ContentFlags,
    FilterFlags,
    MethodFlags,
    FailureFlags,
    ResumeFlags,
    RetryFlags,
    TimeoutFlags {
  /** clone only. */
  readonly report?: string;
  /** `false`: --no-config. */
  readonly config?: string | false;
}

export interface CheckFlags extends CopyFlags {
  readonly followReady?: boolean;
}

export function copyCommand(program: Command, name: "clone" | "plan" | "check"): Command {
  const copy = command(program, name)
    .argument("[SOURCE]", "the database to copy")
    .argument(
      "[TARGET]",
      name === "clone"
        ? "where to; created if it is missing. null: reads everything and throws it away, to see how fast the source is"
        : "where to; created if it is missing",
    );
  withSpeedFlags(withConfigOptions(copy));
  withContentFlags(copy, { ofOne: name === "check" });
  return withTimeoutFlags(
    withRetryFlags(withFailureFlags(withMethodFlags(withFilterOptions(copy)))),
  );
}
