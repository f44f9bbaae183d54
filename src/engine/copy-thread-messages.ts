/**
 * What the main thread and a thread that copies say to each other. Every request has a number; it is
 * answered by `done` or `failed` with that number, also after `abort`. All of it is plain data, errors too.
 */

import { PgCopyError, type PgCopyErrorFields } from "../errors.js";
import type { TaskInfo } from "../events.js";
import type { LargeObjectOwnership } from "../load/large-object-statements.js";
import type { EarlierTries, RecordsKeptIn } from "../load/recorder.js";
import type { RejectTo } from "../load/rejected-files.js";
import type { Backend } from "../postgres/backend.js";
import type { CancelTarget } from "../postgres/cancel.js";
import type { FailpointSpec } from "../run/failpoints.js";
import type { Moved, RowsWork } from "./move-rows.js";
import type { JobSession } from "./open-session.js";

/** A session that the thread has opened, by the number that it goes by. */
export interface OpenedSession {
  readonly session: number;
  /** Its TLS options are no plain data. */
  readonly cancelTarget: Omit<CancelTarget, "tls">;
  readonly tls: boolean;
  readonly backend: Backend;
  /** On the source: what the session has exported the snapshot as. */
  readonly snapshotId?: string;
}

/** A task that copies. */
export interface CopyOrder {
  readonly task: TaskInfo;
  readonly work: RowsWork;
  readonly ownership: LargeObjectOwnership;
  /** As in `MoveRowsOptions`. */
  readonly rejectTo: RejectTo | undefined;
  /** Since the task began. */
  readonly elapsedMs: number;
  readonly keptIn: RecordsKeptIn;
  readonly earlier: EarlierTries;
}

export interface Requests {
  open: { readonly asked: JobSession; readonly answered: OpenedSession };
  close: { readonly asked: { readonly session: number }; readonly answered: undefined };
  copy: {
    readonly asked: CopyOrder & { readonly source: number; readonly target: number };
    readonly answered: Moved;
  };
}

export type RequestName = keyof Requests;

export type Request = {
  [Name in RequestName]: { readonly do: Name; readonly what: Requests[Name]["asked"] };
}[RequestName];

export type ToThread =
  | { readonly type: "request"; readonly id: number; readonly request: Request }
  | { readonly type: "abort"; readonly id: number; readonly reason?: PlainError };

export type FromThread =
  | { readonly type: "done"; readonly id: number; readonly answer: unknown }
  | { readonly type: "failed"; readonly id: number; readonly error: PlainError }
  /** Moved since the last such message. */
  | { readonly type: "bytes"; readonly id: number; readonly bytes: number }
  | { readonly type: "ended"; readonly session: number }
  | { readonly type: "failpoint"; readonly spec: FailpointSpec };

/** What a thread is given when it starts. */
export interface ThreadData {
  readonly failpoints: readonly FailpointSpec[];
}

/** An error on its way between threads. */
export interface PlainError {
  readonly fields: Record<string, unknown>;
  /** Where a mistake of ours was made. */
  readonly stack?: string;
}

export function plainError(error: PgCopyError): PlainError {
  const { code, cause } = error;
  const stack = cause instanceof Error ? cause.stack : error.stack;
  return {
    fields: error.toJSON(),
    ...(code !== "internal" || stack === undefined ? {} : { stack }),
  };
}

/** The same error again: code, words, and what the server said. */
export function rebuiltError({ fields, stack }: PlainError): PgCopyError {
  const message = String(fields.message);
  const cause = stack === undefined ? {} : { cause: Object.assign(new Error(message), { stack }) };
  return new PgCopyError(message, { ...(fields as unknown as PgCopyErrorFields), ...cause });
}
