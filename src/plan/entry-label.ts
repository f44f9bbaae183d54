/**
 * What an entry is called in labels and messages: the beginning of its statement, as far as it says
 * what is done to what (`CREATE TRIGGER touch ON shop.orders`). pg_dump's own heading (`TRIGGER shop
 * orders touch`) is no SQL that anybody knows.
 */

import { displayName } from "../postgres/quote.js";
import type { RelationName, Statement, TocEntry } from "./toc.js";

/** Words, names with their quotes and dots, and whatever else, a character at a time. */
const TOKENS = /(?:"(?:[^"]|"")*"|[^\s"'(),;])+|\S/g;

/**
 * What comes after these is detail: a body, a query, a condition; or a secret, such as what a
 * subscription connects with.
 */
const END = new Set(
  "as is using connection options with start before after instead for where execute".split(" "),
);
/** The words that say what is done to what sort of object; the name after them may be one of `END`. */
const COMMAND_WORDS = 3;

/** The entry's first statement in short; pg_dump's heading where that says more. */
export function entryLabel(entry: TocEntry): string {
  const [statement] = entry.statements;
  // What is granted stands in parentheses, or after SET SESSION AUTHORIZATION.
  if (statement === undefined || statement.kind === "acl") return entry.title;
  return statementLabel(statement);
}

function statementLabel({ kind, sql, relations }: Statement): string {
  const [first, second] = relations;
  if (kind === "index_attach" && first !== undefined && second !== undefined) {
    return `ALTER INDEX ${nameOf(first)} ATTACH PARTITION ${nameOf(second)}`;
  }
  const head = headOf(sql);
  // Between these and their table stand the events that they wait for.
  const isApart = /^create (or replace )?(constraint )?(trigger|rule) /i.test(head);
  return isApart && first !== undefined ? `${head} ON ${nameOf(first)}` : head;
}

function headOf(sql: string): string {
  const words: string[] = [];
  for (const [token] of sql.matchAll(TOKENS)) {
    const ends = words.length >= COMMAND_WORDS && END.has(token.toLowerCase());
    if (ends || token === "(" || token === "'") break;
    const isOnly = /^only$/i.test(token) && /^(table|on)$/i.test(words.at(-1) ?? "");
    if (!isOnly) words.push(token);
  }
  return words.join(" ").replaceAll(" , ", ", ");
}

function nameOf({ schema, name }: RelationName): string {
  return schema === "" ? displayName(name) : displayName(schema, name);
}

/** What labels count, in their order; whatever else is created is rare. */
const CONTENTS: readonly (readonly [one: string, many: string, sql: RegExp])[] = [
  ["schema", "schemas", /^\s*create\s+schema\b/i],
  ["extension", "extensions", /^\s*create\s+extension\b/i],
  ["type", "types", /^\s*create\s+(type|domain)\b/i],
  [
    "function",
    "functions",
    /^\s*create\s+(or\s+replace\s+)?(function|procedure|aggregate|operator)\b/i,
  ],
  ["table", "tables", /^\s*create\s+(unlogged\s+|foreign\s+)?table\b/i],
  ["sequence", "sequences", /^\s*create\s+sequence\b/i],
  ["view", "views", /^\s*create\s+(materialized\s+|recursive\s+)?view\b/i],
];

/** What entries create, in numbers: `2 schemas, 12 functions and 51 tables`. */
export function contentsOf(entries: readonly TocEntry[]): string {
  const statements = entries.flatMap((entry) => entry.statements);
  const counts = CONTENTS.map(([one, many, pattern]) => {
    const count = statements.filter(({ sql }) => pattern.test(sql)).length;
    return { count, words: `${count} ${count === 1 ? one : many}` };
  });
  const named = counts.filter(({ count }) => count > 0).map(({ words }) => words);
  const last = named.pop();
  if (last === undefined) return "other objects";
  return named.length === 0 ? last : `${named.join(", ")} and ${last}`;
}
