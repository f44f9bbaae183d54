/** Why a server could not be connected to: one sentence, and what to do about it. */

import { describeEndpoint, describeHost, type ServerEndpoint } from "../endpoint/endpoint.js";
import { PgCopyError, type Side } from "../errors.js";
import {
  type Explanation,
  explainNetwork,
  explainReport,
  explainTls,
} from "./connection-advice.js";
import type { ConnectionAttempt, FailedAttempt } from "./connection-attempts.js";
import { isTlsFailure, isTlsUnsupported } from "./connection-failures.js";
import { ForeignProtocol } from "./protocol-guard.js";
import { errorWords, serverReport, whatIsKnown } from "./server-error.js";
import { DeclinedSession } from "./session-checks.js";

/**
 * The error of an endpoint whose attempts all failed. It speaks of the one that got furthest (a
 * wrong password says more than the next host's refusal), and lists all if they differ.
 */
export function connectionError(
  failures: readonly FailedAttempt[],
  endpoint: ServerEndpoint,
  side: Side,
): PgCopyError {
  const main = failures.reduce((best, next) =>
    progress(next.error) > progress(best.error) ? next : best,
  );
  const { words, advice, passing } = explain(main, endpoint);
  const where = endpoint.hosts.length > 1 ? `${describePlace(main.attempt)}: ` : "";
  // That a server has no TLS is no news where sslmode=prefer went on without.
  const telling = failures.filter((one) => one === main || !isTlsUnsupported(one.error));
  const all = telling.map(
    (failed) =>
      `${describePlace(failed.attempt)}${failed.attempt.tls === undefined ? "" : " with TLS"}: ${explain(failed, endpoint).words}`,
  );
  const report = serverReport(main.error);
  return new PgCopyError(
    `can't connect to the ${side} ${describeEndpoint(endpoint)}: ${where}${words}`,
    {
      code: "connection_failed",
      attempted: `connecting to the ${side}`,
      side,
      advice,
      retrySafe: passing,
      cause: main.error,
      ...(telling.length > 1 ? { items: [...new Set(all)] } : {}),
      // The advice above is about connecting, and says more.
      ...(report === undefined ? {} : { ...whatIsKnown(report, "", side), advice }),
    },
  );
}

/** How far an attempt got: to the network, to TLS, to the server's words, to a session. */
function progress(error: unknown): number {
  if (error instanceof DeclinedSession) return error.reason === "session_attributes" ? 4 : 3;
  if (serverReport(error) !== undefined) return 3;
  // Why it has no TLS either.
  if (error instanceof ForeignProtocol) return 3;
  // What came after it matters more.
  if (isTlsUnsupported(error)) return 0;
  return isTlsFailure(error) ? 2 : 1;
}

function describePlace({ host, address, port }: ConnectionAttempt): string {
  const shown = `${describeHost(host)}:${port}`;
  return address === host ? shown : `${shown} (${address})`;
}

function explain({ error, attempt }: FailedAttempt, endpoint: ServerEndpoint): Explanation {
  if (error instanceof DeclinedSession) return explainDeclined(error, endpoint);
  const report = serverReport(error);
  if (report !== undefined) return explainReport(report, errorWords(error), endpoint, attempt);
  return isTlsFailure(error)
    ? explainTls(error, attempt)
    : explainNetwork(error, attempt, endpoint);
}

function explainDeclined(error: DeclinedSession, endpoint: ServerEndpoint): Explanation {
  const advice = {
    no_password: passwordAdvice(endpoint),
    channel_binding:
      "use sslmode=require and a scram-sha-256 password, or leave channel_binding out",
    session_attributes: "name a server that fits, or change target_session_attrs",
  }[error.reason];
  return { words: error.message, advice, passing: error.reason === "session_attributes" };
}

function passwordAdvice(endpoint: ServerEndpoint): string {
  const file = endpoint.passwordFileProblem;
  return `give the password in the endpoint, in PGPASSWORD, or in the password file ~/.pgpass${file === undefined ? "" : ` (${file})`}`;
}
