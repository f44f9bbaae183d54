/**
 * pgcopy's public surface. Every name is listed here, and in a test, so that none becomes public by
 * accident. `clone` is the one call; the steps that it consists of follow.
 */

export type {
  Catalog,
  Column,
  ColumnType,
  Constraint,
  DatabaseProperties,
  Extension,
  ExtensionTable,
  Index,
  Sequence,
  Table,
} from "./catalog/catalog.js";
export type {
  LargeObjectAccess,
  LargeObjectRange,
  LargeObjectRole,
  LargeObjectSize,
  LargeObjects,
} from "./catalog/large-objects.js";
export type { ListKind } from "./catalog/listings.js";
export { readCatalog } from "./catalog/read-catalog.js";
export type { Finding, Severity } from "./check/finding.js";
export type { CheckReport } from "./check/report.js";
export { check } from "./check.js";
export { clone } from "./clone.js";
export { cloneAll } from "./clone-all.js";
export { compareData } from "./compare-data.js";
export { compareSchema } from "./compare-schema.js";
export type { ConfigOptions } from "./config/option-table.js";
export { parseConfig } from "./config/parse-config.js";
export type {
  DataDirectoryEndpoint,
  Endpoint,
  Environment,
  ServerEndpoint,
} from "./endpoint/endpoint.js";
export { describeEndpoint } from "./endpoint/endpoint.js";
export { parseEndpoint } from "./endpoint/parse-endpoint.js";
export type { DatabaseLeftOut } from "./engine/all-databases.js";
export type { CloneAllReport, PlanAllReport } from "./engine/all-reports.js";
export { beginJournal } from "./engine/begin-journal.js";
export { refuseBrokenForeignKeys } from "./engine/check-foreign-keys.js";
export type {
  CompareDataOptions,
  CompareOptions,
  CompareSchemaOptions,
} from "./engine/compare-options.js";
export type { DataComparison, TableDifference } from "./engine/data-comparison-report.js";
export { applyDatabaseProperties } from "./engine/database-properties.js";
export { refuseDifferences } from "./engine/execute-task.js";
export type { FilteredObject, FilterReport } from "./engine/filter-report.js";
export type { FittedContent } from "./engine/fit-to-target.js";
export { fitToTarget, refuseObstacles } from "./engine/fit-to-target.js";
export { planContent } from "./engine/plan-content.js";
export type { PlannedTable, PlanReport } from "./engine/plan-report.js";
export type { PreparedTarget } from "./engine/prepare-target.js";
export { prepareTarget } from "./engine/prepare-target.js";
export type { SourceContent } from "./engine/read-source.js";
export { readSource } from "./engine/read-source.js";
export { prepareRejectDir, refuseRejected, rejectedRows } from "./engine/rejected-rows.js";
export type {
  CloneReport,
  IndexReport,
  LargeObjectsReport,
  ResumedReport,
  TableReport,
  VerificationReport,
} from "./engine/report.js";
export { buildReport } from "./engine/report.js";
export type { RowSelection } from "./engine/row-rules.js";
export { Run } from "./engine/run.js";
export type { ProgressReport, RunState } from "./engine/run-progress.js";
export { runTasks } from "./engine/run-tasks.js";
export type { SchemaComparison, SchemaNote } from "./engine/schema-comparison.js";
export type { Servers } from "./engine/servers.js";
export { connectServers } from "./engine/servers.js";
export type {
  FailureReason,
  PgCopyErrorCode,
  PgCopyErrorFields,
  ServerReport,
  Side,
} from "./errors.js";
export { PgCopyError } from "./errors.js";
export type {
  Observer,
  Progress,
  RejectedRows,
  RunEvent,
  RunningTask,
  SnapshotPins,
  TaskInfo,
  TaskKind,
} from "./events.js";
export { parseFilterFile } from "./filters/filter-file.js";
export type { FilterEntry, Filters, ResolvedFilters } from "./filters/filters.js";
export type { Hold } from "./hold.js";
export { hold } from "./hold.js";
export type { ListedRow, ListOptions } from "./list.js";
export { list } from "./list.js";
export type { Journal } from "./load/journal-store.js";
export type { RunningStatement } from "./load/running-statements.js";
export type { AllDatabasesOptions } from "./options/all-databases-options.js";
export type { CheckOptions, CloneOptions, ResolvedOptions } from "./options/clone-options.js";
export { resolveCloneOptions } from "./options/clone-options.js";
export type { ExtensionPin } from "./options/extension-pins.js";
export type { HoldOptions } from "./options/hold-options.js";
export type { CopyFormatChoice, VerifyMode } from "./options/method-options.js";
export type { CommonOptions } from "./options/run-options.js";
export type { StatisticsMode } from "./options/target-options.js";
export { reportPage } from "./page/report-page.js";
export type { RunningServer } from "./pgdata/data-directory.js";
export { startDataDirectory } from "./pgdata/data-directory.js";
export { embeddedServerBinaries } from "./pgdata/server-binaries.js";
export type { PingOptions, PingReport } from "./ping.js";
export { ping } from "./ping.js";
export type { ClonePlan } from "./plan/clone-plan.js";
export { planClone } from "./plan/clone-plan.js";
export type { Estimate, EstimatedTask, EstimateInput } from "./plan/estimate.js";
export { estimateRun } from "./plan/estimate.js";
export type { ExtensionHook, HookRow, HookSteps } from "./plan/extension-hooks.js";
export { extensionHooks } from "./plan/known-hooks.js";
export type { LargeObjectSelection } from "./plan/large-object-rows.js";
export type { Obstacle } from "./plan/obstacle.js";
export type { TableRows } from "./plan/table-rows.js";
export type { CloneTask, PlannedIndex } from "./plan/task.js";
export { plan } from "./plan.js";
export { planAll } from "./plan-all.js";
export { connect } from "./postgres/connect.js";
export { Connection } from "./postgres/connection.js";
export type { ProgressOptions, WatchProgressOptions } from "./progress.js";
export { progress, watchProgress } from "./progress.js";
export type {
  FailedRun,
  RunRecord,
  SkippedTask,
  StepTime,
  TaskRecord,
  Throughput,
} from "./record/run-record.js";
export { RunRecorder } from "./record/run-recorder.js";
export type { SchemaDifference } from "./schema/compare-entries.js";
export { dumpSchema } from "./schema/dump.js";
export { splitScript } from "./schema/split-script.js";
export type { HeldSnapshot } from "./snapshot/held-snapshot.js";
export { holdSnapshot, importSnapshot } from "./snapshot/held-snapshot.js";
export type { Technique } from "./techniques.js";
export { techniques } from "./techniques.js";
export type {
  LargeObjectComparison,
  LargeObjectDifference,
} from "./verify/compare-large-objects.js";
export { compareLargeObjects } from "./verify/compare-large-objects.js";
export type { SequenceDifference, SequenceState } from "./verify/compare-sequences.js";
export type { TableComparison } from "./verify/compare-table.js";
export { compareTable } from "./verify/compare-table.js";
export type { DifferingRow, DifferingValue } from "./verify/describe-rows.js";
export type { LargeObjectsComparison } from "./verify/differing-large-objects.js";
export type { Unexamined } from "./verify/differing-rows.js";
export type { NotCompared } from "./verify/table-pairs.js";
export { version } from "./version.js";
