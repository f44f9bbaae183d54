/**
 * The rows beyond a table's WHERE that copied rows of other tables refer to, and those that these
 * refer to in turn. They are found on the source by queries: nothing can be written there, and the
 * keys may be many.
 *
 * A table's extra rows become one common table expression, of ctids, which stay what they are
 * within a snapshot. It reads the rows of the referring tables, extra ones of these among them, whose
 * expressions come before it. Tables that refer to each other in a circle, or to themselves, share a
 * recursive one, which goes on from extra rows only: the rows of a WHERE have been looked at.
 */

import type { Table } from "../catalog/catalog.js";
import type { ForeignKey } from "../catalog/read-foreign-keys.js";
import { quoteName } from "../postgres/quote.js";
import { components } from "./components.js";
import { keyNames, leavesByTable, matches, ownCondition, type RowSets } from "./row-sets.js";
import { selectRows } from "./table-rows.js";

export interface ReferredRowsQueries {
  /** The query of the ctids of a table's extra rows; undefined for a table that can have none. */
  ids(oid: number): string | undefined;
  /** The `with …` that the queries of these tables need; empty if they need none. */
  with(oids: readonly number[]): string;
  /** The tables that these queries read. */
  reads(oids: readonly number[]): ReadonlySet<number>;
}

/** A foreign key to tables with a WHERE. */
interface Edge {
  readonly key: ForeignKey;
  readonly referencing: readonly Table[];
  /** Only those with a WHERE: of the others every row is copied anyway. */
  readonly referenced: readonly Table[];
}

/** A common table expression. */
interface Expression {
  readonly sql: string;
  readonly recursive: boolean;
  /** Numbers of the expressions that it names. */
  readonly needs: readonly number[];
  /** OIDs of the tables that it reads. */
  readonly reads: readonly number[];
}

/** Makes the queries; with no keys, none. */
export function queriesOfReferredRows(
  keys: readonly ForeignKey[],
  sets: RowSets,
): ReferredRowsQueries {
  const edges = edgesOf(keys, sets);
  const into = new Map<number, Edge[]>();
  for (const edge of edges)
    for (const { oid } of edge.referenced) into.set(oid, [...(into.get(oid) ?? []), edge]);
  const next = (oid: number) =>
    (into.get(oid) ?? []).flatMap(({ referencing }) =>
      referencing.map((table) => table.oid).filter((other) => into.has(other)),
    );
  const builder = new Builder(sets, into);
  for (const component of components([...into.keys()], next)) {
    const circle =
      component.length > 1 || next(component[0] as number).includes(component[0] as number);
    if (circle) builder.addCircle(component);
    else builder.addTable(component[0] as number);
  }
  return builder;
}

function edgesOf(keys: readonly ForeignKey[], sets: RowSets): Edge[] {
  const { tables, tableRows, withoutRows } = sets;
  const leaves = leavesByTable(tables);
  const copied = ({ oid }: Table) => !withoutRows.has(oid);
  return keys
    .map((key) => ({
      key,
      referencing: leaves(key.tableOid).filter(copied),
      referenced: leaves(key.referencedTableOid).filter(
        (table) => copied(table) && tableRows.get(table.oid)?.where !== undefined,
      ),
    }))
    .filter(({ referencing, referenced }) => referencing.length > 0 && referenced.length > 0);
}

class Builder implements ReferredRowsQueries {
  readonly #sets: RowSets;
  /** The edges that lead to a table. */
  readonly #into: ReadonlyMap<number, readonly Edge[]>;
  /** In the order in which they can be written. */
  readonly #expressions: Expression[] = [];
  /** By table: the number of its expression, and the query of its rows in it. */
  readonly #made = new Map<number, { readonly expression: number; readonly ids: string }>();
  /** Of a key to several tables, partitions as a rule: the expression of the rows that refer to them. */
  readonly #shared = new Map<Edge, number>();

  constructor(sets: RowSets, into: ReadonlyMap<number, readonly Edge[]>) {
    this.#sets = sets;
    this.#into = into;
  }

  addTable(oid: number): void {
    const edges = this.#into.get(oid) ?? [];
    const sources = edges.map((edge) => this.#sourceOf(edge));
    const queries = edges.map((edge, i) => {
      const table = edge.referenced.find((one) => one.oid === oid) as Table;
      return `select p.id from (${this.#candidates(edge, table, "ctid")}) as p (id, ${keyNames(edge.key)})
 where exists (${referring(edge, sources[i]?.rows ?? "")})`;
    });
    const name = this.#nextName();
    const expression = this.#add({
      sql: `${name} (id) as materialized (${queries.join("\nunion ")})`,
      recursive: false,
      needs: sources.flatMap(({ needs }) => needs),
      reads: [oid, ...edges.flatMap(({ referencing }) => referencing.map((table) => table.oid))],
    });
    this.#made.set(oid, { expression, ids: `select id from ${name}` });
  }

  /** Ids are text: a tid can be hashed, which UNION needs here, only from PostgreSQL 14 on. */
  addCircle(oids: readonly number[]): void {
    const edges = [...new Set(oids.flatMap((oid) => this.#into.get(oid) ?? []))];
    const name = this.#nextName();
    const needs = edges.flatMap((edge) => this.#needsOf(edge));
    const inside = (table: Table) => oids.includes(table.oid);
    const seeds = edges.map(
      (
        edge,
      ) => `select p.rel, p.id from (${this.#numbered(edge, oids)}) as p (rel, id, ${keyNames(edge.key)})
 where exists (${referring(edge, this.#referencingRows(edge))})`,
    );
    const steps = edges.flatMap((edge) => {
      const from = edge.referencing.filter(inside).map((table) => {
        const reached = `r.rel = ${oids.indexOf(table.oid)} and ctid = r.id::pg_catalog.tid`;
        return selectRows(table, referencingColumns(edge.key), [reached]);
      });
      if (from.length === 0) return [];
      const names = keyNames(edge.key);
      return [
        `select p.rel, p.id from (${from.join(" union all ")}) as c (${names}), (${this.#numbered(edge, oids)}) as p (rel, id, ${names})
 where ${matches(edge.key).join(" and ")}`,
      ];
    });
    const sql = `${name} (rel, id) as (
 select s.rel, s.id from (${seeds.join("\nunion all ")}) as s
 union
 select n.rel, n.id from ${name} as r cross join lateral (${steps.join("\nunion all ")}) as n)`;
    const referencing = edges.flatMap((edge) => edge.referencing.map((table) => table.oid));
    const expression = this.#add({ sql, recursive: true, needs, reads: [...oids, ...referencing] });
    for (const [rel, oid] of oids.entries()) {
      const ids = `select id::pg_catalog.tid from ${name} where rel = ${rel}`;
      this.#made.set(oid, { expression, ids });
    }
  }

  ids(oid: number): string | undefined {
    return this.#made.get(oid)?.ids;
  }

  with(oids: readonly number[]): string {
    const needed = this.#needed(oids);
    if (needed.length === 0) return "";
    const recursive = needed.some((one) => one.recursive) ? "recursive " : "";
    return `with ${recursive}${needed.map(({ sql }) => sql).join(",\n")}\n`;
  }

  reads(oids: readonly number[]): ReadonlySet<number> {
    return new Set([...oids, ...this.#needed(oids).flatMap((expression) => expression.reads)]);
  }

  /** The expressions of these tables, and what those rely on, in their order. */
  #needed(oids: readonly number[]): Expression[] {
    const numbers = new Set<number>();
    const visit = (number: number | undefined): void => {
      if (number === undefined || numbers.has(number)) return;
      numbers.add(number);
      for (const need of this.#expressions[number]?.needs ?? []) visit(need);
    };
    for (const oid of oids) visit(this.#made.get(oid)?.expression);
    return this.#expressions.filter((_, i) => numbers.has(i));
  }

  /** Rows that the WHERE leaves behind, with the columns that the key refers to. */
  #candidates(edge: Edge, table: Table, ...ids: readonly string[]): string {
    const columns = edge.key.columns.map(({ referenced }) => quoteName(referenced));
    const own = ownCondition(this.#sets.tableRows.get(table.oid));
    return selectRows(table, [...ids, ...columns], [`${own} is not true`]);
  }

  /** The same of all tables of a circle, each with its number. */
  #numbered(edge: Edge, oids: readonly number[]): string {
    return edge.referenced
      .filter(({ oid }) => oids.includes(oid))
      .map((table) =>
        this.#candidates(edge, table, String(oids.indexOf(table.oid)), "ctid::pg_catalog.text"),
      )
      .join(" union all ");
  }

  /** The rows that refer by a key, read once however many tables the key refers to. */
  #sourceOf(edge: Edge): { rows: string; needs: readonly number[] } {
    const rows = this.#referencingRows(edge);
    const needs = this.#needsOf(edge);
    if (edge.referenced.length === 1) return { rows, needs };
    const names = keyNames(edge.key);
    const known = this.#shared.get(edge);
    const number =
      known ??
      this.#add({
        sql: `${this.#nextName()} (${names}) as materialized (${rows})`,
        recursive: false,
        needs,
        reads: edge.referencing.map(({ oid }) => oid),
      });
    this.#shared.set(edge, number);
    return { rows: `select ${names} from ${nameOf(number)}`, needs: [number] };
  }

  #needsOf({ referencing }: Edge): number[] {
    return referencing.flatMap(({ oid }) => this.#made.get(oid)?.expression ?? []);
  }

  #nextName(): string {
    return nameOf(this.#expressions.length);
  }

  #add(expression: Expression): number {
    this.#expressions.push(expression);
    return this.#expressions.length - 1;
  }

  /** Rows that are copied for certain: all, those of the WHERE, and the extra ones that are known by now. */
  #referencingRows({ key, referencing }: Edge): string {
    const columns = referencingColumns(key);
    const queries = referencing.flatMap((table) => {
      const own = selectRows(table, columns, [ownCondition(this.#sets.tableRows.get(table.oid))]);
      const ids = this.ids(table.oid);
      return ids === undefined ? [own] : [own, selectRows(table, columns, [`ctid in (${ids})`])];
    });
    return queries.join(" union all ");
  }
}

function nameOf(expression: number): string {
  return `referred_${expression + 1}`;
}

function referring({ key }: Edge, rows: string): string {
  return `select from (${rows}) as c (${keyNames(key)}) where ${matches(key).join(" and ")}`;
}

function referencingColumns(key: ForeignKey): string[] {
  return key.columns.map(({ referencing }) => quoteName(referencing));
}
