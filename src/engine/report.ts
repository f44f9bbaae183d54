/** What a clone did, as plain data: the command line prints it, `--json` writes it. */

import type { ResolvedOptions } from "../options/clone-options.js";
import type { ClonePlan } from "../plan/clone-plan.js";
import { relationName } from "../plan/task.js";
import type { RunRecord } from "../record/run-record.js";
import type { HeldSnapshot } from "../snapshot/held-snapshot.js";
import type { TableComparison } from "../verify/compare-table.js";
import { versionName } from "./check-servers.js";
import type { TaskOutcome } from "./execute-task.js";
import type { FilterReport } from "./filter-report.js";
import type { PreparedTarget } from "./prepare-target.js";
import type { SourceContent } from "./read-source.js";
import type { Run } from "./run.js";
import {
  partsReasonOf,
  referredRows,
  selectionOf,
  type TableSelection,
} from "./selection-report.js";
import type { Servers } from "./servers.js";

export interface TableReport extends TableSelection {
  readonly schema: string;
  readonly name: string;
  readonly rows: number;
  /** Bytes that COPY moved, in the format used. */
  readonly bytes: number;
  /** Summed over its parts, so it may be longer than the run; of a batch of small tables an equal share. */
  readonly durationMs: number;
  readonly parts: number;
  /** Why there were several; absent for a table that was not cut. */
  readonly partsReason?: string;
  readonly format: "text" | "binary";
  readonly formatReason: string;
  readonly freeze: boolean;
  /** With `includesReferred`: how many of the rows came along because of it. */
  readonly referredRows?: number;
}

export interface IndexReport {
  readonly schema: string;
  readonly name: string;
  /** The table's qualified name. */
  readonly table: string;
  /** An index built in one round trip with others of its table gets an equal share of it. */
  readonly durationMs: number;
}

export interface VerificationReport {
  readonly mode: "count" | "checksum";
  readonly tables: number;
  /** How many large objects were compared. */
  readonly largeObjects: number;
  readonly mismatches: readonly TableComparison[];
}

export interface LargeObjectsReport {
  readonly count: number;
  /** Bytes that COPY moved: holes are none. */
  readonly bytes: number;
  /** Summed over the tasks, so it may be longer than the run. */
  readonly durationMs: number;
}

export interface CloneReport extends RunRecord {
  /** Without passwords. */
  readonly source: string;
  readonly target: string;
  readonly sourceVersion: string;
  /** Empty where the target is `null:`. */
  readonly targetVersion: string;
  /** Present where the target is `null:`: the rows were read and thrown away, and nothing was copied. */
  readonly nothingCopied?: true;
  readonly snapshot: string;
  readonly pgDump: {
    readonly kind: "local" | "bundled";
    readonly path?: string;
    readonly version: string;
  };
  /** How long the whole run was expected to take, when its first task was about to begin; absent where the target is `null:`. */
  readonly estimatedSeconds?: number;
  /** Whether this run created the target database. */
  readonly databaseCreated: boolean;
  /** With `roles`: those that the target lacked. */
  readonly rolesCreated: readonly string[];
  readonly jobs: { readonly tableJobs: number; readonly indexJobs: number };
  /** How many threads moved rows; 1 is the main thread alone. */
  readonly threads: number;
  /** How long the tasks of each kind ran, summed over the jobs. */
  readonly work: readonly {
    readonly kind: string;
    readonly tasks: number;
    readonly durationMs: number;
  }[];
  readonly rows: number;
  /** Of tables and large objects. */
  readonly bytes: number;
  readonly tables: readonly TableReport[];
  readonly largeObjects: LargeObjectsReport;
  readonly indexes: readonly IndexReport[];
  /** The ten slowest of each. */
  readonly slowestTables: readonly TableReport[];
  readonly slowestIndexes: readonly IndexReport[];
  readonly sequences: number;
  readonly verification?: VerificationReport;
  /** With filters: what they left out, and what came along. */
  readonly filters?: FilterReport;
  /** Of a run that went on with an earlier one; rows and times are those of both. */
  readonly resumed?: ResumedReport;
  /** Of one database of many: a run that was killed had finished it, and this is what that one reported. */
  readonly finishedBefore?: true;
}

export interface ResumedReport {
  /** When the run was begun, in ISO 8601. */
  readonly startedAt: string;
  /** How often it was started by now. */
  readonly attempts: number;
  /** How many tasks were done when it was started this time. */
  readonly tasksBefore: number;
  /** Whether all rows are of one moment. */
  readonly consistent: boolean;
}

const SLOWEST = 10;

export interface ReportInput {
  readonly servers: Servers;
  readonly snapshot: HeldSnapshot;
  readonly content: Pick<SourceContent, "pgDump" | "filters">;
  readonly target: Pick<PreparedTarget, "databaseCreated" | "rolesCreated">;
  readonly plan: ClonePlan;
  readonly resumed?: ResumedReport;
  readonly done: {
    readonly estimatedSeconds: number;
    readonly outcomes: readonly TaskOutcome[];
    readonly comparisons: readonly TableComparison[];
  };
  readonly resolved: ResolvedOptions;
  readonly run: Run;
}

/** Puts the report together. */
export function buildReport(input: ReportInput): CloneReport {
  const { servers, resolved, run, done } = input;
  return {
    ...run.record,
    source: servers.sourceEndpoint.description,
    target: servers.targetEndpoint.description,
    sourceVersion: versionName(servers.source.serverVersion),
    targetVersion: versionName(servers.target.serverVersion),
    snapshot: input.snapshot.id,
    pgDump: input.content.pgDump,
    estimatedSeconds: done.estimatedSeconds,
    databaseCreated: input.target.databaseCreated,
    rolesCreated: input.target.rolesCreated,
    jobs: servers.jobs,
    threads: servers.threads,
    ...summarise(input.plan, done.outcomes),
    ...(resolved.verify === undefined
      ? {}
      : {
          verification: {
            mode: resolved.verify,
            tables: done.comparisons.length,
            largeObjects: objectsOf(done.outcomes, "verify"),
            mismatches: done.comparisons.filter((comparison) => !comparison.same),
          },
        }),
    ...(input.content.filters === undefined ? {} : { filters: input.content.filters }),
    ...(input.resumed === undefined ? {} : { resumed: input.resumed }),
  };
}

export interface NullReportInput {
  readonly servers: Pick<Servers, "source" | "sourceEndpoint" | "jobs">;
  readonly snapshot: HeldSnapshot;
  readonly content: SourceContent;
  readonly plan: ClonePlan;
  readonly outcomes: readonly TaskOutcome[];
  readonly run: Run;
}

/** The report of a clone to `null:`. */
export function buildNullReport(input: NullReportInput): CloneReport {
  const { servers, content } = input;
  return {
    ...input.run.record,
    source: servers.sourceEndpoint.description,
    target: "null:",
    sourceVersion: versionName(servers.source.serverVersion),
    targetVersion: "",
    nothingCopied: true,
    snapshot: input.snapshot.id,
    pgDump: content.pgDump,
    databaseCreated: false,
    rolesCreated: [],
    jobs: servers.jobs,
    threads: 1,
    ...summarise(input.plan, input.outcomes),
    ...(content.filters === undefined ? {} : { filters: content.filters }),
  };
}

/** The parts of the report that follow from the plan and the tasks' outcomes. Pure. */
export function summarise(
  plan: ClonePlan,
  outcomes: readonly TaskOutcome[],
): Pick<
  CloneReport,
  | "rows"
  | "bytes"
  | "tables"
  | "largeObjects"
  | "indexes"
  | "slowestTables"
  | "slowestIndexes"
  | "sequences"
  | "work"
> {
  const tables = tableReports(plan, outcomes);
  const indexes = indexReports(outcomes);
  const largeObjects = largeObjectsReport(outcomes);
  return {
    rows: tables.reduce((sum, table) => sum + table.rows, 0),
    bytes: tables.reduce((sum, table) => sum + table.bytes, largeObjects.bytes),
    tables,
    largeObjects,
    indexes,
    slowestTables: slowest(tables),
    slowestIndexes: slowest(indexes),
    sequences: plan.sequences.length,
    work: workByKind(outcomes),
  };
}

function tableReports(plan: ClonePlan, outcomes: readonly TaskOutcome[]): TableReport[] {
  const moved = new Map<number, { rows: number; bytes: number; durationMs: number }>();
  const add = (oid: number, rows: number, bytes: number, durationMs: number) => {
    const sum = moved.get(oid) ?? { rows: 0, bytes: 0, durationMs: 0 };
    moved.set(oid, {
      rows: sum.rows + rows,
      bytes: sum.bytes + bytes,
      durationMs: sum.durationMs + durationMs,
    });
  };
  for (const { task, rows, bytes, durationMs, each } of outcomes) {
    const { work } = task;
    if (work.do === "copy") add(work.table.table.oid, rows, bytes, durationMs);
    if (work.do !== "small_tables") continue;
    for (const [i, { plan: small }] of work.tables.entries()) {
      const part = each?.[i] ?? { rows: 0, bytes: 0 };
      add(small.table.oid, part.rows, part.bytes, durationMs / work.tables.length);
    }
  }
  const referred = referredRows(outcomes);
  return plan.tables.map((planned) => {
    const { table, parts, format, formatReason, freeze } = planned;
    const count = referred.get(table.oid);
    const { rows, bytes, durationMs } = moved.get(table.oid) ?? {
      rows: 0,
      bytes: 0,
      durationMs: 0,
    };
    return {
      schema: table.schema,
      name: table.name,
      rows,
      bytes,
      durationMs: Math.round(durationMs),
      parts: parts.length,
      ...partsReasonOf(planned),
      format,
      formatReason,
      freeze,
      ...selectionOf(planned),
      ...(count === undefined ? {} : { referredRows: count }),
    };
  });
}

function largeObjectsReport(outcomes: readonly TaskOutcome[]): LargeObjectsReport {
  const copies = outcomes.filter(({ task }) => task.kind === "large_objects");
  return {
    count: objectsOf(outcomes, "large_objects"),
    bytes: copies.reduce((sum, { bytes }) => sum + bytes, 0),
    durationMs: Math.round(copies.reduce((sum, { durationMs }) => sum + durationMs, 0)),
  };
}

/** Large objects that tasks of the kind made, or compared. */
function objectsOf(outcomes: readonly TaskOutcome[], kind: "large_objects" | "verify"): number {
  return outcomes
    .filter(({ task }) => task.kind === kind)
    .reduce((sum, { objects = 0 }) => sum + objects, 0);
}

function indexReports(outcomes: readonly TaskOutcome[]): IndexReport[] {
  return outcomes.flatMap(({ task, durationMs }) =>
    task.indexes.map((index) => ({
      schema: index.schema,
      name: index.name,
      table: relationName(index.table),
      durationMs: Math.round(durationMs / task.indexes.length),
    })),
  );
}

function workByKind(outcomes: readonly TaskOutcome[]): CloneReport["work"] {
  const kinds = new Map<string, { tasks: number; durationMs: number }>();
  for (const { task, durationMs } of outcomes) {
    const sum = kinds.get(task.kind) ?? { tasks: 0, durationMs: 0 };
    kinds.set(task.kind, { tasks: sum.tasks + 1, durationMs: sum.durationMs + durationMs });
  }
  return [...kinds].map(([kind, { tasks, durationMs }]) => ({
    kind,
    tasks,
    durationMs: Math.round(durationMs),
  }));
}

function slowest<T extends { readonly durationMs: number }>(list: readonly T[]): T[] {
  return [...list].sort((a, b) => b.durationMs - a.durationMs).slice(0, SLOWEST);
}
