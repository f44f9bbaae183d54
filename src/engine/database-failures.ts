/** The failures of several databases, of a run that goes on with the others (`keepGoing`). */

import { PgCopyError } from "../errors.js";
import { displayName } from "../postgres/quote.js";
import { failureItem } from "./keep-going.js";
import { reworded } from "./reworded-error.js";

interface DatabaseFailure {
  readonly database: string;
  /** Its message names the database. */
  readonly error: PgCopyError;
}

export class DatabaseFailures {
  readonly #databases: number;
  readonly #failures: DatabaseFailure[] = [];

  /** @param databases how many there are. */
  constructor(databases: number) {
    this.#databases = databases;
  }

  /** Keeps the error of one database; false if it is one that ends the run. */
  keep(database: string, error: unknown): boolean {
    if (!(error instanceof PgCopyError)) return false;
    if (error.code === "interrupted" || error.code === "internal") return false;
    this.#failures.push({ database, error });
    return true;
  }

  /** All of them in one error; undefined if there were none. */
  get error(): PgCopyError | undefined {
    const [first, second] = this.#failures;
    if (first === undefined || second === undefined) return first?.error;
    const failed = `${this.#failures.length} of ${this.#databases} databases failed`;
    return new PgCopyError(`${failed}; all others are done`, {
      code: "task_failed",
      items: this.#items,
      failures: this.#errors,
      retrySafe: this.#failures.every(({ error }) => error.retrySafe),
    });
  }

  /** What then ended the run, with what had failed before. */
  before(error: unknown): unknown {
    if (this.#failures.length === 0 || !(error instanceof PgCopyError)) return error;
    return reworded(error, {
      items: [...error.items, ...this.#items],
      failures: [...error.failures, ...this.#errors],
    });
  }

  get #errors(): PgCopyError[] {
    return this.#failures.flatMap(({ error }) =>
      error.failures.length === 0 ? [error] : error.failures,
    );
  }

  get #items(): string[] {
    return this.#failures.flatMap(({ database, error }) =>
      error.failures.length === 0
        ? [failureItem(error), ...error.items]
        : error.items.map((item) => `database ${displayName(database)}: ${item}`),
    );
  }
}
