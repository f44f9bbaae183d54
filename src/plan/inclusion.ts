/**
 * What remains where only some objects are wanted: these, what they need, and what belongs to them.
 *
 * A table is wanted with all that it can't be without: its schema, the types of its columns, its
 * parents. What belongs to it (an index, a default, a policy, a foreign key), and what else is in an
 * included schema (a view, a function), is wanted only as long as it needs no other table: it brings a
 * function or a type along, but never a table that nobody asked for.
 */

import type { Catalog } from "../catalog/catalog.js";
import {
  classOf,
  type ObjectKey,
  objectKey,
  oidOf,
  type SourceObjects,
} from "../catalog/read-source-objects.js";
import type { Causes, DependencyGraph } from "./dependency-graph.js";
import { pushTo } from "./schema-facts.js";
import {
  PG_ATTRDEF,
  PG_CAST,
  PG_CLASS,
  PG_DEFAULT_ACL,
  PG_NAMESPACE,
  PG_PUBLICATION_NAMESPACE,
  PG_PUBLICATION_REL,
  PG_REWRITE,
  PG_TRANSFORM,
  PG_TYPE,
} from "./system-catalogs.js";

export interface Wanted {
  /** Tables, views and sequences that were named. */
  readonly tables: ReadonlySet<number>;
  readonly schemas: ReadonlySet<number>;
}

export interface Inclusion {
  /** All that remains, each with what it came along with; undefined for what was asked for. */
  readonly kept: Causes;
  /** All that can't be without what does not remain. */
  readonly leftOut: Causes;
}

/** @param excluded what is left out in any case, with all that needs it. */
export function include(
  wanted: Wanted,
  graph: DependencyGraph,
  sources: { readonly objects: SourceObjects; readonly catalog: Pick<Catalog, "tables"> },
  excluded: Causes,
): Inclusion {
  return new Including(wanted, graph, sources, excluded).result();
}

class Including {
  readonly #wanted: Wanted;
  readonly #graph: DependencyGraph;
  readonly #objects: SourceObjects;
  readonly #tables: Catalog["tables"];
  readonly #excluded: Causes;
  readonly #partitions = new Map<number, number[]>();

  constructor(
    wanted: Wanted,
    graph: DependencyGraph,
    {
      objects,
      catalog,
    }: { readonly objects: SourceObjects; readonly catalog: Pick<Catalog, "tables"> },
    excluded: Causes,
  ) {
    this.#wanted = wanted;
    this.#graph = graph;
    this.#objects = objects;
    this.#tables = catalog.tables;
    this.#excluded = excluded;
    for (const table of catalog.tables) {
      if (table.partitionOf !== undefined) pushTo(this.#partitions, table.partitionOf, table.oid);
    }
  }

  result(): Inclusion {
    const required = this.#required();
    const inSchemas = this.#membersOfSchemas();
    const relations = [...this.#tables, ...this.#objects.views].map(({ oid }) =>
      objectKey(PG_CLASS, oid),
    );
    const others = relations.filter((key) => !required.has(key) && !inSchemas.has(key));
    const named = new Set([...this.#wanted.tables].map((oid) => objectKey(PG_CLASS, oid)));
    const leftOut = this.#graph.leftOutWith([...this.#excluded.keys(), ...others], named);
    // What was asked to be left out says why better than a table that is out because of it.
    for (const [key, cause] of this.#excluded) leftOut.set(key, cause);
    return { kept: this.#kept(required, inSchemas, leftOut), leftOut };
  }

  /** The tables that are wanted, and all without which they can't be. */
  #required(): Causes {
    const required: Causes = new Map();
    const pending: { readonly key: ObjectKey; readonly whole: boolean }[] = [];
    const require = (key: ObjectKey, cause: ObjectKey | undefined, whole: boolean): void => {
      if (this.#excluded.has(key)) return;
      if (!required.has(key)) required.set(key, cause);
      else if (!whole) return;
      pending.push({ key, whole });
    };
    const done = new Map<ObjectKey, boolean>();
    for (const key of this.#seeds()) require(key, undefined, true);
    // Both lists grow while they are walked through.
    for (const { key, whole } of pending) {
      if (done.get(key) === true || (done.has(key) && !whole)) continue;
      done.set(key, whole);
      if (whole) {
        // A partitioned table has its rows in its partitions.
        for (const partition of this.#partitions.get(oidOf(key)) ?? [])
          if (classOf(key) === PG_CLASS)
            require(objectKey(PG_CLASS, partition), required.get(key), true);
      }
      for (const edge of this.#graph.needs(key)) {
        if (this.#graph.isOwnership(edge)) continue;
        // To be attached, a partition needs its parent, but not the parent's other partitions; nor
        // does a table's row type need the table's rows.
        const rows = !this.#graph.isInheritance(edge) && classOf(key) !== PG_TYPE;
        require(edge.on, key, whole && rows);
      }
      for (const edge of this.#graph.dependents(key)) {
        if (edge.type === "i" && isInnerPart(edge.object)) require(edge.object, key, whole);
      }
    }
    return required;
  }

  #seeds(): ObjectKey[] {
    const inSchemas = this.#membersOfSchemas();
    const tables = this.#tables
      .filter((table) => table.kind !== "materialized_view")
      .map(({ oid }) => objectKey(PG_CLASS, oid))
      .filter((key) => inSchemas.has(key));
    const schemas = [...this.#wanted.schemas].map((oid) => objectKey(PG_NAMESPACE, oid));
    const named = [...this.#wanted.tables].map((oid) => objectKey(PG_CLASS, oid));
    return [...schemas, ...tables, ...named];
  }

  #membersOfSchemas(): Set<ObjectKey> {
    const members = new Set<ObjectKey>();
    for (const oid of this.#wanted.schemas) {
      for (const { object } of this.#graph.dependents(objectKey(PG_NAMESPACE, oid)))
        if (classOf(object) !== PG_PUBLICATION_NAMESPACE) members.add(object);
    }
    return members;
  }

  /** What is required, what else is wanted of the schemas, what belongs to it, and what that needs. */
  #kept(required: Causes, inSchemas: ReadonlySet<ObjectKey>, leftOut: Causes): Causes {
    const kept: Causes = new Map(required);
    const pending = [...required.keys()];
    const keep = (key: ObjectKey, cause: ObjectKey | undefined): void => {
      if (kept.has(key) || leftOut.has(key)) return;
      kept.set(key, cause);
      pending.push(key);
    };
    for (const key of inSchemas) {
      if (kept.has(key) && !leftOut.has(key)) kept.set(key, undefined);
      keep(key, undefined);
    }
    const keepAround = (key: ObjectKey): void => {
      for (const edge of this.#graph.needs(key))
        if (!this.#graph.isOwnership(edge)) keep(edge.on, key);
      for (const edge of this.#graph.dependents(key))
        if (this.#graph.isPart(edge) && this.#belongs(edge.object, key)) keep(edge.object, key);
    };
    for (const key of pending) keepAround(key);
    const before = pending.length;
    for (const cast of this.#casts(kept, inSchemas)) keep(cast, undefined);
    for (let i = before; i < pending.length; i++) keepAround(pending[i] as ObjectKey);
    return kept;
  }

  /** A table's place in a publication is the publication's; privileges by default are the schema's. */
  #belongs(part: ObjectKey, to: ObjectKey): boolean {
    const classOid = classOf(part);
    if (classOid === PG_PUBLICATION_REL || classOid === PG_PUBLICATION_NAMESPACE) return false;
    if (classOid === PG_DEFAULT_ACL) return this.#wanted.schemas.has(oidOf(to));
    return true;
  }

  /** A cast has no schema. It is wanted where its function is there anyway, and with an included type. */
  #casts(kept: Causes, inSchemas: ReadonlySet<ObjectKey>): ObjectKey[] {
    const casts = new Set<ObjectKey>();
    for (const key of kept.keys()) {
      for (const { object } of this.#graph.dependents(key))
        if (classOf(object) === PG_CAST || classOf(object) === PG_TRANSFORM) casts.add(object);
    }
    return [...casts].filter((cast) => {
      const needs = this.#graph.needs(cast).map(({ on }) => on);
      return (
        needs.every((key) => kept.has(key)) ||
        needs.some((key) => classOf(key) === PG_TYPE && inSchemas.has(key))
      );
    });
  }
}

/** What an object can't be without although it depends on the object: a view's rule, a table's row type. */
function isInnerPart(key: ObjectKey): boolean {
  return innerParts.has(classOf(key));
}

/** pg_class: the sequence of an identity column. pg_attrdef: what a generated column computes. */
const innerParts = new Set([PG_CLASS, PG_TYPE, PG_ATTRDEF, PG_REWRITE]);
