/** What a run over many databases did, or would do: each database's own report, and the totals. */

import { displayName } from "../postgres/quote.js";
import type { StepTime } from "../record/run-record.js";
import type { ChosenDatabases, DatabaseLeftOut } from "./all-databases.js";
import { versionName } from "./check-servers.js";
import type { Instance } from "./instance.js";
import type { PlanReport } from "./plan-report.js";
import type { CloneReport } from "./report.js";
import type { Run } from "./run.js";

interface Ends {
  /** Without passwords; the databases that were named to connect to. */
  readonly source: string;
  readonly target: string;
  readonly sourceVersion: string;
  readonly targetVersion: string;
  readonly jobs: CloneReport["jobs"];
  readonly threads: number;
}

export interface CloneAllReport extends Ends {
  readonly durationMs: number;
  readonly steps: readonly StepTime[];
  /** Names of the roles that the target lacked. */
  readonly rolesCreated: readonly string[];
  /** By name. */
  readonly databases: readonly ({ readonly database: string } & CloneReport)[];
  /** Databases of the source that are not copied, each with the reason. */
  readonly leftOut: readonly DatabaseLeftOut[];
  /** Totals of all databases. */
  readonly rows: number;
  readonly bytes: number;
  readonly tables: number;
  readonly indexes: number;
  readonly sequences: number;
  /** Of the whole, and then of each database with its name before them. */
  readonly warnings: readonly string[];
}

export interface PlanAllReport extends Ends {
  readonly rolesToCreate: readonly string[];
  /** By name. */
  readonly databases: readonly ({ readonly database: string } & PlanReport)[];
  readonly leftOut: readonly DatabaseLeftOut[];
  readonly bytes: number;
  readonly tables: number;
  readonly indexes: number;
  readonly sequences: number;
  readonly estimatedSeconds: number;
  /** As in `PlanReport`, with the database's name before each. */
  readonly conflicts: readonly string[];
  /** Of the whole, and then of each database with its name before them. */
  readonly refusals: readonly string[];
  readonly warnings: readonly string[];
}

export interface AllReportInput<R> {
  readonly instance: Instance;
  readonly chosen: ChosenDatabases;
  readonly reports: ReadonlyMap<string, R>;
  readonly run: Run;
}

export function buildCloneAllReport(
  { instance, chosen, reports, run }: AllReportInput<CloneReport>,
  rolesCreated: readonly string[],
): CloneAllReport {
  const databases = byName(reports);
  const sum = (of: (report: CloneReport) => number) => total(databases, of);
  return {
    ...endsOf(instance),
    durationMs: Math.round(run.elapsedMs),
    steps: run.record.steps,
    rolesCreated,
    databases,
    leftOut: chosen.leftOut,
    rows: sum(({ rows }) => rows),
    bytes: sum(({ bytes }) => bytes),
    tables: sum(({ tables }) => tables.length),
    indexes: sum(({ indexes }) => indexes.length),
    sequences: sum(({ sequences }) => sequences),
    warnings: [...run.warnings, ...named(databases, ({ warnings }) => warnings)],
  };
}

export function buildPlanAllReport(
  { instance, chosen, reports, run }: AllReportInput<PlanReport>,
  { rolesToCreate, refusals }: Pick<PlanAllReport, "rolesToCreate" | "refusals">,
): PlanAllReport {
  const databases = byName(reports);
  const sum = (of: (report: PlanReport) => number) => total(databases, of);
  return {
    ...endsOf(instance),
    rolesToCreate,
    databases,
    leftOut: chosen.leftOut,
    bytes: sum(({ bytes }) => bytes),
    tables: sum(({ tables }) => tables.length),
    indexes: sum(({ indexes }) => indexes.length),
    sequences: sum(({ sequences }) => sequences),
    estimatedSeconds: Math.round(sum((report) => report.estimatedSeconds) * 10) / 10,
    conflicts: named(databases, ({ conflicts }) => conflicts),
    refusals: [...refusals, ...named(databases, (report) => report.refusals)],
    warnings: [...run.warnings, ...named(databases, ({ warnings }) => warnings)],
  };
}

function endsOf(instance: Instance): Ends {
  const { source, target, sourceEndpoint, targetEndpoint, jobs, threads } = instance;
  return {
    source: sourceEndpoint.description,
    target: targetEndpoint.description,
    sourceVersion: versionName(source.serverVersion),
    targetVersion: versionName(target.serverVersion),
    jobs,
    threads,
  };
}

function byName<R>(reports: ReadonlyMap<string, R>): ({ readonly database: string } & R)[] {
  return [...reports]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([database, report]) => ({ database, ...report }));
}

function total<R>(reports: readonly R[], of: (report: R) => number): number {
  return reports.reduce((sum, report) => sum + of(report), 0);
}

function named<R extends { readonly database: string }>(
  reports: readonly R[],
  of: (report: R) => readonly string[],
): string[] {
  return reports.flatMap((report) =>
    of(report).map((words) => `${displayName(report.database)}: ${words}`),
  );
}
