/** What to do where the target refuses a masked value. */

import { PgCopyError } from "../errors.js";
import type { ClonePlan } from "../plan/clone-plan.js";
import type { CloneTask } from "../plan/task.js";
import { maskedColumns } from "./selection-report.js";

/** Advice by the tables' locks, which each task names. */
export type MaskAdvice = ReadonlyMap<string, string>;

/** The masked tables of a plan. */
export function maskAdvice({ tables }: Pick<ClonePlan, "tables">): MaskAdvice {
  return new Map(
    tables.flatMap((table): [string, string][] => {
      const columns = maskedColumns(table);
      return columns === undefined ? [] : [[String(table.table.oid), columns]];
    }),
  );
}

/** A failing row is quoted with all its columns, also those that nobody masked. */
function withoutRows(server: PgCopyError["server"]): PgCopyError["server"] {
  if (server === undefined) return undefined;
  const { detail: _, where: __, ...rest } = server;
  return rest;
}

/** What the target says of values that break a rule of the schema (SQLSTATE classes 22 and 23). */
const REFUSED_VALUE = /^2[23]/;

/** The error, with the masked columns of the tables that the task is about. */
export function withMaskAdvice(
  error: PgCopyError,
  task: CloneTask,
  masks: MaskAdvice,
): PgCopyError {
  const { side } = error;
  const server = withoutRows(error.server);
  if (side !== "target" || !REFUSED_VALUE.test(server?.sqlstate ?? "")) return error;
  const locks = [...(task.locks?.shared ?? []), ...(task.locks?.exclusive ?? [])];
  const masked = locks.flatMap((lock) => masks.get(lock) ?? []);
  if (masked.length === 0 || server === undefined) return error;
  const advice =
    server.sqlstate === "23505"
      ? "a mask must give each row of a unique column another value: derive it from the column itself, or from the key"
      : "the mask must give what the column's type and constraints allow";
  return new PgCopyError(error.message, {
    code: error.code,
    server,
    side,
    // These quote rows, too.
    items: [],
    retrySafe: false,
    advice: `masked are ${[...new Set(masked)].join(", ")}: ${advice}`,
    ...(error.attempted === undefined ? {} : { attempted: error.attempted }),
  });
}
