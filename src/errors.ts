/**
 * The one error class. Every failure that leaves pgcopy is a `PgCopyError`: what was attempted,
 * on what, on which side, then the server's own words.
 */

/** Which end of a copy something happened on. */
export type Side = "source" | "target";

/**
 * The closed set of codes. The command line maps each to an exit code (docs/errors.md).
 *
 * - `usage`: an option or an endpoint is wrong, or doesn't fit the source; nothing was changed.
 * - `connection_failed`: a server could not be reached, or refused us.
 * - `source_unfit`, `target_unfit`: connected, but the clone can't be done; nothing was changed.
 * - `schema_dump_failed`: pg_dump could not be found or run, or its output not read.
 * - `task_failed`: part of the work failed; the journal in the target says what is done.
 * - `verification_failed`: all was copied, and source and target differ. A comparison returns what
 *   differs, and throws nothing.
 * - `rows_rejected`: all was done but for rows that the target refused, which were set aside.
 * - `interrupted`: the caller's signal was aborted.
 * - `internal`: a mistake in pgcopy itself.
 */
export type PgCopyErrorCode =
  | "usage"
  | "connection_failed"
  | "source_unfit"
  | "target_unfit"
  | "schema_dump_failed"
  | "task_failed"
  | "verification_failed"
  | "rows_rejected"
  | "interrupted"
  | "internal";

/**
 * What went wrong on a server or on the way to it, where pgcopy knows (docs/faults.md): a finer name than
 * the code.
 */
export type FailureReason =
  | "bad_encoding"
  | "canceled"
  | "connection_lost"
  | "database_dropped"
  | "deadlock"
  | "disk_full"
  | "limit_exceeded"
  | "lock_not_available"
  | "out_of_connections"
  | "out_of_locks"
  | "out_of_memory"
  | "permission_denied"
  | "read_only"
  | "recovery_conflict"
  | "serialization_failure"
  | "server_crashed"
  | "server_unavailable"
  | "session_ended"
  | "snapshot_too_old"
  | "source_changed"
  | "source_inconsistent"
  | "stalled"
  | "storage_failed"
  | "target_changed"
  | "timed_out";

/** What a server said, field by field (the protocol's ErrorResponse). */
export interface ServerReport {
  readonly severity: string;
  readonly sqlstate: string;
  readonly message: string;
  readonly detail?: string;
  readonly hint?: string;
  /** The call stack of the error on the server, for example the line of a COPY. */
  readonly where?: string;
  readonly constraint?: string;
}

export interface PgCopyErrorFields {
  readonly code: PgCopyErrorCode;
  /** What was tried, as a noun phrase: `COPY public.orders (part 3 of 8)`. */
  readonly attempted?: string;
  readonly side?: Side;
  readonly reason?: FailureReason;
  readonly server?: ServerReport;
  /** What to do about it, one sentence. */
  readonly advice?: string;
  /** The things that the message speaks of, one a line (objects in the way, missing roles). */
  readonly items?: readonly string[];
  /** With `keepGoing`: each failed task's own error. */
  readonly failures?: readonly PgCopyError[];
  /** The options that message, items and advice speak of, by their names in `CloneOptions` and its like. */
  readonly options?: readonly string[];
  /** SQL that would mend it, to be run on that side by somebody who may. */
  readonly statements?: readonly string[];
  /** Whether the cause may pass by itself (a lost connection, too few slots): trying again may help. */
  readonly retrySafe?: boolean;
  readonly cause?: unknown;
}

/** The only error that pgcopy's functions throw. Never holds a password. */
export class PgCopyError extends Error {
  override readonly name = "PgCopyError";
  readonly code: PgCopyErrorCode;
  readonly attempted: string | undefined;
  readonly side: Side | undefined;
  readonly reason: FailureReason | undefined;
  readonly server: ServerReport | undefined;
  readonly advice: string | undefined;
  readonly items: readonly string[];
  readonly failures: readonly PgCopyError[];
  readonly options: readonly string[];
  readonly statements: readonly string[];
  readonly retrySafe: boolean;

  constructor(message: string, fields: PgCopyErrorFields) {
    super(message, fields.cause === undefined ? undefined : { cause: fields.cause });
    this.code = fields.code;
    this.attempted = fields.attempted;
    this.side = fields.side;
    this.reason = fields.reason;
    this.server = fields.server;
    this.advice = fields.advice;
    this.items = fields.items ?? [];
    this.failures = fields.failures ?? [];
    this.options = fields.options ?? [];
    this.statements = fields.statements ?? [];
    this.retrySafe = fields.retrySafe ?? false;
  }

  /** The error as plain data, for a log or a JSON event. */
  toJSON(): Record<string, unknown> {
    return {
      code: this.code,
      message: this.message,
      attempted: this.attempted,
      side: this.side,
      reason: this.reason,
      server: this.server,
      advice: this.advice,
      items: this.items.length > 0 ? this.items : undefined,
      failures: this.failures.length > 0 ? this.failures.map((one) => one.toJSON()) : undefined,
      options: this.options.length > 0 ? this.options : undefined,
      statements: this.statements.length > 0 ? this.statements : undefined,
      retrySafe: this.retrySafe,
    };
  }
}

/**
 * Runs one of the library's calls: what it throws is a `PgCopyError`, a mistake of ours included.
 */
export async function withPgCopyErrors<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (thrown) {
    throw asPgCopyError(thrown);
  }
}

/** Turns anything thrown into a `PgCopyError`; what is one already passes unchanged. */
export function asPgCopyError(thrown: unknown, attempted?: string): PgCopyError {
  if (thrown instanceof PgCopyError) return thrown;
  const words = thrown instanceof Error ? thrown.message : String(thrown);
  return new PgCopyError(attempted === undefined ? words : `${attempted} failed: ${words}`, {
    code: "internal",
    ...(attempted === undefined ? {} : { attempted }),
    cause: thrown,
  });
}
