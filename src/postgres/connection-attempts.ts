/**
 * From an endpoint to the attempts that libpq would make: each host, each of its addresses, with
 * and without TLS as sslmode allows, until one gives a session that fits target_session_attrs.
 *
 * Names are looked up here rather than by the socket: node's own way through several addresses
 * gives each but the last 250 ms, too little for a server on another continent; and a cancel
 * request must reach the very server that runs the statement.
 */

import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import type { ConnectionOptions } from "node:tls";
import {
  type HostAddress,
  passwordFor,
  type ServerEndpoint,
  type SessionAttributes,
  type SslMode,
} from "../endpoint/endpoint.js";
import type { Side } from "../errors.js";
import { interruptedError } from "../run/abort.js";
import { isTlsFailure } from "./connection-failures.js";
import { serverReport } from "./server-error.js";
import { DeclinedSession } from "./session-checks.js";
import { tlsOptions } from "./tls.js";

export interface ConnectionAttempt {
  /** As the endpoint names it. */
  readonly host: string;
  /** What to connect to: an IP address, the directory of a unix socket, or a name that could not be looked up. */
  readonly address: string;
  readonly port: number;
  readonly password?: string;
  /** Absent: without TLS. */
  readonly tls?: ConnectionOptions;
  readonly directTls: boolean;
  /** What the session must be; another is closed, and the next host tried. */
  readonly sessionAttributes: SessionAttributes;
}

export interface FailedAttempt {
  readonly attempt: ConnectionAttempt;
  readonly error: unknown;
}

/**
 * The endpoint that leads to this very server again, and straight: a snapshot exported by one
 * session is of no use on another host, and a server without TLS need not be asked for it each time.
 */
export function endpointOf(attempt: ConnectionAttempt, endpoint: ServerEndpoint): ServerEndpoint {
  const { host, address, port, password, tls } = attempt;
  return {
    ...endpoint,
    hosts: [address === host ? { host, port } : { host, port, address }],
    ...(password === undefined ? {} : { password }),
    ...(tls === undefined ? { tls: { ...endpoint.tls, mode: "disable" } } : {}),
  };
}

interface AttemptContext {
  readonly endpoint: ServerEndpoint;
  readonly side: Side;
  readonly signal: AbortSignal;
  /** The caller adds each attempt that failed; the last one decides what is tried next. */
  readonly failures: readonly FailedAttempt[];
}

/**
 * The attempts, in order, until the caller stops asking or libpq would give up. Reads the
 * certificate files.
 *
 * @throws PgCopyError `usage` for a certificate file that can't be used; `interrupted`.
 */
export async function* connectionAttempts(
  context: AttemptContext,
): AsyncGenerator<ConnectionAttempt, void, void> {
  const wanted = context.endpoint.sessionAttributes;
  const standbyFirst = wanted === "prefer-standby";
  const outcome = yield* attemptsAtAll(context, standbyFirst ? "standby" : wanted);
  const sawPrimary = context.failures.some(({ error }) => error instanceof DeclinedSession);
  if (standbyFirst && outcome === "exhausted" && sawPrimary) yield* attemptsAtAll(context, "any");
}

async function* attemptsAtAll(
  context: AttemptContext,
  sessionAttributes: SessionAttributes,
): AsyncGenerator<ConnectionAttempt, "exhausted" | "give_up", void> {
  for (const host of context.endpoint.hosts) {
    const outcome = yield* attemptsAtHost(context, host, sessionAttributes);
    if (outcome === "give_up") return "give_up";
  }
  return "exhausted";
}

async function* attemptsAtHost(
  context: AttemptContext,
  place: HostAddress,
  sessionAttributes: SessionAttributes,
): AsyncGenerator<ConnectionAttempt, "next_host" | "give_up", void> {
  const { endpoint, failures } = context;
  const { host, port } = place;
  const password = passwordFor(endpoint, place);
  for (const address of await addressesOf(place, context.signal)) {
    for (const withTls of tlsChoices(endpoint.tls.mode, host)) {
      const tls = withTls ? await tlsOptions(endpoint.tls, host) : undefined;
      yield {
        host,
        address,
        port,
        sessionAttributes,
        directTls: withTls && endpoint.tls.negotiation === "direct",
        ...(password === undefined ? {} : { password }),
        ...(tls === undefined ? {} : { tls }),
      };
      const step = stepAfter(failures.at(-1)?.error, endpoint.tls.mode, withTls);
      if (step === "give_up" || step === "next_host") return step;
      if (step === "next_address") break;
    }
  }
  return "next_host";
}

/** Whether to use TLS, in the order in which sslmode tries it. libpq never does on a unix socket. */
function tlsChoices(mode: SslMode, host: string): readonly boolean[] {
  if (host.startsWith("/") || mode === "disable") return [false];
  if (mode === "allow") return [false, true];
  return mode === "prefer" ? [true, false] : [true];
}

/**
 * What libpq does after a failure. It goes on to the next host if this one can't be reached, or is
 * starting up or shutting down; not if it was reached and refused us: that the next one would take
 * the same password is not likely, and a locked account is.
 */
function stepAfter(
  error: unknown,
  mode: SslMode,
  withTls: boolean,
): "other_tls_choice" | "next_address" | "next_host" | "give_up" {
  if (error instanceof DeclinedSession) {
    return error.reason === "session_attributes" ? "next_host" : "give_up";
  }
  const mayChange = (mode === "prefer" && withTls) || (mode === "allow" && !withTls);
  const sqlstate = serverReport(error)?.sqlstate;
  if (sqlstate !== undefined) {
    if (sqlstate === "57P03") return "next_host";
    // 28000: pg_hba.conf has no entry for a session with, or without, TLS; 08P01: a pooler's way to say so.
    return mayChange && /^(28000|08P01)$/.test(sqlstate) ? "other_tls_choice" : "give_up";
  }
  if (isTlsFailure(error)) return mayChange ? "other_tls_choice" : "give_up";
  return "next_address";
}

/** A name that can't be looked up stands for itself: the attempt then fails with the lookup's error. */
async function addressesOf(place: HostAddress, signal: AbortSignal): Promise<readonly string[]> {
  const { host, address } = place;
  if (address !== undefined) return [address];
  if (host.startsWith("/") || isIP(host) !== 0) return [host];
  let stop = () => {};
  const aborted = new Promise<undefined>((_, reject) => {
    stop = () => reject(interruptedError());
    signal.addEventListener("abort", stop, { once: true });
  });
  const found = lookup(host, { all: true, verbatim: true }).catch(() => []);
  try {
    const addresses = (await Promise.race([found, aborted])) ?? [];
    return addresses.length === 0 ? [host] : addresses.map((one) => one.address);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
