/** node-postgres' client, made so that only its caller decides, and what its types leave out. */

import pg from "pg";
import type { ServerEndpoint } from "../endpoint/endpoint.js";
import type { ConnectionAttempt } from "./connection-attempts.js";
import { CopySocket } from "./copy-socket.js";
import { DeclinedSession } from "./session-checks.js";

/**
 * A client of node-postgres that is told everything: what it is not told it would take from
 * process.env and ~/.pgpass.
 */
export function newClient(
  endpoint: ServerEndpoint,
  attempt: ConnectionAttempt,
  applicationName: string,
): pg.Client {
  const client = new pg.Client({
    host: attempt.address,
    port: attempt.port,
    user: endpoint.user,
    database: endpoint.database,
    // Asked only if the server wants a password.
    password: () => {
      if (attempt.password) return attempt.password;
      throw new DeclinedSession(
        "no_password",
        "the server asks for a password, and none was given",
      );
    },
    // A copy: node-postgres makes the key in it invisible, and cancelling uses these options too.
    ssl: attempt.tls === undefined ? false : { ...attempt.tls },
    // TLS reads from the socket in its own way.
    ...(attempt.tls === undefined ? { stream: () => new CopySocket() } : {}),
    sslnegotiation: attempt.directTls ? "direct" : "postgres",
    enableChannelBinding: endpoint.channelBinding === "require",
    application_name: applicationName,
    client_encoding: "utf8",
    connectionTimeoutMillis: endpoint.connectTimeoutMs,
    keepAlive: endpoint.keepAlive,
    keepAliveInitialDelayMillis: endpoint.keepAliveIdleMs,
  } as pg.ClientConfig);
  // Left empty above, these two would be PGOPTIONS and PGREPLICATION.
  const { connectionParameters } = client as unknown as {
    connectionParameters: { options: string | undefined; replication: string | undefined };
  };
  connectionParameters.options = endpoint.options;
  connectionParameters.replication = undefined;
  return client;
}

/** The parts of node-postgres' protocol connection that its types leave out. */
export interface RawConnection {
  readonly stream: import("node:net").Socket;
  on(event: string, listener: (message: RawMessage) => void): void;
  once(event: "readyForQuery" | "sslconnect", listener: () => void): void;
  removeListener(event: "readyForQuery", listener: () => void): void;
}

/** A message of the server, as far as it is looked at here. */
interface RawMessage {
  readonly parameterName?: string;
  readonly parameterValue?: string;
  readonly mechanisms?: readonly string[];
}

export function rawConnection(client: pg.Client): RawConnection {
  return client.connection as unknown as RawConnection;
}
