/** Look-ups over the catalog, for planning: by OID, by name, up and down the tree of tables. */

import type { Catalog, Constraint, Index, Table } from "../catalog/catalog.js";
import { quoteQualified } from "../postgres/quote.js";
import { PG_CLASS } from "./task.js";
import type { RelationName, TocEntry } from "./toc.js";

export class SchemaFacts {
  /** The tables that are in the dump, by OID. */
  readonly tables: ReadonlyMap<number, Table>;
  readonly indexes: ReadonlyMap<number, Index>;
  readonly constraints: ReadonlyMap<number, Constraint>;
  readonly #children = new Map<number, number[]>();
  readonly #indexOfConstraint = new Map<number, Index>();
  readonly #tableOidByName = new Map<string, number>();

  constructor(catalog: Catalog, tables: readonly Table[]) {
    this.tables = new Map(tables.map((table) => [table.oid, table]));
    this.indexes = new Map(catalog.indexes.map((index) => [index.oid, index]));
    this.constraints = new Map(
      catalog.constraints.map((constraint) => [constraint.oid, constraint]),
    );
    for (const table of tables) {
      this.#tableOidByName.set(nameKey(table), table.oid);
      for (const parent of table.parents) pushTo(this.#children, parent, table.oid);
    }
    for (const index of catalog.indexes) {
      this.#tableOidByName.set(nameKey(index), index.tableOid);
      if (index.constraintOid !== undefined)
        this.#indexOfConstraint.set(index.constraintOid, index);
    }
  }

  /** The table of that name, or the table of the index of that name. */
  tableOf(relation: RelationName): Table | undefined {
    return this.tables.get(this.#tableOidByName.get(nameKey(relation)) ?? 0);
  }

  /** The partitions and children of a table, theirs too. */
  descendantsOf(oid: number): number[] {
    return (this.#children.get(oid) ?? []).flatMap((child) => [
      child,
      ...this.descendantsOf(child),
    ]);
  }

  /** The index that an entry builds, by itself or as a constraint's. */
  indexOf(entry: TocEntry): Index | undefined {
    return entry.classOid === PG_CLASS
      ? this.indexes.get(entry.oid)
      : this.#indexOfConstraint.get(entry.oid);
  }

  /** The unique index that a foreign key's entry relies on. */
  indexReferencedBy(entry: TocEntry): Index | undefined {
    return this.indexes.get(this.constraints.get(entry.oid)?.referencedIndexOid ?? 0);
  }
}

/** A relation's name as the key of a map. */
export function nameKey(relation: RelationName): string {
  return quoteQualified(relation.schema, relation.name);
}

/** Adds values to the list of a key, which need not be there yet. */
export function pushTo<K, V>(map: Map<K, V[]>, key: K, ...values: V[]): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, values);
  else list.push(...values);
}
