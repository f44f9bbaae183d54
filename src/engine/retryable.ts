/** Which failures pass by themselves, so that the same task may be done again. */

import type { PgCopyError } from "../errors.js";

/**
 * The server ended the session (57P01 to 57P03: by an administrator, in a crash, while it starts or
 * stops), the connection broke (class 08), there was no slot for it (53300), or two transactions were in
 * each other's way (40001, 40P01). Not 57014: somebody cancelled it, who may want it cancelled.
 */
const PASSING = /^(57P0[123]|08...|53300|40001|40P01)$/;

/** Whether it may go well if it is tried again. */
export function isRetryable({ code, server, retrySafe }: PgCopyError): boolean {
  if (code !== "task_failed" && code !== "connection_failed") return false;
  // Without a server's word it is ours: a connection that was lost, or a server that can't be reached.
  return server === undefined ? retrySafe : PASSING.test(server.sqlstate);
}
