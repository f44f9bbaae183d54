/**
 * Rows that the target refuses, set aside in files: of each table, or part of one, `.rejected` holds the
 * rows as COPY's text format has them, `.errors` a JSON object for each of its lines, and `.json` what
 * COPY wants to know to take them back. They are on the disk before the transaction commits that leaves
 * the rows out, and are begun anew when the copy is: so what is committed has its files, and no row is
 * in them twice.
 */

import { createHash } from "node:crypto";
import { type FileHandle, open, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { PgCopyError, type ServerReport } from "../errors.js";
import type { RejectedRows } from "../events.js";
import { copyBackStatement, type TablePlan } from "../plan/table-plan.js";

/** Where rows are set aside. Plain data: copies run in other threads, too. */
export interface RejectTo {
  readonly directory: string;
  /** More of them in one table, or one part of it, end the run; undefined: as many as there are. */
  readonly limit: number | undefined;
}

const SUFFIXES = ["rejected", "errors", "json"] as const;
const WRITE_BYTES = 256 * 1024;

/** Written with the first row. */
export class RejectedFiles {
  readonly #plan: TablePlan;
  readonly #part: number;
  readonly #stem: string;
  readonly #encoding: string | undefined;
  readonly #handles: FileHandle[] = [];
  #rows: Buffer[] = [];
  #errors: string[] = [];
  #bytes = 0;
  #count = 0;
  #reason = "";

  /** @param encoding that of the target's database. */
  constructor(directory: string, plan: TablePlan, part: number, encoding: string | undefined) {
    this.#plan = plan;
    this.#part = part;
    this.#stem = join(directory, stemOf(plan, part));
    this.#encoding = encoding;
  }

  get count(): number {
    return this.#count;
  }

  /** Removes what an earlier try has left. All that is written here fails with a `PgCopyError`. */
  async clear(): Promise<void> {
    await this.#written(async () => {
      for (const suffix of SUFFIXES) await rm(`${this.#stem}.${suffix}`, { force: true });
    });
  }

  /** @param row its line in text format. */
  async add(row: Buffer, error: PgCopyError): Promise<void> {
    this.#count++;
    if (this.#count === 1) this.#reason = reasonOf(error);
    this.#rows.push(row);
    const words = `${JSON.stringify(errorOf(error, this.#count, this.#partNumber))}\n`;
    this.#errors.push(words);
    this.#bytes += row.length + words.length;
    if (this.#bytes >= WRITE_BYTES) await this.#written(() => this.#write());
  }

  /** Brings all of it to the disk: to be called before the commit. */
  async finish(): Promise<RejectedRows | undefined> {
    if (this.#count === 0) return undefined;
    await this.#written(async () => {
      await this.#write();
      await writeNew(
        `${this.#stem}.json`,
        `${JSON.stringify(this.#description(), undefined, 2)}\n`,
      );
      for (const handle of this.#handles) await handle.sync();
      await syncDirectory(dirname(this.#stem));
    });
    const { schema, name } = this.#plan.table;
    return {
      schema,
      name,
      rows: this.#count,
      file: `${this.#stem}.rejected`,
      reason: this.#reason,
    };
  }

  /** To be called in the end, however it went. Never throws. */
  async close(): Promise<void> {
    await Promise.all(this.#handles.map((handle) => handle.close().catch(() => {})));
  }

  async #write(): Promise<void> {
    const texts = [Buffer.concat(this.#rows), this.#errors.join("")];
    this.#rows = [];
    this.#errors = [];
    this.#bytes = 0;
    for (const [i, text] of texts.entries()) {
      this.#handles[i] ??= await open(`${this.#stem}.${SUFFIXES[i]}`, "wx", 0o600);
      await this.#handles[i]?.appendFile(text);
    }
  }

  async #written(write: () => Promise<void>): Promise<void> {
    try {
      await write();
    } catch (error) {
      throw new PgCopyError(
        `setting rows aside in ${this.#stem}.rejected failed: ${(error as Error).message}`,
        { code: "task_failed", attempted: "setting rows aside", cause: error },
      );
    }
  }

  get #partNumber(): number | undefined {
    return this.#plan.parts.length > 1 ? this.#part + 1 : undefined;
  }

  #description() {
    const { schema, name } = this.#plan.table;
    const copy = copyBackStatement(this.#plan, this.#encoding);
    return { schema, table: name, part: this.#partNumber, rows: this.#count, ...copy };
  }
}

/** So that the files are found after a power failure, too; not every system lets a directory be opened. */
async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path).catch(() => undefined);
  try {
    await handle?.sync().catch(() => {});
  } finally {
    await handle?.close();
  }
}

async function writeNew(path: string, text: string): Promise<void> {
  const file = await open(path, "wx", 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** What `.errors` says of one row. */
function errorOf({ server, message }: PgCopyError, line: number, part: number | undefined) {
  const {
    sqlstate,
    message: words,
    detail,
    hint,
    where,
    constraint,
  } = server ?? ({} as Partial<ServerReport>);
  const column = /^COPY .+?, line \d+, column (.+?)(?:: |$)/m.exec(where ?? "")?.[1];
  return {
    line,
    part,
    sqlstate,
    message: words ?? message,
    detail,
    hint,
    constraint,
    column,
    where,
  };
}

/** Some messages quote the whole value. */
const LONGEST_WORDS = 300;

function reasonOf({ server, message }: PgCopyError): string {
  const words = server?.message ?? message;
  const shown = words.length > LONGEST_WORDS ? `${words.slice(0, LONGEST_WORDS)}…` : words;
  return server === undefined ? shown : `${shown} (SQLSTATE ${server.sqlstate})`;
}

/** `public.orders`, `public.orders.part3`: no two tables, and no two of their parts, have the same. */
function stemOf({ table, parts }: TablePlan, part: number): string {
  const stem = `${fileName(table.schema)}.${fileName(table.name)}`;
  return shortened(parts.length > 1 ? `${stem}.part${part + 1}` : stem);
}

/**
 * A name as part of a file's: what a file system may take for something else is written as %2F, capital
 * letters too, as some file systems don't tell them from small ones.
 */
export function fileName(name: string): string {
  const escaped = [...Buffer.from(name)].map((byte) => {
    const letter = String.fromCharCode(byte);
    return /[a-z0-9_-]/.test(letter)
      ? letter
      : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  });
  return escaped.join("");
}

/** File systems take 255 bytes. */
const LONGEST_STEM = 200;

function shortened(stem: string): string {
  if (stem.length <= LONGEST_STEM) return stem;
  const hash = createHash("sha256").update(stem).digest("hex").slice(0, 16);
  return `${stem.slice(0, LONGEST_STEM - 17)}~${hash}`;
}
