/** The public surface, name by name: none becomes public, or stops being so, by accident. */

import { expect, test } from "vitest";
import * as pgcopy from "../../src/index.js";
import { codeOf, importsOf } from "./source-files.js";

/** Names that src/index.ts exports, from its text, with `export type { … }` apart from `export { … }`. */
function exported(types: boolean): string[] {
  const statements = codeOf("index.ts").matchAll(/^export (type )?\{([^}]*)\} from "[^"]+";/gm);
  return [...statements]
    .filter(([, type]) => (type !== undefined) === types)
    .flatMap(([, , names = ""]) => names.split(","))
    .map((name) => name.trim())
    .filter((name) => name !== "")
    .sort();
}

test("what can be called", () => {
  expect(Object.keys(pgcopy).sort()).toEqual([
    "Connection",
    "PgCopyError",
    "Run",
    "RunRecorder",
    "applyDatabaseProperties",
    "beginJournal",
    "buildReport",
    "check",
    "clone",
    "cloneAll",
    "compareData",
    "compareLargeObjects",
    "compareSchema",
    "compareTable",
    "connect",
    "connectServers",
    "describeEndpoint",
    "dumpSchema",
    "embeddedServerBinaries",
    "finishTarget",
    "holdSnapshot",
    "importSnapshot",
    "list",
    "parseConfig",
    "parseEndpoint",
    "parseFilterFile",
    "ping",
    "plan",
    "planAll",
    "planClone",
    "prepareTarget",
    "readCatalog",
    "readSource",
    "refuseBrokenForeignKeys",
    "refuseDifferences",
    "reportPage",
    "resolveCloneOptions",
    "runTasks",
    "splitScript",
    "startDataDirectory",
    "version",
  ]);
});

test("what is a type only", () => {
  expect(exported(true)).toEqual([
    "AllDatabasesOptions",
    "Catalog",
    "CheckOptions",
    "CheckReport",
    "CloneAllReport",
    "CloneOptions",
    "ClonePlan",
    "CloneReport",
    "CloneTask",
    "Column",
    "ColumnType",
    "CommonOptions",
    "CompareDataOptions",
    "CompareOptions",
    "CompareSchemaOptions",
    "ConfigOptions",
    "Constraint",
    "CopyFormatChoice",
    "DataComparison",
    "DataDirectoryEndpoint",
    "DatabaseLeftOut",
    "DatabaseProperties",
    "DifferingRow",
    "DifferingValue",
    "Endpoint",
    "Environment",
    "FailedRun",
    "FilterEntry",
    "FilterReport",
    "FilteredObject",
    "Filters",
    "Finding",
    "HeldSnapshot",
    "Index",
    "IndexReport",
    "LargeObjectAccess",
    "LargeObjectComparison",
    "LargeObjectDifference",
    "LargeObjectRange",
    "LargeObjectRole",
    "LargeObjectSelection",
    "LargeObjectSize",
    "LargeObjects",
    "LargeObjectsComparison",
    "LargeObjectsReport",
    "ListKind",
    "ListOptions",
    "ListedRow",
    "NotCompared",
    "Observer",
    "PgCopyErrorCode",
    "PgCopyErrorFields",
    "PingOptions",
    "PingReport",
    "PlanAllReport",
    "PlanReport",
    "PlannedIndex",
    "PlannedTable",
    "PreparedTarget",
    "Progress",
    "ResolvedFilters",
    "ResolvedOptions",
    "RowSelection",
    "RunEvent",
    "RunRecord",
    "RunningServer",
    "RunningTask",
    "SchemaComparison",
    "SchemaDifference",
    "SchemaNote",
    "Sequence",
    "SequenceDifference",
    "SequenceState",
    "ServerEndpoint",
    "ServerReport",
    "Servers",
    "Severity",
    "Side",
    "SourceContent",
    "StepTime",
    "Table",
    "TableComparison",
    "TableDifference",
    "TableReport",
    "TableRows",
    "TaskInfo",
    "TaskKind",
    "TaskRecord",
    "Throughput",
    "Unexamined",
    "VerificationReport",
    "VerifyMode",
  ]);
});

test("it consists of named exports, and nothing else", () => {
  const rest = codeOf("index.ts").replace(/^export (type )?\{[^}]*\} from "[^"]+";/gm, "");
  expect(rest.trim()).toBe("");
  expect(exported(false)).toEqual(Object.keys(pgcopy).sort());
  expect(importsOf("index.ts").length).toBeGreaterThan(10);
});
