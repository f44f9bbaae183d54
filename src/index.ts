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
export type { ListKind } from "./catalog/listings.js";
export { readCatalog } from "./catalog/read-catalog.js";
export { clone } from "./clone.js";
export type {
  DataDirectoryEndpoint,
  Endpoint,
  Environment,
  ServerEndpoint,
} from "./endpoint/endpoint.js";
export { describeEndpoint } from "./endpoint/endpoint.js";
export { parseEndpoint } from "./endpoint/parse-endpoint.js";
export { refuseDifferences } from "./engine/execute-task.js";
export type { FittedContent } from "./engine/fit-to-target.js";
export { fitToTarget, refuseObstacles } from "./engine/fit-to-target.js";
export type { PlannedTable, PlanReport } from "./engine/plan-report.js";
export type { PreparedTarget } from "./engine/prepare-target.js";
export { beginJournal, prepareTarget } from "./engine/prepare-target.js";
export type { SourceContent } from "./engine/read-source.js";
export { readSource } from "./engine/read-source.js";
export type { CloneReport, IndexReport, TableReport, VerificationReport } from "./engine/report.js";
export { buildReport } from "./engine/report.js";
export { Run } from "./engine/run.js";
export { finishTarget, runTasks } from "./engine/run-tasks.js";
export type { Servers } from "./engine/servers.js";
export { connectServers } from "./engine/servers.js";
export type { PgCopyErrorCode, PgCopyErrorFields, ServerReport, Side } from "./errors.js";
export { PgCopyError } from "./errors.js";
export type { Observer, Progress, RunEvent, RunningTask, TaskInfo, TaskKind } from "./events.js";
export type { ListedRow, ListOptions } from "./list.js";
export { list } from "./list.js";
export type {
  CloneOptions,
  CommonOptions,
  CopyFormatChoice,
  ExtensionPin,
  ResolvedOptions,
  StatisticsMode,
  VerifyMode,
} from "./options.js";
export { resolveCloneOptions } from "./options.js";
export type { RunningServer } from "./pgdata/data-directory.js";
export { startDataDirectory } from "./pgdata/data-directory.js";
export { embeddedServerBinaries } from "./pgdata/server-binaries.js";
export type { PingOptions, PingReport } from "./ping.js";
export { ping } from "./ping.js";
export type { ClonePlan } from "./plan/clone-plan.js";
export { planClone } from "./plan/clone-plan.js";
export type { ExtensionHook, HookRow, HookSteps } from "./plan/extension-hooks.js";
export { extensionHooks } from "./plan/known-hooks.js";
export type { Obstacle } from "./plan/obstacle.js";
export type { CloneTask, PlannedIndex } from "./plan/task.js";
export { plan } from "./plan.js";
export { Connection, connect } from "./postgres/connection.js";
export { dumpSchema } from "./schema/dump.js";
export { splitScript } from "./schema/split-script.js";
export type { HeldSnapshot } from "./snapshot/held-snapshot.js";
export { holdSnapshot, importSnapshot } from "./snapshot/held-snapshot.js";
export type { TableComparison } from "./verify/compare-table.js";
export { compareTable } from "./verify/compare-table.js";
export { version } from "./version.js";
