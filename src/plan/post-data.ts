/**
 * The post-data entries as tasks. Each follows its own dependencies. pg_dump's plain format lists
 * few of them, so they come from the statements' parse trees (the relations that they name) and the
 * catalog (which index a foreign key needs, which tables are below which). The tables that a
 * statement locks are the locks of its task, so that no two statements that would wait for, or
 * deadlock with, each other on the server run at the same time.
 *
 * An index on a large table is a task of its own, holding the table shared, so that all indexes of
 * a table are built side by side; a primary key or unique constraint is such an index first, and
 * then a short exclusive task that attaches it. A small table's entries are one task: a round trip
 * each would take longer than the work.
 */

import type { Catalog, Constraint, Index, Table } from "../catalog/catalog.js";
import { quoteName, quoteQualified } from "../postgres/quote.js";
import { foreignKeyCost, indexCost, refreshCost, statementCost } from "./cost.js";
import { withoutUnknownPrivileges } from "./older-target.js";
import {
  type CloneTask,
  PG_CLASS,
  PG_CONSTRAINT,
  type PlannedIndex,
  PRE_DATA,
  relationName,
  type Script,
  scriptOf,
} from "./task.js";
import type { KeyConstraint, RelationName, StatementKind, TocEntry } from "./toc.js";

export interface PostDataInput {
  readonly catalog: Catalog;
  readonly entries: readonly TocEntry[];
  /** The tables that are in the dump. */
  readonly tables: readonly Table[];
  readonly copies: readonly CloneTask[];
  /** Runs before the dump's own grants. */
  readonly aclBaseline: readonly Script[];
  readonly targetVersion: number;
}

/** Tables smaller than this get all their indexes and constraints in one round trip. */
const SMALL_BYTES = 1024 * 1024;

/** Plans indexes, constraints, triggers, … privileges, and the refresh of materialized views. */
export function planPostData(input: PostDataInput): CloneTask[] {
  return new PostData(input).plan();
}

class PostData {
  readonly #entries: readonly TocEntry[];
  readonly #aclBaseline: readonly Script[];
  readonly #targetVersion: number;
  readonly #tables: ReadonlyMap<number, Table>;
  readonly #children = new Map<number, number[]>();
  readonly #indexes: ReadonlyMap<number, Index>;
  /** The partitioned index that an index is part of, by qualified names. */
  readonly #indexParent = new Map<string, string>();
  readonly #indexOfConstraint: ReadonlyMap<number, Index>;
  readonly #constraints: ReadonlyMap<number, Constraint>;
  /** Tables, and the tables of indexes, by qualified name. */
  readonly #byName = new Map<string, number>();
  readonly #catalog: Catalog;
  /** What must be done before a table's rows are all there. */
  readonly #filled = new Map<number, string[]>();
  readonly #tasks = new Map<string, Mutable<CloneTask>>();
  /** The tasks after which an entry is there. */
  readonly #done = new Map<number, string[]>();
  /** The tasks after which an index can be referred to, by its qualified name. */
  readonly #indexDone = new Map<string, string[]>();
  readonly #touched = new Map<number, ReadonlySet<number>>();
  readonly #triggersOn = new Map<number, string[]>();
  /** Materialized views that pg_dump put after the data, and the tasks that create or read them. */
  readonly #createdLate = new Map<number, string[]>();
  #lastOpaque: readonly string[] = [];
  #lastPublication: readonly string[] = [];

  constructor({ catalog, entries, tables, copies, aclBaseline, targetVersion }: PostDataInput) {
    this.#targetVersion = targetVersion;
    this.#aclBaseline = aclBaseline;
    this.#catalog = catalog;
    this.#entries = entries;
    this.#tables = new Map(tables.map((table) => [table.oid, table]));
    this.#indexes = new Map(catalog.indexes.map((index) => [index.oid, index]));
    this.#indexOfConstraint = new Map(
      catalog.indexes.flatMap((index) =>
        index.constraintOid === undefined ? [] : [[index.constraintOid, index]],
      ),
    );
    this.#constraints = new Map(
      catalog.constraints.map((constraint) => [constraint.oid, constraint]),
    );
    for (const statement of entries.flatMap((entry) => entry.statements)) {
      const [parent, child] = statement.relations;
      if (statement.kind === "index_attach" && parent && child)
        this.#indexParent.set(key(child), key(parent));
    }
    for (const table of tables) this.#byName.set(key(table), table.oid);
    for (const index of catalog.indexes) this.#byName.set(key(index), index.tableOid);
    for (const table of tables) {
      for (const parent of table.parents) pushTo(this.#children, parent, table.oid);
      if (table.kind === "materialized_view" && table.populated)
        this.#filled.set(table.oid, [refreshId(table)]);
    }
    for (const task of copies) {
      if (task.work.do === "copy") pushTo(this.#filled, task.work.table.table.oid, task.id);
    }
  }

  plan(): CloneTask[] {
    for (const entry of this.#entries) if (entry.section === "post-data") this.#planEntry(entry);
    this.#orderEquivalentKeys();
    const late = this.#afterRefresh();
    const before = [...this.#copyIds(), ...[...this.#tasks.keys()].filter((id) => !late.has(id))];
    const acl = this.#aclTask(before);
    const refreshes = this.#refreshTasks(acl === undefined ? before : [acl.id]);
    return [...this.#tasks.values(), ...(acl === undefined ? [] : [acl]), ...refreshes];
  }

  #planEntry(entry: TocEntry): void {
    const touched = this.#touchedBy(entry);
    this.#touched.set(entry.dumpId, touched);
    const needs = this.#needsOf(entry, touched);
    const group = this.#groupFor(touched, needs);
    if (group !== undefined) this.#addToGroup(group, entry);
    else if (entry.statements.length === 0) this.#done.set(entry.dumpId, needs);
    else if (this.#isAttachable(entry)) this.#planAttached(entry, needs);
    else this.#planAlone(entry, touched, needs);
    this.#noteDone(entry);
  }

  /** The tables that an entry's statements lock: those that they name, and what their effect recurses to. */
  #touchedBy(entry: TocEntry): Set<number> {
    const touched = new Set<number>();
    for (const statement of entry.statements) {
      const only = statement.index?.only === true || statement.constraint?.only === true;
      for (const relation of statement.relations) {
        const oid = this.#byName.get(key(relation));
        if (oid === undefined) continue;
        touched.add(oid);
        // A check constraint recurses to inheritance children too; all else only to partitions.
        const recurses =
          this.#tables.get(oid)?.kind === "partitioned" || statement.kind === "other_constraint";
        if (recurses && !only) this.#addDescendants(oid, touched);
      }
    }
    // Comments name a constraint's table, but not an index's: what they depend on knows it.
    for (const id of entry.dependencies)
      for (const oid of this.#touched.get(id) ?? []) touched.add(oid);
    return touched;
  }

  #addDescendants(oid: number, to: Set<number>): void {
    for (const child of this.#children.get(oid) ?? []) {
      to.add(child);
      this.#addDescendants(child, to);
    }
  }

  #needsOf(entry: TocEntry, touched: ReadonlySet<number>): string[] {
    const needs = new Set<string>([
      PRE_DATA,
      ...(this.#mayUseAnything(entry) ? this.#lastOpaque : []),
    ]);
    const add = (ids: Iterable<string> | undefined) => {
      for (const id of ids ?? []) needs.add(id);
    };
    for (const id of entry.dependencies) add(this.#done.get(id));
    for (const oid of touched) add(this.#createdLate.get(oid));
    // A view's definition needs no rows: least of all those of the materialized view that it defines.
    if (!isOpaque(entry)) for (const oid of touched) add(this.#filled.get(oid));
    for (const statement of entry.statements) {
      if (statement.kind === "index_attach")
        for (const index of statement.relations) add(this.#indexDone.get(key(index)));
      if (statement.kind === "publication") add(this.#lastPublication);
      // A partition's own entry only switches the trigger that its parent's entry made.
      if (statement.kind === "trigger") for (const oid of touched) add(this.#triggersOn.get(oid));
      // A domain's constraint names no table, and must not reject rows that the source has.
      if (statement.kind === "other_constraint" && touched.size === 0) add(this.#copyIds());
    }
    const referenced = this.#indexes.get(this.#constraints.get(entry.oid)?.referencedIndexOid ?? 0);
    if (entry.classOid === PG_CONSTRAINT && referenced !== undefined)
      add(this.#indexDone.get(key(referenced)));
    if (isOpaque(entry)) add(this.#touching(touched));
    return [...needs];
  }

  /** Whether a function or view could be in it that the parse tree's relations don't tell. */
  #mayUseAnything(entry: TocEntry): boolean {
    return entry.statements.some(({ kind }) =>
      kind === "index"
        ? this.#indexes.get(entry.oid)?.plainColumns !== true
        : !usesColumnsOnly.has(kind),
    );
  }

  /** The planned tasks that lock any of the tables. */
  #touching(touched: ReadonlySet<number>): string[] {
    const names = new Set([...touched].map(String));
    return [...this.#tasks.values()]
      .filter((task) =>
        [...(task.locks?.shared ?? []), ...(task.locks?.exclusive ?? [])].some((name) =>
          names.has(name),
        ),
      )
      .map((task) => task.id);
  }

  #noteDone(entry: TocEntry): void {
    const done = this.#done.get(entry.dumpId) ?? [];
    const index = this.#indexOf(entry);
    if (index !== undefined) pushTo(this.#indexDone, key(index), ...done);
    for (const statement of entry.statements) {
      // A foreign key needs the whole partitioned index, so attaching a part is part of it.
      if (statement.kind === "index_attach") this.#noteAttached(statement.relations, done);
      if (statement.kind === "publication") this.#lastPublication = done;
      if (statement.kind === "trigger") {
        for (const oid of this.#touched.get(entry.dumpId) ?? [])
          pushTo(this.#triggersOn, oid, ...done);
      }
    }
    if (!isOpaque(entry)) return;
    this.#lastOpaque = done;
    for (const oid of this.#touched.get(entry.dumpId) ?? []) {
      if (this.#tables.get(oid)?.kind === "materialized_view")
        pushTo(this.#createdLate, oid, ...done);
    }
  }

  #noteAttached([parent]: readonly RelationName[], done: readonly string[]): void {
    for (
      let name = parent === undefined ? undefined : key(parent);
      name !== undefined;
      name = this.#indexParent.get(name)
    ) {
      pushTo(this.#indexDone, name, ...done);
    }
  }

  /** The one small table's group that the entry can join: nothing else may have to happen before. */
  #groupFor(
    touched: ReadonlySet<number>,
    needs: readonly string[],
  ): Mutable<CloneTask> | undefined {
    const [oid] = touched;
    const table = oid === undefined || touched.size !== 1 ? undefined : this.#tables.get(oid);
    if (table === undefined || table.kind !== "table" || table.bytes >= SMALL_BYTES)
      return undefined;
    const id = `indexes:${relationName(table)}`;
    const copies = this.#filled.get(table.oid) ?? [];
    const allowed = new Set([PRE_DATA, id, ...copies]);
    if (!needs.every((need) => allowed.has(need))) return undefined;
    const existing = this.#tasks.get(id);
    if (existing !== undefined) return existing;
    const group = newTask(id, "index", `indexes and constraints of ${relationName(table)}`, {
      needs: [PRE_DATA, ...copies],
      locks: { exclusive: [String(table.oid)] },
    });
    this.#tasks.set(id, group);
    return group;
  }

  #addToGroup(group: Mutable<CloneTask>, entry: TocEntry): void {
    if (entry.statements.length > 0) {
      group.work = { do: "scripts", scripts: [...scriptsOf(group), scriptOf(entry)] };
      group.cost += statementCost(entry.statements.length);
      group.indexes = [...group.indexes, ...this.#plannedIndexes(entry, "with its table")];
    }
    this.#done.set(entry.dumpId, [group.id]);
  }

  /** A primary key or unique constraint of an ordinary table, whose index can be built first. */
  #isAttachable(entry: TocEntry): boolean {
    const key = entry.statements[0]?.constraint;
    const index = this.#indexOfConstraint.get(entry.oid);
    if (key === undefined || index === undefined || index.definition === "") return false;
    const plain = key.type !== "exclusion" && !key.withoutOverlaps && index.method === "btree";
    return plain && this.#tables.get(index.tableOid)?.kind === "table";
  }

  #planAttached(entry: TocEntry, needs: readonly string[]): void {
    const index = this.#indexOfConstraint.get(entry.oid) as Index;
    const table = this.#tables.get(index.tableOid) as Table;
    const name = relationName({ schema: index.schema, name: index.name });
    const planned = this.#plannedIndexes(entry, "built, then attached with USING INDEX");
    const build = newTask(`index:${name}`, "index", `CREATE UNIQUE INDEX ${name}`, {
      needs,
      cost: indexCost(table.bytes, index.bytes),
      locks: { shared: [String(table.oid)] },
      work: {
        do: "scripts",
        scripts: [{ title: name, settings: entry.settings, statements: [index.definition] }],
      },
      indexes: planned,
    });
    const [first, ...rest] = entry.statements;
    const attach = newTask(
      `constraint:${name}`,
      "constraint",
      `attach ${name} to ${relationName(table)}`,
      {
        needs: [build.id, ...needs],
        cost: statementCost(entry.statements.length),
        locks: { exclusive: [String(table.oid)] },
        work: {
          do: "scripts",
          scripts: [
            {
              title: entry.title,
              settings: entry.settings,
              statements: [
                attachStatement(table, index, first?.constraint as KeyConstraint),
                ...rest.map((one) => one.sql),
              ],
            },
          ],
        },
      },
    );
    this.#tasks.set(build.id, build);
    this.#tasks.set(attach.id, attach);
    this.#done.set(entry.dumpId, [attach.id]);
  }

  #planAlone(entry: TocEntry, touched: ReadonlySet<number>, needs: readonly string[]): void {
    const kinds = new Set(entry.statements.map((statement) => statement.kind));
    const names = [...touched].map(String);
    const onlyIndexes = [...kinds].every((kind) => kind === "index");
    const kind = kinds.has("foreign_key")
      ? "foreign_key"
      : kinds.has("index")
        ? "index"
        : kinds.has("key_constraint") || kinds.has("other_constraint")
          ? "constraint"
          : "post_data";
    const task = newTask(`post-data:${entry.dumpId}`, kind, this.#labelOf(entry), {
      needs,
      cost: this.#costOf(entry, kind, touched),
      // CREATE INDEX takes SHARE, which it shares with its like; what follows it in an entry
      // (CLUSTER ON, REPLICA IDENTITY) takes more.
      locks: onlyIndexes ? { shared: names } : { exclusive: names },
      work: { do: "scripts", scripts: [scriptOf(entry)] },
      indexes: this.#plannedIndexes(entry, kind === "constraint" ? "as a constraint" : "built"),
    });
    this.#tasks.set(task.id, task);
    this.#done.set(entry.dumpId, [task.id]);
  }

  #labelOf(entry: TocEntry): string {
    const index = this.#indexOf(entry);
    if (index === undefined) return entry.title;
    const verb =
      entry.classOid === PG_CLASS
        ? `CREATE ${index.unique ? "UNIQUE " : ""}INDEX`
        : "ADD CONSTRAINT";
    return `${verb} ${relationName(index)}`;
  }

  #costOf(entry: TocEntry, kind: CloneTask["kind"], touched: ReadonlySet<number>): number {
    const bytes = [...touched].reduce((sum, oid) => sum + (this.#tables.get(oid)?.bytes ?? 0), 0);
    if (kind === "foreign_key") return foreignKeyCost(bytes, 0);
    const index = this.#indexOf(entry);
    if (index !== undefined) return indexCost(bytes, index.bytes);
    return statementCost(entry.statements.length);
  }

  #indexOf(entry: TocEntry): Index | undefined {
    return entry.classOid === PG_CLASS
      ? this.#indexes.get(entry.oid)
      : this.#indexOfConstraint.get(entry.oid);
  }

  #plannedIndexes(entry: TocEntry, method: PlannedIndex["method"]): PlannedIndex[] {
    const index = this.#indexOf(entry);
    const table = index === undefined ? undefined : this.#tables.get(index.tableOid);
    if (index === undefined || table === undefined) return [];
    const constraint = entry.statements[0]?.constraint?.type;
    const kind = constraint === "primary_key" ? "primary key" : (constraint ?? "index");
    return [
      {
        schema: index.schema,
        name: index.name,
        table: { schema: table.schema, name: table.name },
        kind,
        method,
      },
    ];
  }

  #refreshTasks(before: readonly string[]): Mutable<CloneTask>[] {
    const views = [...this.#tables.values()].filter(
      (table) => table.kind === "materialized_view" && table.populated,
    );
    return views.map((view) => {
      const first = this.#catalog.refreshDependencies
        .filter(({ dependent }) => dependent === view.oid)
        .flatMap(({ referenced }) => this.#filled.get(referenced) ?? []);
      const name = quoteQualified(view.schema, view.name);
      return newTask(
        refreshId(view),
        "refresh",
        `REFRESH MATERIALIZED VIEW ${relationName(view)}`,
        {
          needs: [PRE_DATA, ...before, ...first],
          cost: refreshCost(view.bytes),
          locks: { exclusive: [String(view.oid)] },
          work: {
            do: "scripts",
            scripts: [
              {
                title: `refresh ${relationName(view)}`,
                settings: {},
                statements: [`refresh materialized view ${name}`],
              },
            ],
          },
        },
      );
    });
  }

  /**
   * Privileges come after everything that needs the owner's (who may have revoked some from
   * himself) and before the refreshes (which run as the owner), as in pg_dump.
   */
  #aclTask(before: readonly string[]): Mutable<CloneTask> | undefined {
    const granting = this.#entries.filter(
      (entry) => entry.section === "acl" && entry.statements.length > 0,
    );
    const scripts = withoutUnknownPrivileges(
      [...this.#aclBaseline, ...granting.map(scriptOf)],
      this.#targetVersion,
    );
    if (scripts.length === 0) return undefined;
    return newTask("acl", "acl", "grant privileges", {
      needs: [PRE_DATA, ...before],
      cost: statementCost(scripts.length),
      work: { do: "scripts", scripts },
    });
  }

  /**
   * Of several unique indexes over the same columns, a foreign key takes the one with the lowest
   * OID. So that it takes the one that it has on the source, that one is built first.
   */
  #orderEquivalentKeys(): void {
    const referenced = new Set(
      [...this.#constraints.values()].map((one) => one.referencedIndexOid),
    );
    for (const equivalent of equivalentKeys(this.#catalog.indexes)) {
      const order = [...equivalent].sort(
        (a, b) => Number(referenced.has(b.oid)) - Number(referenced.has(a.oid)) || a.oid - b.oid,
      );
      const tasks = order.flatMap((index) => this.#building(index) ?? []);
      for (const [i, task] of tasks.entries()) {
        const before = tasks[i - 1];
        if (before === undefined || before.id === task.id || this.#reaches(before, task.id))
          continue;
        task.needs = [...task.needs, before.id];
      }
    }
  }

  #building(index: Index): Mutable<CloneTask> | undefined {
    const name = key(index);
    return [...this.#tasks.values()].find((task) => task.indexes.some((one) => key(one) === name));
  }

  /** Whether a task needs another, directly or through others. */
  #reaches(task: CloneTask, id: string, seen = new Set<string>()): boolean {
    return task.needs.some((need) => {
      if (need === id) return true;
      if (seen.has(need)) return false;
      seen.add(need);
      const next = this.#tasks.get(need);
      return next !== undefined && this.#reaches(next, id, seen);
    });
  }

  /** Ids of the tasks that need a refresh, directly or through others. */
  #afterRefresh(): Set<string> {
    const late = new Set([...this.#filled.values()].flat().filter((id) => id.startsWith(REFRESH)));
    for (let grew = true; grew; ) {
      const before = late.size;
      for (const task of this.#tasks.values())
        if (task.needs.some((need) => late.has(need))) late.add(task.id);
      grew = late.size > before;
    }
    return late;
  }

  #copyIds(): string[] {
    return [...this.#filled.values()].flat().filter((id) => !id.startsWith(REFRESH));
  }
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

const REFRESH = "refresh:";

function refreshId(view: Table): string {
  return `${REFRESH}${relationName(view)}`;
}

function newTask(
  id: string,
  kind: CloneTask["kind"],
  label: string,
  rest: Partial<CloneTask>,
): Mutable<CloneTask> {
  const base: CloneTask = {
    id,
    kind,
    label,
    pool: "indexes",
    needs: [],
    cost: 0,
    work: { do: "scripts", scripts: [] },
    bytes: 0,
    indexes: [],
  };
  return { ...base, ...rest };
}

function scriptsOf(task: CloneTask): readonly Script[] {
  return task.work.do === "scripts" ? task.work.scripts : [];
}

/** USING INDEX renames the index to the constraint's name; they are the same name already. */
function attachStatement(table: Table, index: Index, key: KeyConstraint): string {
  const type = key.type === "primary_key" ? "primary key" : "unique";
  const deferrable = key.deferrable
    ? ` deferrable${key.initiallyDeferred ? " initially deferred" : ""}`
    : "";
  return `alter table only ${quoteQualified(table.schema, table.name)} add constraint ${quoteName(key.name)} ${type} using index ${quoteName(index.name)}${deferrable}`;
}

function key(relation: RelationName): string {
  return quoteQualified(relation.schema, relation.name);
}

/**
 * Views, materialized views and functions that pg_dump put after the data, because they depend on a
 * key (a GROUP BY of a primary key) or stand in a circle. What they need, and what needs them, is not known
 * in full, only that pg_dump's order is right: what comes later waits for them. They are rare.
 */
function isOpaque(entry: TocEntry): boolean {
  return entry.statements.some(
    ({ kind, sql }) =>
      kind === "definition" || kind === "materialized_view" || (kind === "rule" && isView(sql)),
  );
}

/** The body of a view in a circle: pg_dump prints it as the view's rule. */
function isView(sql: string): boolean {
  return /^\s*create\s+or\s+replace\s+view\b/i.test(sql);
}

/** Kinds of statements that refer to columns and indexes alone. */
const usesColumnsOnly = new Set<StatementKind>([
  "key_constraint",
  "foreign_key",
  "index_attach",
  "index_follow_up",
  "comment",
  "owner",
]);

/** Unique indexes that a foreign key could take in place of each other, for each set of columns. */
function equivalentKeys(indexes: readonly Index[]): Index[][] {
  const sets = new Map<string, Index[]>();
  for (const index of indexes) {
    if (index.keyColumns === undefined) continue;
    pushTo(sets, `${index.tableOid}:${[...index.keyColumns].sort().join()}`, index);
  }
  return [...sets.values()].filter((set) => set.length > 1);
}

function pushTo<K, V>(map: Map<K, V[]>, key: K, ...values: V[]): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, values);
  else list.push(...values);
}
