/**
 * The one place where the command line takes the library in. It is loaded when a command runs, not
 * before: `pgcopy --help` needs none of it.
 */

export type {
  CheckOptions,
  CheckReport,
  CloneAllReport,
  CloneOptions,
  CloneReport,
  ConfigOptions,
  DataComparison,
  Estimate,
  EstimatedTask,
  Finding,
  HoldOptions,
  ListKind,
  PingReport,
  PlanAllReport,
  PlanReport,
  ProgressReport,
  SchemaComparison,
} from "../index.js";

export type Library = typeof import("../index.js");

export function loadLibrary(): Promise<Library> {
  return import("../index.js");
}
