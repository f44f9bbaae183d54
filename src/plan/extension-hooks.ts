/**
 * What some extensions want done around a restore, beyond CREATE EXTENSION. A hook is chosen by its
 * extension being on the source. It reads what it needs inside the snapshot, and then says, as data,
 * what is to run and when; nothing else knows these extensions by name.
 */

import type { Catalog, Extension } from "../catalog/catalog.js";
import { type CloneTask, newTask, PRE_DATA, type Script } from "./task.js";
import type { SchemaScript, Statement, TocEntry } from "./toc.js";

/** A row of a hook's query, by column name. */
export type HookRow = Readonly<Record<string, unknown>>;

export interface ExtensionHook {
  /** The extension's name. */
  readonly extension: string;
  /** Runs on the source, in the snapshot; its rows are given to `steps`. Default: no rows. */
  readonly sourceQuery?: (extension: Extension) => string;
  readonly steps: (extension: Extension, rows: readonly HookRow[]) => HookSteps;
}

/** Statements for the target. */
export interface HookSteps {
  /** In the session and transaction of CREATE EXTENSION, before any other object of the schema. */
  readonly afterCreate?: readonly string[];
  /** When all tables are there, before the first row. */
  readonly beforeData?: readonly string[];
  /** When all is done. */
  readonly finish?: readonly string[];
  /** The extension fills its configuration tables itself: their rows are not copied. */
  readonly ownRows?: boolean;
  /** Tables whose rows lie elsewhere: by OID, with their size in bytes. They are copied whole, and built on as pg_dump says. */
  readonly remoteTables?: ReadonlyMap<number, number>;
}

/** A hook and what it wants of this source. */
export interface ChosenHook extends HookSteps {
  readonly extension: Extension;
}

/** The schema with what follows CREATE EXTENSION; for an extension that isn't created, that alone. */
export function withHookStatements(
  schema: SchemaScript,
  hooks: readonly ChosenHook[],
): SchemaScript {
  let { entries } = schema;
  for (const { extension, afterCreate = [] } of hooks) {
    if (afterCreate.length === 0) continue;
    const added = afterCreate.map(definition);
    const own = entries.find((entry) => isExtension(entry) && entry.oid === extension.oid);
    entries =
      own === undefined
        ? [entryOf(extension, added), ...entries]
        : entries.map((entry) =>
            entry === own ? { ...own, statements: [...own.statements, ...added] } : entry,
          );
  }
  return { ...schema, entries };
}

function isExtension({ statements }: TocEntry): boolean {
  return statements.some(({ kind }) => kind === "extension");
}

function definition(sql: string): Statement {
  return { kind: "definition", sql, roles: [], relations: [], creates: false };
}

/** pg_dump counts its entries from 1 on. */
function entryOf({ oid, name }: Extension, statements: readonly Statement[]): TocEntry {
  return {
    dumpId: -oid,
    classOid: 0,
    oid: 0,
    dependencies: [],
    title: `EXTENSION ${name}`,
    section: "pre-data",
    statements,
    settings: {},
  };
}

/** Just below the sizes from which a table is copied with FREEZE, and its keys are built as indexes first. */
const MOST_REMOTE_BYTES = 1024 * 1024 - 1;
/** Just above the size up to which a table's rows may wait in memory for a batch to be full. */
const LEAST_REMOTE_BYTES = 128 * 1024 + 1;

/** The catalog as it is to be planned with: nothing is cut, truncated or held in memory that lies elsewhere. */
export function withHookedTables(catalog: Catalog, hooks: readonly ChosenHook[]): Catalog {
  const remote = new Map(hooks.flatMap(({ remoteTables }) => [...(remoteTables ?? [])]));
  const own = new Set(
    hooks.flatMap((hook) => (hook.ownRows === true ? [hook.extension.name] : [])),
  );
  return {
    ...catalog,
    extensionTables: catalog.extensionTables.filter(({ extension }) => !own.has(extension)),
    tables: catalog.tables.map((table) => {
      const bytes = remote.get(table.oid);
      if (bytes === undefined) return table;
      const shown = Math.min(Math.max(bytes, LEAST_REMOTE_BYTES), MOST_REMOTE_BYTES);
      return { ...table, heap: false, integerKey: undefined, bytes: shown };
    }),
  };
}

/** What runs between the last table and the first row. */
export function hookTasks(hooks: readonly ChosenHook[]): CloneTask[] {
  return hooks
    .filter(({ beforeData = [] }) => beforeData.length > 0)
    .map(({ extension, beforeData = [] }) => {
      const label = `prepare the tables of extension ${extension.name}`;
      return newTask(`hook:${extension.name}`, "pre_data", label, {
        needs: [PRE_DATA],
        cost: 0.1,
        work: { do: "scripts", scripts: [{ title: label, settings: {}, statements: beforeData }] },
      });
    });
}

/** What runs when all is done. */
export function hookFinish(hooks: readonly ChosenHook[]): Script[] {
  return hooks
    .filter(({ finish = [] }) => finish.length > 0)
    .map(({ extension, finish = [] }) => ({
      title: `finishing extension ${extension.name}`,
      settings: {},
      statements: finish,
    }));
}
