/** A run that was gone on with at a later moment of the source: its rows may not fit each other. */

import type { PgCopyError } from "../errors.js";
import type { ResumedReport } from "./report.js";
import { reworded } from "./reworded-error.js";

const BROKEN_BY_ROWS = /^(23503|23505|23P01)$/;

const ADVICE =
  "the rows are of two moments, as this run was resumed with --not-consistent: what one refers to may not be there; start over with --restart";

/** What a run that goes on tells of itself. */
export interface MaybeOfTwoMoments {
  readonly resumed?: Pick<ResumedReport, "consistent"> | undefined;
}

/** Whether nothing but starting over helps. */
export function isOfTwoMoments(error: PgCopyError, { resumed }: MaybeOfTwoMoments): boolean {
  if (resumed?.consistent !== false) return false;
  return [error, ...error.failures].some(({ server }) =>
    BROKEN_BY_ROWS.test(server?.sqlstate ?? ""),
  );
}

/** The source itself need not be at fault. */
export function withMomentsAdvice(error: PgCopyError, run: MaybeOfTwoMoments): PgCopyError {
  if (error.reason !== "source_inconsistent" || !isOfTwoMoments(error, run)) return error;
  return reworded(error, { advice: ADVICE, reason: undefined });
}
