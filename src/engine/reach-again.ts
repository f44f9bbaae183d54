/** Connecting to a server again that was lost, for a bounded time. */

import { asPgCopyError, type PgCopyError } from "../errors.js";
import { formatDuration } from "../formatting.js";
import { pause, pauseMs } from "../run/pause.js";
import { isRetryable } from "./retryable.js";
import { reworded } from "./reworded-error.js";

/** A server that has just come up may take so long to let us in, at the very limit too. */
const LEAST_CONNECT_MS = 3_000;
/** After so long without an answer the user is told why nothing goes on. */
const SILENCE_MS = 2_000;

export interface Reaching {
  /** How long the server may be out of reach; the last try begins then. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** Why it is tried, where the server had gone silent; it may be known only after the session has ended. */
  readonly stall: () => PgCopyError | undefined;
  /** Whether nobody needs it any more. */
  readonly isOver: () => boolean;
  /** Called once, if it does not come back at once. */
  readonly warn: (message: string) => void;
}

/**
 * Tries until the server is there.
 *
 * @param open is given how long it may take to connect, in milliseconds.
 * @returns how long that took, where it was not there at once; undefined otherwise.
 * @throws PgCopyError why it was given up.
 */
export async function reachAgain(
  open: (connectMs: number) => Promise<void>,
  { timeoutMs, signal, stall, isOver, warn }: Reaching,
): Promise<number | undefined> {
  const beganMs = performance.now();
  const leftMs = () => beganMs + timeoutMs - performance.now();
  const atMost = `for ${formatDuration(timeoutMs)} at most`;
  let told = false;
  const tell = (why: string) => {
    if (!told) warn(`${why}; waiting for the target, ${atMost}`);
    told = true;
  };
  const silence = setTimeout(
    () => tell(stall()?.message ?? "the target does not answer"),
    SILENCE_MS,
  );
  try {
    for (let failures = 1; !isOver(); failures++) {
      try {
        await open(Math.max(leftMs(), LEAST_CONNECT_MS));
        return told ? performance.now() - beganMs : undefined;
      } catch (thrown) {
        const error = asPgCopyError(thrown);
        if (!isRetryable(error)) throw error;
        if (leftMs() <= 0) throw gaveUp(error, performance.now() - beganMs, stall());
        if (failures === 2) tell(error.message);
        await pause(Math.min(pauseMs(failures), leftMs()), signal);
      }
    }
    return undefined;
  } finally {
    clearTimeout(silence);
  }
}

function gaveUp(error: PgCopyError, waitedMs: number, stall: PgCopyError | undefined): PgCopyError {
  const before = stall === undefined ? "" : `; before that, ${stall.message}`;
  const message = `the target was out of reach for ${formatDuration(waitedMs)}: ${error.message}${before}`;
  return reworded(error, { message });
}
