/**
 * Where each table's statistics come from: copied from the source, or gathered by ANALYZE. Copying
 * is right only for a table that holds the source's rows. One that doesn't (some rows left out,
 * values masked) would plan by wrong numbers, and its most common values would give away what was
 * masked.
 */

import type { Catalog, Table } from "../catalog/catalog.js";
import { chunks, needsOf, planAnalyze } from "./analyze.js";
import { statementCost } from "./cost.js";
import { nameKey, pushTo, SchemaFacts } from "./schema-facts.js";
import {
  ANY_JOB,
  type CloneTask,
  newTask,
  PRE_DATA,
  type RelationStatistics,
  relationName,
  type TableStatistics,
} from "./task.js";
import type { TocEntry } from "./toc.js";

export interface StatisticsInput {
  readonly catalog: Catalog;
  /** The tables that are in the dump. */
  readonly tables: readonly Table[];
  readonly entries: readonly TocEntry[];
  /** All that touches a table before its statistics are of use. */
  readonly tasks: readonly CloneTask[];
  readonly options: {
    readonly targetVersion: number;
    /** Undefined: ANALYZE for all. */
    readonly copiedStatistics?: readonly RelationStatistics[] | undefined;
    readonly analyzeAnyway?: ReadonlySet<number>;
    readonly keepGoing?: boolean;
  };
}

/** How many tables' statistics are one task: a wide table's are some 100 kB of statements. */
const TABLES_PER_TASK = 50;

/** The tasks that give every table its statistics. */
export function planStatistics(input: StatisticsInput): CloneTask[] {
  const { tables, tasks, options } = input;
  const chosen = chooseStatistics(input);
  const analyzed = new Set(chosen.analyzed);
  return [
    ...restoreTasks(chunks(chosen.copied, options.keepGoing ? 1 : TABLES_PER_TASK), tables, tasks),
    ...planAnalyze(tables, tasks, options, (table) => analyzed.has(table.oid)),
  ];
}

export interface ChosenStatistics {
  readonly copied: readonly TableStatistics[];
  /** OIDs of those that ANALYZE visits. */
  readonly analyzed: readonly number[];
}

/**
 * Which tables' statistics are copied and which gathered. Gathered are those
 *
 * - of tables that don't hold the source's rows (`analyzeAnyway`), of all above them, and then of
 *   every materialized view, which may read them;
 * - of tables with extended statistics (CREATE STATISTICS), which PostgreSQL 18 can't restore;
 * - of tables with rows of which the source has none itself.
 */
export function chooseStatistics({
  catalog,
  tables,
  entries,
  options,
}: Pick<StatisticsInput, "catalog" | "tables" | "entries" | "options">): ChosenStatistics {
  const { copiedStatistics, analyzeAnyway = new Set() } = options;
  if (copiedStatistics === undefined) return { copied: [], analyzed: tables.map(({ oid }) => oid) };
  const facts = new SchemaFacts(catalog, tables);
  const byTable = statisticsByTable(copiedStatistics, facts);
  const foreign = withAncestors(analyzeAnyway, tables);
  const extended = extendedTables(entries, facts);
  const analyzed = new Set<number>();
  const copied: TableStatistics[] = [];
  for (const table of tables) {
    const relations = byTable.get(table.oid) ?? [];
    const mayDiffer =
      foreign.has(table.oid) || (table.kind === "materialized_view" && analyzeAnyway.size > 0);
    const known = relations.some(({ ofColumns }) => ofColumns);
    const empty = table.kind === "table" && table.pages === 0 && table.heap;
    if (mayDiffer || extended.has(table.oid) || !(known || empty)) analyzed.add(table.oid);
    // What ANALYZE doesn't gather (an empty table's pages) is copied for the others, too.
    else if (relations.length > 0) copied.push({ table, relations });
  }
  return { copied, analyzed: [...analyzed] };
}

/** Those of an index go with its table. */
function statisticsByTable(
  statistics: readonly RelationStatistics[],
  facts: SchemaFacts,
): Map<number, RelationStatistics[]> {
  const byTable = new Map<number, RelationStatistics[]>();
  for (const one of statistics) {
    const table = facts.tableOf(one.relation);
    if (table !== undefined) pushTo(byTable, table.oid, one);
  }
  return byTable;
}

/** A parent's statistics are of its children's rows as well. */
function withAncestors(oids: ReadonlySet<number>, tables: readonly Table[]): ReadonlySet<number> {
  const parents = new Map(tables.map((table) => [table.oid, table.parents]));
  const all = new Set<number>();
  const visit = (oid: number): void => {
    if (all.has(oid)) return;
    all.add(oid);
    for (const parent of parents.get(oid) ?? []) visit(parent);
  };
  for (const oid of oids) visit(oid);
  return all;
}

function extendedTables(entries: readonly TocEntry[], facts: SchemaFacts): ReadonlySet<number> {
  const statements = entries
    .flatMap((entry) => entry.statements)
    .filter(({ kind, creates }) => kind === "statistics" && creates);
  return new Set(
    statements.flatMap(({ relations }) =>
      relations.flatMap((relation) => facts.tableOf(relation)?.oid ?? []),
    ),
  );
}

function restoreTasks(
  groups: readonly (readonly TableStatistics[])[],
  tables: readonly Table[],
  tasks: readonly CloneTask[],
): CloneTask[] {
  const needs = needsOf(tables, tasks);
  const oids = new Map(tables.map((table) => [nameKey(table), table.oid]));
  return groups.map((group) => {
    const own = group.map(({ table }) => oids.get(nameKey(table)) as number);
    const name = relationName((group[0] as TableStatistics).table);
    const more = group.length === 1 ? "" : ` and ${group.length - 1} more tables`;
    const statements = group
      .flatMap(({ relations }) => relations)
      .reduce((sum, relation) => sum + relation.statements.length, 0);
    return newTask(`statistics:${name}`, "statistics", `statistics of ${name}${more}`, {
      ...ANY_JOB,
      needs: [PRE_DATA, ...new Set(own.flatMap((oid) => [...(needs.get(oid) ?? [])]))],
      cost: statementCost(statements),
      locks: { exclusive: own.map(String) },
      work: { do: "statistics", tables: group },
    });
  });
}
