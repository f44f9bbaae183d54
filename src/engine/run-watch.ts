/** A run looked at again and again, also over a restart of its target. */

import { asPgCopyError } from "../errors.js";
import { isRetryable } from "./retryable.js";
import { type ProgressReport, sinceThen } from "./run-progress.js";

/** For how long the target may be out of reach. */
const UNREACHABLE_MS = 60_000;
/** A run waits for up to 13 seconds between two tries to connect. */
const RETURN_MS = 30_000;

export class RunWatch {
  readonly #now: () => number;
  #last: ProgressReport | undefined;
  #lostSinceMs: number | undefined;
  #lostUntilMs = Number.NEGATIVE_INFINITY;

  /** @param now milliseconds of any clock that never goes back. */
  constructor(now = () => performance.now()) {
    this.#now = now;
  }

  /**
   * What there is to be seen, in the light of what was seen before.
   *
   * @param look connects again if it has to.
   * @throws PgCopyError what `look` throws, if that doesn't pass within a minute.
   */
  async see(look: () => Promise<ProgressReport>): Promise<ProgressReport> {
    this.#last = await this.#lookOrWait(look);
    return this.#last;
  }

  async #lookOrWait(look: () => Promise<ProgressReport>): Promise<ProgressReport> {
    try {
      const seen = sinceThen(this.#last, await look());
      this.#lostSinceMs = undefined;
      const returns = seen.state === "died" && this.#now() - this.#lostUntilMs < RETURN_MS;
      return returns ? { ...seen, state: "waiting" } : seen;
    } catch (error) {
      if (this.#last === undefined || !isRetryable(asPgCopyError(error))) throw error;
      this.#lostUntilMs = this.#now();
      this.#lostSinceMs ??= this.#lostUntilMs;
      if (this.#lostUntilMs - this.#lostSinceMs >= UNREACHABLE_MS) throw error;
      const { holder: _, ...seen } = this.#last;
      return { ...seen, state: "waiting", running: [] };
    }
  }
}
