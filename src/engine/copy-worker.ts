/**
 * A thread that copies (copy-thread.ts is its other end). It has sessions of its own on both servers,
 * so that the rows never touch the main thread, and does what it is asked: opens a session, copies
 * with two of them, closes one. What to do when, and how many sessions there may be, is decided there.
 */

import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { asPgCopyError, type PgCopyError } from "../errors.js";
import { recorderOf } from "../load/kept-in.js";
import { recordOf } from "../load/recorder.js";
import type { Connection } from "../postgres/connection.js";
import { anySignal } from "../run/abort.js";
import { armFailpoints } from "../run/failpoints.js";
import {
  type FromThread,
  type OpenedSession,
  plainError,
  type Request,
  type Requests,
  rebuiltError,
  type ThreadData,
  type ToThread,
} from "./copy-thread-messages.js";
import { type Moved, moveRows } from "./move-rows.js";
import { type JobSession, openJobSession } from "./open-session.js";

/** How often the main thread hears of bytes moved: each of its messages costs as much as some rows. */
const TELL_BYTES_MS = 100;

const main = parentPort as MessagePort;
const sessions = new Map<number, Connection>();
const running = new Map<number, AbortController>();
let opened = 0;

armFailpoints((workerData as ThreadData).failpoints, (spec) => tell({ type: "failpoint", spec }));

main.on("message", (message: ToThread) => {
  if (message.type === "request") void answer(message.id, message.request);
  else running.get(message.id)?.abort(reasonOf(message));
});

function reasonOf({ reason }: Extract<ToThread, { type: "abort" }>): PgCopyError | undefined {
  return reason === undefined ? undefined : rebuiltError(reason);
}

function tell(message: FromThread): void {
  main.postMessage(message);
}

async function answer(id: number, request: Request): Promise<void> {
  const stop = new AbortController();
  running.set(id, stop);
  try {
    tell({ type: "done", id, answer: await fulfil(id, request, anySignal(stop.signal)) });
  } catch (thrown) {
    const attempted = request.do === "copy" ? request.what.task.label : undefined;
    tell({ type: "failed", id, error: plainError(asPgCopyError(thrown, attempted)) });
  } finally {
    running.delete(id);
  }
}

async function fulfil(id: number, request: Request, signal: AbortSignal): Promise<unknown> {
  switch (request.do) {
    case "open":
      return await open(request.what, signal);
    case "close":
      return await close(request.what.session);
    case "copy":
      return await copy(id, request.what, signal);
  }
}

async function open(wanted: JobSession, signal: AbortSignal): Promise<OpenedSession> {
  const { session: connection, ...shared } = await openJobSession(wanted, signal);
  const session = ++opened;
  sessions.set(session, connection);
  connection.onEnd(() => tell({ type: "ended", session }));
  const { tls, ...cancelTarget } = connection.cancelTarget;
  const { backend } = connection;
  return { session, cancelTarget, tls: tls !== undefined, backend, ...shared };
}

async function close(session: number): Promise<void> {
  await sessions.get(session)?.close();
  sessions.delete(session);
}

async function copy(
  id: number,
  order: Requests["copy"]["asked"],
  signal: AbortSignal,
): Promise<Moved> {
  const beganMs = performance.now();
  const { work, ownership, rejectTo, task, keptIn, earlier } = order;
  const elapsedMs = () => order.elapsedMs + performance.now() - beganMs;
  // One that has ended in the meantime is still there, and says so itself.
  const source = sessions.get(order.source) as Connection;
  const target = sessions.get(order.target) as Connection;
  const count = new ByteCount(id);
  try {
    return await source.under(signal, () =>
      target.under(signal, () =>
        moveRows(work, {
          attempted: task.label,
          ownership,
          rejectTo,
          source,
          target,
          signal,
          onBytes: (bytes) => count.add(bytes),
          record: recordOf(recorderOf(keptIn), task, elapsedMs, earlier),
        }),
      ),
    );
  } finally {
    count.end();
  }
}

/** Bytes that the main thread has not heard of yet. */
class ByteCount {
  readonly #id: number;
  readonly #timer: NodeJS.Timeout;
  #untold = 0;

  constructor(id: number) {
    this.#id = id;
    this.#timer = setInterval(() => this.#tell(), TELL_BYTES_MS);
  }

  add(bytes: number): void {
    this.#untold += bytes;
  }

  end(): void {
    clearInterval(this.#timer);
    this.#tell();
  }

  #tell(): void {
    if (this.#untold === 0) return;
    tell({ type: "bytes", id: this.#id, bytes: this.#untold });
    this.#untold = 0;
  }
}
