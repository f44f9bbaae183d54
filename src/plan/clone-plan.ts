/**
 * What a clone will do, decided without touching a server: catalog + schema + options → a graph of
 * tasks. `pgcopy plan` prints it, `runGraph` runs it. Each task names what it needs, what it locks,
 * and its cost; the order follows from these, there are no phases.
 */

import type { Catalog, Sequence } from "../catalog/catalog.js";
import type { KeyRange } from "../catalog/read-key-bounds.js";
import { copyCost, verifyCost } from "./cost.js";
import { type ChosenHook, hookFinish, hookTasks } from "./extension-hooks.js";
import { extensionRowsTask } from "./extension-rows.js";
import { planPostData } from "./post-data.js";
import { planPreData } from "./pre-data.js";
import { batchSmallTables } from "./small-tables.js";
import { planStatistics } from "./statistics.js";
import { copyLabel, planTable, type TablePlan } from "./table-plan.js";
import {
  type CloneTask,
  PG_CLASS,
  type PlannedIndex,
  PRE_DATA,
  type RelationStatistics,
  relationName,
  type Script,
  scriptOf,
  type Work,
} from "./task.js";
import type { SchemaScript } from "./toc.js";

export interface ClonePlan {
  readonly tables: readonly TablePlan[];
  readonly indexes: readonly PlannedIndex[];
  readonly sequences: readonly Sequence[];
  readonly tasks: readonly CloneTask[];
  /** Event triggers: they come when all is done, as any of our own statements could set them off. */
  readonly finish: readonly Script[];
  /** Bytes of all tables to be copied. */
  readonly bytes: number;
}

export interface PlanOptions {
  readonly copyFormat: "auto" | "text" | "binary";
  readonly splitTablesLargerThan: number | undefined;
  readonly keyBounds: ReadonlyMap<number, KeyRange>;
  readonly skipAnalyze: boolean;
  /** The source's statistics, where they are copied in place of ANALYZE. */
  readonly copiedStatistics?: readonly RelationStatistics[] | undefined;
  /** OIDs of tables that don't hold the source's rows, so that its statistics would be wrong or give values away. */
  readonly analyzeAnyway?: ReadonlySet<number>;
  readonly hooks?: readonly ChosenHook[];
  readonly verify: "count" | "checksum" | undefined;
  /** server_version_num of the target. */
  readonly targetVersion: number;
  /** The major version of the pg_dump that wrote the schema. */
  readonly pgDumpMajor: number;
  readonly noAcl: boolean;
  readonly tableJobs: number;
}

/** Makes the plan. Pure: the same input gives the same plan. */
export function planClone(catalog: Catalog, schema: SchemaScript, options: PlanOptions): ClonePlan {
  const dumped = new Set(
    schema.entries.filter((entry) => entry.classOid === PG_CLASS).map((entry) => entry.oid),
  );
  const inDump = catalog.tables.filter((table) => dumped.has(table.oid));
  const tables = inDump
    .filter((table) => table.kind === "table")
    .map((table) => planTable(table, catalog, options));

  const copies = tables.flatMap(copyTasks);
  const { verify } = options;
  const verifies =
    verify === undefined
      ? []
      : tables
          .filter(({ table }) => !table.rowsElsewhere)
          .map((table) => verifyTask(table, verify));
  const postData = planPostData({
    catalog,
    entries: schema.entries,
    tables: inDump,
    copies,
    privileges: options,
  });
  const statistics = options.skipAnalyze
    ? []
    : planStatistics({
        catalog,
        tables: inDump,
        entries: schema.entries,
        tasks: [...copies, ...postData],
        options,
      });
  const sequences = catalog.sequences.filter((sequence) => dumped.has(sequence.oid));
  const { hooks = [] } = options;
  const rows = extensionRowsTask(catalog.extensionTables);
  const beforeData = [...hookTasks(hooks), ...(rows === undefined ? [] : [rows])];
  const reads = [...copies, ...verifies].map((task) => task.id);
  const tasks = [
    ...planPreData(schema.entries, catalog),
    ...copies,
    ...verifies,
    controlTask("release_snapshot", "let go of the snapshot", { do: "release_snapshot" }, [
      PRE_DATA,
      ...reads,
    ]),
    ...postData,
    ...statistics,
    ...sequencesTask(sequences, reads),
  ];
  return {
    tables,
    indexes: postData.flatMap((task) => task.indexes),
    sequences,
    tasks: afterFirst(batchSmallTables(tasks, options.tableJobs), beforeData),
    finish: [...hookFinish(hooks), ...eventTriggers(schema)],
    bytes: tables.reduce((sum, { table }) => sum + table.bytes, 0),
  };
}

/** The tasks with those of `first` one after the other between pre-data and all else. */
function afterFirst(tasks: readonly CloneTask[], first: readonly CloneTask[]): CloneTask[] {
  const last = first.at(-1);
  if (last === undefined) return [...tasks];
  const chained = first.map((task, i) => ({
    ...task,
    needs: [...task.needs, ...(i === 0 ? [] : [(first[i - 1] as CloneTask).id])],
  }));
  const preData = tasks.filter(({ kind }) => kind === "pre_data");
  const others = tasks.filter(({ kind }) => kind !== "pre_data");
  const after = others.map((task) => ({ ...task, needs: [...task.needs, last.id] }));
  return [...preData, ...chained, ...after];
}

function copyTasks(plan: TablePlan): CloneTask[] {
  const name = relationName(plan.table);
  const bytes = Math.round(plan.table.bytes / Math.max(plan.parts.length, 1));
  return plan.parts.map((_, part) => ({
    id: plan.parts.length === 1 ? `copy:${name}` : `copy:${name}:${part + 1}/${plan.parts.length}`,
    kind: "copy",
    label: copyLabel(name, part, plan.parts.length),
    pool: "tables",
    needs: [PRE_DATA],
    cost: copyCost(bytes),
    locks: { shared: [String(plan.table.oid)] },
    work: { do: "copy", table: plan, part },
    bytes,
    indexes: [],
  }));
}

function verifyTask(plan: TablePlan, mode: "count" | "checksum"): CloneTask {
  const name = relationName(plan.table);
  return {
    id: `verify:${name}`,
    kind: "verify",
    label: `verify ${name}`,
    pool: "tables",
    needs: [PRE_DATA, ...copyTasks(plan).map((task) => task.id)],
    cost: verifyCost(plan.table.bytes, mode),
    locks: { shared: [String(plan.table.oid)] },
    work: { do: "verify", table: plan },
    bytes: 0,
    indexes: [],
  };
}

/** After the last read of the source: none may end below a value that was copied. */
function sequencesTask(sequences: readonly Sequence[], reads: readonly string[]): CloneTask[] {
  if (sequences.length === 0) return [];
  const work = { do: "sequences", sequences } as const;
  return [controlTask("sequences", "set the sequences", work, [PRE_DATA, ...reads])];
}

function eventTriggers({ entries }: SchemaScript): Script[] {
  return entries
    .filter((entry) => entry.section === "event-trigger" && entry.statements.length > 0)
    .map(scriptOf);
}

function controlTask(
  kind: "release_snapshot" | "sequences",
  label: string,
  work: Work,
  needs: readonly string[],
): CloneTask {
  return {
    id: kind,
    kind,
    label,
    pool: "control",
    needs,
    cost: 0.002,
    work,
    bytes: 0,
    indexes: [],
  };
}
