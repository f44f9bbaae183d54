/** Rows that the target refuses, as the run as a whole sees them: where they go, and how it ends with them. */

import { mkdir, readdir } from "node:fs/promises";
import { resolve } from "node:path";
import { PgCopyError } from "../errors.js";
import type { RejectedRows } from "../events.js";
import { formatNumberOf } from "../formatting.js";
import type { RejectTo } from "../load/rejected-files.js";
import type { ResolvedOptions } from "../options/clone-options.js";
import { displayName } from "../postgres/quote.js";
import type { TaskOutcome } from "./execute-task.js";
import type { CloneReport } from "./report.js";
import { reworded } from "./reworded-error.js";

type RejectOptions = Pick<ResolvedOptions, "rejectDir" | "rejectLimit">;

/** Where rows are set aside; undefined: nowhere. */
export function rejectTo({ rejectDir, rejectLimit: limit }: RejectOptions): RejectTo | undefined {
  return rejectDir === undefined ? undefined : { directory: resolve(rejectDir), limit };
}

/**
 * Makes the directory, for nobody else to read. What an earlier run has set aside may be all that
 * there is of it, and is not mixed with what this one does.
 *
 * @param resumed whether it goes on with that run: each copy that is done again clears its own files.
 * @throws PgCopyError `usage`
 */
export async function prepareRejectDir(
  options: RejectOptions,
  { resumed } = { resumed: false },
): Promise<void> {
  const { directory } = rejectTo(options) ?? {};
  if (directory === undefined) return;
  const found = await mkdir(directory, { recursive: true, mode: 0o700 })
    .then(() => readdir(directory, { recursive: true, withFileTypes: true }))
    .catch((error: Error) => {
      throw wrongDirectory(`can't set rows aside in ${directory}: ${error.message}`);
    });
  // Empty directories are what a run over all databases has left that failed before there was a row.
  const files = found.filter((one) => !one.isDirectory()).map(({ name }) => name);
  if (files.length > 0 && !resumed)
    throw wrongDirectory(`the directory for rejected rows is not empty: ${directory}`, files);
}

function wrongDirectory(message: string, items: readonly string[] = []): PgCopyError {
  return new PgCopyError(message, {
    code: "usage",
    items,
    options: ["rejectDir"],
    advice: "nothing was changed; give rejectDir a directory that is empty, or is to be created",
  });
}

/** What a clone came to that may have left rows out. */
export interface ClonedDatabase {
  readonly report: CloneReport;
  readonly rejected: readonly RejectedRows[];
}

/** Where several databases are copied. */
export type RejectedOfDatabase = RejectedRows & { readonly database?: string };

/** All that the tasks have set aside. */
export function rejectedRows(outcomes: readonly TaskOutcome[]): readonly RejectedRows[] {
  const rejected = outcomes.flatMap((outcome) => outcome.rejected ?? []);
  return rejected.sort((a, b) => (a.file < b.file ? -1 : 1));
}

/** @throws PgCopyError `rows_rejected`, with what was set aside of each table. */
export function refuseRejected(
  rejected: readonly RejectedOfDatabase[],
  { rejectDir }: RejectOptions,
): void {
  if (rejected.length === 0) return;
  const rows = rejected.reduce((sum, one) => sum + one.rows, 0);
  const tables = new Set(rejected.map(nameOf)).size;
  const where = rejectDir === undefined ? "" : `, set aside in ${resolve(rejectDir)}`;
  throw new PgCopyError(
    `the target refused ${formatNumberOf(rows, "row")} of ${formatNumberOf(tables, "table")}${where}; all else was copied`,
    {
      code: "rows_rejected",
      side: "target",
      items: rejectedItems(rejected),
      advice:
        "beside each file, .errors says why each of its lines was refused, and .json has the COPY that takes them once they are put right",
    },
  );
}

/** What was set aside of each table, or part of one. */
export function rejectedItems(rejected: readonly RejectedOfDatabase[]): string[] {
  return rejected.map((one) => {
    const rows = formatNumberOf(one.rows, "row");
    return `${nameOf(one)}: ${rows} rejected, in ${one.file}; the first: ${one.reason}`;
  });
}

/** A foreign key may miss just the rows that were set aside. */
export function withRejectedAdvice(
  error: PgCopyError,
  rejected: readonly RejectedRows[],
): PgCopyError {
  if (rejected.length === 0 || error.server?.sqlstate !== "23503") return error;
  const tables = [...rejectedByTable(rejected)].map(([table, rows]) => `${rows} of ${table}`);
  const advice = `rows that it refers to may be among those that were rejected: ${tables.join(", ")}`;
  return reworded(error, { advice: [error.advice, advice].filter(Boolean).join("; ") });
}

/** How many rows of each table were set aside, by its qualified name. */
export function rejectedByTable(rejected: readonly RejectedRows[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const one of rejected) counts.set(nameOf(one), (counts.get(nameOf(one)) ?? 0) + one.rows);
  return counts;
}

function nameOf({ database, schema, name }: RejectedOfDatabase): string {
  const table = displayName(schema, name);
  return database === undefined ? table : `${displayName(database)}: ${table}`;
}
