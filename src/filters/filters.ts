/**
 * Which objects are copied. A caller gives lists of patterns (pattern.ts), the command line makes
 * the same lists of its options and of a file in pgcopydb's format (filter-file.ts).
 */

import { PgCopyError } from "../errors.js";
import { type Pattern, type PatternKind, parsePattern } from "./pattern.js";

/** A pattern, or one with the place where it was written, which messages then name. */
export type FilterEntry = string | { readonly pattern: string; readonly from: string };

/**
 * What is copied, and what is left out: each a list of names such as `public.orders` or of regular
 * expressions such as `public.~/^tmp_/` (docs/filters.md). What is excluded is out even where it is included, too.
 */
export interface Filters {
  /** Only these tables, views, materialized views and sequences, and what they need. */
  readonly includeTables?: readonly FilterEntry[];
  readonly excludeTables?: readonly FilterEntry[];
  /** Only what is in these schemas, and what that needs; beside what `includeTables` names. */
  readonly includeSchemas?: readonly FilterEntry[];
  readonly excludeSchemas?: readonly FilterEntry[];
  /** Tables that arrive without their rows, and materialized views that are not filled. */
  readonly excludeTableData?: readonly FilterEntry[];
  readonly excludeIndexes?: readonly FilterEntry[];
  /** Of the extensions, only these. */
  readonly includeExtensions?: readonly FilterEntry[];
  readonly excludeExtensions?: readonly FilterEntry[];
}

export type FilterName = keyof Filters;

/** The filters once parsed; empty lists where nothing was given. */
export type ResolvedFilters = { readonly [Name in FilterName]: readonly Pattern[] };

/** How the patterns of each list are written. */
export const patternKinds: Readonly<Record<FilterName, PatternKind>> = {
  includeTables: "qualified",
  excludeTables: "qualified",
  includeSchemas: "plain",
  excludeSchemas: "plain",
  excludeTableData: "qualified",
  excludeIndexes: "qualified",
  includeExtensions: "plain",
  excludeExtensions: "plain",
};

export const filterNames = Object.keys(patternKinds) as readonly FilterName[];

/**
 * Parses all patterns.
 *
 * @returns undefined if there are none: then everything is copied.
 * @throws PgCopyError `usage`, naming every pattern that is none.
 */
export function resolveFilters(filters: Filters | undefined): ResolvedFilters | undefined {
  if (filters === undefined) return undefined;
  refuseOtherShapes(filters);
  const wrong: string[] = [];
  const resolved = Object.fromEntries(
    filterNames.map((name) => [
      name,
      (filters[name] ?? []).flatMap((entry, i) => {
        const { pattern: text, from } =
          typeof entry === "string" ? { pattern: entry, from: `filters.${name}[${i}]` } : entry;
        try {
          return [{ from, text, parts: whole(text, patternKinds[name]) }];
        } catch (error) {
          wrong.push(`${from} ${text}: ${(error as Error).message}`);
          return [];
        }
      }),
    ]),
  ) as unknown as ResolvedFilters;
  if (wrong.length > 0) throw wrongPatterns(wrong);
  return filterNames.some((name) => resolved[name].length > 0) ? resolved : undefined;
}

/** The error for patterns that can't be read. */
export function wrongPatterns(items: readonly string[]): PgCopyError {
  const what = items.length === 1 ? "a filter" : `${items.length} filters`;
  return new PgCopyError(`${what} can't be read`, {
    code: "usage",
    items,
    advice:
      'a name is written as public.orders or "Odd Name"."x", a regular expression as public.~/^tmp_/',
  });
}

function whole(text: string, kind: PatternKind): Pattern["parts"] {
  const { parts, rest } = parsePattern(text.trim(), kind);
  if (rest !== "") throw new Error(`there is more after the name: ${rest.trim()}`);
  return parts;
}

/** An empty list would say that nothing is wanted, or everything: nobody knows. */
function refuseOtherShapes(filters: Filters): void {
  const refuse = (message: string): never => {
    throw new PgCopyError(message, {
      code: "usage",
      advice: `filters may have ${filterNames.join(", ")}, each a list of strings`,
    });
  };
  if (typeof filters !== "object" || filters === null || Array.isArray(filters))
    refuse("filters must be an object of lists");
  for (const [name, list] of Object.entries(filters) as [FilterName, unknown][]) {
    if (list === undefined) continue;
    if (!filterNames.includes(name)) refuse(`there is no filter ${name}`);
    if (!Array.isArray(list) || !list.every(isEntry))
      refuse(`filters.${name} must be a list of strings`);
    if (name.startsWith("include") && (list as unknown[]).length === 0)
      refuse(`filters.${name} is an empty list; leave it away to include everything`);
  }
}

function isEntry(entry: unknown): boolean {
  if (typeof entry === "string") return true;
  const { pattern, from } = (entry ?? {}) as { pattern?: unknown; from?: unknown };
  return typeof pattern === "string" && typeof from === "string";
}
