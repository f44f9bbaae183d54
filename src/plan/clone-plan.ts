/**
 * What a clone will do, decided without touching a server: catalog + schema + options → a graph of
 * tasks. `pgcopy plan` prints it, `runGraph` runs it. Each task names what it needs, what it locks,
 * and its cost; the order follows from these, there are no phases.
 */

import type { Catalog, Sequence } from "../catalog/catalog.js";
import type { KeyRange } from "../catalog/read-key-bounds.js";
import { planAnalyze } from "./analyze.js";
import { copyCost, verifyCost } from "./cost.js";
import { type LargeObjectPlan, planLargeObjects } from "./large-objects.js";
import { planPostData } from "./post-data.js";
import { planPreData } from "./pre-data.js";
import { batchSmallTables } from "./small-tables.js";
import { fitSubscriptions } from "./subscriptions.js";
import { partLabel, planTable, type TablePlan } from "./table-plan.js";
import type { TableRows } from "./table-rows.js";
import {
  type CloneTask,
  PG_CLASS,
  type PlannedIndex,
  PRE_DATA,
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
  readonly splitTablesLargerThan: number | undefined;
  readonly keyBounds: ReadonlyMap<number, KeyRange>;
  /** WHERE and masks by the table's OID: `content.rowSelection.tableRows`. */
  readonly tableRows: ReadonlyMap<number, TableRows>;
  readonly skipAnalyze: boolean;
  readonly verify: "count" | "checksum" | undefined;
  /** server_version_num of the target. */
  readonly targetVersion: number;
  /** The major version of the pg_dump that wrote the schema. */
  readonly pgDumpMajor: number;
  readonly noAcl: boolean;
  readonly tableJobs: number;
}

/** Makes the plan. Pure: the same input gives the same plan. */
export function planClone(catalog: Catalog, dumped: SchemaScript, options: PlanOptions): ClonePlan {
  const schema = { ...dumped, entries: fitSubscriptions(dumped.entries, options.targetVersion) };
  const relations = new Set(
    schema.entries.filter((entry) => entry.classOid === PG_CLASS).map((entry) => entry.oid),
  );
  const inDump = catalog.tables.filter((table) => relations.has(table.oid));
  const tables = inDump
    .filter((table) => table.kind === "table")
    .map((table) => planTable(table, catalog, options));

  const copies = tables.flatMap(copyTasks);
  const { verify } = options;
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
  });
  const analyzes = options.skipAnalyze
    ? []
    : planAnalyze(inDump, [...copies, ...postData], options.targetVersion);
  const sequences = catalog.sequences.filter((sequence) => relations.has(sequence.oid));
  const reads = [...copies, ...verifies, ...objects, ...largeObjects.verifies].map(({ id }) => id);
  const tasks = [
    ...planPreData(schema.entries, catalog),
    ...copies,
    ...verifies,
    ...objects,
    ...largeObjects.verifies,
    controlTask("release_snapshot", "let go of the snapshot", { do: "release_snapshot" }, [
      PRE_DATA,
      ...reads,
    ]),
    ...afterLargeObjects(postData, objects),
    ...analyzes,
    ...sequencesTask(sequences, reads),
  ];
  return {
    tables,
    indexes: postData.flatMap((task) => task.indexes),
    sequences,
    tasks: batchSmallTables(tasks, options.tableJobs),
    finish: eventTriggers(schema),
    largeObjects: { count: largeObjects.count, bytes: largeObjects.bytes },
    bytes: tables.reduce((sum, { table }) => sum + table.bytes, largeObjects.bytes),
  };
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

function copyTasks(plan: TablePlan): CloneTask[] {
  const name = relationName(plan.table);
  const slices = plan.parts.filter(({ by }) => by !== "reference");
  const sliceBytes = Math.round(plan.table.bytes / Math.max(slices.length, 1));
  return plan.parts.map(({ by }, part) => ({
    id: plan.parts.length === 1 ? `copy:${name}` : `copy:${name}:${part + 1}/${plan.parts.length}`,
    kind: "copy",
    label: partLabel(plan, part),
    pool: "tables",
    needs: [PRE_DATA],
    // How many rows are referred to is not known; they are looked for in the whole table.
    cost: copyCost(by === "reference" ? plan.table.bytes : sliceBytes),
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
