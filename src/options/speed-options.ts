/** The options that say how much is done at a time, and with how much memory. */

import { positive, threads, workMemory, wrongOption } from "./option-values.js";

export interface SpeedOptions {
  /** Sets both pools; default 4. */
  readonly jobs?: number;
  /** How many parts are copied at a time. */
  readonly tableJobs?: number;
  /** How many indexes and constraints are built at a time. */
  readonly indexJobs?: number;
  /**
   * How many threads move rows; 1 is the main thread alone. Default `auto`: by the jobs and this
   * machine's cores, one up to six table jobs.
   */
  readonly threads?: number | "auto";
  /**
   * Tables larger than this are copied in parts of about this size; in bytes. Default `auto`: those of
   * which parts make the run shorter. `never`: each table is one part.
   */
  readonly splitTablesLargerThan?: number | "auto" | "never";
  /**
   * How much memory a session on the target takes to build an index or check a foreign key, in bytes.
   * Default: what the target's configuration, database or role sets; else what each index needs.
   */
  readonly maintenanceWorkMem?: number;
}

export interface ResolvedSpeedOptions {
  readonly tableJobs: number;
  readonly indexJobs: number;
  readonly threads: number | "auto";
  readonly splitTablesLargerThan: number | "auto" | "never";
  readonly maintenanceWorkMem: number | undefined;
}

export const speedOptionNames: Readonly<Record<keyof SpeedOptions, true>> = {
  jobs: true,
  tableJobs: true,
  indexJobs: true,
  threads: true,
  splitTablesLargerThan: true,
  maintenanceWorkMem: true,
};

const DEFAULT_JOBS = 4;
/** Below this a part's own overhead (a query, a transaction) is more than it saves. */
const SMALLEST_PART_BYTES = 64 * 1024;

export function resolveSpeedOptions(options: SpeedOptions): ResolvedSpeedOptions {
  const jobs = positive("jobs", options.jobs) ?? DEFAULT_JOBS;
  return {
    tableJobs: positive("tableJobs", options.tableJobs) ?? jobs,
    indexJobs: positive("indexJobs", options.indexJobs) ?? jobs,
    threads: threads(options.threads),
    splitTablesLargerThan: splitLimit(options.splitTablesLargerThan),
    maintenanceWorkMem: workMemory(options.maintenanceWorkMem),
  };
}

function splitLimit(value: number | "auto" | "never" | undefined): number | "auto" | "never" {
  if (value === undefined || value === "auto" || value === "never") return value ?? "auto";
  if (Number.isSafeInteger(value) && value >= SMALLEST_PART_BYTES) return value;
  throw wrongOption(
    "splitTablesLargerThan",
    value,
    `a number of bytes, ${SMALLEST_PART_BYTES} or more, auto or never`,
  );
}
