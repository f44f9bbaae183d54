/** How far each of many databases got: for the error of a run that stopped. */

import { PgCopyError, type PgCopyErrorCode } from "../errors.js";
import { displayName } from "../postgres/quote.js";
import { reworded } from "./reworded-error.js";

const GO_ON =
  "Go on with --resume, which leaves alone what is finished, or start all over with --restart";

type State = "not begun" | "begun" | "finished";

export class DatabaseStates {
  readonly #states: Map<string, State>;

  constructor(databases: readonly string[]) {
    this.#states = new Map(databases.map((database) => [database, "not begun"]));
  }

  begin(database: string): void {
    this.#states.set(database, "begun");
  }

  /** Finished by a run before, or now. */
  finish(database: string): void {
    this.#states.set(database, "finished");
  }

  /** Runs the work; its error says which databases are whole, and which are not. */
  async telling<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof PgCopyError)) throw error;
      // "Nothing is left to clean up" holds for one database, if at all.
      const own = error.code === "interrupted" ? undefined : error.advice;
      const advice =
        own === undefined ? `${this.#words()}. ${GO_ON}` : `${own}; ${this.#words()}. ${GO_ON}`;
      throw reworded(error, { code: this.#codeOf(error), advice });
    }
  }

  /** A database that could not be begun ends a run that has changed others. */
  #codeOf({ code }: PgCopyError): PgCopyErrorCode {
    const changed = this.#named("finished").length > 0 || this.#named("begun").length > 1;
    return changed &&
      /^(source_unfit|target_unfit|connection_failed|schema_dump_failed)$/.test(code)
      ? "task_failed"
      : code;
  }

  #named(wanted: State): string[] {
    return [...this.#states].filter(([, state]) => state === wanted).map(([name]) => name);
  }

  #words(): string {
    const list = (state: State) => {
      const names = this.#named(state).map((name) => displayName(name));
      return names.length === 0 ? "none" : names.join(", ");
    };
    return `databases finished: ${list("finished")}; begun: ${list("begun")}; not begun: ${list("not begun")}`;
  }
}
