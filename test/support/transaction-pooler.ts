/**
 * A connection pooler in transaction mode, as PgBouncer is one: many clients, one real session on
 * the server, which is lent to a client for the length of a transaction. Authentication is left out.
 */

import { createServer, type Socket } from "node:net";
import pg from "pg";
import type { TestDatabase } from "./servers.js";

export interface TransactionPooler extends AsyncDisposable {
  /** Of the database, through the pooler. */
  readonly uri: string;
}

const SSL_REQUEST = 80877103;
const CANCEL_REQUEST = 80877102;

/** Listens on a free port of 127.0.0.1, with one session in the given database. */
export async function openTransactionPooler(database: TestDatabase): Promise<TransactionPooler> {
  const parameters: [name: string, value: string][] = [];
  const client = new pg.Client({ connectionString: database.uri, application_name: "pooler" });
  const protocol = client.connection as unknown as {
    stream: Socket;
    on(
      event: "parameterStatus",
      listener: (message: { parameterName: string; parameterValue: string }) => void,
    ): void;
  };
  protocol.on("parameterStatus", ({ parameterName, parameterValue }) => {
    parameters.push([parameterName, parameterValue]);
  });
  client.on("error", () => {});
  await client.connect();
  // From here on the session speaks with the pooler's clients, not with the driver.
  protocol.stream.removeAllListeners("data");
  const session = new ServerSession(protocol.stream);

  let clients = 0;
  const sockets = new Set<Socket>();
  const listener = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => sockets.delete(socket));
    greet(socket, parameters, ++clients, () => new PooledClient(socket, session));
  });
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const address = listener.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    uri: `postgres://somebody@127.0.0.1:${port}/${database.name}`,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => listener.close(resolve));
      protocol.stream.destroy();
    },
  };
}

/** Lets the client in under a made-up process id, then hands its messages over. */
function greet(
  socket: Socket,
  parameters: readonly [string, string][],
  number: number,
  admit: () => PooledClient,
): void {
  socket.once("data", (packet) => {
    const code = packet.readInt32BE(4);
    if (code === CANCEL_REQUEST) return socket.destroy();
    if (code === SSL_REQUEST) {
      socket.write("N");
      return greet(socket, parameters, number, admit);
    }
    const key = Buffer.alloc(8);
    key.writeInt32BE(1_000_000_000 + number, 0);
    socket.write(
      Buffer.concat([
        message("R", Buffer.alloc(4)),
        ...parameters.map(([name, value]) => message("S", Buffer.from(`${name}\0${value}\0`))),
        message("K", key),
        message("Z", Buffer.from("I")),
      ]),
    );
    return admit();
  });
}

/** The one session on the server, and who waits for it. */
class ServerSession {
  readonly #socket: Socket;
  readonly #waiting: PooledClient[] = [];
  #owner: PooledClient | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    const split = messageSplitter();
    socket.on("data", (chunk: Buffer) => {
      for (const one of split(chunk)) this.#receive(one);
    });
  }

  send(client: PooledClient, bytes: Buffer): void {
    if (this.#owner === undefined) this.#owner = client;
    if (this.#owner === client) {
      this.#socket.write(bytes);
    } else {
      client.held.push(bytes);
      if (!this.#waiting.includes(client)) this.#waiting.push(client);
    }
  }

  #receive(bytes: Buffer): void {
    this.#owner?.socket.write(bytes);
    const isIdle = String.fromCharCode(bytes[0] ?? 0) === "Z" && bytes.at(-1) === 0x49;
    if (!isIdle) return;
    this.#owner = this.#waiting.shift();
    for (const held of this.#owner?.held.splice(0) ?? []) this.#socket.write(held);
  }
}

class PooledClient {
  readonly socket: Socket;
  /** Messages for a session that is still lent to somebody else. */
  readonly held: Buffer[] = [];

  constructor(socket: Socket, session: ServerSession) {
    this.socket = socket;
    const split = messageSplitter();
    socket.on("data", (chunk: Buffer) => {
      for (const one of split(chunk)) {
        if (String.fromCharCode(one[0] ?? 0) === "X") socket.end();
        else session.send(this, one);
      }
    });
  }
}

function message(type: string, body: Buffer): Buffer {
  const header = Buffer.alloc(5);
  header.write(type);
  header.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([header, body]);
}

/** Cuts a stream of the protocol into its messages. */
function messageSplitter(): (chunk: Buffer) => Buffer[] {
  let rest = Buffer.alloc(0);
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    const messages: Buffer[] = [];
    while (rest.length >= 5 && rest.length >= 1 + rest.readInt32BE(1)) {
      const length = 1 + rest.readInt32BE(1);
      messages.push(rest.subarray(0, length));
      rest = rest.subarray(length);
    }
    return messages;
  };
}
