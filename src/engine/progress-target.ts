/** The target that `progress` looks at, with a session that is opened again when it is lost. */

import { PgCopyError } from "../errors.js";
import type { Connection } from "../postgres/connection.js";
import { brokenConnection } from "../postgres/server-error.js";
import { refuseUnknownVersion } from "./check-servers.js";
import { isMissingDatabase, type OpenEndpoint } from "./open-endpoint.js";
import { openSession } from "./open-session.js";
import { noRun, type ProgressReport, readProgress } from "./run-progress.js";

const attempted = "looking at the target";

export class ProgressTarget implements AsyncDisposable {
  readonly #endpoint: OpenEndpoint;
  readonly #dir: string | undefined;
  readonly #signal: AbortSignal;
  #session: Connection | undefined;
  #wasThere = false;

  /** @param dir where the journal is, if not in the database. */
  constructor(endpoint: OpenEndpoint, dir: string | undefined, signal: AbortSignal) {
    this.#endpoint = endpoint;
    this.#dir = dir;
    this.#signal = signal;
  }

  /**
   * Once a session is lost, that is thrown; the next look opens another.
   *
   * @throws PgCopyError `connection_failed`, `target_unfit`, `task_failed`, `interrupted`.
   */
  async look(): Promise<ProgressReport> {
    const { server, description } = this.#endpoint;
    if (this.#session?.usable === false) {
      this.#session = undefined;
      throw lostError();
    }
    try {
      this.#session ??= await openSession(server, "target", "progress", this.#signal);
    } catch (error) {
      // Nothing has run yet; one that was there, and is gone, is another matter.
      if (this.#wasThere || !isMissingDatabase(error)) throw error;
      return noRun(description);
    }
    this.#wasThere = true;
    refuseUnknownVersion(this.#session);
    // A run that begins or ends holds its journal for itself for a moment.
    await this.#session.execute(attempted, "set lock_timeout = '2s'");
    return await readProgress(this.#session, description, this.#dir);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session?.close();
    await this.#endpoint[Symbol.asyncDispose]();
  }
}

function lostError(): PgCopyError {
  return new PgCopyError(`${attempted}: the connection was lost`, {
    code: "task_failed",
    attempted,
    side: "target",
    retrySafe: true,
    ...brokenConnection,
  });
}
