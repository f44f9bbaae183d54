/**
 * Which rows of a table are copied, and what is copied in place of which columns, as it was asked
 * for. An expression is parsed before anything is done (schema/parse-expression.ts), and belongs to
 * tables once the catalog is read (table-rules.ts).
 */

import { withoutConstants, withoutQuotedConstant } from "./hidden-constants.js";

/** A place in an expression where something stands that means the present time. */
export interface MomentSpan {
  /** From and to, as indexes into the expression's text. */
  readonly start: number;
  readonly end: number;
  /** What it is of the present time: `pg_catalog.date`, `pg_catalog.timestamptz(3)`. */
  readonly type: string;
}

/** One expression over the columns of one table. */
export interface RowExpression {
  /** As it was given. */
  readonly text: string;
  /** The columns that it names, and where it does so first. */
  readonly columns: ReadonlyMap<string, number>;
  readonly moments: readonly MomentSpan[];
}

/** One entry of the options `where` and `mask`. */
export interface RowRule {
  readonly kind: "where" | "mask";
  /** The name as it was given, for messages. */
  readonly given: string;
  readonly schema: string;
  readonly table: string;
  /** Of a mask. */
  readonly column: string | undefined;
  readonly expression: RowExpression;
}

/** Something wrong with an entry. */
export interface RuleProblem {
  readonly kind: "where" | "mask";
  readonly given: string;
  readonly words: string;
  /** The expression, and where in it, if it is about a place. */
  readonly text?: string;
  readonly at?: number;
}

/** So much of a long expression is shown around the place. */
const SHOWN_BEFORE = 40;
const SHOWN_AFTER = 35;

/**
 * A problem in lines: the words and, below the expression, a mark where the words belong. Of a mask the
 * constants are not shown: one may be a secret salt.
 */
export function problemLines({ kind, given, words, at, ...problem }: RuleProblem): string[] {
  const isMask = kind === "mask";
  const first = `${kind} ${given}: ${isMask ? withoutQuotedConstant(words) : words}`;
  if (problem.text === undefined || at === undefined) return [first];
  const text = isMask ? withoutConstants(problem.text) : problem.text;
  const lineStart = text.lastIndexOf("\n", at - 1) + 1;
  const lineEnd = text.indexOf("\n", at) < 0 ? text.length : text.indexOf("\n", at);
  const from = Math.max(lineStart, at - SHOWN_BEFORE);
  const to = Math.min(lineEnd, at + SHOWN_AFTER);
  const before = `${from > lineStart ? "…" : ""}${text.slice(from, at)}`.replaceAll("\t", " ");
  const after = `${text.slice(at, to)}${to < lineEnd ? "…" : ""}`.replaceAll("\t", " ");
  return [first, `  ${before}${after}`, `  ${" ".repeat(before.length)}^`];
}

/** The expression as SQL, with one moment in place of everything that means the present. */
export function atMoment({ text, moments }: RowExpression, moment: string): string {
  let sql = "";
  let done = 0;
  for (const { start, end, type } of moments) {
    sql += text.slice(done, start) + momentAs(moment, type);
    done = end;
  }
  return sql + text.slice(done);
}

/** @param moment a timestamptz as text, with its offset: it has no quote in it. */
function momentAs(moment: string, type: string): string {
  const constant = `cast('${moment}' as pg_catalog.timestamptz)`;
  return type === "pg_catalog.timestamptz" ? constant : `cast(${constant} as ${type})`;
}
