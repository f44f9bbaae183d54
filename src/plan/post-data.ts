/**
 * The post-data entries as tasks. Each follows its own dependencies (dependencies.ts). The tables
 * that a statement locks are the locks of its task, so that no two statements that would wait for,
 * or deadlock with, each other on the server run at the same time.
 *
 * An index on a large table is a task of its own, holding the table shared, so that all indexes of
 * a table are built side by side; a primary key or unique constraint is such an index first, and
 * then a short exclusive task that attaches it (index-tasks.ts). A small table's entries are one
 * task: a round trip each would take longer than the work.
 */

import type { Catalog, Table } from "../catalog/catalog.js";
import { statementCost } from "./cost.js";
import { Dependencies, withDependants } from "./dependencies.js";
import { inOrderOfKeys } from "./equivalent-keys.js";
import { attachableKey, attachedKeyTasks, entryTask, plannedIndexes } from "./index-tasks.js";
import { withKeysMerged } from "./merged-keys.js";
import { type PrivilegeOptions, privilegesTask } from "./privileges.js";
import { refreshId, refreshTasks } from "./refresh.js";
import { pushTo, SchemaFacts } from "./schema-facts.js";
import {
  ANY_JOB,
  type CloneTask,
  newTask,
  PRE_DATA,
  relationName,
  type Script,
  scriptOf,
} from "./task.js";
import type { TocEntry } from "./toc.js";

export interface PostDataInput {
  readonly catalog: Catalog;
  readonly entries: readonly TocEntry[];
  /** The tables that are in the dump. */
  readonly tables: readonly Table[];
  readonly copies: readonly CloneTask[];
  readonly privileges: PrivilegeOptions;
  /** Whether indexes of one table may be built at the same time; default true. */
  readonly sideBySide?: boolean;
  /** Whether keys of one small table may be one statement; default true. */
  readonly mergesKeys?: boolean;
  /** Whether each of a small table's entries is a task of its own, so that one which fails takes no other along. */
  readonly keepGoing?: boolean;
}

/** Tables smaller than this get all their indexes and constraints in one round trip. */
const SMALL_BYTES = 1024 * 1024;

/** Plans indexes, constraints, triggers, … privileges, and the refresh of materialized views. */
export function planPostData(input: PostDataInput): CloneTask[] {
  const {
    catalog,
    entries,
    tables,
    copies,
    privileges,
    sideBySide = true,
    mergesKeys = true,
    keepGoing = false,
  } = input;
  const facts = new SchemaFacts(catalog, tables);
  const views = tables.filter((table) => table.kind === "materialized_view" && table.populated);
  const copyIds = copies.map((task) => task.id);

  const filled = filledBy(views, copies);
  const dependencies = new Dependencies(facts, entries, filled, copyIds);
  const postData = new PostData(facts, entries, { filled, dependencies, groups: !keepGoing }).plan(
    mergesKeys ? withKeysMerged : (some) => some.map(scriptOf),
  );
  const planned = sideBySide ? postData : postData.map(alone);
  const tasks = inOrderOfKeys(planned, catalog.indexes, facts.constraints.values());
  const late = withDependants(views.map(refreshId), tasks);
  const before = [...copyIds, ...tasks.map((task) => task.id).filter((id) => !late.has(id))];
  const create = before.filter((id) => dependencies.opaque.has(id));
  const others = before.filter((id) => !dependencies.opaque.has(id));
  const acl = privilegesTask(entries, { create, others }, privileges);
  const refreshes = refreshTasks(views, catalog.refreshDependencies, {
    needs: [...copyIds, ...create, ...(acl === undefined ? [] : [acl.id])],
    others: acl === undefined ? others : [],
  });
  return [...tasks, ...(acl === undefined ? [] : [acl]), ...refreshes];
}

/** The entries of one table, in order, as what is run. */
type ToScripts = (entries: readonly TocEntry[]) => readonly Script[];

/** The task with its tables to itself. */
function alone(task: CloneTask): CloneTask {
  const { shared = [], exclusive = [] } = task.locks ?? {};
  return { ...task, locks: { exclusive: [...shared, ...exclusive] } };
}

/** By table: the tasks after which its rows are all there. */
function filledBy(views: readonly Table[], copies: readonly CloneTask[]): Map<number, string[]> {
  const filled = new Map(views.map((view) => [view.oid, [refreshId(view)]]));
  for (const task of copies) {
    if (task.work.do === "copy") pushTo(filled, task.work.table.table.oid, task.id);
  }
  return filled;
}

interface PostDataContext {
  /** By table: the tasks after which its rows are all there. */
  readonly filled: ReadonlyMap<number, readonly string[]>;
  readonly dependencies: Dependencies;
  /** Whether a small table's entries are one task. */
  readonly groups: boolean;
}

class PostData {
  readonly #facts: SchemaFacts;
  readonly #entries: readonly TocEntry[];
  readonly #context: PostDataContext;
  readonly #dependencies: Dependencies;
  readonly #tasks: CloneTask[] = [];
  readonly #groups = new Map<number, Group>();

  constructor(facts: SchemaFacts, entries: readonly TocEntry[], context: PostDataContext) {
    this.#facts = facts;
    this.#entries = entries.filter((entry) => entry.section === "post-data");
    this.#context = context;
    this.#dependencies = context.dependencies;
  }

  plan(toScripts: ToScripts): CloneTask[] {
    for (const entry of this.#entries) {
      const touched = this.#dependencies.touchedBy(entry);
      const needs = this.#dependencies.neededBy(entry, touched);
      this.#dependencies.note(entry, touched, this.#planEntry(entry, touched, needs));
    }
    return [...[...this.#groups.values()].map((group) => group.task(toScripts)), ...this.#tasks];
  }

  /** Returns the ids of the tasks after which the entry is there. */
  #planEntry(
    entry: TocEntry,
    touched: ReadonlySet<number>,
    needs: readonly string[],
  ): readonly string[] {
    const group = this.#groupFor(touched, needs);
    if (group !== undefined) return group.add(entry, this.#facts);
    if (entry.statements.length === 0) return needs;
    const key = attachableKey(entry, this.#facts);
    if (key === undefined) {
      const task = entryTask(entry, touched, needs, this.#facts);
      this.#tasks.push(task);
      return [task.id];
    }
    const indexes = plannedIndexes(entry, "built, then attached with USING INDEX", this.#facts);
    const { build, attach } = attachedKeyTasks(entry, key, needs, indexes);
    this.#tasks.push(build, attach);
    return [attach.id];
  }

  /** The one small table's group that the entry can join: nothing else may have to happen before. */
  #groupFor(touched: ReadonlySet<number>, needs: readonly string[]): Group | undefined {
    if (!this.#context.groups) return undefined;
    const [oid] = touched;
    const table = oid === undefined || touched.size !== 1 ? undefined : this.#facts.tables.get(oid);
    if (table?.kind !== "table" || table.bytes >= SMALL_BYTES) return undefined;
    const group =
      this.#groups.get(table.oid) ?? new Group(table, this.#context.filled.get(table.oid) ?? []);
    if (!needs.every((need) => group.awaits(need))) return undefined;
    this.#groups.set(table.oid, group);
    return group;
  }
}

/** A small table's entries, in pg_dump's order. */
class Group {
  readonly #table: Table;
  readonly #needs: readonly string[];
  readonly #entries: TocEntry[] = [];
  readonly #indexes: CloneTask["indexes"][number][] = [];

  constructor(table: Table, copies: readonly string[]) {
    this.#table = table;
    this.#needs = [PRE_DATA, ...copies];
  }

  get id(): string {
    return `indexes:${relationName(this.#table)}`;
  }

  /** Whether a task is done, or is this one, when its next entry runs. */
  awaits(id: string): boolean {
    return id === this.id || this.#needs.includes(id);
  }

  add(entry: TocEntry, facts: SchemaFacts): readonly string[] {
    if (entry.statements.length > 0) this.#entries.push(entry);
    this.#indexes.push(...plannedIndexes(entry, "with its table", facts));
    return [this.id];
  }

  task(toScripts: ToScripts): CloneTask {
    const scripts = toScripts(this.#entries);
    const statements = this.#entries.reduce((sum, entry) => sum + entry.statements.length, 0);
    return newTask(this.id, "index", `indexes and constraints of ${relationName(this.#table)}`, {
      ...ANY_JOB,
      needs: this.#needs,
      cost: statementCost(statements),
      locks: { exclusive: [String(this.#table.oid)] },
      work: { do: "scripts", scripts },
      indexes: this.#indexes,
    });
  }
}
