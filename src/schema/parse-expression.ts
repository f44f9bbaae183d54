/**
 * An expression that a user gave for a table, read by PostgreSQL's own parser before anything is
 * done with it. It becomes part of statements, between parentheses, so it must be one expression
 * there and nothing else: `true) or (true` is none, nor is `1; drop table x; --`. What it may consist
 * of is a list of what is allowed (expression-nodes.ts), not of what is forbidden.
 */

import type { Node, ParseResult, ScanToken } from "libpg-query";
import type { MomentSpan, RowExpression } from "../plan/row-rules.js";
import { ExpressionProblem, inspectExpression } from "./expression-nodes.js";
import { loadParser } from "./parse-tree.js";
import { loadSqlParser, scanTokens } from "./sql-parser.js";

const PLAIN = "select ";
const IN_PARENTHESES = "select (\n";

/**
 * Parses one expression.
 *
 * @throws ExpressionProblem saying what is wrong with it, and where.
 */
export async function parseExpression(text: string): Promise<RowExpression> {
  await loadParser();
  const library = await loadSqlParser();
  const { parseSync } = library;
  // The server would stop reading there.
  if (text.includes("\0")) throw new ExpressionProblem("holds a zero character");
  const tree = onlyTarget(parsed(parseSync, PLAIN, text, ""));
  // Alone, it must mean what it means between the parentheses that it is put in.
  const enclosed = onlyTarget(parsed(parseSync, IN_PARENTHESES, text, "\n)"));
  if (withoutLocations(tree) !== withoutLocations(enclosed)) {
    throw new ExpressionProblem("is no single expression");
  }
  const bytes = Buffer.from(PLAIN + text);
  const indexAt = (byte: number) => bytes.toString("utf8", 0, byte).length - PLAIN.length;
  const { columns, moments, problem } = inspectExpression(tree, PLAIN.length);
  if (problem !== undefined) throw new ExpressionProblem(problem.words, indexAt(problem.byte));
  return {
    text,
    columns: new Map([...columns].map(([name, byte]) => [name, indexAt(byte)])),
    moments: spans(moments, scanTokens(library, PLAIN + text), indexAt),
  };
}

function parsed(
  parse: (sql: string) => ParseResult,
  prefix: string,
  text: string,
  suffix: string,
): ParseResult {
  try {
    return parse(prefix + text + suffix);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const details = "sqlDetails" in error ? (error.sqlDetails as { cursorPosition?: number }) : {};
    // Counted in characters, not in the halves that an index counts.
    const before = [...(prefix + text)].slice(0, details.cursorPosition ?? prefix.length).join("");
    throw new ExpressionProblem(error.message, Math.max(before.length - prefix.length, 0));
  }
}

/** What a SELECT of one expression has. */
const bareSelect = new Set(["targetList", "limitOption", "op"]);

function onlyTarget({ stmts = [] }: ParseResult): Node {
  const [first, second] = stmts;
  if (second !== undefined) throw new ExpressionProblem("holds more than one statement");
  const select =
    first?.stmt !== undefined && "SelectStmt" in first.stmt ? first.stmt.SelectStmt : {};
  const rest = Object.keys(select).filter((key) => !bareSelect.has(key));
  if (
    rest.length > 0 ||
    select.op !== "SETOP_NONE" ||
    select.limitOption !== "LIMIT_OPTION_DEFAULT"
  )
    throw new ExpressionProblem("is a query, not one expression");
  const [target, another] = select.targetList ?? [];
  if (target === undefined) throw new ExpressionProblem("is empty");
  if (another !== undefined) throw new ExpressionProblem("is a list, not one expression");
  const { val, ...named } = "ResTarget" in target ? target.ResTarget : {};
  if ("name" in named) throw new ExpressionProblem("gives a name to an expression");
  if (val === undefined) throw new ExpressionProblem("is empty");
  return val;
}

/** Where something stands, and where a list begins and ends, differs by the parentheses. */
function withoutLocations(tree: Node): string {
  return JSON.stringify(tree, (key, value) =>
    key === "location" || /_(start|end)$/.test(key) ? undefined : value,
  );
}

/** From where an expression of the present begins to the end of its last token. */
function spans(
  moments: readonly { readonly byte: number; readonly type: string; readonly called: boolean }[],
  tokens: readonly ScanToken[],
  indexAt: (byte: number) => number,
): MomentSpan[] {
  return moments
    .map(({ byte, type, called }) => {
      const first = tokens.findIndex((token) => token.start === byte);
      const last = called ? tokens.slice(first).find(({ text }) => text === ")") : tokens[first];
      if (first < 0 || last === undefined)
        throw new ExpressionProblem("has an end that was not found", indexAt(byte));
      return { start: indexAt(byte), end: indexAt(last.end), type };
    })
    .sort((a, b) => a.start - b.start);
}
