/** Why a server could not be connected to, in words that say what to do. */

import { PgCopyError, type Side } from "../errors.js";
import type { ConnectionAttempt } from "./connection-attempts.js";
import { describeEndpoint, type ServerEndpoint } from "./endpoint.js";
import { errorWords, serverReport } from "./server-error.js";

/** The error of one failed attempt. */
export function connectionError(
  thrown: unknown,
  endpoint: ServerEndpoint,
  _attempt: ConnectionAttempt,
  side: Side,
): PgCopyError {
  const report = serverReport(thrown);
  return new PgCopyError(
    `can't connect to the ${side} ${describeEndpoint(endpoint)}: ${errorWords(thrown)}`,
    {
      code: "connection_failed",
      side,
      retrySafe: true,
      cause: thrown,
      ...(report === undefined ? {} : { server: report }),
    },
  );
}
