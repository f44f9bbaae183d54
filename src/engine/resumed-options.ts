/** The options of a resumed run: what made the plan is the first run's, all else is given anew. */

import { isDeepStrictEqual } from "node:util";
import { PgCopyError } from "../errors.js";
import type { ResolvedOptions } from "../options/clone-options.js";

const names = [
  "filters",
  "where",
  "mask",
  "includeReferenced",
  "skipLargeObjects",
  "noOwner",
  "noAcl",
  "noSecurityLabels",
  "databaseProperties",
  "noTablespaces",
  "requirements",
  "skipExtensions",
  "skipCollations",
  "statistics",
  "skipAnalyze",
  "splitTablesLargerThan",
  "verify",
  "copyFormat",
] as const satisfies readonly (keyof ResolvedOptions)[];

/** An option that decides what the plan is. */
export type PlanOption = (typeof names)[number];

/** Values of these are not shown: they are long, or nobody else's to see. */
const UNSHOWN: ReadonlySet<PlanOption> = new Set(["filters", "where", "mask", "requirements"]);

export function planOptions(options: ResolvedOptions): Pick<ResolvedOptions, PlanOption> {
  return Object.fromEntries(names.map((name) => [name, options[name]])) as Pick<
    ResolvedOptions,
    PlanOption
  >;
}

/**
 * The given options with those of the first run. One that is not given is as it was.
 *
 * @throws PgCopyError `usage`, naming those that are given otherwise.
 */
export function resumedOptions(
  given: ResolvedOptions,
  first: Pick<ResolvedOptions, PlanOption>,
): ResolvedOptions {
  const different = names.filter(
    (name) => given.given.has(name) && !isDeepStrictEqual(given[name], first[name]),
  );
  if (different.length === 0) return { ...given, ...first };
  throw new PgCopyError("the unfinished run was begun with other options", {
    code: "usage",
    options: [...different],
    items: different.map((name) =>
      UNSHOWN.has(name)
        ? name
        : `${name} was ${shown(first[name])}, and is ${shown(given[name])} now`,
    ),
    advice:
      "its plan was made with them: leave them out, and they are as they were; or start over with --restart",
  });
}

function shown(value: unknown): string {
  return value === undefined ? "not given" : String(value);
}
