/** The tasks that a plan consists of. */

import type { ExtensionTable, Sequence } from "../catalog/catalog.js";
import type { LargeObjectAccess } from "../catalog/large-objects.js";
import type { TaskInfo } from "../events.js";
import { displayName } from "../postgres/quote.js";
import type { Task } from "../run/graph.js";
import { entryLabel } from "./entry-label.js";
import type { IndexBuild } from "./index-build.js";
import type { LargeObjectSelection } from "./large-object-rows.js";
import type { LargeObjectStep } from "./large-objects.js";
import type { TablePlan } from "./table-plan.js";
import type { RelationName, TocEntry } from "./toc.js";

/** Statements that belong together: one TOC entry, or a part of one. */
export interface Script {
  readonly title: string;
  /** Session parameters that must be in force while it runs. */
  readonly settings: Readonly<Record<string, string>>;
  readonly statements: readonly string[];
  /** The source's objects that it creates, or changes. */
  readonly of?: readonly SourceObject[];
}

/** An object by the OIDs of its catalog and its own. */
export interface SourceObject {
  readonly classOid: number;
  readonly oid: number;
}

export interface PlannedIndex extends RelationName {
  readonly table: RelationName;
  readonly kind: "index" | "primary key" | "unique" | "exclusion";
  readonly method:
    | "built"
    | "built, then attached with USING INDEX"
    | "with its table"
    | "as a constraint";
}

/** A small table in a batch: its rows, and what is built on them. */
export interface SmallTable {
  readonly plan: TablePlan;
  readonly scripts: readonly Script[];
}

/** What the source's planner knew of a relation, as statements that make the target's know it. */
export interface RelationStatistics {
  readonly relation: RelationName;
  /** `select * from pg_restore_…_stats(…)`: a boolean each, whether all of it was taken. */
  readonly statements: readonly string[];
  /** Whether any of them is about a column. */
  readonly ofColumns: boolean;
}

/** A table's own, and those of its indexes. */
export interface TableStatistics {
  readonly table: RelationName;
  readonly relations: readonly RelationStatistics[];
}

/** What a task does; the engine has one function for each. */
export type Work =
  | {
      readonly do: "scripts";
      readonly scripts: readonly Script[];
      /** The index that they build, where that is a large one. */
      readonly build?: IndexBuild;
    }
  | { readonly do: "copy"; readonly table: TablePlan; readonly part: number }
  | { readonly do: "small_tables"; readonly tables: readonly SmallTable[] }
  /** The tables in an order in which their foreign keys hold. */
  | { readonly do: "extension_rows"; readonly tables: readonly ExtensionTable[] }
  | { readonly do: "verify"; readonly table: TablePlan }
  | { readonly do: "analyze"; readonly tables: readonly RelationName[]; readonly only: boolean }
  | { readonly do: "prepare_large_objects" }
  | {
      readonly do: "large_objects";
      readonly step: LargeObjectStep;
      readonly objects: LargeObjectSelection;
      readonly access: LargeObjectAccess;
    }
  | {
      readonly do: "verify_large_objects";
      readonly objects: LargeObjectSelection;
      readonly access: LargeObjectAccess;
    }
  | { readonly do: "statistics"; readonly tables: readonly TableStatistics[] }
  | { readonly do: "sequences"; readonly sequences: readonly Sequence[] }
  | { readonly do: "release_snapshot" };

export type PoolName = "tables" | "indexes" | "control";

export interface CloneTask extends Task, TaskInfo {
  readonly pool: PoolName;
  readonly mayUse?: readonly PoolName[];
  readonly work: Work;
  /** Bytes that it is expected to move; 0 for most. */
  readonly bytes: number;
  readonly indexes: readonly PlannedIndex[];
}

/** The task that makes all that the data needs; every copy waits for it. */
export const PRE_DATA = "pre-data";

/**
 * What takes little memory on the target may run on a table job that has nothing to copy. The number of
 * index jobs is a bound on how many large indexes are built at a time, each in maintenance_work_mem.
 */
export const ANY_JOB = { pool: "indexes", mayUse: ["tables"] } as const;

/** OIDs of system catalogs are the same in every PostgreSQL. */
export const PG_CLASS = 1259;
export const PG_CONSTRAINT = 2606;

/** A relation's qualified name as people read it: for labels and messages, and for ids of tasks. */
export function relationName(relation: RelationName): string {
  return displayName(relation.schema, relation.name);
}

/** An entry's statements as they are. */
export function scriptOf(entry: TocEntry): Script {
  const { classOid, oid, settings } = entry;
  return {
    title: entryLabel(entry),
    settings,
    statements: entry.statements.map((statement) => statement.sql),
    ...(oid === 0 ? {} : { of: [{ classOid, oid }] }),
  };
}

/** A task on the target, with what most tasks leave as it is. */
export function newTask(
  id: string,
  kind: CloneTask["kind"],
  label: string,
  rest: Partial<CloneTask>,
): CloneTask {
  const base: CloneTask = {
    id,
    kind,
    label,
    pool: "indexes",
    needs: [],
    cost: 0,
    work: { do: "scripts", scripts: [] },
    bytes: 0,
    indexes: [],
  };
  return { ...base, ...rest };
}
