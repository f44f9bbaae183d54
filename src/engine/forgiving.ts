/**
 * A copy whose rows the target refuses is begun anew, forgivingly: most copies meet no such row, and
 * go as fast as they can. The sessions are new, too: the first try's transactions have failed.
 */

import { PgCopyError } from "../errors.js";
import type { RejectTo } from "../load/rejected-files.js";
import { clearRejected } from "../load/small-tables-forgiving.js";
import { isRefusedRow } from "../load/store-rows.js";
import { partLabel, type TablePlan } from "../plan/table-plan.js";
import type { CopyJob } from "./copy-tasks.js";
import type { Moved } from "./move-rows.js";

/** A table, or a part of one. */
interface Copy {
  readonly plan: TablePlan;
  readonly part: number;
}

/**
 * @param copy copies, and sets rows aside if it is told where.
 * @throws PgCopyError what the first try failed with, unless rows are to be set aside, and it is one.
 */
export async function forgiving(
  copies: readonly Copy[],
  job: CopyJob,
  copy: (rejectTo: RejectTo | undefined) => Promise<Moved>,
): Promise<Moved> {
  const { active, context } = job;
  const { rejectTo, run } = context;
  // Of an earlier try, whose transaction was undone: it may have met other rows.
  if (rejectTo !== undefined) await clearRejected(copies, rejectTo);
  try {
    return await copy(undefined);
  } catch (error) {
    if (!isRefusedRow(error) || !isOfCopy(error, copies)) throw error;
    if (rejectTo === undefined) throw withAdvice(error);
    run.info(`${error.message}; copying it again, with such rows set aside`);
    active.bytes = 0;
    return await copy(rejectTo);
  }
}

/** What is built on a batch's tables in the same transaction is no row: a unique index that finds duplicates. */
function isOfCopy({ attempted }: PgCopyError, copies: readonly Copy[]): boolean {
  return copies.some(({ plan, part }) => partLabel(plan, part) === attempted);
}

function withAdvice(error: PgCopyError): PgCopyError {
  const { code, attempted, side, reason, server, items, statements, retrySafe, cause } = error;
  const aside = "with rejectDir such rows are set aside in files, and all others copied";
  return new PgCopyError(error.message, {
    code,
    items,
    statements,
    retrySafe,
    cause,
    options: [...error.options, "rejectDir"],
    advice: error.advice === undefined ? aside : `${error.advice}; or ${aside}`,
    ...(attempted === undefined ? {} : { attempted }),
    ...(side === undefined ? {} : { side }),
    ...(reason === undefined ? {} : { reason }),
    ...(server === undefined ? {} : { server }),
  });
}
