/** Whether the target hears of it when a run is interrupted. */

import type { PgCopyError } from "../errors.js";
import type { Connection } from "../postgres/connection.js";
import { reworded } from "./reworded-error.js";

/** Runs `work`; its error says so where the target did not answer the cancel. */
export async function tellingUnheard<T>(
  target: { readonly control: Pick<Connection, "cancel"> },
  signal: AbortSignal,
  work: (told: (error: PgCopyError) => Promise<PgCopyError>) => Promise<T>,
): Promise<T> {
  let isHeard: Promise<boolean> | undefined;
  // Beside the cancels of the tasks' sessions: it takes no time of its own.
  const ask = () => {
    isHeard = target.control.cancel();
  };
  signal.addEventListener("abort", ask, { once: true });
  try {
    return await work(async (error) =>
      error.code !== "interrupted" || (await isHeard) !== false ? error : unheard(error),
    );
  } finally {
    signal.removeEventListener("abort", ask);
  }
}

function unheard(error: PgCopyError): PgCopyError {
  const what = error.attempted === undefined ? "what ran there" : error.attempted;
  const item = `the target did not answer the cancel: ${what} may still run there, as may other tasks, until its server notices that pgcopy is gone`;
  return reworded(error, { items: [...error.items, item] });
}
