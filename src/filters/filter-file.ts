/**
 * Filters in pgcopydb's file format: sections in brackets, one pattern a line.
 *
 *     [exclude-table]
 *     public.audit_log
 *     public.~/^tmp_/   ; a comment
 */

import { PgCopyError } from "../errors.js";
import { type FilterName, type Filters, patternKinds, wrongPatterns } from "./filters.js";
import { parsePattern } from "./pattern.js";

/** pgcopydb's eight sections. */
export const filterSections: ReadonlyMap<string, FilterName> = new Map<string, FilterName>([
  ["include-only-schema", "includeSchemas"],
  ["exclude-schema", "excludeSchemas"],
  ["include-only-table", "includeTables"],
  ["exclude-table", "excludeTables"],
  ["exclude-table-data", "excludeTableData"],
  ["exclude-index", "excludeIndexes"],
  ["include-only-extension", "includeExtensions"],
  ["exclude-extension", "excludeExtensions"],
]);

interface Entry {
  readonly pattern: string;
  readonly from: string;
}

/**
 * Reads such a file's text. Like pgcopydb it takes `name = value` for the name alone.
 *
 * @param file its name, for messages.
 * @throws PgCopyError `usage`, naming every line that can't be read; or that there is no entry at all.
 */
export function parseFilterFile(text: string, file: string): Filters {
  const lists: Partial<Record<FilterName, Entry[]>> = {};
  const wrong: string[] = [];
  let section: string | undefined;
  let sectionIsKnown = true;
  for (const [i, line] of text
    .replace(/^\uFEFF/, "")
    .split(/\r\n|\n|\r/)
    .entries()) {
    const content = line.trim();
    if (content === "" || isComment(content)) continue;
    const where = `${file}:${i + 1}`;
    try {
      if (content.startsWith("[")) {
        // What follows an unknown section is wrong for that reason only.
        sectionIsKnown = false;
        section = sectionName(content);
        sectionIsKnown = true;
      } else if (sectionIsKnown) {
        const name = filterSections.get(section ?? "");
        if (name === undefined) throw new Error(`${content} comes before any section`);
        const pattern = patternOf(content, name);
        const list = lists[name] ?? [];
        lists[name] = [...list, { pattern, from: `${where} [${section}]` }];
      }
    } catch (error) {
      const shown = content.startsWith("[") || section === undefined ? "" : ` ${content}`;
      wrong.push(`${where}${shown}: ${(error as Error).message}`);
    }
  }
  if (wrong.length > 0) throw wrongPatterns(wrong);
  if (Object.keys(lists).length === 0) throw emptyFile(file);
  return lists;
}

function isComment(text: string): boolean {
  return text.startsWith(";") || text.startsWith("#");
}

function sectionName(content: string): string {
  const [, inBrackets, rest = ""] = /^\[([^\]]*)\](.*)$/.exec(content) ?? [];
  if (inBrackets === undefined) throw new Error(`${content} has no closing bracket`);
  const name = inBrackets.trim();
  if (rest.trim() !== "" && !isComment(rest.trim()))
    throw new Error(`there is more after the section: ${rest.trim()}`);
  if (filterSections.has(name)) return name;
  throw new Error(
    `there is no section [${name}]; the sections are ${[...filterSections.keys()].join(", ")}`,
  );
}

function patternOf(content: string, name: FilterName): string {
  const { text, rest } = parsePattern(content, patternKinds[name]);
  const after = rest.trim();
  if (after !== "" && !isComment(after) && !after.startsWith("="))
    throw new Error(`there is more after the name: ${after}`);
  return text;
}

/** Else a file that was cut off would copy everything that it was to keep back. */
function emptyFile(file: string): PgCopyError {
  return new PgCopyError(`the filters in ${file} name nothing`, {
    code: "usage",
    advice: "give it an entry, or leave the file away to copy everything",
  });
}
