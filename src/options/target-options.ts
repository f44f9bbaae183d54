/** The options that say what the target is to have of all that is not rows: whose it is, and what may go. */

import { PgCopyError } from "../errors.js";
import { type ExtensionPin, extensionPins } from "./extension-pins.js";
import { flag, oneOf } from "./option-values.js";

export type StatisticsMode = "copy" | "analyze" | "skip";

export interface TargetOptions {
  /** Drop objects of the target that are in the way; default: refuse. */
  readonly dropIfExists?: boolean;
  /** Leave everything owned by the target's role. */
  readonly noOwner?: boolean;
  /** Leave out GRANT, REVOKE and default privileges. */
  readonly noAcl?: boolean;
  /** Leave out SECURITY LABEL. */
  readonly noSecurityLabels?: boolean;
  /** Create the roles that the source has and the target lacks, as they are; default: they must be there. */
  readonly roles?: boolean;
  /** With `roles`: without their passwords, which only a superuser of the source can read. */
  readonly noRolePasswords?: boolean;
  /** Give a target database that exists the source's settings, privileges, owner, comment and limits; default: tell what differs. */
  readonly databaseProperties?: boolean;
  /** Put everything into the target's default tablespace. */
  readonly noTablespaces?: boolean;
  /** Create these extensions in these versions. Default: the version that is the target's default. */
  readonly requirements?: readonly ExtensionPin[];
  /** Create no extensions, and leave their configuration tables alone: what needs them must be there. */
  readonly skipExtensions?: boolean;
  /** Create no collations: those that are needed must be there. */
  readonly skipCollations?: boolean;
  /**
   * Where the planner's statistics of the target come from. Default `analyze`: ANALYZE. `copy` brings
   * the source's, to a target of PostgreSQL 18 or newer. `skip` leaves the target without.
   */
  readonly statistics?: StatisticsMode;
  /** The same as `statistics: "skip"`. */
  readonly skipAnalyze?: boolean;
}

export interface ResolvedTargetOptions {
  readonly dropIfExists: boolean;
  readonly noOwner: boolean;
  readonly noAcl: boolean;
  readonly noSecurityLabels: boolean;
  readonly roles: boolean;
  readonly noRolePasswords: boolean;
  readonly databaseProperties: boolean;
  readonly noTablespaces: boolean;
  readonly requirements: readonly ExtensionPin[];
  readonly skipExtensions: boolean;
  readonly skipCollations: boolean;
  readonly statistics: StatisticsMode;
  /** `statistics` is `skip`. */
  readonly skipAnalyze: boolean;
}

export const targetOptionNames: Readonly<Record<keyof TargetOptions, true>> = {
  dropIfExists: true,
  noOwner: true,
  noAcl: true,
  noSecurityLabels: true,
  roles: true,
  noRolePasswords: true,
  databaseProperties: true,
  noTablespaces: true,
  requirements: true,
  skipExtensions: true,
  skipCollations: true,
  statistics: true,
  skipAnalyze: true,
};

export function resolveTargetOptions(options: TargetOptions): ResolvedTargetOptions {
  const statistics = statisticsMode(options);
  return {
    dropIfExists: flag("dropIfExists", options.dropIfExists),
    noOwner: flag("noOwner", options.noOwner),
    noAcl: flag("noAcl", options.noAcl),
    noSecurityLabels: flag("noSecurityLabels", options.noSecurityLabels),
    roles: flag("roles", options.roles),
    noRolePasswords: noRolePasswords(options),
    databaseProperties: flag("databaseProperties", options.databaseProperties),
    noTablespaces: flag("noTablespaces", options.noTablespaces),
    ...extensionOptions(options),
    skipCollations: flag("skipCollations", options.skipCollations),
    statistics,
    skipAnalyze: statistics === "skip",
  };
}

function noRolePasswords(options: TargetOptions): boolean {
  const without = flag("noRolePasswords", options.noRolePasswords);
  if (!without || options.roles === true) return without;
  throw new PgCopyError("noRolePasswords needs roles", {
    code: "usage",
    options: ["noRolePasswords", "roles"],
    advice: "give both, or neither",
  });
}

function extensionOptions(
  options: TargetOptions,
): Pick<ResolvedTargetOptions, "requirements" | "skipExtensions"> {
  const requirements = extensionPins(options.requirements);
  const skipExtensions = flag("skipExtensions", options.skipExtensions);
  if (skipExtensions && requirements.length > 0) {
    throw new PgCopyError("requirements contradict skipExtensions, which creates no extension", {
      code: "usage",
      options: ["requirements", "skipExtensions"],
      advice: "give one of the two",
    });
  }
  return { requirements, skipExtensions };
}

function statisticsMode(options: TargetOptions): StatisticsMode {
  const mode = oneOf("statistics", options.statistics, ["copy", "analyze", "skip"]);
  if (!flag("skipAnalyze", options.skipAnalyze)) return mode ?? "analyze";
  if (mode === undefined || mode === "skip") return "skip";
  throw new PgCopyError(`skipAnalyze contradicts statistics ${mode}`, {
    code: "usage",
    options: ["skipAnalyze", "statistics"],
    advice: "give one of the two; skipAnalyze is another word for statistics skip",
  });
}
