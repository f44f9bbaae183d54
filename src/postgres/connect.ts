/** Opening a session: one host and one kind of encryption after the other, until one is taken. */

import type { ServerEndpoint } from "../endpoint/endpoint.js";
import { interruptedError, throwIfAborted } from "../run/abort.js";
import { askServer } from "./ask-server.js";
import { newClient, rawConnection } from "./client.js";
import { Connection, type ConnectOptions } from "./connection.js";
import {
  type ConnectionAttempt,
  connectionAttempts,
  endpointOf,
  type FailedAttempt,
} from "./connection-attempts.js";
import { connectionError } from "./connection-error.js";
import { guardProtocol } from "./protocol-guard.js";
import { checkSessionAttributes, requireChannelBinding } from "./session-checks.js";

/**
 * Opens a session.
 *
 * @throws PgCopyError `connection_failed`, saying which host refused and why; `interrupted`.
 */
export async function connect(
  endpoint: ServerEndpoint,
  options: ConnectOptions,
): Promise<Connection> {
  throwIfAborted(options.signal);
  const failures: FailedAttempt[] = [];
  const { side, signal } = options;
  for await (const attempt of connectionAttempts({ endpoint, side, signal, failures })) {
    try {
      return await open(endpoint, attempt, options);
    } catch (error) {
      if (signal.aborted) throw interruptedError(`connecting to the ${side}`);
      failures.push({ attempt, error });
    }
  }
  throw connectionError(failures, endpoint, side);
}

async function open(
  endpoint: ServerEndpoint,
  attempt: ConnectionAttempt,
  options: ConnectOptions,
): Promise<Connection> {
  const client = newClient(endpoint, attempt, `pgcopy ${options.purpose}`.slice(0, 63));
  const raw = rawConnection(client);
  const parameters = new Map<string, string>();
  raw.on("parameterStatus", ({ parameterName, parameterValue }) => {
    if (parameterName !== undefined) parameters.set(parameterName, parameterValue ?? "");
  });
  const bound = endpoint.channelBinding === "require" ? requireChannelBinding(raw) : undefined;
  const foreignProtocol = guardProtocol(raw, attempt.tls !== undefined);
  // Without a listener a connection lost right after it opened would end the process.
  client.on("error", () => {});
  // The stream is looked up when it is needed: with TLS it becomes another one.
  const stop = () => raw.stream.destroy(interruptedError());
  options.signal.addEventListener("abort", stop, { once: true });
  try {
    await client.connect();
    bound?.();
    const here = endpointOf(attempt, endpoint);
    const connection = new Connection(client, here, attempt, options, parameters);
    await connection.pin(options.settings ?? {});
    connection.askBy((signal) => askServer(connection, connect, signal));
    await checkSessionAttributes(connection, attempt.sessionAttributes);
    return connection;
  } catch (error) {
    raw.stream.destroy();
    // The driver may have read words into what it got.
    throw foreignProtocol() ?? error;
  } finally {
    options.signal.removeEventListener("abort", stop);
  }
}
