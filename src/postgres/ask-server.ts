/** Asking a server, over a connection of its own, what it does for another one. */

import type { ServerEndpoint } from "../endpoint/endpoint.js";
import { PgCopyError } from "../errors.js";
import { anySignal } from "../run/abort.js";
import type { Connection, ConnectOptions } from "./connection.js";

/** How long a server may take to answer, in milliseconds. */
const ASK_MS = 10_000;

/** What a server does for a session, as far as it says. */
export type Doing = "works" | "waits for us" | "knows no such session" | "does not answer";

const doingQuery = `
select a.state like 'idle%' or coalesce(a.wait_event_type = 'Client', false) as waits
from pg_catalog.pg_stat_activity a where a.pid = $1`;

/**
 * Never throws. Whatever else a server says, such as that no connection is free, shows that it is there.
 *
 * @param connect opens the connection.
 */
export async function askServer(
  about: Connection,
  connect: (endpoint: ServerEndpoint, options: ConnectOptions) => Promise<Connection>,
  signal: AbortSignal,
): Promise<Doing> {
  const within = anySignal(signal, AbortSignal.timeout(ASK_MS));
  const endpoint = { ...about.endpoint, connectTimeoutMs: ASK_MS, stallTimeoutMs: 0 };
  try {
    await using other = await connect(endpoint, {
      side: about.side,
      purpose: "watch",
      signal: within,
    });
    const [row] = await other.query("asking for a session", doingQuery, [about.backendId]);
    if (row === undefined) return "knows no such session";
    return row.waits === true ? "waits for us" : "works";
  } catch (error) {
    return error instanceof PgCopyError && error.server !== undefined ? "works" : "does not answer";
  }
}
