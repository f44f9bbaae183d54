/** Sources that no server was asked for: objects by name, and who needs whom, as pg_depend has it. */

import type { Catalog, Table } from "../../src/catalog/catalog.js";
import {
  type DependencyEdge,
  type NamedObject,
  type ObjectKey,
  objectKey,
  type SourceObjects,
} from "../../src/catalog/read-source-objects.js";
import { type Filters, resolveFilters } from "../../src/filters/filters.js";
import { type Selection, select } from "../../src/plan/selection.js";
import { inventCatalog, inventIndex, inventTable } from "./invented-catalog.js";

/** OIDs of system catalogs, by the word for their objects. */
const classes = {
  schema: 2615,
  relation: 1259,
  type: 1247,
  function: 1255,
  default: 2604,
  constraint: 2606,
  rule: 2618,
  policy: 3256,
  extension: 3079,
  publication: 6104,
  "publication table": 6106,
  cast: 2605,
} as const;

type Sort = keyof typeof classes;

export class InventedSource {
  readonly edges: DependencyEdge[] = [];
  readonly #names = new Map<ObjectKey, string>();
  readonly #keys = new Map<string, ObjectKey>();
  readonly #tables: Table[] = [];
  readonly #views: NamedObject[] = [];
  readonly #schemas: NamedObject[] = [];
  readonly #extensions: NamedObject[] = [];
  readonly #sequences: NamedObject[] = [];
  readonly #indexes: Catalog["indexes"][number][] = [];
  readonly #constraints: Catalog["constraints"][number][] = [];
  #oid = 20_000;

  /** Any object: `function app.f`. */
  object(sort: Sort, name: string, needs: readonly string[] = [], type = "n"): string {
    this.#oid++;
    const key = objectKey(classes[sort], this.#oid);
    const full = `${sort} ${name}`;
    this.#names.set(key, full);
    this.#keys.set(full, key);
    const schema = name.includes(".") ? `schema ${name.split(".")[0]}` : undefined;
    const hasSchema = sort === "relation" || sort === "type" || sort === "function";
    if (schema !== undefined && hasSchema) this.need(full, schema);
    for (const other of needs) this.need(full, other, type);
    if (sort === "schema") this.#schemas.push({ oid: this.#oid, schema: "", name });
    if (sort === "extension") this.#extensions.push({ oid: this.#oid, schema: "", name });
    return full;
  }

  need(object: string, on: string, type = "n"): void {
    this.edges.push({ object: this.key(object), on: this.key(on), type });
  }

  /** With its row type. */
  table(name: string, details: Partial<Table> = {}): string {
    const table = this.object("relation", name);
    const [schema = "", plain = ""] = name.split(".");
    const parent = this.#tables.find((one) => one.oid === details.partitionOf);
    this.#tables.push(inventTable({ ...details, oid: this.#oid, schema, name: plain }));
    for (const oid of details.parents ?? [])
      this.need(table, this.#nameOf(oid), parent === undefined ? "n" : "a");
    this.object("type", `${name}_row`, [], "i");
    this.edges.pop(); // a row type's schema is its table's
    this.need(`type ${name}_row`, table, "i");
    return table;
  }

  oid(name: string): number {
    return this.key(name) % 2 ** 32;
  }

  partition(name: string, of: string, details: Partial<Table> = {}): string {
    const oid = this.oid(of);
    return this.table(name, { ...details, parents: [oid], partitionOf: oid });
  }

  view(
    name: string,
    reads: readonly string[],
    kind: "view" | "materialized_view" = "view",
  ): string {
    const view = this.object("relation", name);
    const [schema = "", plain = ""] = name.split(".");
    const oid = this.#oid;
    if (kind === "view") this.#views.push({ oid, schema, name: plain });
    else this.#tables.push(inventTable({ oid, schema, name: plain, kind }));
    const rule = this.object("rule", name, [view], "i");
    for (const read of reads) this.need(rule, read);
    return view;
  }

  sequence(name: string, owner?: string): string {
    const sequence = this.object("relation", name);
    const [schema = "", plain = ""] = name.split(".");
    this.#sequences.push({ oid: this.#oid, schema, name: plain });
    if (owner !== undefined) this.need(sequence, owner, "a");
    return sequence;
  }

  index(name: string, on: string, parent?: string): string {
    const index = this.object("relation", name);
    this.edges.pop(); // an index needs its table, not its schema
    const [schema = "", plain = ""] = name.split(".");
    this.#indexes.push(
      inventIndex({ oid: this.#oid, schema, name: plain, tableOid: this.oid(on) }),
    );
    this.need(index, on, parent === undefined ? "a" : "S");
    if (parent !== undefined) this.need(index, parent, "P");
    return index;
  }

  foreignKey(name: string, from: string, to: string): string {
    const key = this.object("constraint", name, [from], "a");
    this.need(key, to);
    this.#constraints.push({
      oid: this.#oid,
      tableOid: this.oid(from),
      referencedTableOid: this.oid(to),
      referencedIndexOid: undefined,
    });
    return key;
  }

  get objects(): SourceObjects {
    return {
      edges: this.edges,
      schemas: this.#schemas,
      extensions: this.#extensions,
      views: this.#views,
      extensionTables: [],
      identitySequences: new Set(),
    };
  }

  get catalog(): Catalog {
    return inventCatalog({
      tables: this.#tables,
      indexes: this.#indexes,
      constraints: this.#constraints,
      sequences: this.#sequences.map((sequence) => ({ ...sequence, readable: true })),
    });
  }

  /** Names of all objects. */
  get all(): string[] {
    return [...this.#keys.keys()];
  }

  select(filters: Filters): SelectedSource {
    const resolved = resolveFilters(filters);
    if (resolved === undefined) throw new Error("no filters");
    return new SelectedSource(this, select(this.objects, this.catalog, resolved));
  }

  name(key: ObjectKey): string {
    return this.#names.get(key) ?? `unknown ${key}`;
  }

  key(name: string): ObjectKey {
    const key = this.#keys.get(name);
    if (key === undefined) throw new Error(`there is no ${name}`);
    return key;
  }

  #nameOf(oid: number): string {
    return this.name(objectKey(classes.relation, oid));
  }
}

/** A selection in names. */
export class SelectedSource {
  readonly selection: Selection;
  readonly #source: InventedSource;

  constructor(source: InventedSource, selection: Selection) {
    this.#source = source;
    this.selection = selection;
  }

  get remaining(): string[] {
    return this.#source.all.filter((name) => this.selection.remains(this.#source.key(name))).sort();
  }

  get gone(): string[] {
    const remaining = new Set(this.remaining);
    return this.#source.all.filter((name) => !remaining.has(name)).sort();
  }

  /** `view ← table`: left out, too, because of it. */
  get leftOutToo(): string[] {
    return this.selection.leftOutToo.map(
      ({ object, because }) => `${this.#source.name(object)} ← ${this.#source.name(because)}`,
    );
  }

  get cameAlong(): string[] {
    return this.selection.cameAlong.map(
      ({ object, because }) => `${this.#source.name(object)} ← ${this.#source.name(because)}`,
    );
  }
}
