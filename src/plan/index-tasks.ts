/** Post-data entries as tasks of their own: an index built and attached, or an entry's statements as they are. */

import type { Index, Table } from "../catalog/catalog.js";
import { displayName, quoteName, quoteQualified } from "../postgres/quote.js";
import { foreignKeyCost, indexCost, statementCost } from "./cost.js";
import { entryLabel } from "./entry-label.js";
import type { SchemaFacts } from "./schema-facts.js";
import {
  ANY_JOB,
  type CloneTask,
  newTask,
  PG_CLASS,
  type PlannedIndex,
  relationName,
  scriptOf,
} from "./task.js";
import { heapBytes } from "./toast-cost.js";
import type { KeyConstraint, TocEntry } from "./toc.js";

/** A key of an ordinary table whose index can be built before it is made a constraint. */
export interface AttachableKey {
  readonly table: Table;
  readonly index: Index;
  readonly constraint: KeyConstraint;
}

/** The entry as such a key; undefined for exclusion and temporal constraints and partitioned tables. */
export function attachableKey(entry: TocEntry, facts: SchemaFacts): AttachableKey | undefined {
  const constraint = entry.statements[0]?.constraint;
  const index = facts.indexOf(entry);
  const table = facts.tables.get(index?.tableOid ?? 0);
  if (constraint === undefined || index === undefined || table?.kind !== "table") return undefined;
  if (constraint.type === "exclusion" || constraint.withoutOverlaps) return undefined;
  if (index.method !== "btree" || index.definition === "") return undefined;
  return { table, index, constraint };
}

/** The build, which shares the table with other builds, and the short exclusive task that attaches. */
export function attachedKeyTasks(
  entry: TocEntry,
  { table, index, constraint }: AttachableKey,
  needs: readonly string[],
  indexes: readonly PlannedIndex[],
): { build: CloneTask; attach: CloneTask } {
  const name = relationName(index);
  const { settings } = entry;
  const buildLabel = `CREATE UNIQUE INDEX ${name}`;
  const build = newTask(`index:${name}`, "index", buildLabel, {
    needs,
    cost: indexCost(heapBytes(table), index.bytes),
    locks: { shared: [String(table.oid)] },
    work: {
      do: "scripts",
      scripts: [{ title: buildLabel, settings, statements: [index.definition] }],
      build: index,
    },
    indexes,
  });
  const statements = [
    attachStatement(table, index, constraint),
    ...entry.statements.slice(1).map((statement) => statement.sql),
  ];
  const label = `attach ${name} to ${relationName(table)}`;
  const attach = newTask(`constraint:${name}`, "constraint", label, {
    ...ANY_JOB,
    needs: [build.id, ...needs],
    cost: statementCost(statements.length),
    locks: { exclusive: [String(table.oid)] },
    work: { do: "scripts", scripts: [{ title: label, settings, statements }] },
  });
  return { build, attach };
}

/** USING INDEX renames the index to the constraint's name; they are the same name already. */
function attachStatement(table: Table, index: Index, key: KeyConstraint): string {
  const type = key.type === "primary_key" ? "primary key" : "unique";
  const initially = key.initiallyDeferred ? " initially deferred" : "";
  const deferrable = key.deferrable ? ` deferrable${initially}` : "";
  return (
    `alter table only ${quoteQualified(table.schema, table.name)} add constraint ${quoteName(key.name)}` +
    ` ${type} using index ${quoteName(index.name)}${deferrable}`
  );
}

/** An entry's statements as one task. */
export function entryTask(
  entry: TocEntry,
  touched: ReadonlySet<number>,
  needs: readonly string[],
  facts: SchemaFacts,
): CloneTask {
  const kind = taskKind(entry);
  const names = [...touched].map(String);
  // An exclusion constraint, or a partitioned table's key, builds its index, too.
  const build = facts.indexOf(entry);
  const buildsIndex = kind === "index" || build !== undefined;
  const method = kind === "constraint" ? "as a constraint" : "built";
  const label = labelOf(entry, facts);
  return newTask(`post-data:${entry.dumpId}`, kind, label, {
    ...(buildsIndex ? {} : ANY_JOB),
    needs,
    cost: costOf(entry, kind, touched, facts),
    // CREATE INDEX takes SHARE, which it shares with its like; what follows it in an entry
    // (CLUSTER ON, REPLICA IDENTITY) takes more.
    locks: entry.statements.every((one) => one.kind === "index")
      ? { shared: names }
      : { exclusive: names },
    work: {
      do: "scripts",
      scripts: [{ ...scriptOf(entry), title: label }],
      ...(build === undefined ? {} : { build }),
    },
    indexes: plannedIndexes(entry, method, facts),
  });
}

function taskKind(entry: TocEntry): CloneTask["kind"] {
  const kinds = new Set(entry.statements.map((statement) => statement.kind));
  if (kinds.has("foreign_key")) return "foreign_key";
  if (kinds.has("index")) return "index";
  return kinds.has("key_constraint") || kinds.has("other_constraint") ? "constraint" : "post_data";
}

function labelOf(entry: TocEntry, facts: SchemaFacts): string {
  const foreignKey = entry.statements.find((statement) => statement.foreignKey)?.foreignKey;
  if (foreignKey !== undefined) {
    return `ADD FOREIGN KEY ${displayName(foreignKey.name)} to ${relationName(foreignKey.relation)}`;
  }
  const index = facts.indexOf(entry);
  if (index === undefined) return entryLabel(entry);
  const plain = index.unique ? "CREATE UNIQUE INDEX" : "CREATE INDEX";
  return `${entry.classOid === PG_CLASS ? plain : "ADD CONSTRAINT"} ${relationName(index)}`;
}

function costOf(
  entry: TocEntry,
  kind: CloneTask["kind"],
  touched: ReadonlySet<number>,
  facts: SchemaFacts,
): number {
  const bytes = [...touched].reduce((sum, oid) => {
    const table = facts.tables.get(oid);
    return table === undefined ? sum : sum + heapBytes(table);
  }, 0);
  if (kind === "foreign_key") return foreignKeyCost(bytes, 0);
  const index = facts.indexOf(entry);
  return index === undefined
    ? statementCost(entry.statements.length)
    : indexCost(bytes, index.bytes);
}

/** The index that an entry builds, for the plan and the report. */
export function plannedIndexes(
  entry: TocEntry,
  method: PlannedIndex["method"],
  facts: SchemaFacts,
): PlannedIndex[] {
  const index = facts.indexOf(entry);
  const table = facts.tables.get(index?.tableOid ?? 0);
  if (index === undefined || table === undefined) return [];
  const type = entry.statements[0]?.constraint?.type;
  const kind = type === "primary_key" ? "primary key" : (type ?? "index");
  const { schema, name } = index;
  return [{ schema, name, table: { schema: table.schema, name: table.name }, kind, method }];
}
