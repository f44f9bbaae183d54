/**
 * pg_dump's script → TOC entries and their statements.
 *
 * PostgreSQL's own parser says where statements end (parse-tree.ts). What lies between two
 * statements is a gap of whitespace and comments (script-gap.ts), and only there headings are
 * looked for: a heading opens an entry, and the statements up to the next heading are its own.
 * Before the first heading come the session's parameters (the preamble). What a statement is for is
 * told from its parse tree (classify.ts), which also gives the facts that the plan is made from
 * (statement.ts). Nothing of a tree is kept.
 */

import type { SchemaScript, Section, Statement, TocEntry } from "../plan/toc.js";
import { withoutAttver } from "./attver.js";
import { type ParsedStatement, parseScript, type TypedNode } from "./parse-tree.js";
import { withoutRestrictLines } from "./restrict-lines.js";
import {
  dumpEndedEarly,
  escapesBackslashes,
  holdsZeroByte,
  withoutHeading,
} from "./script-error.js";
import { endOfText, type Heading, headingsIn } from "./script-gap.js";
import { type SectionHint, sectionHint, sectionOf } from "./sections.js";
import { settingValue, toStatement } from "./statement.js";

/** pg_dump writes this at the very end, whatever the dump holds. */
export const lastWords = "-- PostgreSQL database dump complete";

/**
 * Splits the output of `pg_dump --schema-only --verbose --encoding=UTF8`, versions 12 to 18. Every
 * statement of the script is in the result once, but for those that set default_tablespace and
 * default_table_access_method (see `TocEntry.settings`) and those that would copy `pg_attver`.
 *
 * @throws PgCopyError `schema_dump_failed` when the script can't be parsed, ends early, holds a zero byte, has no
 * headings (no --verbose), or relies on standard_conforming_strings = off.
 */
export async function splitScript(script: string): Promise<SchemaScript> {
  const bytes = Buffer.from(withoutRestrictLines(script), "utf8");
  if (bytes.includes(0)) throw holdsZeroByte();
  const splitter = new Splitter();
  let gap = 0;
  for await (const statements of parseScript(bytes)) {
    for (const statement of statements) {
      for (const heading of headingsIn(bytes.toString("utf8", gap, statement.start)))
        splitter.open(heading);
      const end = endOfText(bytes, statement.start, statement.end);
      const sql = bytes.toString("utf8", statement.start, end);
      const kept = withoutAttver(bytes, sql, statement);
      if (kept !== undefined) splitter.add(statement, kept);
      gap = statement.end + 1;
    }
  }
  const rest = bytes.toString("utf8", gap);
  for (const heading of headingsIn(rest)) splitter.open(heading);
  if (!rest.includes(lastWords)) throw dumpEndedEarly();
  return splitter.result();
}

interface OpenEntry extends Heading {
  readonly statements: Statement[];
  readonly hints: SectionHint[];
  readonly settings: Readonly<Record<string, string>>;
}

/** The parameters that pg_dump switches between entries, with the values that need no setting. */
const switchedSettings: ReadonlyMap<string, string> = new Map([
  ["default_tablespace", ""],
  ["default_table_access_method", "heap"],
]);

class Splitter {
  readonly #preamble: Statement[] = [];
  readonly #entries: OpenEntry[] = [];
  /** In force from here on. */
  #settings: Readonly<Record<string, string>> = {};

  open(heading: Heading): void {
    this.#entries.push({ ...heading, statements: [], hints: [], settings: this.#settings });
  }

  add({ tree }: ParsedStatement, sql: string): void {
    if (this.#switches(tree)) return;
    const statement = toStatement(tree, sql);
    const entry = this.#entries.at(-1);
    if (entry !== undefined) {
      entry.statements.push(statement);
      entry.hints.push(sectionHint(statement.kind, tree));
    } else if (setsSession(tree)) {
      this.#preamble.push(statement);
    } else {
      throw withoutHeading(sql);
    }
  }

  /** pg_dump writes these before the heading of the entry that they are for, and only on a change. */
  #switches(tree: TypedNode): boolean {
    if (tree.type !== "VariableSetStmt") return false;
    const name = tree.node.name ?? "";
    const usual = switchedSettings.get(name);
    if (usual === undefined) return false;
    const { [name]: _, ...others } = this.#settings;
    const value = settingValue(tree.node);
    this.#settings = value === usual || value === "" ? others : { ...others, [name]: value };
    return true;
  }

  result(): SchemaScript {
    const sections = new Map<number, Section>();
    let postData = false;
    const entries = this.#entries.map(({ hints, ...entry }): TocEntry => {
      const alone = sectionOf(hints, entry.dependencies, sections);
      // A function or materialized view that needs a key is printed after it, and must come after it.
      const section = alone === "pre-data" && postData ? "post-data" : alone;
      postData ||= section === "post-data";
      sections.set(entry.dumpId, section);
      return { ...entry, section };
    });
    return { preamble: this.#preamble, entries };
  }
}

/**
 * `set …`, and `select pg_catalog.set_config('search_path', '', false)`.
 *
 * @throws PgCopyError `schema_dump_failed` at `standard_conforming_strings = off`: the text of every
 * string that follows would mean something else to a session that has it on, as ours have.
 */
function setsSession(tree: TypedNode): boolean {
  if (tree.type !== "VariableSetStmt") return tree.type === "SelectStmt";
  if (tree.node.name === "standard_conforming_strings" && settingValue(tree.node) !== "on")
    throw escapesBackslashes();
  return true;
}
