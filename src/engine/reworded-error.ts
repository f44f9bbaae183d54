/** The same error with more said about it. */

import { type FailureReason, PgCopyError, type PgCopyErrorCode } from "../errors.js";

export function reworded(
  error: PgCopyError,
  fields: {
    readonly message?: string;
    readonly code?: PgCopyErrorCode;
    readonly advice?: string | undefined;
    readonly attempted?: string | undefined;
    readonly reason?: FailureReason | undefined;
    readonly items?: readonly string[];
    readonly failures?: readonly PgCopyError[];
  },
): PgCopyError {
  const { side, server, options, statements, retrySafe } = error;
  const advice = "advice" in fields ? fields.advice : error.advice;
  const attempted = "attempted" in fields ? fields.attempted : error.attempted;
  const reason = "reason" in fields ? fields.reason : error.reason;
  return new PgCopyError(fields.message ?? error.message, {
    code: fields.code ?? error.code,
    items: fields.items ?? error.items,
    failures: fields.failures ?? error.failures,
    options,
    statements,
    retrySafe,
    cause: error,
    ...(side === undefined ? {} : { side }),
    ...(reason === undefined ? {} : { reason }),
    ...(server === undefined ? {} : { server }),
    ...(advice === undefined ? {} : { advice }),
    ...(attempted === undefined ? {} : { attempted }),
  });
}
