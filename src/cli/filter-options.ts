/** --filters FILE and the options that say the same on the command line, as the library's one option. */

import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { PgCopyError } from "../errors.js";
import { filterSections, parseFilterFile } from "../filters/filter-file.js";
import type { FilterEntry, FilterName, Filters } from "../filters/filters.js";

/** The patterns of each option that may be given more than once, and the file. */
export interface FilterFlags {
  readonly filters?: string;
  readonly includeTable?: readonly string[];
  readonly excludeTable?: readonly string[];
  readonly includeSchema?: readonly string[];
  readonly excludeSchema?: readonly string[];
  readonly excludeTableData?: readonly string[];
  readonly excludeIndex?: readonly string[];
}

const options: readonly (readonly [flag: keyof FilterFlags, name: FilterName, option: string])[] = [
  ["includeTable", "includeTables", "--include-table"],
  ["excludeTable", "excludeTables", "--exclude-table"],
  ["includeSchema", "includeSchemas", "--include-schema"],
  ["excludeSchema", "excludeSchemas", "--exclude-schema"],
  ["excludeTableData", "excludeTableData", "--exclude-table-data"],
  ["excludeIndex", "excludeIndexes", "--exclude-index"],
];

/** Adds the options to a command. */
export function withFilterOptions(command: Command): Command {
  const several = (value: string, before: readonly string[] = []) => [...before, value];
  return command
    .optionsGroup("Only some of it (NAME is public.orders or public.~/^tmp_/; repeat for more):")
    .option("--filters <FILE>", "read filters from a file in pgcopydb's format")
    .option("--include-table <NAME>", "only these tables and views, and what they need", several)
    .option("--exclude-table <NAME>", "leave out a table or view, and what needs it", several)
    .option("--include-schema <NAME>", "only what is in these schemas, and what it needs", several)
    .option("--exclude-schema <NAME>", "leave out a schema, and what needs it", several)
    .option("--exclude-table-data <NAME>", "copy a table without its rows", several)
    .option(
      "--exclude-index <NAME>",
      "leave out an index, with the constraint that it is for",
      several,
    );
}

/**
 * Takes the filters out of a command's flags: those of the file and those of the options are one.
 *
 * @throws PgCopyError `usage` if the file can't be read.
 */
export function takeFilters<F extends FilterFlags>(
  flags: F,
): { filters: Filters | undefined; others: Omit<F, keyof FilterFlags> } {
  const taken = new Set<string>(["filters", ...options.map(([flag]) => flag)]);
  const others = Object.fromEntries(Object.entries(flags).filter(([flag]) => !taken.has(flag)));
  return { filters: filtersOf(flags), others: others as Omit<F, keyof FilterFlags> };
}

function filtersOf(flags: FilterFlags): Filters | undefined {
  const lists: Partial<Record<FilterName, readonly FilterEntry[]>> =
    flags.filters === undefined ? {} : readFile(flags.filters);
  for (const [flag, name, option] of options) {
    const given = (flags[flag] ?? []) as readonly string[];
    if (given.length === 0) continue;
    lists[name] = [...(lists[name] ?? []), ...given.map((pattern) => ({ pattern, from: option }))];
  }
  return Object.keys(lists).length === 0 ? undefined : lists;
}

function readFile(file: string): Filters {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new PgCopyError(`the filters can't be read: ${(error as Error).message}`, {
      code: "usage",
      advice: `give the name of a file with the sections ${[...filterSections.keys()].join(", ")}`,
      cause: error,
    });
  }
  return parseFilterFile(text, file);
}
