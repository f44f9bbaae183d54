/** Connecting as the engine does, and the errors of what must not come about. */

import { createServer, type Server, type Socket } from "node:net";
import { expect } from "vitest";
import type { Environment, ServerEndpoint } from "../../src/endpoint/endpoint.js";
import { parseEndpoint } from "../../src/endpoint/parse-endpoint.js";
import { PgCopyError } from "../../src/errors.js";
import { connect } from "../../src/postgres/connect.js";
import type { Connection, ConnectOptions } from "../../src/postgres/connection.js";

export const options: ConnectOptions = {
  side: "source",
  purpose: "test",
  signal: new AbortController().signal,
};

export async function parse(text: string, environment: Environment = {}): Promise<ServerEndpoint> {
  const endpoint = await parseEndpoint(text, environment, "source");
  if (endpoint.kind !== "server") throw new Error("not a server");
  return endpoint;
}

export async function connectTo(text: string, environment: Environment = {}): Promise<Connection> {
  return await connect(await parse(text, environment), options);
}

/** The error of a connection that must not come about. */
export async function failure(text: string, environment: Environment = {}): Promise<PgCopyError> {
  const endpoint = await parse(text, environment);
  const outcome = await connect(endpoint, options).then(
    async (connection) => {
      await connection.close();
      return "connected";
    },
    (error: unknown) => error,
  );
  expect(outcome).toBeInstanceOf(PgCopyError);
  const error = outcome as PgCopyError;
  expect(error).toMatchObject({ code: "connection_failed", side: "source" });
  expect(error.advice).toBeTruthy();
  if (endpoint.password)
    expect(`${JSON.stringify(error)} ${error.stack}`).not.toContain(endpoint.password);
  return error;
}

/** Accepts connections and does to each what `treat` says; speaks no PostgreSQL. */
export async function listen(
  treat: (socket: Socket) => void,
): Promise<{ port: number; listener: Server }> {
  const listener = createServer(treat);
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const address = listener.address();
  return { listener, port: typeof address === "object" && address ? address.port : 0 };
}

export const closedPort = async (): Promise<number> => {
  const { port, listener } = await listen(() => {});
  await new Promise((resolve) => listener.close(resolve));
  return port;
};
