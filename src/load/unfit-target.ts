/** The refusal of a target, before anything is changed. */

import { PgCopyError } from "../errors.js";

/** `target_unfit`, with the objects concerned, the SQL that would help, and what to do. */
export function unfitTarget(
  message: string,
  fields: {
    readonly items: readonly string[];
    readonly statements: readonly string[];
    readonly advice: string;
  },
): PgCopyError {
  return new PgCopyError(message, { code: "target_unfit", side: "target", ...fields });
}
