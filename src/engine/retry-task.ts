/**
 * Doing a task again that a lost connection or the like has stopped. The graph's runner knows nothing of
 * it: to it the task takes longer.
 *
 * Before the second try the first one's sessions have to be gone on their servers, where a statement may
 * still run, or a COMMIT whose answer was lost be under way. Then the journal knows: if the task's record
 * is there, so is its work, as they commit together; else nothing of it is.
 */

import { asPgCopyError, type PgCopyError } from "../errors.js";
import type { TaskInfo } from "../events.js";
import type { JournalState } from "../load/journal-store.js";
import type { Done, EarlierTries, Recorded, Recorder } from "../load/recorder.js";
import { endBackends, terminateBackends } from "../postgres/backend.js";
import { interruptedError } from "../run/abort.js";
import { pause, pauseMs, type RetryPolicy } from "../run/pause.js";
import type { KeptSnapshot } from "../snapshot/kept-snapshot.js";
import { LentSessions } from "./lent-sessions.js";
import type { Moved } from "./move-rows.js";
import { isRetryable } from "./retryable.js";
import { reworded } from "./reworded-error.js";
import type { Run } from "./run.js";
import type { TargetControl } from "./target-control.js";

/** What a second try needs of the run. */
export interface RetryContext {
  readonly run: Run;
  readonly retry: RetryPolicy;
  readonly control: TargetControl;
  readonly snapshot: KeptSnapshot;
  readonly recorder: Recorder;
  /** What an earlier process may have done of tasks that are not finished. */
  readonly earlier: Partial<Pick<JournalState, "stepsDone" | "unsure">>;
}

/** One try of a task. */
export interface Attempt {
  /** Counted from 1. */
  readonly number: number;
  readonly lent: LentSessions;
  readonly earlier: EarlierTries;
}

/**
 * Does `work`, and again where its failure passes.
 *
 * @throws PgCopyError the last failure.
 */
export async function retryTask(
  task: TaskInfo,
  signal: AbortSignal,
  context: RetryContext,
  work: (attempt: Attempt) => Promise<Moved>,
): Promise<Moved> {
  const tries = new Tries(context.retry);
  const { stepsDone, unsure } = context.earlier;
  let earlier: EarlierTries = {
    stepsDone: stepsDone?.get(task.id),
    unsure: unsure?.get(task.id),
  };
  for (;;) {
    const attempt = { number: tries.begin(), lent: new LentSessions(), earlier };
    try {
      return await work(attempt);
    } catch (thrown) {
      const error = asPgCopyError(thrown, task.label);
      if (signal.aborted || !isRetryable(error) || !tries.mayRepeat(error)) throw tries.told(error);
      const recorded = await settle(task, attempt, signal, context);
      if (recorded.done !== undefined) return movedOf(recorded.done);
      earlier = { stepsDone: recorded.steps, unsure: recorded.unsure };
      await waitFor(task, error, tries, { signal, run: context.run });
    }
  }
}

/** How often it was tried, and since when a server could not be connected to, which is no try of the task. */
class Tries {
  readonly #policy: RetryPolicy;
  #begun = 0;
  #failed = 0;
  #refused = 0;
  #refusedSinceMs = 0;

  constructor(policy: RetryPolicy) {
    this.#policy = policy;
  }

  begin(): number {
    return ++this.#begun;
  }

  mayRepeat({ code }: PgCopyError): boolean {
    const { retries, timeoutMs } = this.#policy;
    if (retries === 0) return false;
    if (code !== "connection_failed") {
      this.#refused = 0;
      return ++this.#failed <= retries;
    }
    if (this.#refused++ === 0) this.#refusedSinceMs = performance.now();
    return performance.now() - this.#refusedSinceMs < timeoutMs;
  }

  /** One that can't connect waits longer each time, and tells only of the first. */
  get next(): { readonly delayMs: number; readonly isNews: boolean } {
    return {
      delayMs: pauseMs(Math.max(1, this.#refused || this.#failed)),
      isNews: this.#refused < 2,
    };
  }

  /** How many tries failed of how many there were. */
  get count(): { readonly attempt: number; readonly attempts: number } {
    return { attempt: this.#begun, attempts: this.#policy.retries + 1 };
  }

  told(error: PgCopyError): PgCopyError {
    if (this.#begun < 2 || !isRetryable(error)) return error;
    return reworded(error, { message: `${error.message} (tried ${this.#begun} times)` });
  }
}

async function waitFor(
  { id, kind, label }: TaskInfo,
  error: PgCopyError,
  tries: Tries,
  { signal, run }: { readonly signal: AbortSignal; readonly run: Run },
): Promise<void> {
  const { delayMs, isNews } = tries.next;
  if (isNews) {
    const { attempt } = tries.count;
    run.tell({
      type: "task_retried",
      task: { id, kind, label },
      attempt,
      error: error.toJSON(),
      delayMs,
    });
  }
  await pause(delayMs, signal);
}

/** Sees to it that nothing goes on of a try, and gives what of it was committed. */
async function settle(
  task: TaskInfo,
  { lent }: Attempt,
  signal: AbortSignal,
  { run, control, snapshot, recorder }: RetryContext,
): Promise<Recorded> {
  try {
    const recorded = await control.use(signal, async (session) => {
      await endBackends(session, lent.of("target"), signal);
      return await recorder.find(session, task);
    });
    await snapshot.asHolder((holder) => terminateBackends(holder, lent.of("source")));
    if (recorded.done === undefined) await snapshot.secure(signal);
    else run.info(`${task.label} was committed: only the server's answer was lost`);
    return recorded;
  } catch (error) {
    // Once the target has lost commits, all of the graph has to stop: what comes next is not this task's to say.
    if (control.restarted) throw interruptedError(task.label);
    throw error;
  }
}

/** What the journal keeps of it, as the task itself would have told it. */
function movedOf({ rows = 0, bytes = 0, detail }: Done): Moved {
  const { each, objects, rejected } = (detail ?? {}) as Pick<
    Moved,
    "each" | "objects" | "rejected"
  >;
  return {
    rows,
    bytes,
    ...(each === undefined ? {} : { each }),
    ...(objects === undefined ? {} : { objects }),
    ...(rejected === undefined ? {} : { rejected }),
  };
}
