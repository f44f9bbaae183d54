/**
 * What a post-data entry waits for, and which tables its statements lock. pg_dump's plain format
 * lists few dependencies, so they come from the statements' parse trees (the relations that they
 * name) and from the catalog (which index a foreign key relies on, which tables are below which).
 */

import { isOpaque, usesColumnsOnly } from "./entry-kinds.js";
import { nameKey, pushTo, type SchemaFacts } from "./schema-facts.js";
import { type CloneTask, PG_CONSTRAINT, PRE_DATA } from "./task.js";
import type { RelationName, TocEntry } from "./toc.js";

/** Asked entry by entry in pg_dump's order, and told which tasks each has become. */
export class Dependencies {
  readonly #facts: SchemaFacts;
  /** By table: the tasks after which its rows are all there. */
  readonly #filledBy: ReadonlyMap<number, readonly string[]>;
  readonly #copyIds: readonly string[];
  /** By dump id. */
  readonly #done = new Map<number, readonly string[]>();
  readonly #touched = new Map<number, ReadonlySet<number>>();
  /** By name: the tasks after which an index can be referred to. */
  readonly #indexDone = new Map<string, string[]>();
  /** By name: the partitioned index that an index is part of. */
  readonly #indexParent = new Map<string, string>();
  readonly #triggersOn = new Map<number, string[]>();
  readonly #tasksOn = new Map<number, string[]>();
  /** Materialized views that pg_dump put after the data, and the tasks that create or read them. */
  readonly #createdLate = new Map<number, string[]>();
  /** Ids of the tasks that create views and functions. */
  readonly opaque = new Set<string>();
  #lastOpaque: readonly string[] = [];
  #lastPublication: readonly string[] = [];

  constructor(
    facts: SchemaFacts,
    entries: readonly TocEntry[],
    filledBy: ReadonlyMap<number, readonly string[]>,
    copyIds: readonly string[],
  ) {
    this.#facts = facts;
    this.#filledBy = filledBy;
    this.#copyIds = copyIds;
    for (const statement of entries.flatMap((entry) => entry.statements)) {
      const [parent, child] = statement.relations;
      if (statement.kind !== "index_attach" || parent === undefined || child === undefined)
        continue;
      this.#indexParent.set(nameKey(child), nameKey(parent));
    }
  }

  /** The tables that the statements lock: those that they name, and what their effect recurses to. */
  touchedBy(entry: TocEntry): ReadonlySet<number> {
    const touched = new Set<number>();
    for (const statement of entry.statements) {
      const only = statement.index?.only === true || statement.constraint?.only === true;
      for (const relation of statement.relations) {
        const table = this.#facts.tableOf(relation);
        if (table === undefined) continue;
        touched.add(table.oid);
        // A check constraint recurses to inheritance children too; all else only to partitions.
        if (only || (table.kind !== "partitioned" && statement.kind !== "other_constraint"))
          continue;
        for (const oid of this.#facts.descendantsOf(table.oid)) touched.add(oid);
      }
    }
    // A comment names a constraint's table, but not an index's: what it depends on knows it.
    for (const id of entry.dependencies) {
      for (const oid of this.#touched.get(id) ?? []) touched.add(oid);
    }
    this.#touched.set(entry.dumpId, touched);
    return touched;
  }

  /** Ids of the tasks that must be done before the entry's own. */
  neededBy(entry: TocEntry, touched: ReadonlySet<number>): string[] {
    const needs = new Set<string>([PRE_DATA]);
    const add = (ids: Iterable<string> | undefined) => {
      for (const id of ids ?? []) needs.add(id);
    };
    if (this.#mayUseAnything(entry)) add(this.#lastOpaque);
    for (const id of entry.dependencies) add(this.#done.get(id));
    for (const oid of touched) {
      add(this.#createdLate.get(oid));
      // A view's definition needs no rows: least of all those of the materialized view that it defines.
      add(isOpaque(entry) ? this.#tasksOn.get(oid) : this.#filledBy.get(oid));
    }
    const referenced = this.#facts.indexReferencedBy(entry);
    if (entry.classOid === PG_CONSTRAINT && referenced !== undefined) {
      add(this.#indexDone.get(nameKey(referenced)));
    }
    for (const statement of entry.statements) {
      switch (statement.kind) {
        case "index_attach":
          for (const index of statement.relations) add(this.#indexDone.get(nameKey(index)));
          break;
        case "publication":
          add(this.#lastPublication);
          break;
        case "trigger":
          // A partition's own entry only switches the trigger that its parent's entry made.
          for (const oid of touched) add(this.#triggersOn.get(oid));
          break;
        case "other_constraint":
          // A domain's constraint names no table, and must not reject rows that the source has.
          if (touched.size === 0) add(this.#copyIds);
          break;
      }
    }
    return [...needs];
  }

  /** The entry has become these tasks; what depends on it waits for them. */
  note(entry: TocEntry, touched: ReadonlySet<number>, done: readonly string[]): void {
    this.#done.set(entry.dumpId, done);
    for (const oid of touched) pushTo(this.#tasksOn, oid, ...done);
    const index = this.#facts.indexOf(entry);
    if (index !== undefined) pushTo(this.#indexDone, nameKey(index), ...done);
    for (const statement of entry.statements) {
      if (statement.kind === "index_attach") this.#noteAttached(statement.relations, done);
      if (statement.kind === "publication") this.#lastPublication = done;
      if (statement.kind === "trigger") {
        for (const oid of touched) pushTo(this.#triggersOn, oid, ...done);
      }
    }
    if (!isOpaque(entry)) return;
    this.#lastOpaque = done;
    for (const id of done) this.opaque.add(id);
    for (const oid of touched) {
      if (this.#facts.tables.get(oid)?.kind !== "materialized_view") continue;
      pushTo(this.#createdLate, oid, ...done);
    }
  }

  /** A foreign key needs the whole partitioned index, so attaching a part is part of making it. */
  #noteAttached([parent]: readonly RelationName[], done: readonly string[]): void {
    let name = parent === undefined ? undefined : nameKey(parent);
    while (name !== undefined) {
      pushTo(this.#indexDone, name, ...done);
      name = this.#indexParent.get(name);
    }
  }

  /** Whether a function or view could be in it that the parse tree's relations don't tell. */
  #mayUseAnything(entry: TocEntry): boolean {
    return entry.statements.some(({ kind }) =>
      kind === "index"
        ? this.#facts.indexes.get(entry.oid)?.plainColumns !== true
        : !usesColumnsOnly.has(kind),
    );
  }
}

/** The tasks that need any of `ids`, directly or through others; with `ids` themselves. */
export function withDependants(ids: Iterable<string>, tasks: readonly CloneTask[]): Set<string> {
  const late = new Set(ids);
  for (let grew = true; grew; ) {
    const before = late.size;
    for (const task of tasks) if (task.needs.some((need) => late.has(need))) late.add(task.id);
    grew = late.size > before;
  }
  return late;
}
