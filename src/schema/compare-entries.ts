/**
 * Two schemas, entry by entry. Entries are the same one if pg_dump gives them the same heading, and
 * equal if they consist of the same statements; where the texts differ, their canonical forms decide.
 * The order of entries says nothing. What differs is told under the object that it belongs to: an
 * index under its table.
 */

import { entryLabel } from "../plan/entry-label.js";
import type { Statement, StatementKind, TocEntry } from "../plan/toc.js";
import { canonicalForm, type Majors } from "./canonical-statement.js";
import { withoutSecrets } from "./without-secrets.js";

/** One entry that differs. */
export interface SchemaDifference {
  /** The object that it belongs to: `TABLE public.orders`. */
  readonly object: string;
  /** What differs: `CREATE INDEX orders_at`, `privileges`; as `object` where it is the object itself. */
  readonly entry: string;
  readonly status: "only_on_source" | "only_on_target" | "different";
  /** The statements that only that end has; secrets are left out. */
  readonly source: readonly string[];
  readonly target: readonly string[];
}

/** Compares two schemas. */
export async function compareEntries(
  source: readonly TocEntry[],
  target: readonly TocEntry[],
  majors: Majors,
): Promise<SchemaDifference[]> {
  const ends = { source: new SchemaOfEnd(source), target: new SchemaOfEnd(target) };
  const differences: SchemaDifference[] = [];
  for (const identity of new Set([...ends.source.identities(), ...ends.target.identities()])) {
    const [here, there] = [ends.source.entries(identity), ends.target.entries(identity)];
    const statements = await unlike(
      here.flatMap(statementsOf),
      there.flatMap(statementsOf),
      majors,
    );
    if (statements.source.length + statements.target.length === 0) continue;
    const side = here.length > 0 ? ends.source : ends.target;
    const [entry] = here.length > 0 ? here : there;
    if (entry === undefined) continue;
    const object = side.objectOf(entry);
    differences.push({
      object,
      entry: labelOf(entry, object),
      status:
        there.length === 0 ? "only_on_source" : here.length === 0 ? "only_on_target" : "different",
      source: await Promise.all(statements.source.map(withoutSecrets)),
      target: await Promise.all(statements.target.map(withoutSecrets)),
    });
  }
  return differences;
}

/** Entries that belong to a relation, with the relation that their statement names first. */
const ofRelation: ReadonlySet<StatementKind> = new Set<StatementKind>([
  "index",
  "key_constraint",
  "foreign_key",
  "other_constraint",
  "index_follow_up",
  "trigger",
  "rule",
  "policy",
  "statistics",
]);

class SchemaOfEnd {
  readonly #entries = new Map<string, TocEntry[]>();
  readonly #byDumpId: ReadonlyMap<number, TocEntry>;
  /** Tables and views by what follows the type in their heading. */
  readonly #relations = new Map<string, TocEntry>();

  constructor(entries: readonly TocEntry[]) {
    this.#byDumpId = new Map(entries.map((entry) => [entry.dumpId, entry]));
    for (const entry of entries) {
      const identity = identityOf(entry);
      const known = this.#entries.get(identity);
      if (known === undefined) this.#entries.set(identity, [entry]);
      else known.push(entry);
      const relation = /^(?:FOREIGN TABLE|TABLE|MATERIALIZED VIEW|VIEW|SEQUENCE) (.*)$/s.exec(
        entry.title,
      )?.[1];
      if (relation !== undefined && !/^(ATTACH|DATA) /.test(relation))
        this.#relations.set(relation, entry);
    }
  }

  identities(): Iterable<string> {
    return this.#entries.keys();
  }

  entries(identity: string): readonly TocEntry[] {
    return this.#entries.get(identity) ?? [];
  }

  /** The object that an entry is told under. */
  objectOf(entry: TocEntry): string {
    const owner = this.#ownerOf(entry);
    return owner === undefined ? objectLabel(entry) : this.objectOf(owner);
  }

  #ownerOf({ title, dependencies, statements }: TocEntry): TocEntry | undefined {
    const [first] = statements;
    if (first === undefined) return undefined;
    if (/^(ACL|COMMENT|SECURITY LABEL|ROW SECURITY|SEQUENCE OWNED BY) /.test(title)) {
      return dependencies.map((id) => this.#byDumpId.get(id)).find((one) => one !== undefined);
    }
    const attached = /^TABLE ATTACH (.*)$/s.exec(title)?.[1];
    if (attached !== undefined) return this.#relations.get(attached);
    if (!ofRelation.has(first.kind) && !title.startsWith("DEFAULT ")) return undefined;
    const relation = first.index?.relation ?? first.constraint?.relation ?? first.relations[0];
    if (relation === undefined) return undefined;
    return this.#relations.get(`${relation.schema} ${relation.name}`.replace(/[\r\n]/g, " "));
  }
}

/** pg_dump's heading. IN before a procedure's argument is printed from 14 on. */
function identityOf({ title }: TocEntry): string {
  return title.replaceAll(/([(,] ?)IN /g, "$1");
}

/** A statement, or a parameter that the entry relies on: its tablespace, its access method. */
function statementsOf({ statements, settings }: TocEntry): string[] {
  const set = Object.entries(settings).map(
    ([name, value]) => `SET ${name} = ${JSON.stringify(value)}`,
  );
  return [...set, ...statements.map(({ sql }: Statement) => sql)];
}

/** The statements that only one of two lists has. */
async function unlike(
  source: readonly string[],
  target: readonly string[],
  majors: Majors,
): Promise<{ source: string[]; target: string[] }> {
  const byText = { source: without(source, target), target: without(target, source) };
  if (byText.source.length + byText.target.length === 0) return byText;
  const forms = async (statements: readonly string[]) => {
    const all: { sql: string; form: string }[] = [];
    for (const sql of statements) {
      const form = sql.startsWith("SET ") ? sql : await canonicalForm(sql, majors);
      if (form !== undefined) all.push({ sql, form });
    }
    return all;
  };
  const [here, there] = [await forms(byText.source), await forms(byText.target)];
  const own = (one: typeof here, other: typeof here) => {
    const left = without(
      one.map(({ form }) => form),
      other.map(({ form }) => form),
    );
    return one.flatMap(({ sql, form }) => {
      const at = left.indexOf(form);
      if (at < 0) return [];
      left.splice(at, 1);
      return [sql];
    });
  };
  return { source: own(here, there), target: own(there, here) };
}

/** The texts of a list that another lacks, counting repeated ones. */
function without(list: readonly string[], other: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const text of other) counts.set(text, (counts.get(text) ?? 0) + 1);
  return list.filter((text) => {
    const left = counts.get(text) ?? 0;
    counts.set(text, left - 1);
    return left <= 0;
  });
}

/** `ADD CONSTRAINT orders_pkey PRIMARY KEY`: what it is told under need not be said again. */
function labelOf(entry: TocEntry, object: string): string {
  if (entry.title.startsWith("ACL ")) return "privileges";
  const label = objectLabel(entry);
  const altered = `ALTER ${object} `;
  return label.startsWith(altered) ? label.slice(altered.length) : label;
}

/** `TABLE public.orders`, `FUNCTION public.total(integer)`, `TRIGGER touch ON public.orders`. */
function objectLabel(entry: TocEntry): string {
  // The schema public is in every database: only its owner or privileges are printed.
  if (entry.title.startsWith("SCHEMA ")) return entry.title;
  const mapping = /^USER MAPPING (USER MAPPING .*)$/.exec(entry.title)?.[1];
  if (mapping !== undefined) return mapping;
  const label = entryLabel(entry).replace(/^CREATE (OR REPLACE )?/, "");
  const hasArguments = /^(FUNCTION|PROCEDURE|AGGREGATE) /.test(entry.title);
  const from = entry.title.indexOf("(");
  return hasArguments && from >= 0 ? `${label}${entry.title.slice(from)}` : label;
}
