/** Storing rows that the target may refuse: chunk by chunk under savepoints, and those that it refuses set aside. */

import { PgCopyError } from "../errors.js";
import type { RejectedRows } from "../events.js";
import { copyInStatement, type TablePlan } from "../plan/table-plan.js";
import type { Connection } from "../postgres/connection.js";
import { copiedRows, copyInMessages } from "../postgres/script-query.js";
import { RejectedFiles, type RejectTo } from "./rejected-files.js";
import { RowSearch } from "./row-search.js";

/**
 * What a value may be refused with: data exceptions, violated constraints, and errors that functions of
 * checks and domains raise themselves (PostgreSQL documentation, "PostgreSQL Error Codes").
 */
const REFUSED_ROW = /^(22|23|P0)/;

/** Whether the target has refused a row. */
export function isRefusedRow(error: unknown): error is PgCopyError {
  if (!(error instanceof PgCopyError)) return false;
  const { code, side, server } = error;
  return code === "task_failed" && side === "target" && REFUSED_ROW.test(server?.sqlstate ?? "");
}

/** The same rows as text: so each is a line of its own, and an error names it. Savepoints allow no FREEZE. */
export function asText(plan: TablePlan): TablePlan {
  return { ...plan, format: "text", freeze: false };
}

const SAVEPOINT = "pgcopy_rows";

/** What the transaction needs, right behind its `begin`: what is checked late is to name its chunk. */
export const FORGIVING = `set constraints all immediate; savepoint ${SAVEPOINT}`;

/** So many of the refused rows are in the error that too many of them make. */
const REFUSALS_NAMED = 5;

/** Into one table, in the target's transaction. */
export class RowStore implements AsyncDisposable {
  readonly #target: Connection;
  readonly #attempted: string;
  readonly #copyIn: string;
  readonly #limit: number | undefined;
  readonly #files: RejectedFiles;
  readonly #search = new RowSearch();
  readonly #refusals: string[] = [];
  #stored = 0;
  #afterFailure = false;

  /** @param plan as `asText` gives it. */
  constructor(
    { plan, part, attempted }: { plan: TablePlan; part: number; attempted: string },
    target: Connection,
    { directory, limit }: RejectTo,
  ) {
    const encoding = target.parameters.get("server_encoding");
    this.#target = target;
    this.#attempted = attempted;
    this.#copyIn = copyInStatement(plan, encoding);
    this.#limit = limit;
    this.#files = new RejectedFiles(directory, plan, part, encoding);
  }

  get stored(): number {
    return this.#stored;
  }

  /**
   * To be called in the transaction, before the first row: a COPY without any that is refused shows that
   * it is not for a row's sake.
   */
  async begin(): Promise<void> {
    await this.#files.clear();
    const sql = this.#copyIn;
    const copyIn = Buffer.concat(copyInMessages([]));
    await this.#target.executeAll([{ attempted: this.#attempted, sql }], { copyIn });
  }

  /** @param rows lines of text format. */
  async store(rows: readonly Buffer[]): Promise<void> {
    this.#search.begin(rows.length);
    for (let range = this.#search.next(); range !== undefined; range = this.#search.next()) {
      const some = rows.slice(range.from, range.to);
      const refusal = await this.#try(some);
      if (refusal === undefined) {
        this.#stored += some.length;
        this.#search.succeeded();
        continue;
      }
      const refused = this.#search.failed(lineOf(refusal));
      if (refused !== undefined) await this.#setAside(rows[refused] as Buffer, refusal);
    }
  }

  /** @throws PgCopyError `task_failed` unless each row that the source sent was stored or set aside. */
  refuseLoss(sent: number): void {
    const [stored, aside] = [this.#stored, this.#files.count];
    if (stored + aside !== sent)
      throw this.#different(`${sent} rows`, `${stored}, and ${aside} were set aside`);
  }

  /** To be called when all rows are stored, before the commit. */
  async finish(): Promise<RejectedRows | undefined> {
    if (this.#afterFailure) await this.#target.execute(this.#attempted, this.#rollback());
    return await this.#files.finish();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#files.close();
  }

  #rollback(): string {
    this.#afterFailure = false;
    return `rollback to savepoint ${SAVEPOINT}`;
  }

  /** All of them in one round trip, or none; gives the target's reason for that. */
  async #try(rows: readonly Buffer[]): Promise<PgCopyError | undefined> {
    const attempted = this.#attempted;
    const script = [
      ...(this.#afterFailure ? [this.#rollback()] : []),
      this.#copyIn,
      `release savepoint ${SAVEPOINT}`,
      `savepoint ${SAVEPOINT}`,
    ];
    let stored = 0;
    try {
      await this.#target.executeAll(
        script.map((sql) => ({ attempted, sql })),
        {
          copyIn: Buffer.concat(copyInMessages(rows)),
          onCompleted: (tag) => {
            stored += copiedRows(tag) ?? 0;
          },
        },
      );
    } catch (error) {
      if (!isRefusedRow(error)) throw error;
      this.#afterFailure = true;
      return error;
    }
    if (stored !== rows.length) throw this.#different(`${rows.length} of the rows`, String(stored));
    return undefined;
  }

  async #setAside(row: Buffer, refusal: PgCopyError): Promise<void> {
    // With the copy its files are undone: why has to be said here.
    if (this.#refusals.length < REFUSALS_NAMED) this.#refusals.push(refusalItem(refusal));
    if (this.#files.count === this.#limit) throw this.#tooMany(this.#limit, refusal);
    await this.#files.add(row, refusal);
  }

  #tooMany(limit: number, { message, server }: PgCopyError): PgCopyError {
    return new PgCopyError(
      `more rows are rejected than rejectLimit allows (${limit}): ${message}`,
      {
        code: "task_failed",
        attempted: this.#attempted,
        side: "target",
        ...(server === undefined ? {} : { server }),
        items: this.#refusals,
        options: ["rejectLimit", "rejectDir"],
        advice:
          "see the first of them above; with a higher rejectLimit, or none, all others are copied, and rejectDir keeps these",
      },
    );
  }

  #different(sent: string, stored: string): PgCopyError {
    const attempted = this.#attempted;
    return new PgCopyError(
      `${attempted} failed: the source sent ${sent}, the target stored ${stored}`,
      {
        code: "task_failed",
        attempted,
        side: "target",
      },
    );
  }
}

/** What the server says of one row. */
function refusalItem({ server, message }: PgCopyError): string {
  if (server === undefined) return message;
  const detail = server.detail === undefined ? "" : `: ${server.detail}`;
  return `${server.message} (SQLSTATE ${server.sqlstate})${detail}`;
}

/** `COPY orders, line 17, column total: "…"`: in the server's language, but for the order of the words. */
function lineOf({ server }: PgCopyError): number | undefined {
  const line = /^COPY .+?, line (\d+)/m.exec(server?.where ?? "")?.[1];
  return line === undefined ? undefined : Number(line);
}
