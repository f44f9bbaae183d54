/** Ending what runs for a reason that is no task's own, such as a server that is gone. */

import type { PgCopyError } from "../errors.js";
import { anySignal, interruptedError } from "./abort.js";

/** The first reason counts. Whatever it stops says that it was interrupted, as of any stop. */
export class Halt {
  readonly #controller = new AbortController();
  readonly signal: AbortSignal = anySignal(this.#controller.signal);
  #reason: PgCopyError | undefined;

  get reason(): PgCopyError | undefined {
    return this.#reason;
  }

  stop(reason: PgCopyError): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    this.#controller.abort(interruptedError());
  }
}
