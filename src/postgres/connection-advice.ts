/** What each kind of failed connection attempt means, and what to do about it. */

import { describeHost, type ServerEndpoint } from "../endpoint/endpoint.js";
import type { ServerReport } from "../errors.js";
import type { ConnectionAttempt } from "./connection-attempts.js";
import { errorCode, isCertificateFailure, isTlsUnsupported } from "./connection-failures.js";
import { explainFailure } from "./known-failures.js";
import { ForeignProtocol } from "./protocol-guard.js";
import { errorWords } from "./server-error.js";

/** What a failure comes to. */
export interface Explanation {
  readonly words: string;
  readonly advice: string;
  /** Whether the same attempt may succeed later, and repeating it can't lock an account. */
  readonly passing: boolean;
}

/** The server's own words, and what they call for. */
export function explainReport(
  report: ServerReport,
  words: string,
  endpoint: ServerEndpoint,
  attempt: ConnectionAttempt,
): Explanation {
  const passing = /^(53|57P0)/.test(report.sqlstate);
  return { words, passing, advice: reportAdvice(report, endpoint, attempt) };
}

function reportAdvice(
  report: ServerReport,
  endpoint: ServerEndpoint,
  attempt: ConnectionAttempt,
): string {
  const { sqlstate, message } = report;
  switch (sqlstate) {
    case "28P01":
      return `check the user and the password${endpoint.passwordFrom === undefined ? "" : `, which was taken from ${endpoint.passwordFrom}`}`;
    case "28000":
      return rejectionAdvice(message, endpoint, attempt);
    case "3D000":
      return "check the name of the database, or create it first";
    case "42501":
      return "let the role connect: grant connect on database … to …";
    case "08P01":
      return /ssl|tls/i.test(message)
        ? "try sslmode=require"
        : "a connection pooler such as PgBouncer seems to stand before the server: connect to the server directly";
    default:
      return knownAdvice(report) ?? "the server's log may say more";
  }
}

/** Of what may happen to any session; none of it depends on the side. */
function knownAdvice(report: ServerReport): string | undefined {
  return explainFailure({ report, side: "target", attempted: "" })?.advice;
}

/** SQLSTATE 28000 has several meanings, which only the message tells apart (in English). */
function rejectionAdvice(
  message: string,
  endpoint: ServerEndpoint,
  attempt: ConnectionAttempt,
): string {
  if (message.includes("pg_hba.conf")) {
    const mode = endpoint.tls.mode;
    const needsTls = attempt.tls === undefined && !attempt.host.startsWith("/");
    return needsTls && /^(disable|allow)$/.test(mode)
      ? "the server may demand TLS: try sslmode=require; else add a line for this client to its pg_hba.conf"
      : "add a line for this user, database and address to the server's pg_hba.conf";
  }
  if (message.includes("client certificate")) {
    return "name a client certificate and its key with sslcert and sslkey";
  }
  if (message.includes("not permitted to log in")) return "let it: alter role … login";
  if (message.includes("authentication failed")) {
    return "the server ties this user to another identity (peer, ident or cert in pg_hba.conf): name another user, or connect over TCP with a password";
  }
  return "check the name of the user, or create the role first";
}

/** TLS that could not be set up. */
export function explainTls(error: unknown, attempt: ConnectionAttempt): Explanation {
  if (isTlsUnsupported(error)) {
    return {
      words: "the server does not support TLS",
      advice: "turn ssl on on the server; or, where the network is trusted, use sslmode=prefer",
      passing: false,
    };
  }
  const words = error instanceof Error ? error.message : String(error);
  if (isCertificateFailure(error)) {
    const isName = errorCode(error).includes("ALTNAME");
    return {
      words: isName
        ? `the server's certificate is not for ${attempt.host}: ${words}`
        : `the server's certificate is not trusted: ${words}`,
      advice: isName
        ? "use a host name that the certificate is for, or sslmode=verify-ca, which does not check names"
        : "name the certificate of its authority with sslrootcert, or use sslmode=require without one, which does not check it",
      passing: false,
    };
  }
  return {
    words: `TLS could not be set up: ${words}`,
    advice: "check sslmode, the client certificate and the TLS versions that the server allows",
    passing: false,
  };
}

/** A server that was not reached, or hung up. */
export function explainNetwork(
  error: unknown,
  { host, port }: ConnectionAttempt,
  endpoint: ServerEndpoint,
): Explanation {
  const words = errorWords(error);
  const place = `${describeHost(host)}:${port}`;
  if (error instanceof ForeignProtocol) {
    return {
      words: `what answers on ${place} is no PostgreSQL server: ${words}`,
      advice: "check the host and the port",
      passing: false,
    };
  }
  if (/timeout expired|timed out/.test(words) || errorCode(error) === "ETIMEDOUT") {
    const limit = Math.round(endpoint.connectTimeoutMs / 100) / 10;
    return {
      words: limit > 0 ? `no answer within ${limit} s` : "no answer",
      advice:
        "check the host, the port and the firewalls between; connect_timeout=SECONDS sets how long to wait",
      passing: true,
    };
  }
  switch (errorCode(error)) {
    case "ENOTFOUND":
      return {
        words: `the host name ${JSON.stringify(host)} is not known`,
        advice: "check the spelling of the host name",
        passing: false,
      };
    case "EAI_AGAIN":
      return {
        words: `the host name ${JSON.stringify(host)} could not be looked up: the name server did not answer`,
        advice: "check the spelling of the host name and the network, and try again",
        passing: true,
      };
    case "ECONNREFUSED":
      return {
        words: `connection refused: no server listens on ${place}`,
        advice: "check that the server runs, its port, and its listen_addresses",
        passing: true,
      };
    case "ENOENT":
      return {
        words: `no server listens on the unix socket ${host}/.s.PGSQL.${port}`,
        advice:
          "check that the server runs, its port and its unix_socket_directories; or connect over TCP with a host name",
        passing: true,
      };
    case "EACCES":
      return {
        words: `this user may not use the unix socket ${host}/.s.PGSQL.${port}`,
        advice: "connect as another user of the system, or over TCP with a host name",
        passing: false,
      };
    case "EHOSTUNREACH":
    case "ENETUNREACH":
      return {
        words: `the network has no way to ${place} (${words})`,
        advice: "check the address and the network (a VPN, an IPv6 address without IPv6)",
        passing: true,
      };
  }
  if (/ECONNRESET|EPIPE/.test(errorCode(error)) || words.startsWith("Connection terminated")) {
    return {
      words: "the server closed the connection before the session was open",
      advice: `check that ${place} is a PostgreSQL server; its log, or that of a proxy before it, may say more`,
      passing: true,
    };
  }
  return { words, advice: "the server's log may say more", passing: false };
}
