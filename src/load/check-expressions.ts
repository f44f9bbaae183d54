/**
 * Has the source itself read the expressions of `where` and `mask`, without running them: a function
 * that it doesn't know, or a text where a number is wanted, is found before anything is changed, in
 * its own words.
 */

import type { Table } from "../catalog/catalog.js";
import { PgCopyError } from "../errors.js";
import type { RowRule, RuleProblem } from "../plan/row-rules.js";
import { withoutWords } from "../postgres/confidential.js";
import type { Connection } from "../postgres/connection.js";
import { quoteName, quoteQualified } from "../postgres/quote.js";

export interface CheckedRule {
  readonly rule: RowRule;
  readonly table: Table;
  /** Whether it may give something else each time that it is asked. */
  readonly volatile: boolean;
}

/**
 * Checks each entry on the table that it names.
 *
 * @param source in a transaction.
 * @returns what is wrong with the entries, and which are volatile.
 */
export async function checkExpressions(
  source: Connection,
  entries: readonly { readonly rule: RowRule; readonly table: Table }[],
): Promise<{ problems: RuleProblem[]; checked: CheckedRule[] }> {
  const problems: RuleProblem[] = [];
  const checked: CheckedRule[] = [];
  for (const entry of entries) {
    const result = await checkOne(source, entry.rule, entry.table);
    if (typeof result === "boolean") checked.push({ ...entry, volatile: result });
    else problems.push(result);
  }
  return { problems, checked };
}

const PREPARED = "pgcopy_mask";

async function checkOne(
  source: Connection,
  rule: RowRule,
  table: Table,
): Promise<boolean | RuleProblem> {
  const attempted = `reading the ${rule.kind} of ${rule.given}`;
  const name = quoteQualified(table.schema, table.name);
  const { text } = rule.expression;
  let prefix = "";
  const ask = (sql: { before: string; after: string }) => {
    prefix = `${sql.before}(\n`;
    return source.query(attempted, `${prefix}${text}\n)${sql.after}`);
  };
  await source.execute(attempted, "savepoint checked_expression");
  try {
    if (rule.column !== undefined) {
      // As an UPDATE would set it, which is read but never run; no privilege is asked for.
      const before = `prepare ${PREPARED} as update only ${name} set ${quoteName(rule.column)} = `;
      const prepared = await ask({ before, after: "" }).then(() => true, isAlwaysIdentity);
      await source.execute(
        attempted,
        prepared ? `deallocate ${PREPARED}` : "rollback to savepoint checked_expression",
      );
    }
    const [row] = await ask(volatilityQuery(name, rule.kind));
    return hasCte(row?.["QUERY PLAN"]);
  } catch (error) {
    if (!(error instanceof PgCopyError) || error.server === undefined) throw error;
    return problemOf(error, rule, prefix);
  } finally {
    if (source.usable) await source.execute(attempted, "rollback to savepoint checked_expression");
  }
}

/** Thrown on, but for the refusal to update an identity column, which comes after the types agreed. */
function isAlwaysIdentity(error: unknown): false {
  if (error instanceof PgCopyError && error.server?.sqlstate === GENERATED_ALWAYS) return false;
  throw error;
}

/**
 * A common table expression that is used once becomes a part of the query around it, since
 * PostgreSQL 12, unless something in it is volatile (PostgreSQL documentation, "WITH Queries"): so the
 * plan tells. A WHERE is also where neither aggregates nor sets are allowed.
 */
function volatilityQuery(name: string, kind: RowRule["kind"]): { before: string; after: string } {
  const before = `explain (format json, costs off) with checked as (select from only ${name} as t where `;
  return { before, after: `${kind === "where" ? "" : " is null"}) select from checked` };
}

function hasCte(plan: unknown): boolean {
  if (typeof plan !== "object" || plan === null) return false;
  return "CTE Name" in plan || Object.values(plan).some(hasCte);
}

const GENERATED_ALWAYS = "428C9";
const UNKNOWN_FUNCTION = "42883";
const UNKNOWN_TYPE = "42704";

function problemOf(error: PgCopyError, rule: RowRule, prefix: string): RuleProblem {
  const { sqlstate: state = "" } = error.server ?? {};
  // Without a place in the statement, an error of a value may be about one that the planner tried; with
  // one it quotes a constant, which in a mask may be a secret.
  const quotesSecret = rule.kind === "mask" && state.startsWith("22");
  const placed = (positionOf(error) !== undefined && !quotesSecret) || state.startsWith("42");
  const { message = "", sqlstate = "", hint } = (placed ? error : withoutWords(error)).server ?? {};
  const unknown = sqlstate === UNKNOWN_FUNCTION || sqlstate === UNKNOWN_TYPE;
  const search = unknown
    ? "; no schema but pg_catalog is searched: write what is in another one with its schema, as public.f(…)"
    : hint === undefined
      ? ""
      : `; ${hint}`;
  const { kind, given } = rule;
  const at = placeOf(error, rule, prefix);
  const words = `${message} (SQLSTATE ${sqlstate})${search}`;
  return { kind, given, words, ...(at === undefined ? {} : { text: rule.expression.text, at }) };
}

function positionOf(error: PgCopyError): string | undefined {
  return ((error.cause ?? {}) as { position?: string }).position;
}

/** The server counts the characters of its statement from 1. */
function placeOf(error: PgCopyError, rule: RowRule, prefix: string): number | undefined {
  const characters = [...rule.expression.text];
  const at = Number(positionOf(error)) - 1 - [...prefix].length;
  return at >= 0 && at <= characters.length ? characters.slice(0, at).join("").length : undefined;
}
