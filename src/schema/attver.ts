/**
 * `pg_attver` is bookkeeping that servers of the minor releases of 2026-11-12 keep among a
 * column's options. A pg_dump older than they are takes it for an option like any other and
 * writes `alter table … alter column … set (pg_attver=…)`, which no server accepts, or which would
 * plant the source's bookkeeping in the target: it is never copied.
 */

import { commandsOf, type ParsedStatement } from "./parse-tree.js";
import { unexpectedAttver } from "./script-error.js";

const attver = "pg_attver";

/**
 * A statement's text without that option, other options kept as they are; undefined when nothing
 * is left of it.
 *
 * @throws PgCopyError `schema_dump_failed` when the option stands where pg_dump never writes it.
 */
export function withoutAttver(
  script: Buffer,
  sql: string,
  statement: ParsedStatement,
): string | undefined {
  if (statement.tree.type !== "AlterTableStmt" || !sql.includes(attver)) return sql;
  const commands = commandsOf(statement.tree.node.cmds);
  const lists = commands.map((command) => optionsIn(command.def));
  if (!lists.some((list) => list.some((option) => option.name === attver))) return sql;
  const [options] = lists;
  if (commands.length !== 1 || options === undefined) throw unexpectedAttver(sql);

  // The only command ends with the closing parenthesis of its option list.
  const close = script.lastIndexOf(")", statement.end - 1);
  const starts = options.map((option) => statement.offset + option.location);
  const kept = options.flatMap((option, index) => {
    const text = script.toString("utf8", starts[index]!, starts[index + 1] ?? close);
    return option.name === attver ? [] : [text.replace(/[\s,]+$/, "")];
  });
  if (kept.length === 0) return undefined;
  return `${script.toString("utf8", statement.start, starts[0])}${kept.join(", ")})`;
}

interface Option {
  readonly name: string;
  readonly location: number;
}

/** The options of `set (…)`, each with the place of its name. */
function optionsIn(def: unknown): Option[] {
  const items = (def as { List?: { items?: unknown[] } } | undefined)?.List?.items ?? [];
  return items.flatMap((item) => {
    const option = (item as { DefElem?: { defname?: string; location?: number } }).DefElem;
    if (option?.defname === undefined) return [];
    return [{ name: option.defname, location: option.location ?? 0 }];
  });
}
