/** What a run has made or removed beside the copy itself, and what stays so when it ends early: told with its error. */

import { PgCopyError } from "../errors.js";
import { displayName } from "../postgres/quote.js";
import { reworded } from "./reworded-error.js";

/** Written to as soon as something is done that is not undone by itself. */
export class WhatStays {
  /** Of the data directory that was initialised. */
  directory: string | undefined;
  /** Names of the roles that were created. */
  roles: readonly string[] = [];
  /** Name of the database that was created. */
  database: string | undefined;
  /** How many objects of the target were dropped, to be replaced. */
  dropped = 0;

  /** In words, but for what `said` has told already. */
  words(said: string): string[] {
    const { directory, roles, database, dropped } = this;
    const created = roles.map((name) => displayName(name)).join(", ");
    return [
      ...(dropped === 0
        ? []
        : [
            dropped === 1
              ? "an object of the target was dropped, to be replaced"
              : `${dropped} objects of the target were dropped, to be replaced`,
          ]),
      ...(directory === undefined
        ? []
        : [`the data directory ${directory}, which this run initialised, stays`]),
      ...(database === undefined || said.includes(`the database ${database}`)
        ? []
        : [`the database ${displayName(database)}, which this run created, stays`]),
      ...(roles.length === 0
        ? []
        : [
            `the ${roles.length === 1 ? "role that this run created stays" : "roles that this run created stay"}: ${created}`,
          ]),
    ];
  }
}

/** Runs the work; its error says what stays. */
export async function tellingWhatStays<T>(
  { stays }: { readonly stays: WhatStays },
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof PgCopyError) || error.code === "verification_failed") throw error;
    const { advice = "" } = error;
    const words = stays.words(advice);
    if (words.length === 0) throw error;
    const own = advice
      .replace("nothing is left to clean up; the same command", "the same command")
      .replace("nothing was changed", "nothing else was changed");
    throw reworded(error, { advice: [...(own === "" ? [] : [own]), ...words].join("; ") });
  }
}
