/**
 * What a clone will do, decided without touching a server: catalog + schema + options → a graph of
 * tasks. `pgcopy plan` prints it, `runGraph` runs it. Each task names what it needs, what it locks,
 * and its cost; the order follows from these, there are no phases.
 */

import type { Catalog, Sequence, Table } from "../catalog/catalog.js";
import type { KeyRange } from "../catalog/read-key-bounds.js";
import type { Technique } from "../techniques.js";
import { withAutomaticParts } from "./automatic-parts.js";
import { copyWidth, tableCost, verifyCost } from "./cost.js";
import { type ChosenHook, hookFinish, hookTasks } from "./extension-hooks.js";
import { extensionRowsTask } from "./extension-rows.js";
import { type LargeObjectPlan, planLargeObjects } from "./large-objects.js";
import type { Capacity } from "./play-parts.js";
import { planPostData } from "./post-data.js";
import { planPreData } from "./pre-data.js";
import { batchSmallTables } from "./small-tables.js";
import { planStatistics } from "./statistics.js";
import { fitSubscriptions } from "./subscriptions.js";
import { partLabel, planTable, type TablePlan } from "./table-plan.js";
import { type TableRows, tablesWithoutStatistics } from "./table-rows.js";
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
  readonly largeObjects: LargeObjectPlan;
  /** Bytes of all tables and large objects to be copied. */
  readonly bytes: number;
}

export interface PlanOptions {
  readonly copyFormat: "auto" | "text" | "binary";
  readonly splitTablesLargerThan: number | "auto" | "never" | undefined;
  /** What `auto` cuts tables for; absent: it cuts none. */
  readonly capacity?: Capacity | undefined;
  readonly keyBounds: ReadonlyMap<number, KeyRange>;
  /** WHERE and masks by the table's OID: `content.rowSelection.tableRows`. */
  readonly tableRows: ReadonlyMap<number, TableRows>;
  readonly skipAnalyze: boolean;
  /** The source's statistics, where they are copied in place of ANALYZE. */
  readonly copiedStatistics?: readonly RelationStatistics[] | undefined;
  /** OIDs of tables that don't hold the source's rows, so that its statistics would be wrong or give values away. */
  readonly analyzeAnyway?: ReadonlySet<number> | undefined;
  readonly hooks?: readonly ChosenHook[];
  readonly verify: "count" | "checksum" | undefined;
  /** server_version_num of the target. */
  readonly targetVersion: number;
  /** The major version of the pg_dump that wrote the schema. */
  readonly pgDumpMajor: number;
  readonly noAcl: boolean;
  readonly tableJobs: number;
  /** Whether a failure is to take as little along as can be: no table shares a task with another. */
  readonly keepGoing?: boolean;
  /** Techniques to do without; `longest-path-first` is left to who runs the tasks. */
  readonly without?: ReadonlySet<Technique>;
}

/** Makes the plan. Pure: the same input gives the same plan. */
export function planClone(catalog: Catalog, dumped: SchemaScript, options: PlanOptions): ClonePlan {
  const does = (technique: Technique) => options.without?.has(technique) !== true;
  const schema = { ...dumped, entries: fitSubscriptions(dumped.entries, options) };
  const relations = new Set(
    schema.entries.filter((entry) => entry.classOid === PG_CLASS).map((entry) => entry.oid),
  );
  const inDump = catalog.tables.filter((table) => relations.has(table.oid));
  const tables = planTables(inDump, catalog, options);

  const copies = tables.flatMap(copyTasks);
  const { verify, keepGoing = false } = options;
  const verifies =
    verify === undefined
      ? []
      : tables
          .filter(({ table }) => !table.rowsElsewhere && table.arrivesEmpty !== true)
          .map((table) => verifyTask(table, verify));
  const { copies: objects, ...largeObjects } = planLargeObjects(catalog.largeObjects, options);
  const postData = planPostData({
    catalog,
    entries: schema.entries,
    tables: inDump,
    copies,
    privileges: schema.withoutPublic ? { ...options, noAcl: true } : options,
    sideBySide: does("side-by-side-indexes"),
    // Up to 12 the server takes two keys over the same columns in one ALTER TABLE for one, and makes only that.
    mergesKeys: does("merged-keys") && options.targetVersion >= 130_000,
    keepGoing,
  });
  const statistics = options.skipAnalyze
    ? []
    : planStatistics({
        catalog,
        tables: inDump,
        entries: schema.entries,
        tasks: [...copies, ...postData],
        options: {
          ...options,
          analyzeAnyway: new Set([
            ...(options.analyzeAnyway ?? []),
            ...tablesWithoutStatistics(catalog, options.tableRows),
          ]),
        },
      });
  const sequences = catalog.sequences.filter((sequence) => relations.has(sequence.oid));
  const { hooks = [] } = options;
  const rows = extensionRowsTask(catalog.extensionTables);
  const beforeData = [...hookTasks(hooks), ...(rows === undefined ? [] : [rows])];
  const reads = [...copies, ...verifies, ...objects, ...largeObjects.verifies].map(({ id }) => id);
  const tasks = [
    ...planPreData(schema.entries, catalog, { parallel: does("parallel-pre-data") }),
    ...copies,
    ...verifies,
    ...objects,
    ...largeObjects.verifies,
    releaseSnapshotTask(reads),
    ...afterLargeObjects(postData, objects),
    ...statistics,
    ...sequencesTask(sequences, reads),
  ];
  const batches = does("small-table-batches") && !keepGoing;
  const batched = batches ? batchSmallTables(tasks, options.tableJobs) : tasks;
  return {
    tables,
    indexes: postData.flatMap((task) => task.indexes),
    sequences,
    tasks: afterFirst(batched, beforeData),
    finish: [...hookFinish(hooks), ...eventTriggers(schema)],
    largeObjects: { count: largeObjects.count, bytes: largeObjects.bytes },
    bytes: tables.reduce((sum, { table }) => sum + table.bytes, largeObjects.bytes),
  };
}

function planTables(tables: readonly Table[], catalog: Catalog, options: PlanOptions): TablePlan[] {
  const { splitTablesLargerThan: split, capacity, without } = options;
  const each = { ...options, splitTablesLargerThan: typeof split === "number" ? split : undefined };
  const planned = tables
    .filter((table) => table.kind === "table")
    .map((table) => planTable(table, catalog, each));
  const chooses = split === "auto" && without?.has("automatic-parts") !== true;
  return chooses && capacity !== undefined
    ? withAutomaticParts(planned, catalog.indexes, capacity)
    : planned;
}

/**
 * Default privileges of large objects (PostgreSQL 18) would be those of the ones that are made after
 * them; on the source they need not have been.
 */
function afterLargeObjects(tasks: readonly CloneTask[], objects: readonly CloneTask[]) {
  const ids = objects.map(({ id }) => id);
  return tasks.map((task) => {
    const { work } = task;
    const scripts = task.kind === "acl" && work.do === "scripts" ? work.scripts : [];
    const sets = scripts.some(({ statements }) => statements.some(isLargeObjectDefault));
    return sets ? { ...task, needs: [...task.needs, ...ids] } : task;
  });
}

function isLargeObjectDefault(sql: string): boolean {
  return /^\s*alter\s+default\s+privileges\b.*\son\s+large\s+objects\s/is.test(sql);
}

/**
 * The tasks with those of `first` one after the other between pre-data and all else, which needs them; but
 * for what only waits for the reads to end.
 */
function afterFirst(tasks: readonly CloneTask[], first: readonly CloneTask[]): CloneTask[] {
  const last = first.at(-1);
  if (last === undefined) return [...tasks];
  const chained = first.map((task, i) => ({
    ...task,
    needs: [...task.needs, ...(i === 0 ? [] : [(first[i - 1] as CloneTask).id])],
  }));
  const preData = tasks.filter(({ kind }) => kind === "pre_data");
  const others = tasks.filter(({ kind }) => kind !== "pre_data");
  return [...preData, ...chained, ...others.map((task) => afterTask(task, last.id))];
}

function afterTask(task: CloneTask, id: string): CloneTask {
  const { kind, needs, after = [] } = task;
  return kind === "release_snapshot" || kind === "sequences"
    ? { ...task, after: [...after, id] }
    : { ...task, needs: [...needs, id] };
}

function copyTasks(plan: TablePlan): CloneTask[] {
  const name = relationName(plan.table);
  const slices = plan.parts.filter(({ by }) => by !== "reference");
  const sliceBytes = Math.round(plan.table.bytes / Math.max(slices.length, 1));
  const cost = tableCost(plan.table, plan.format);
  return plan.parts.map(({ by }, part) => ({
    id: plan.parts.length === 1 ? `copy:${name}` : `copy:${name}:${part + 1}/${plan.parts.length}`,
    kind: "copy",
    label: partLabel(plan, part),
    pool: "tables",
    needs: [PRE_DATA],
    // How many rows are referred to is not known; they are looked for in the whole table.
    cost: by === "reference" ? cost : cost / slices.length,
    weight: copyWidth(plan.table, plan.format),
    locks: { shared: [String(plan.table.oid)] },
    work: { do: "copy", table: plan, part },
    bytes: by === "reference" ? 0 : sliceBytes,
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

/** As soon as the last read has ended, whatever became of it: nobody will read any more. */
function releaseSnapshotTask(reads: readonly string[]): CloneTask {
  const work = { do: "release_snapshot" } as const;
  return controlTask("release_snapshot", "let go of the snapshot", work, {
    needs: [],
    after: [PRE_DATA, ...reads],
  });
}

/**
 * After the last read of the source: none may end below a value that was copied. A table whose rows could
 * not be copied keeps no sequence from being set, its own included: no smaller value would be right later.
 */
function sequencesTask(sequences: readonly Sequence[], reads: readonly string[]): CloneTask[] {
  if (sequences.length === 0) return [];
  const work = { do: "sequences", sequences } as const;
  const order = { needs: [PRE_DATA], after: reads };
  return [controlTask("sequences", "set the sequences", work, order)];
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
  order: { readonly needs: readonly string[]; readonly after: readonly string[] },
): CloneTask {
  return {
    id: kind,
    kind,
    label,
    pool: "control",
    ...order,
    cost: 0.002,
    weight: 0,
    work,
    bytes: 0,
    indexes: [],
  };
}
