/**
 * Who needs whom among the source's objects, and what goes if something goes. The edges are the
 * server's own (pg_depend), so what DROP … CASCADE would drop on the source is what can't be created
 * on the target.
 */

import type { Catalog } from "../catalog/catalog.js";
import {
  classOf,
  type DependencyEdge,
  type ObjectKey,
  objectKey,
  type SourceObjects,
} from "../catalog/read-source-objects.js";
import { PG_CLASS } from "./system-catalogs.js";

/** An object, and the one on whose account it is in a set; undefined if it is there by itself. */
export type Causes = Map<ObjectKey, ObjectKey | undefined>;

/** With these an object is a part of the other: of an index, its table; of a rule, its view. */
const PART_OF = new Set(["a", "i", "P", "S", "e"]);

export class DependencyGraph {
  readonly #edges: readonly DependencyEdge[];
  /** Edges by the object that needs, and by the one that is needed. */
  readonly #needs: EdgesByNode;
  readonly #dependents: EdgesByNode;
  readonly #tables: ReadonlySet<ObjectKey>;
  readonly #sequences: ReadonlySet<ObjectKey>;

  constructor(
    { edges }: Pick<SourceObjects, "edges">,
    catalog: Pick<Catalog, "tables" | "sequences">,
  ) {
    this.#tables = new Set(catalog.tables.map(({ oid }) => objectKey(PG_CLASS, oid)));
    this.#sequences = new Set(catalog.sequences.map(({ oid }) => objectKey(PG_CLASS, oid)));
    this.#edges = edges;
    this.#needs = new EdgesByNode(edges.map(({ object }) => object));
    this.#dependents = new EdgesByNode(edges.map(({ on }) => on));
  }

  /** What an object needs. */
  needs(object: ObjectKey): readonly DependencyEdge[] {
    return this.#needs.of(object, this.#edges);
  }

  /** What needs an object. */
  dependents(object: ObjectKey): readonly DependencyEdge[] {
    return this.#dependents.of(object, this.#edges);
  }

  /** From a partition or an inheriting table to its parent. */
  isInheritance({ object, on }: DependencyEdge): boolean {
    return this.#tables.has(object) && this.#tables.has(on);
  }

  /** From a sequence to the table that owns it: it goes with the table, but could be made without it. */
  isOwnership({ object, on, type }: DependencyEdge): boolean {
    return type === "a" && this.#sequences.has(object) && classOf(on) === PG_CLASS;
  }

  /**
   * Whether the edge makes its object a part of the other, with no life of its own. A table is never
   * one, although before PostgreSQL 15 a generated column depends `a` on the functions that it calls.
   */
  isPart(edge: DependencyEdge): boolean {
    return PART_OF.has(edge.type) && !this.#tables.has(edge.object);
  }

  /**
   * All that can't be without the given objects, with these. Whatever needs one goes; and where one
   * is an inner part of another (a view's rule, a generated column's expression), the other goes.
   *
   * @param stays objects that go with none of them.
   */
  leftOutWith(start: Iterable<ObjectKey>, stays: ReadonlySet<ObjectKey> = new Set()): Causes {
    const out: Causes = new Map();
    const pending: ObjectKey[] = [];
    const leaveOut = (object: ObjectKey, cause?: ObjectKey): void => {
      if (out.has(object)) return;
      out.set(object, cause);
      pending.push(object);
    };
    for (const object of start) leaveOut(object);
    // Grows while it is walked through: nearest first, so that each gets its nearest cause.
    for (const next of pending) {
      for (const edge of this.dependents(next)) {
        if (this.isOwnership(edge) && stays.has(edge.object)) continue;
        leaveOut(edge.object, next);
      }
      for (const edge of this.needs(next)) {
        if (edge.type === "i" || edge.type === "e") leaveOut(edge.on, next);
      }
    }
    return out;
  }
}

const NONE: readonly DependencyEdge[] = [];

/**
 * Positions of edges, grouped by one of their ends: three arrays in place of a list for each of some
 * 100,000 objects, which take ten times as long to make.
 */
class EdgesByNode {
  readonly #nodes = new Map<ObjectKey, number>();
  /** Where the group of a node begins in `#positions`. */
  readonly #starts: Int32Array;
  readonly #positions: Int32Array;

  constructor(ends: readonly ObjectKey[]) {
    const nodeOf = new Int32Array(ends.length);
    for (const [i, end] of ends.entries()) {
      let node = this.#nodes.get(end);
      if (node === undefined) {
        node = this.#nodes.size;
        this.#nodes.set(end, node);
      }
      nodeOf[i] = node;
    }
    const starts = new Int32Array(this.#nodes.size + 1);
    for (const node of nodeOf) starts[node + 1] = (starts[node + 1] ?? 0) + 1;
    for (let node = 0; node < this.#nodes.size; node++)
      starts[node + 1] = (starts[node + 1] ?? 0) + (starts[node] ?? 0);
    this.#starts = starts;
    this.#positions = new Int32Array(ends.length);
    const next = starts.slice();
    for (const [i, node] of nodeOf.entries()) {
      const at = next[node] ?? 0;
      this.#positions[at] = i;
      next[node] = at + 1;
    }
  }

  of(object: ObjectKey, edges: readonly DependencyEdge[]): readonly DependencyEdge[] {
    const node = this.#nodes.get(object);
    if (node === undefined) return NONE;
    const group: DependencyEdge[] = [];
    const end = this.#starts[node + 1] ?? 0;
    for (let at = this.#starts[node] ?? 0; at < end; at++)
      group.push(edges[this.#positions[at] ?? 0] as DependencyEdge);
    return group;
  }
}
