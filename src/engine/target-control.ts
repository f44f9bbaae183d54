/**
 * The session on the target that holds the run's lock, and looks after what other sessions leave. When it
 * is lost it is opened again, and everything that needs it waits: for as long as `--retry-timeout` says
 * where the whole server is away.
 */

import type { ServerEndpoint } from "../endpoint/endpoint.js";
import { asPgCopyError, PgCopyError } from "../errors.js";
import { formatDuration } from "../formatting.js";
import { type CrashMark, isUnbroken, markUnbroken } from "../load/crash-mark.js";
import { findJournal } from "../load/journal.js";
import type { RecordsKeptIn } from "../load/recorder.js";
import { lockTarget } from "../load/target-lock.js";
import { endBackends } from "../postgres/backend.js";
import type { Connection } from "../postgres/connection.js";
import { Halt } from "../run/halt.js";
import { type RetryPolicy, unlessAborted } from "../run/pause.js";
import { openSession } from "./open-session.js";
import { reachAgain } from "./reach-again.js";
import { isRetryable } from "./retryable.js";
import type { Run } from "./run.js";

export class TargetControl implements AsyncDisposable {
  readonly #run: Run;
  readonly #retry: RetryPolicy;
  readonly #first: Connection;
  #connection: Connection;
  #halt = new Halt();
  #mark: CrashMark | undefined;
  #reopening: Promise<void> | undefined;
  /** Why it is opened again, where the server had gone silent. */
  #stall: PgCopyError | undefined;
  #state: "watched" | "restarted" | "closed" = "watched";

  constructor(first: Connection, run: Run, retry: RetryPolicy) {
    this.#run = run;
    this.#retry = retry;
    this.#first = first;
    this.#connection = first;
    this.#watch(first);
  }

  /** The session that is open now; it may be lost at any time. */
  get connection(): Connection {
    return this.#connection;
  }

  /** Leads into the target database, with the time to connect that was asked for. */
  get endpoint(): ServerEndpoint {
    return this.#first.endpoint;
  }

  /** Stopped when the target can't be reached any more, or has lost commits. Another one after `recover`. */
  get halt(): Halt {
    return this.#halt;
  }

  /** Whether the server has crashed and may have lost commits, so that all has to stop and the journal to be read. */
  get restarted(): boolean {
    return this.#state === "restarted";
  }

  /**
   * Runs something on the session; if that is lost meanwhile, once more on the next.
   *
   * @param signal ends the waiting for one.
   * @throws PgCopyError what `use` throws; why there is no session any more.
   */
  async use<T>(signal: AbortSignal, use: (session: Connection) => Promise<T>): Promise<T> {
    for (;;) {
      await unlessAborted(signal, this.#reopened());
      if (this.#halt.reason !== undefined) throw this.#halt.reason;
      const session = this.#connection;
      try {
        return await use(session);
      } catch (thrown) {
        const error = asPgCopyError(thrown);
        if (this.#retry.retries === 0 || !isRetryable(error)) throw error;
        if (error.reason === "stalled") this.#stall = error;
        // The server says that it ends the session before the connection is closed.
        await session.close();
      }
    }
  }

  /** From here on a crash is noticed. */
  async watchForCrashes(keptIn: RecordsKeptIn): Promise<void> {
    this.#mark = await this.use(this.#run.signal, (session) => markUnbroken(session, keptIn));
  }

  /** What tells of a crash. */
  get mark(): CrashMark {
    return this.#mark ?? { by: "table" };
  }

  /**
   * Begins again after a crash, once nothing of ours runs any more.
   *
   * @param look finds out what is left.
   */
  async recover<T>(keptIn: RecordsKeptIn, look: (session: Connection) => Promise<T>): Promise<T> {
    this.#state = "watched";
    this.#halt = new Halt();
    return await this.use(this.#run.signal, async (session) => {
      const left = await look(session);
      this.#mark = await markUnbroken(session, keptIn);
      return left;
    });
  }

  /** Closes a session that took the place of the first; that one is its opener's. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#state = "closed";
    await this.#reopening?.catch(() => {});
    if (this.#connection !== this.#first) await this.#connection.close();
  }

  #watch(session: Connection): void {
    if (this.#retry.retries === 0) return;
    session.onEnd(() => {
      // Nobody need wait for it: while no session holds the lock, another run could take the target.
      if (this.#state === "watched") this.#reopened().catch(() => {});
    });
  }

  /** Resolves when there is a session. */
  async #reopened(): Promise<void> {
    if (this.#connection.usable || this.#retry.retries === 0) return;
    this.#reopening ??= this.#reopen().finally(() => {
      this.#reopening = undefined;
    });
    await this.#reopening;
  }

  async #reopen(): Promise<void> {
    try {
      const awayMs = await reachAgain((connectMs) => this.#openAgain(connectMs), {
        timeoutMs: this.#retry.timeoutMs,
        signal: this.#run.signal,
        stall: () => this.#stall,
        isOver: () => this.#state === "closed",
        warn: (message) => this.#run.warn(message),
      });
      this.#stall = undefined;
      if (awayMs !== undefined)
        this.#run.info(`the target is back after ${formatDuration(awayMs)}`);
    } catch (thrown) {
      this.#halt.stop(asPgCopyError(thrown));
    }
  }

  async #openAgain(connectMs: number): Promise<void> {
    const { endpoint } = this;
    const { backend } = this.#connection;
    const { signal } = this.#run;
    const connectTimeoutMs = Math.min(endpoint.connectTimeoutMs || connectMs, connectMs);
    const server = { ...endpoint, connectTimeoutMs };
    const session = await openSession(server, "target", "control", signal);
    try {
      // The server may not have noticed that it is lost, and it still has the lock.
      await endBackends(session, [backend], signal);
      await lockTarget(session);
      // When the run is about to end, the journal goes.
      const { mark } = this;
      const isThere = mark.by === "server" || (await findJournal(session));
      const unbroken = !isThere || (await isUnbroken(session, mark));
      this.#connection = session;
      this.#watch(session);
      if (!unbroken) this.#break();
    } catch (error) {
      await session.close();
      throw error;
    }
  }

  #break(): void {
    this.#state = "restarted";
    this.#halt.stop(
      new PgCopyError("the target's server was restarted after a crash", {
        code: "task_failed",
        side: "target",
        retrySafe: true,
        advice: "look into its log for why",
      }),
    );
  }
}
