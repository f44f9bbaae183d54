/** What the process exits with. docs/command-line.md prints this table, so it can't go stale. */

import type { PgCopyErrorCode } from "../errors.js";

export interface ExitCode {
  readonly exitCode: number;
  /** The codes of `PgCopyError` that end so; none for success. */
  readonly errorCodes: readonly PgCopyErrorCode[];
  readonly meaning: string;
}

/**
 * schema_dump_failed shares an exit code with source_unfit and target_unfit: all three end a run
 * before anything in the target is changed.
 */
export const exitCodes: readonly ExitCode[] = [
  { exitCode: 0, errorCodes: [], meaning: "success" },
  {
    exitCode: 1,
    errorCodes: ["internal"],
    meaning: "a mistake in pgcopy itself; please report it",
  },
  { exitCode: 2, errorCodes: ["usage"], meaning: "wrong usage; nothing was changed" },
  {
    exitCode: 3,
    errorCodes: ["connection_failed"],
    meaning: "a server could not be reached, or refused the connection",
  },
  {
    exitCode: 4,
    errorCodes: ["source_unfit", "target_unfit", "schema_dump_failed"],
    meaning: "the source or the target is not fit for what was asked; nothing was changed",
  },
  {
    exitCode: 5,
    errorCodes: ["task_failed"],
    meaning: "part of the work failed; the journal in the target says what is done",
  },
  {
    exitCode: 6,
    errorCodes: ["verification_failed"],
    meaning: "source and target differ (after a clone: all was copied)",
  },
  {
    exitCode: 7,
    errorCodes: ["rows_rejected"],
    meaning:
      "all was copied but for rows that the target refused, which --reject-dir set aside in files",
  },
  {
    exitCode: 130,
    errorCodes: ["interrupted"],
    meaning:
      "interrupted by Ctrl-C, SIGTERM or SIGHUP, or because nobody reads the output any more",
  },
];

export const EXIT_SUCCESS = 0;
export const EXIT_UNFIT = exitCodeOf("target_unfit");
export const EXIT_FAILED = exitCodeOf("task_failed");
export const EXIT_DIFFERENT = exitCodeOf("verification_failed");
export const EXIT_INTERRUPTED = exitCodeOf("interrupted");

/** The exit code of a run that ended with such an error. */
export function exitCodeOf(code: PgCopyErrorCode): number {
  return exitCodes.find(({ errorCodes }) => errorCodes.includes(code))?.exitCode ?? 1;
}
