/** What we may hold against a session that the server would give: we then decline it. */

import type { SessionAttributes } from "../endpoint/endpoint.js";

/** A session that we did not take, though the server did not refuse it. */
export class DeclinedSession extends Error {
  override readonly name = "DeclinedSession";
  readonly reason: "no_password" | "channel_binding" | "session_attributes";

  constructor(reason: DeclinedSession["reason"], message: string) {
    super(message);
    this.reason = reason;
  }
}

/** What `checkSessionAttributes` needs of an open session. */
interface OpenSession {
  readonly serverVersion: number;
  readonly parameters: ReadonlyMap<string, string>;
  query(attempted: string, sql: string): Promise<Record<string, unknown>[]>;
}

const sessionStateQuery =
  "select pg_catalog.pg_is_in_recovery() as standby, pg_catalog.current_setting('transaction_read_only') as read_only";

/**
 * Checks a session against target_session_attrs.
 *
 * @throws DeclinedSession if the server is not what was asked for.
 */
export async function checkSessionAttributes(
  session: OpenSession,
  wanted: SessionAttributes,
): Promise<void> {
  if (wanted === "any" || wanted === "prefer-standby") return;
  const { standby, readOnly } = await sessionState(session);
  const fits = {
    "read-write": !readOnly,
    "read-only": readOnly,
    primary: !standby,
    standby,
  }[wanted];
  if (fits) return;
  const found = standby ? "a standby" : readOnly ? "a primary, but read-only" : "a primary";
  throw new DeclinedSession(
    "session_attributes",
    `the server is ${found}, and target_session_attrs=${wanted}`,
  );
}

async function sessionState(
  session: OpenSession,
): Promise<{ standby: boolean; readOnly: boolean }> {
  // Servers report both from version 14 on.
  const reported = session.parameters.get("in_hot_standby");
  if (reported !== undefined) {
    const standby = reported === "on";
    const readOnly = session.parameters.get("default_transaction_read_only") === "on";
    return { standby, readOnly: standby || readOnly };
  }
  const [row] = await session.query("asking what the server is", sessionStateQuery);
  return { standby: row?.standby === true, readOnly: row?.read_only === "on" };
}

/** The driver's protocol connection: its events tell how the server authenticates us. */
interface AuthenticationEvents {
  readonly stream: { destroy(error: Error): unknown };
  on(event: string, listener: (message: { mechanisms?: readonly string[] }) => void): unknown;
}

/**
 * Sees to it that the server proves, over this very TLS connection, that it knows the password
 * (libpq's channel_binding=require): a server in the middle could otherwise ask for the password
 * in clear, or let us in unasked. Must be called before the driver connects.
 *
 * @returns to be called once the session is open: throws DeclinedSession if the proof is missing.
 */
export function requireChannelBinding(connection: AuthenticationEvents): () => void {
  let offered = false;
  let bound = false;
  const unbound = new DeclinedSession(
    "channel_binding",
    "the server offers no channel binding, and channel_binding=require",
  );
  const decline = () => connection.stream.destroy(unbound);
  connection.on("authenticationSASL", ({ mechanisms = [] }) => {
    offered = mechanisms.includes("SCRAM-SHA-256-PLUS");
    if (!offered) decline();
  });
  // The driver uses the mechanism if it is offered, and checks the server's proof in this message.
  connection.on("authenticationSASLFinal", () => {
    bound = offered;
  });
  connection.on("authenticationCleartextPassword", decline);
  connection.on("authenticationMD5Password", decline);
  return () => {
    if (!bound) throw unbound;
  };
}
