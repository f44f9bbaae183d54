/** What a failed run leaves, told with its error. */

import { PgCopyError, type PgCopyErrorCode } from "../errors.js";
import { movesData } from "../events.js";
import type { Journal } from "../load/journal-store.js";
import type { ResolvedOptions } from "../options/clone-options.js";
import type { Connection } from "../postgres/connection.js";
import type { PreparedTarget } from "./prepare-target.js";
import { reworded } from "./reworded-error.js";
import type { Run } from "./run.js";
import type { Servers } from "./servers.js";
import { isOfTwoMoments, type MaybeOfTwoMoments } from "./two-moments.js";
import { tellingUnheard } from "./unheard-cancel.js";

/**
 * Runs a step that comes before the first task: what fails there leaves no part of a copy, and no
 * journal that could tell of one.
 */
export async function withNothingCopied<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof PgCopyError) || error.code !== "task_failed") throw error;
    const unfit = error.side === "target" ? "target_unfit" : "source_unfit";
    const code = error.server === undefined ? "connection_failed" : unfit;
    const { advice: known = "run it again" } = error;
    const advice = `nothing was copied; ${known}`;
    throw reworded(error, { code, advice });
  }
}

/** Runs what only reads, and has no target; its errors say that there is nothing to clean up. */
export async function withNothingWritten<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof PgCopyError) || error.code === "interrupted") throw error;
    const more = error.advice === undefined ? "" : `; ${error.advice}`;
    throw reworded(error, { advice: `nothing was written anywhere${more}` });
  }
}

/** Where something is left of a run that fails. */
export interface Leftovers extends MaybeOfTwoMoments {
  readonly servers: Pick<Servers, "targetEndpoint">;
  readonly journal: Pick<Journal, "place">;
  readonly target: Pick<PreparedTarget, "databaseCreated"> & {
    readonly control: Pick<Connection, "cancel">;
  };
  readonly run: Pick<Run, "record" | "signal">;
  readonly resolved: Pick<ResolvedOptions, "snapshot" | "dir">;
}

/** Runs the part of a clone that changes the target; its errors say what is left and how to go on. */
export async function withLeftovers<T>(leftovers: Leftovers, work: () => Promise<T>): Promise<T> {
  const { servers, journal, target, run } = leftovers;
  return await tellingUnheard(target, run.signal, async (told) => {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof PgCopyError) || error.code === "verification_failed") throw error;
      const { database, description } = servers.targetEndpoint;
      const created = target.databaseCreated
        ? `, or drop the database ${database}, which this run created`
        : "";
      const next = isOfTwoMoments(error, leftovers)
        ? "Start over with --restart"
        : howToGoOn(leftovers);
      const left = `the target ${description} holds a part; ${journal.place} lists the finished tasks. ${next}${created}`;
      const advice =
        error.advice === undefined || error.code === "interrupted"
          ? left
          : `${error.advice}; ${left}`;
      throw await told(reworded(error, { code: codeOf(error), advice }));
    }
  });
}

/** What `--resume` would refuse is not advised: without its snapshot a run can't go on reading. */
function howToGoOn({ run, resolved: { snapshot, dir } }: Leftovers): string {
  const where = dir === undefined ? "" : ` --dir ${dir}`;
  const [resume, restart] = [`--resume${where}`, `--restart${where}`];
  const { tasks } = run.record;
  const allRead = tasks.some(({ kind, state }) => kind === "release_snapshot" && state === "done");
  const copied = tasks.some((task) => movesData(task) && task.state === "done" && task.bytes > 0);
  if (allRead || !copied) return `Go on with ${resume}, start over with ${restart}`;
  if (snapshot !== undefined)
    return `Go on with ${resume} for as long as snapshot ${snapshot} is held, start over with ${restart}`;
  return `Its snapshot has ended with it: start over with ${restart}, go on with rows of a later moment by ${resume} --not-consistent`;
}

/**
 * A server that can't be connected to, or a snapshot that is gone, ends a run of which nothing was
 * changed in one way, and one that is half done in another.
 */
function codeOf({ code }: PgCopyError): PgCopyErrorCode {
  return code === "interrupted" || code === "internal" ? code : "task_failed";
}
