/** How fast: jobs, threads, parts and memory. */

import type { Command } from "commander";
import { parseCount, parseSplitLimit, parseThreads, parseWorkMemory } from "../option-values.js";

export interface SpeedFlags {
  readonly jobs?: number;
  readonly tableJobs?: number;
  readonly indexJobs?: number;
  readonly threads?: number | "auto";
  readonly splitTablesLargerThan?: number | "auto" | "never";
  readonly maintenanceWorkMem?: number;
}

export function withSpeedFlags(command: Command): Command {
  return command
    .optionsGroup("How fast:")
    .option(
      "--jobs <N>",
      "how many tables are copied, and how many indexes built, at a time (default: 4)",
      parseCount,
    )
    .option(
      "--table-jobs <N>",
      "how many tables, or parts of tables, are copied at a time",
      parseCount,
    )
    .option("--index-jobs <N>", "how many indexes and constraints are built at a time", parseCount)
    .option(
      "--threads <N>",
      "how many threads move rows, or: auto, by the jobs and this machine's cores (default: auto)",
      parseThreads,
    )
    .option(
      "--split-tables-larger-than <SIZE>",
      "copy larger tables in parts of about this size: 200MB, 1GB; or: never; or: auto, those of which parts make the run shorter (default: auto)",
      parseSplitLimit,
    )
    .option(
      "--maintenance-work-mem <SIZE>",
      "memory that each job on the target takes to build an index: 64MB, 1GB (default: the target's setting, else what each index needs)",
      parseWorkMemory,
    );
}
