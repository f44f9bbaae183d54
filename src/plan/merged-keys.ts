/**
 * Several keys of one table in one ALTER TABLE. Each statement of its own opens the table, changes its
 * row in pg_class and has every session forget what it knew of it: two keys of an empty table took a
 * quarter less time in one statement (docs/performance.md, "Many small tables").
 */

import { type Script, scriptOf } from "./task.js";
import type { TocEntry } from "./toc.js";

/** One part of a name as pg_dump writes it: quoted only where it must be. */
const NAME = String.raw`(?:"(?:[^"]|"")+"|[^\s."']+)`;
const ADD_KEY = new RegExp(
  String.raw`^\s*(alter\s+table\s+only\s+${NAME}\.${NAME})\s+(add\s+constraint\s.*)$`,
  "is",
);

/** The entries of one table as scripts, in their order; keys that follow each other are one. */
export function withKeysMerged(entries: readonly TocEntry[]): Script[] {
  const scripts: Script[] = [];
  let run: TocEntry[] = [];
  const close = () => {
    if (run.length > 0) scripts.push(scriptOfKeys(run));
    run = [];
  };
  for (const entry of entries) {
    const [first] = run;
    if (isKey(entry)) {
      if (first !== undefined && !goTogether(first, entry)) close();
      run.push(entry);
    } else {
      close();
      scripts.push(scriptOf(entry));
    }
  }
  close();
  return scripts;
}

/** A key and nothing that is said of it afterwards (CLUSTER ON, REPLICA IDENTITY). */
function isKey({ statements }: TocEntry): boolean {
  const [statement, ...others] = statements;
  return statement?.kind === "key_constraint" && others.length === 0 && ADD_KEY.test(statement.sql);
}

function goTogether(one: TocEntry, other: TocEntry): boolean {
  return (
    partsOf(one).table === partsOf(other).table &&
    JSON.stringify(one.settings) === JSON.stringify(other.settings)
  );
}

function scriptOfKeys(entries: readonly TocEntry[]): Script {
  const [first] = entries;
  if (first === undefined || entries.length === 1) return scriptOf(first as TocEntry);
  const { title, settings } = scriptOf(first);
  const of = entries.flatMap((entry) => scriptOf(entry).of ?? []);
  const additions = entries.map((entry) => partsOf(entry).addition);
  return {
    title: `${title} and ${entries.length - 1} more`,
    settings,
    statements: [`${partsOf(first).table} ${additions.join(", ")}`],
    of,
  };
}

function partsOf({ statements }: TocEntry): { table: string; addition: string } {
  const [, table = "", addition = ""] = ADD_KEY.exec(statements[0]?.sql ?? "") ?? [];
  return { table, addition };
}
