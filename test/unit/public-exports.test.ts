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
    "beginJournal",
    "buildReport",
    "clone",
    "compareTable",
    "connect",
    "connectServers",
    "describeEndpoint",
    "dumpSchema",
    "embeddedServerBinaries",
    "extensionHooks",
    "finishTarget",
    "fitToTarget",
    "holdSnapshot",
    "importSnapshot",
    "list",
    "parseEndpoint",
    "ping",
    "plan",
    "planClone",
    "prepareTarget",
    "readCatalog",
    "readSource",
    "refuseDifferences",
    "refuseObstacles",
    "resolveCloneOptions",
    "runTasks",
    "splitScript",
    "startDataDirectory",
    "version",
  ]);
});

test("what is a type only", () => {
  expect(exported(true)).toEqual([
    "Catalog",
    "CloneOptions",
    "ClonePlan",
    "CloneReport",
    "CloneTask",
    "Column",
    "ColumnType",
    "CommonOptions",
    "Constraint",
    "CopyFormatChoice",
    "DataDirectoryEndpoint",
    "DatabaseProperties",
    "Endpoint",
    "Environment",
    "Extension",
    "ExtensionHook",
    "ExtensionPin",
    "ExtensionTable",
    "FittedContent",
    "HeldSnapshot",
    "HookRow",
    "HookSteps",
    "Index",
    "IndexReport",
    "ListKind",
    "ListOptions",
    "ListedRow",
    "Observer",
    "Obstacle",
    "PgCopyErrorCode",
    "PgCopyErrorFields",
    "PingOptions",
    "PingReport",
    "PlanReport",
    "PlannedIndex",
    "PlannedTable",
    "PreparedTarget",
    "Progress",
    "ResolvedOptions",
    "RunEvent",
    "RunningServer",
    "RunningTask",
    "Sequence",
    "ServerEndpoint",
    "ServerReport",
    "Servers",
    "Side",
    "SourceContent",
    "StatisticsMode",
    "Table",
    "TableComparison",
    "TableReport",
    "TaskInfo",
    "TaskKind",
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
