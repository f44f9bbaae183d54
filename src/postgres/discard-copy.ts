/**
 * COPY … TO STDOUT whose rows go nowhere: how fast a source gives them, and how fast the way to it is.
 * They take the path of a copy (copy.ts) up to the other server's socket.
 */

import type pg from "pg";
import type { PgCopyError } from "../errors.js";
import { interruptedError, throwIfAborted } from "../run/abort.js";
import { withoutWords } from "./confidential.js";
import { type CopyRelay, type CopyResult, lostConnection } from "./copy.js";
import { CopyOut } from "./copy-out.js";
import { statementError } from "./server-error.js";
import { StallWatch } from "./stall-watch.js";

export type CopyReading = Omit<CopyRelay, "target" | "copyIn">;

/**
 * Reads all rows of one COPY.
 *
 * @throws PgCopyError `task_failed`, `interrupted`. In both cases the server is no longer working on it.
 */
export async function discardCopy(reading: CopyReading): Promise<CopyResult> {
  const { attempted, source, signal, onBytes } = reading;
  return await source.exclusively(async (client) => {
    throwIfAborted(signal, attempted);
    let bytes = 0;
    let failure: PgCopyError | undefined;
    const out = new CopyOut(reading.copyOut, {
      onRows: (_, size, release) => {
        release();
        bytes += size;
        onBytes(size);
      },
      onError: (error) => {
        const failed = statementError(error, attempted, "source");
        failure ??= reading.confidential ? withoutWords(failed) : failed;
      },
    });
    const stop = () => {
      failure ??= interruptedError(attempted);
      void source.stop();
    };
    signal.addEventListener("abort", stop, { once: true });
    const ready = source.readyForQuery();
    client.query(out as unknown as pg.Submittable);
    const watch = new StallWatch(
      [source],
      () => attempted,
      (stall) => {
        failure ??= stall;
        void source.stop();
      },
    );
    await ready;
    watch.end();
    signal.removeEventListener("abort", stop);
    if (failure !== undefined) throw failure;
    if (!source.usable) throw lostConnection(attempted, "source");
    return { rows: out.rowCount, bytes };
  });
}
