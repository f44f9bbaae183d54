/** The options of a run over all databases of a server. */

import { PgCopyError } from "../errors.js";
import { type CloneOptions, type ResolvedOptions, resolveCloneOptions } from "./clone-options.js";

/** What names objects of one database, or is of one. */
type OfOneDatabase = "snapshot" | "filters" | "where" | "mask" | "includeReferenced";
const ofOneDatabase: readonly OfOneDatabase[] = [
  "snapshot",
  "filters",
  "where",
  "mask",
  "includeReferenced",
];

/** What `cloneAll` and `planAll` take: roles are copied once, and each database has its own snapshot. */
export type AllDatabasesOptions = Omit<CloneOptions, "roles" | OfOneDatabase>;

/** @throws PgCopyError `usage`, naming the option and what it takes. */
export function resolveAllOptions(options: AllDatabasesOptions): ResolvedOptions {
  for (const name of ofOneDatabase) {
    const given = (options as CloneOptions)[name];
    if (given === undefined || given === false) continue;
    throw new PgCopyError(`${name} can be given for one database, and not for all of them`, {
      code: "usage",
      options: [name],
      advice: `leave ${name} out, or copy that database alone`,
    });
  }
  return resolveCloneOptions({ ...options, roles: true });
}
