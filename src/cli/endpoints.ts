/** SOURCE and TARGET: from the command line, from PGCOPY_SOURCE and PGCOPY_TARGET, or from a file. */

import { PgCopyError } from "../errors.js";
import type { Environment } from "../run/environment.js";

const SOURCE_VARIABLE = "PGCOPY_SOURCE";
const TARGET_VARIABLE = "PGCOPY_TARGET";

export interface Endpoints {
  readonly source: string;
  readonly target: string;
}

/**
 * One argument alone is whichever end neither the environment nor the configuration file gives.
 *
 * @throws PgCopyError `usage` when an end is missing, or when it can't be told which one is given.
 */
export function chooseEndpoints(
  given: readonly string[],
  environment: Environment,
  configured: Partial<Endpoints> = {},
): Endpoints {
  const [first, second] = given;
  const source = environment[SOURCE_VARIABLE] || configured.source;
  const target = environment[TARGET_VARIABLE] || configured.target;
  if (first !== undefined && second !== undefined) return { source: first, target: second };
  if (first === undefined) {
    return { source: source ?? missing("SOURCE"), target: target ?? missing("TARGET") };
  }
  if (source !== undefined && target !== undefined) {
    throw new PgCopyError("one endpoint was given, and it could be SOURCE or TARGET", {
      code: "usage",
      advice:
        configured.source === undefined && configured.target === undefined
          ? `give both, or none, or unset ${SOURCE_VARIABLE} or ${TARGET_VARIABLE}`
          : "give both, or none: the configuration file and the environment give both as well",
    });
  }
  if (source !== undefined) return { source, target: first };
  return { source: first, target: target ?? missing("TARGET") };
}

/** @throws PgCopyError `usage` when there is none. */
export function chooseEndpoint(given: string | undefined, environment: Environment): string {
  return given ?? (environment[SOURCE_VARIABLE] || missing("SOURCE"));
}

/** @throws PgCopyError `usage` when there is none. */
export function chooseTarget(given: string | undefined, environment: Environment): string {
  return given ?? (environment[TARGET_VARIABLE] || missing("TARGET"));
}

function missing(end: "SOURCE" | "TARGET"): never {
  throw new PgCopyError(`${end} is missing`, {
    code: "usage",
    advice: `give it as an argument (a postgres:// URI, a "key=value" string or pgdata:DIR) or in ${
      end === "SOURCE" ? SOURCE_VARIABLE : TARGET_VARIABLE
    }`,
  });
}
