/** From what node-postgres throws to what pgcopy reports. */

import { PgCopyError, type PgCopyErrorFields, type ServerReport, type Side } from "../errors.js";
import { explainFailure } from "./known-failures.js";
import { connectionLost } from "./known-session-failures.js";

/** The fields of an ErrorResponse, or undefined if `thrown` is not one. */
export function serverReport(thrown: unknown): ServerReport | undefined {
  if (!(thrown instanceof Error) || !("severity" in thrown) || !("code" in thrown))
    return undefined;
  const raw = thrown as Error & Record<string, unknown>;
  const text = (key: string) => (typeof raw[key] === "string" ? { [key]: raw[key] as string } : {});
  return {
    severity: String(raw.severity ?? "ERROR"),
    sqlstate: String(raw.code ?? ""),
    message: raw.message,
    ...text("detail"),
    ...text("hint"),
    ...text("where"),
    ...text("constraint"),
  };
}

/** `duplicate key value … (SQLSTATE 23505)`, or a plain error's own words. */
export function errorWords(thrown: unknown): string {
  const report = serverReport(thrown);
  if (report !== undefined) return `${report.message} (SQLSTATE ${report.sqlstate})`;
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** SQLSTATE classes after which the same statement may succeed: lost connections, deadlocks, resources. */
export function isTransient(thrown: unknown): boolean {
  const report = serverReport(thrown);
  if (report === undefined) return true; // no ErrorResponse: the connection itself broke
  return /^(08|40|53|57P0[123]|55P03)/.test(report.sqlstate);
}

/**
 * The error of a statement: `COPY public.orders (part 3 of 8) failed on target: duplicate key value
 * violates unique constraint "orders_pkey" (SQLSTATE 23505)`.
 */
export function statementError(
  thrown: unknown,
  attempted: string,
  side: Side,
  fields: Partial<PgCopyErrorFields> = {},
): PgCopyError {
  if (thrown instanceof PgCopyError) return thrown;
  const report = serverReport(thrown);
  return new PgCopyError(`${attempted} failed on ${side}: ${errorWords(thrown)}`, {
    code: "task_failed",
    attempted,
    side,
    retrySafe: isTransient(thrown),
    cause: thrown,
    ...(report === undefined ? brokenConnection : whatIsKnown(report, attempted, side)),
    ...fields,
  });
}

/** For errors of a connection that broke, of which the server said nothing. */
export const brokenConnection = {
  reason: connectionLost.reason,
  advice: connectionLost.advice,
} as const;

/** The server's report, and what it asks for. */
export function whatIsKnown(
  report: ServerReport,
  attempted: string,
  side: Side,
): Pick<PgCopyErrorFields, "server" | "reason" | "advice"> {
  const known = explainFailure({ report, attempted, side });
  if (known === undefined) return { server: report };
  return { server: report, reason: known.reason, advice: known.advice };
}
