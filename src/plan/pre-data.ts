/**
 * What must be there before the data. pg_dump's order is right, and one session would do; but
 * creating a table is work for the server's CPU (about 2 ms), so a schema of thousands of tables is
 * created by several sessions. The entries become stages that follow each other; a stage of many
 * tables is cut into chunks that run side by side. Tables that have to do with each other (parents,
 * attached partitions, sequences that they own) stay in one chunk, in pg_dump's order.
 */

import type { Catalog } from "../catalog/catalog.js";
import { quoteName, quoteQualified } from "../postgres/quote.js";
import { statementCost } from "./cost.js";
import { isView } from "./entry-kinds.js";
import { contentsOf } from "./entry-label.js";
import { ANY_JOB, type CloneTask, newTask, PG_CLASS, PRE_DATA, scriptOf } from "./task.js";
import type { TocEntry } from "./toc.js";

/** Fewer statements than this are done before another session would have begun. */
const WORTH_CUTTING = 200;
const CHUNKS = 16;

/** A stage: `chunks` run side by side, each in its own order. */
interface Stage {
  readonly chunks: readonly (readonly TocEntry[])[];
}

/** The tasks of the pre-data section; the last has the id `PRE_DATA` and waits for all others. */
export function planPreData(
  entries: readonly TocEntry[],
  catalog: Catalog,
  { parallel = true }: { readonly parallel?: boolean } = {},
): CloneTask[] {
  const preData = entries.filter(
    (entry) => entry.section === "pre-data" && entry.statements.length > 0,
  );
  const stages = parallel
    ? merge(stagesOf(preData, catalog))
    : preData.length > 0
      ? [{ chunks: [preData] }]
      : [];
  const tasks: CloneTask[] = [];
  let needs: string[] = [];
  for (const [i, { chunks }] of stages.entries()) {
    const last = i === stages.length - 1 && chunks.length === 1;
    const several = chunks.length > 1;
    const stage = chunks.map((chunk, n) => {
      const id = last ? PRE_DATA : `${PRE_DATA}:${i + 1}${several ? `.${n + 1}` : ""}`;
      const label = `create ${contentsOf(chunk)}`;
      const place = several ? ` (${n + 1} of ${chunks.length})` : "";
      return task(id, `${label}${place}`, chunk, needs);
    });
    tasks.push(...stage);
    needs = stage.map(({ id }) => id);
  }
  if (tasks.at(-1)?.id !== PRE_DATA) tasks.push(task(PRE_DATA, "wait for all tables", [], needs));
  return tasks;
}

function task(
  id: string,
  label: string,
  entries: readonly TocEntry[],
  needs: readonly string[],
): CloneTask {
  const statements = entries.reduce((sum, entry) => sum + entry.statements.length, 0);
  return newTask(id, "pre_data", label, {
    ...ANY_JOB,
    needs,
    cost: statementCost(statements),
    // The server waits for the file system, which makes several files of each table.
    weight: 0,
    work: { do: "scripts", scripts: entries.map(scriptOf) },
  });
}

/**
 * Walks the entries in order. Tables and what belongs to them gather in an open stage; views may
 * wait until it ends, since no table needs one; anything else ends it.
 */
function stagesOf(entries: readonly TocEntry[], catalog: Catalog): Stage[] {
  const rowTypes = tablesWithRowTypes(catalog);
  const stages: Stage[] = [];
  let tables: TocEntry[] = [];
  let later: TocEntry[] = [];
  const laterNames = new Set<string>();
  const close = (next: TocEntry[]) => {
    if (tables.length > 0) stages.push({ chunks: chunksOf(tables) });
    const serial = [...later, ...next];
    if (serial.length > 0) stages.push({ chunks: [serial] });
    tables = [];
    later = [];
    laterNames.clear();
  };
  for (const entry of entries) {
    if (mustWait(entry, laterNames)) {
      later.push(entry);
      laterNames.add(`dump:${entry.dumpId}`);
      for (const name of namesOf(entry)) laterNames.add(name);
    } else if (isTableWork(entry) && !(entry.classOid === PG_CLASS && rowTypes.has(entry.oid))) {
      tables.push(entry);
    } else {
      close([entry]);
    }
  }
  close([]);
  return stages;
}

/** Views, and whatever names one or depends on one that waits already. */
function mustWait(entry: TocEntry, laterNames: ReadonlySet<string>): boolean {
  const view = entry.statements.some(({ sql }) => isView(sql));
  return (
    view ||
    entry.dependencies.some((id) => laterNames.has(`dump:${id}`)) ||
    namesOf(entry).some((name) => laterNames.has(name))
  );
}

const TABLE_WORK =
  /^\s*(create\s+(unlogged\s+)?(table|sequence)|alter\s+(table|sequence)|comment\s+on\s+(table|column|sequence))\b/i;

function isTableWork(entry: TocEntry): boolean {
  return (
    entry.statements.every(({ sql }) => TABLE_WORK.test(sql)) &&
    namesOf(entry).length + entry.dependencies.length > 0
  );
}

function namesOf(entry: TocEntry): string[] {
  return entry.statements.flatMap(({ sql, relations }) => [
    ...relations.map(({ schema, name }) => quoteQualified(schema, name)),
    ...namesInStrings(sql),
    ...ownersOf(sql),
  ]);
}

/** One part of a name as pg_dump writes it: quoted only where it must be. */
const NAME = String.raw`("(?:[^"]|"")+"|[^\s."']+)`;
const QUALIFIED = new RegExp(String.raw`^${NAME}\.${NAME}$`);
const REGCLASS = /'((?:[^']|'')+)'::(?:pg_catalog\.)?regclass\b/g;
const OWNED_BY = new RegExp(
  String.raw`^\s*alter\s+sequence\s.*\sowned\s+by\s+${NAME}\.${NAME}\.`,
  "is",
);

/** A serial column's default names its sequence in a string: `nextval('public.t_id_seq'::regclass)`. */
function namesInStrings(sql: string): string[] {
  if (!sql.includes("regclass")) return [];
  return [...sql.matchAll(REGCLASS)].flatMap(([, string = ""]) => {
    const [, schema, name] = QUALIFIED.exec(string.replaceAll("''", "'")) ?? [];
    return schema === undefined || name === undefined ? [] : [`${quoted(schema)}.${quoted(name)}`];
  });
}

/** The table that `alter sequence … owned by` names with a column. */
function ownersOf(sql: string): string[] {
  const [, schema, table] = OWNED_BY.exec(sql) ?? [];
  return schema === undefined || table === undefined ? [] : [`${quoted(schema)}.${quoted(table)}`];
}

function quoted(written: string): string {
  return written.startsWith('"') ? written : quoteName(written);
}

/** A column of a composite type may be of another table's row type, which its statement doesn't tell. */
function tablesWithRowTypes({ tables, types }: Catalog): Set<number> {
  const isComposite = (oid: number): boolean => {
    const type = types.get(oid);
    if (type === undefined) return false;
    return (
      type.kind === "c" ||
      [type.baseOid, type.elementOid].some((part) => part !== 0 && isComposite(part))
    );
  };
  return new Set(
    tables
      .filter((table) => table.columns.some((column) => isComposite(column.typeOid)))
      .map((table) => table.oid),
  );
}

/** Cuts a stage's entries so that all that share a relation, or depend on each other, stay together. */
function chunksOf(entries: readonly TocEntry[]): TocEntry[][] {
  if (entries.reduce((sum, entry) => sum + entry.statements.length, 0) < WORTH_CUTTING)
    return [[...entries]];
  const groups = new Groups();
  for (const entry of entries) {
    const own = `dump:${entry.dumpId}`;
    for (const id of entry.dependencies) groups.join(own, `dump:${id}`);
    for (const name of namesOf(entry)) groups.join(own, name);
  }
  const members = new Map<string, TocEntry[]>();
  for (const entry of entries) {
    const root = groups.rootOf(`dump:${entry.dumpId}`);
    const group = members.get(root);
    if (group === undefined) members.set(root, [entry]);
    else group.push(entry);
  }
  const chunks = Array.from({ length: CHUNKS }, (): TocEntry[] => []);
  // Largest first into the shortest chunk keeps them even.
  for (const group of [...members.values()].sort((a, b) => b.length - a.length)) {
    chunks.reduce((least, chunk) => (chunk.length < least.length ? chunk : least)).push(...group);
  }
  return chunks.filter((chunk) => chunk.length > 0);
}

/** Stages of one chunk each, one after the other, are one: a task less, and a round trip less. */
function merge(stages: readonly Stage[]): Stage[] {
  const merged: Stage[] = [];
  for (const stage of stages) {
    const last = merged.at(-1);
    if (last?.chunks.length === 1 && stage.chunks.length === 1) {
      merged[merged.length - 1] = {
        chunks: [[...(last.chunks[0] ?? []), ...(stage.chunks[0] ?? [])]],
      };
    } else {
      merged.push(stage);
    }
  }
  return merged;
}

/** Union-find over names. */
class Groups {
  readonly #parent = new Map<string, string>();

  rootOf(name: string): string {
    let root = name;
    for (let up = this.#parent.get(root); up !== undefined; up = this.#parent.get(root)) root = up;
    // Point the whole path at its root, so that long chains are walked once.
    for (let at = name; at !== root; ) {
      const up = this.#parent.get(at) ?? root;
      this.#parent.set(at, root);
      at = up;
    }
    return root;
  }

  join(a: string, b: string): void {
    const [rootA, rootB] = [this.rootOf(a), this.rootOf(b)];
    if (rootA !== rootB) this.#parent.set(rootA, rootB);
  }
}
