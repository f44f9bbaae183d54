/** A plan as plain data: the command line prints it, `--json` writes it. */

import type { ClonePlan } from "../plan/clone-plan.js";
import { type Estimate, estimateRun } from "../plan/estimate.js";
import type { PlannedIndex } from "../plan/task.js";
import { versionName } from "./check-servers.js";
import { estimateInput } from "./estimate.js";
import type { FilterReport } from "./filter-report.js";
import type { SourceContent } from "./read-source.js";
import type { CloneReport } from "./report.js";
import type { Run } from "./run.js";
import { partsReasonOf, selectionOf, type TableSelection } from "./selection-report.js";
import type { Servers } from "./servers.js";

export interface PlannedTable extends TableSelection {
  readonly schema: string;
  readonly name: string;
  /** Of the table and its TOAST table on the source. */
  readonly bytes: number;
  /** The planner's; -1 for a table that was never analyzed. */
  readonly estimatedRows: number;
  /** 0 for a table without a single block. */
  readonly parts: number;
  /** Why there are several; absent for a table that is not cut. */
  readonly partsReason?: string;
  readonly format: "text" | "binary";
  readonly formatReason: string;
  readonly freeze: boolean;
}

export interface PlanReport {
  readonly source: string;
  readonly target: string;
  readonly sourceVersion: string;
  readonly targetVersion: string;
  readonly pgDump: CloneReport["pgDump"];
  /** The target database's name, if the clone would create it. */
  readonly databaseToCreate?: string;
  /** With `roles`: those that the target lacks. */
  readonly rolesToCreate: readonly string[];
  readonly jobs: CloneReport["jobs"];
  /** How many threads would move rows; 1 is the main thread alone. */
  readonly threads: number;
  readonly tables: readonly PlannedTable[];
  /** Bytes are rounded up to whole pages, and holes count. */
  readonly largeObjects: { readonly count: number; readonly bytes: number };
  readonly indexes: readonly PlannedIndex[];
  readonly sequences: number;
  readonly tasks: readonly {
    readonly id: string;
    readonly kind: string;
    readonly label: string;
    readonly needs: readonly string[];
    /** Those that it only waits for; absent for most. */
    readonly after?: readonly string[];
    /** Estimated length, in seconds. */
    readonly cost: number;
  }[];
  readonly bytes: number;
  readonly estimatedSeconds: number;
  readonly estimate: Estimate;
  /** Objects of the target in the way: they stop the clone, unless `dropIfExists` replaces them. */
  readonly conflicts: readonly string[];
  /** What stops it in any case: in a sentence each, what the target's role may not do, or the target lacks. */
  readonly refusals: readonly string[];
  /** With filters: what they leave out, and what came along. */
  readonly filters?: FilterReport;
  readonly warnings: readonly string[];
}

export interface PlanReportInput {
  readonly servers: Servers;
  readonly content: SourceContent;
  readonly plan: ClonePlan;
  readonly rolesToCreate: readonly string[];
  readonly conflicts: readonly string[];
  readonly refusals: readonly string[];
  /** How much the tasks that run at a time may weigh, if not as many run as there are jobs. */
  readonly together: number | undefined;
  readonly run: Run;
}

/** Puts the report together. */
export function buildPlanReport(input: PlanReportInput): PlanReport {
  const { servers, plan, run } = input;
  const estimate = estimateRun(estimateInput(plan, servers, run.elapsedMs / 1000, input.together));
  return {
    source: servers.sourceEndpoint.description,
    target: servers.targetEndpoint.description,
    sourceVersion: versionName(servers.source.serverVersion),
    targetVersion: versionName(servers.target.serverVersion),
    pgDump: input.content.pgDump,
    ...(servers.targetExists ? {} : { databaseToCreate: servers.targetEndpoint.database }),
    rolesToCreate: input.rolesToCreate,
    jobs: servers.jobs,
    threads: servers.threads,
    tables: plan.tables.map((planned) => ({
      schema: planned.table.schema,
      name: planned.table.name,
      bytes: planned.table.bytes,
      estimatedRows: Math.round(planned.table.estimatedRows),
      parts: planned.parts.length,
      ...partsReasonOf(planned),
      format: planned.format,
      formatReason: planned.formatReason,
      freeze: planned.freeze,
      ...selectionOf(planned),
    })),
    largeObjects: plan.largeObjects,
    indexes: plan.indexes,
    sequences: plan.sequences.length,
    tasks: plan.tasks.map(({ id, kind, label, needs, after, cost }) => ({
      id,
      kind,
      label,
      needs,
      ...(after === undefined ? {} : { after }),
      cost,
    })),
    bytes: plan.bytes,
    estimatedSeconds: estimate.seconds,
    estimate,
    conflicts: input.conflicts,
    refusals: input.refusals,
    ...(input.content.filters === undefined ? {} : { filters: input.content.filters }),
    warnings: run.warnings,
  };
}
