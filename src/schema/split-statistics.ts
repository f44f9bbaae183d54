/**
 * The statements of `pg_dump --statistics-only`: `SELECT * FROM pg_catalog.pg_restore_relation_stats(…)`
 * and `pg_restore_attribute_stats(…)`, one argument a line, the relation's name among the first.
 *
 * They are cut at their semicolons, minding quotes, without the parser: a column's histogram is some
 * 2 kB of arguments, and parsing those of 1,000 tables took it 4 s. Between two statements there are
 * only headings, in which pg_dump replaces the ends of lines that names may hold.
 */

import { PgCopyError } from "../errors.js";
import type { RelationStatistics } from "../plan/task.js";
import { quoteQualified } from "../postgres/quote.js";
import { withoutRestrictLines } from "./restrict-lines.js";
import { dumpEndedEarly, escapesBackslashes } from "./script-error.js";
import { lastWords } from "./split-script.js";

type Gathered = Pick<RelationStatistics, "relation"> & { statements: string[]; ofColumns: boolean };

/**
 * The statistics by relation, in the script's order. Calls of other functions (of a newer pg_dump,
 * for extended statistics) are left out: their tables are analyzed.
 *
 * @throws PgCopyError `schema_dump_failed` when the script ends early or is not of that form.
 */
export function splitStatistics(written: string): RelationStatistics[] {
  const script = withoutRestrictLines(written);
  if (!script.includes(lastWords, script.length - 200)) throw dumpEndedEarly();
  if (!/^SET standard_conforming_strings = on;$/m.test(script.slice(0, 2_000)))
    throw escapesBackslashes();
  const found = new Map<string, Gathered>();
  for (const sql of calls(script)) {
    const [, kind, schemaText, nameText] = HEAD.exec(sql) ?? [];
    if (kind === undefined) throw unreadable(sql);
    if (kind !== "relation" && kind !== "attribute") continue;
    if (schemaText === undefined || nameText === undefined) throw unreadable(sql);
    const relation = { schema: unquoted(schemaText), name: unquoted(nameText) };
    const key = quoteQualified(relation.schema, relation.name);
    const one = found.get(key) ?? { relation, statements: [], ofColumns: false };
    one.statements.push(sql);
    one.ofColumns ||= kind === "attribute";
    found.set(key, one);
  }
  return [...found.values()];
}

const CALL = "\nSELECT * FROM pg_catalog.pg_restore_";
const STRING = `'((?:[^']|'')*)'`;
/** The rest of the arguments is not looked at: it may be megabytes. */
const HEAD = new RegExp(
  String.raw`^SELECT \* FROM pg_catalog\.pg_restore_(\w+)_stats\((?:\s*'version', '\d+'::integer,\s*'schemaname', ${STRING},\s*'relname', ${STRING}[,\s])?`,
);

/** The statements, without their semicolons. */
function* calls(script: string): Generator<string> {
  for (let at = script.indexOf(CALL); at >= 0; ) {
    const end = endOfStatement(script, at);
    yield script.slice(at + 1, end);
    at = script.indexOf(CALL, end);
  }
}

/** A doubled quote ends one string and begins the next, to the same effect. */
function endOfStatement(script: string, from: number): number {
  for (let at = from; ; ) {
    const semicolon = script.indexOf(";", at);
    if (semicolon < 0) throw dumpEndedEarly();
    const quote = script.indexOf("'", at);
    if (quote < 0 || semicolon < quote) return semicolon;
    const closing = script.indexOf("'", quote + 1);
    if (closing < 0) throw dumpEndedEarly();
    at = closing + 1;
  }
}

function unquoted(text: string): string {
  return text.replaceAll("''", "'");
}

function unreadable(sql: string): PgCopyError {
  return new PgCopyError(
    `pg_dump's statistics can't be read: ${JSON.stringify(sql.slice(0, 200))}`,
    {
      code: "schema_dump_failed",
      attempted: "dump statistics",
      advice: "use the bundled pg_dump (--pg-dump bundled), or --statistics analyze",
    },
  );
}
