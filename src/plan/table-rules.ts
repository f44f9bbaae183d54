/**
 * From the entries of `where` and `mask` to the tables that they speak of. An entry for a partitioned
 * table or an inheritance parent also holds for what is below it, unless that has one of its own.
 * Pure.
 */

import type { Catalog, Table } from "../catalog/catalog.js";
import { PgCopyError } from "../errors.js";
import { nearest } from "../nearest-name.js";
import { displayName } from "../postgres/quote.js";
import { problemLines, type RowRule, type RuleProblem } from "./row-rules.js";

/** The entries that hold for one table with rows of its own. */
export interface TableRules {
  readonly table: Table;
  readonly where: RowRule | undefined;
  /** By the column's name. */
  readonly masks: ReadonlyMap<string, RowRule>;
}

export interface ResolvedRules {
  /** Each entry with the table that it names. */
  readonly entries: readonly { readonly rule: RowRule; readonly table: Table }[];
  /** By the table's OID. */
  readonly tables: ReadonlyMap<number, TableRules>;
}

/**
 * Finds the tables and columns that the entries name.
 *
 * @throws PgCopyError `usage`, with all that is wrong.
 */
export function resolveRules(rules: readonly RowRule[], catalog: Catalog): ResolvedRules {
  const byName = new Map(catalog.tables.map((table) => [keyOf(table.schema, table.name), table]));
  const problems: RuleProblem[] = [];
  const entries = rules.flatMap((rule) => {
    const table = byName.get(keyOf(rule.schema, rule.table));
    const wrong = table === undefined ? [noTable(rule, catalog)] : problemsOf(rule, table);
    problems.push(...wrong.map((one) => ({ kind: rule.kind, given: rule.given, ...one })));
    return table === undefined || wrong.length > 0 ? [] : [{ rule, table }];
  });
  problems.push(...repeated(entries));
  refuseProblems(problems);
  return { entries, tables: rulesByTable(entries, catalog) };
}

/** @throws PgCopyError `usage`, if there are any. */
export function refuseProblems(problems: readonly RuleProblem[], advice?: string): void {
  if (problems.length === 0) return;
  const kinds = [...new Set(problems.map(({ kind }) => kind))].join(" and ");
  const many = problems.length === 1 ? "an entry" : `${problems.length} entries`;
  throw new PgCopyError(`${many} of ${kinds} can't be used`, {
    code: "usage",
    items: problems.flatMap(problemLines),
    advice: advice === undefined ? "nothing was changed" : `nothing was changed; ${advice}`,
  });
}

type Wrong = Omit<RuleProblem, "kind" | "given">;

function noTable({ schema, table }: RowRule, { tables }: Catalog): Wrong {
  const written = displayName(schema, table);
  const names = tables.map((one) => displayName(one.schema, one.name));
  const near = nearest(written, names);
  const hint = near === undefined ? "views have no rows of their own" : `did you mean ${near}?`;
  return { words: `there is no table ${written} (${hint})` };
}

function problemsOf(rule: RowRule, table: Table): Wrong[] {
  if (table.kind === "foreign") return [{ words: "a foreign table's rows are not copied" }];
  if (table.kind === "materialized_view")
    return [
      { words: "a materialized view is refreshed on the target, from the rows copied there" },
    ];
  const { text, columns } = rule.expression;
  const unknown = [...columns].flatMap(([name, at]): Wrong[] => {
    if (table.columns.some((column) => column.name === name)) return [];
    return [{ words: noColumn(name, table), text, at }];
  });
  return [...maskedColumnProblem(rule, table), ...unknown];
}

function maskedColumnProblem({ column: name }: RowRule, table: Table): Wrong[] {
  if (name === undefined) return [];
  const column = table.columns.find((one) => one.name === name);
  if (column === undefined) return [{ words: noColumn(name, table) }];
  if (!column.generated) return [];
  return [{ words: "a generated column is computed by the target: mask what it is computed from" }];
}

function noColumn(name: string, table: Table): string {
  const near = nearest(
    name,
    table.columns.map((column) => column.name),
  );
  const hint = near === undefined ? "" : ` (did you mean ${displayName(near)}?)`;
  return `${displayName(table.schema, table.name)} has no column ${displayName(name)}${hint}`;
}

/** The same table or column twice, written in two ways. */
function repeated(entries: ResolvedRules["entries"]): RuleProblem[] {
  const seen = new Set<string>();
  return entries.flatMap(({ rule: { kind, given, column }, table }) => {
    const key = JSON.stringify([kind, table.oid, column]);
    if (!seen.has(key)) {
      seen.add(key);
      return [];
    }
    return [{ kind, given, words: "is given twice: write one expression" }];
  });
}

function rulesByTable(
  entries: ResolvedRules["entries"],
  catalog: Catalog,
): Map<number, TableRules> {
  const wheres = new Map<number, RowRule>();
  const masks = new Map<number, Map<string, RowRule>>();
  for (const { rule, table } of entries) {
    if (rule.column === undefined) wheres.set(table.oid, rule);
    else masks.set(table.oid, (masks.get(table.oid) ?? new Map()).set(rule.column, rule));
  }
  const lines = ancestry(catalog);
  return new Map(
    catalog.tables.flatMap((table): [number, TableRules][] => {
      if (table.kind !== "table" || entries.length === 0) return [];
      const line = lines(table);
      const where = line.map((oid) => wheres.get(oid)).find((rule) => rule !== undefined);
      // From the farthest to the nearest, so that the nearest wins.
      const own = new Map(line.toReversed().flatMap((oid) => [...(masks.get(oid) ?? [])]));
      const all = new Map([...own].filter(([name]) => canBeMasked(table, name)));
      return where === undefined && all.size === 0
        ? []
        : [[table.oid, { table, where, masks: all }]];
    }),
  );
}

function canBeMasked(table: Table, name: string): boolean {
  return table.columns.some((column) => column.name === name && !column.generated);
}

/** A table and what it descends from, the nearest first; of several parents the first one's line first. */
function ancestry({ tables }: Catalog): (table: Table) => number[] {
  const byOid = new Map(tables.map((table) => [table.oid, table]));
  return (table) => {
    const line = [table.oid];
    for (const oid of line) {
      const above = byOid.get(oid)?.parents ?? [];
      line.push(...above.filter((parent) => !line.includes(parent)));
    }
    return line;
  };
}

function keyOf(schema: string, name: string): string {
  return JSON.stringify([schema, name]);
}
