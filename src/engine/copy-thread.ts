/**
 * A thread that copies, as the main thread sees it: it is asked to open sessions, to copy with two of
 * them, and to close them (copy-worker.ts does it). The sessions' handles are lent and counted here,
 * by the same pools and budgets as the main thread's own.
 */

import { existsSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { PgCopyError } from "../errors.js";
import { throwIfAborted } from "../run/abort.js";
import { armedFailpoints, failpointFired } from "../run/failpoints.js";
import {
  type CopyOrder,
  type FromThread,
  plainError,
  type RequestName,
  type Requests,
  rebuiltError,
  type ThreadData,
  type ToThread,
} from "./copy-thread-messages.js";
import type { Moved } from "./move-rows.js";
import type { JobSession } from "./open-session.js";
import { ThreadSession } from "./thread-session.js";

/** Whether the thread's file is there: who bundles pgcopy into one file may have left it behind. */
export function hasThreadFile(): boolean {
  return existsSync(new URL("../engine/copy-worker.js", import.meta.url));
}

interface Waiting {
  readonly attempted: string;
  readonly onBytes: (bytes: number) => void;
  readonly resolve: (answer: never) => void;
  readonly reject: (error: PgCopyError) => void;
}

/** What a request is about, and what may end it. */
interface Asking {
  readonly attempted: string;
  readonly signal?: AbortSignal;
  readonly onBytes?: (bytes: number) => void;
}

export class CopyThread {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  readonly #sessions = new Map<number, ThreadSession>();
  #asked = 0;
  #mistake: Error | undefined;
  #state: "running" | "dead" = "running";
  /** Once it is dead: resolves when none of its statements runs any more. */
  #stopped: Promise<unknown> = Promise.resolve();

  constructor() {
    // As in the main thread, nothing of ours reads the environment that the thread gets a copy of.
    this.#worker = new Worker(new URL("../engine/copy-worker.js", import.meta.url), {
      name: "pgcopy copy",
      workerData: { failpoints: armedFailpoints() } satisfies ThreadData,
    });
    this.#worker.on("message", (message: FromThread) => this.#hear(message));
    this.#worker.on("error", (error) => {
      this.#mistake = error;
    });
    this.#worker.on("exit", (code) => this.#die(code));
  }

  /** Whether it can still be given work. */
  get lives(): boolean {
    return this.#state === "running";
  }

  /** @throws PgCopyError as `openJobSession`. */
  async open(wanted: JobSession, signal: AbortSignal): Promise<ThreadSession> {
    const attempted = `connecting to the ${wanted.side}`;
    const opened = await this.#ask("open", wanted, { attempted, signal });
    const session = new ThreadSession(wanted.server, opened, async () => {
      this.#sessions.delete(opened.session);
      if (this.#state !== "running") return;
      const { session } = opened;
      await this.#ask("close", { session }, { attempted: "closing a session" }).catch(() => {});
    });
    this.#sessions.set(opened.session, session);
    return session;
  }

  /**
   * Copies, with two sessions of this thread.
   *
   * @param onBytes called with what was moved since it was called last.
   * @throws PgCopyError as `moveRows`; `task_failed` if the thread ends.
   */
  async copy(
    order: CopyOrder,
    ends: { readonly source: ThreadSession; readonly target: ThreadSession },
    options: { readonly signal: AbortSignal; readonly onBytes: (bytes: number) => void },
  ): Promise<Moved> {
    const [source, target] = [ends.source.number, ends.target.number];
    const attempted = order.task.label;
    return await this.#ask("copy", { ...order, source, target }, { attempted, ...options });
  }

  /** Ends the thread, whose sessions are closed. Never throws. */
  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  async #ask<Name extends RequestName>(
    name: Name,
    what: Requests[Name]["asked"],
    { attempted, signal, onBytes = () => {} }: Asking,
  ): Promise<Requests[Name]["answered"]> {
    if (signal !== undefined) throwIfAborted(signal, attempted);
    if (this.#state !== "running") {
      await this.#stopped;
      throw this.#death(attempted);
    }
    const id = ++this.#asked;
    const answer = new Promise<Requests[Name]["answered"]>((resolve, reject) => {
      this.#waiting.set(id, { attempted, onBytes, resolve, reject });
    });
    const abort = () => this.#abort(id, signal?.reason);
    signal?.addEventListener("abort", abort, { once: true });
    try {
      this.#tell({ type: "request", id, request: { do: name, what } as never });
      return await answer;
    } finally {
      signal?.removeEventListener("abort", abort);
      this.#waiting.delete(id);
    }
  }

  /** The answer is awaited all the same: it comes when the servers have stopped. */
  #abort(id: number, reason: unknown): void {
    const told = reason instanceof PgCopyError ? { reason: plainError(reason) } : {};
    this.#tell({ type: "abort", id, ...told });
  }

  #tell(message: ToThread): void {
    this.#worker.postMessage(message);
  }

  #hear(message: FromThread): void {
    if (message.type === "ended") {
      this.#sessions.get(message.session)?.lose();
      return;
    }
    if (message.type === "failpoint") {
      failpointFired(message.spec);
      return;
    }
    const waiting = this.#waiting.get(message.id);
    if (message.type === "bytes") waiting?.onBytes(message.bytes);
    else if (message.type === "done") waiting?.resolve(message.answer as never);
    else waiting?.reject(rebuiltError(message.error));
  }

  /**
   * Its sockets went with the thread, which a server notices only when it next reads or writes: what
   * it does until then is cancelled.
   */
  #die(code: number): void {
    this.#mistake ??= new Error(`exit code ${code}`);
    // One that was told to end has no session any more.
    const sessions = [...this.#sessions.values()];
    this.#state = "dead";
    for (const session of sessions) session.lose();
    this.#stopped = Promise.all(sessions.map((session) => session.cancel()));
    void this.#stopped.then(() => {
      for (const { attempted, reject } of this.#waiting.values()) reject(this.#death(attempted));
    });
  }

  #death(attempted: string): PgCopyError {
    const words = this.#mistake?.message ?? "";
    return new PgCopyError(`${attempted} failed: the thread that did it ended: ${words}`, {
      code: "task_failed",
      attempted,
      retrySafe: true,
      advice: "with --threads 1 the main thread copies, and no other",
      cause: this.#mistake,
    });
  }
}
