/**
 * What stands between pgcopy and a server: it ends TLS with whatever certificate it is given, or says
 * that there is none, and hands the rest on. So one server shows every kind of certificate, and a man
 * in the middle; and it is known what went over the wire in clear.
 */

import { readFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { type SecureVersion, TLSSocket } from "node:tls";
import { fileURLToPath } from "node:url";

export const tlsFile = (name: string) =>
  fileURLToPath(new URL(`../fixtures/tls/${name}`, import.meta.url));

export interface TlsFrontOptions {
  /** A file of test/fixtures/tls; its key is server.key. */
  readonly certificate?: string;
  readonly maxVersion?: SecureVersion;
}

/** One connection, as it came. */
export interface FrontConnection {
  /** Each kind of request in the order in which it came, with what it came over. */
  readonly requests: string[];
  /** The name that the client said it connects to. */
  serverName?: string | false | null;
}

export interface TlsFront extends AsyncDisposable {
  readonly port: number;
  /** The answer to a request for TLS: `S` takes it up, `N` does not; whatever else comes as it is. */
  answer: string;
  readonly connections: FrontConnection[];
  /** All requests of all connections. */
  readonly requests: readonly string[];
}

const CODES: Readonly<Record<number, string>> = {
  80877103: "SSLRequest",
  80877102: "CancelRequest",
  196608: "startup",
};

export async function openTlsFront(
  server: { readonly host: string; readonly port: number },
  { certificate = "server.crt", maxVersion }: TlsFrontOptions = {},
): Promise<TlsFront> {
  const connections: FrontConnection[] = [];
  const sockets = new Set<Socket>();
  const listener = createServer((client) => {
    const connection: FrontConnection = { requests: [] };
    connections.push(connection);
    sockets.add(client);
    client.on("error", () => {});
    client.once("close", () => sockets.delete(client));
    client.once("data", (first) => {
      const kind = kindOf(first);
      connection.requests.push(`${kind} in clear`);
      if (kind !== "SSLRequest") return handOn(client, first);
      client.write(front.answer);
      if (front.answer === "S") return secured(client, connection);
      client.once("data", (next) => {
        connection.requests.push(`${kindOf(next)} in clear`);
        handOn(client, next);
      });
    });
  });

  function secured(client: Socket, connection: FrontConnection): void {
    const secure = new TLSSocket(client, {
      isServer: true,
      cert: readFileSync(tlsFile(certificate)),
      key: readFileSync(tlsFile("server.key")),
      ...(maxVersion === undefined ? {} : { maxVersion }),
    });
    secure.on("error", () => client.destroy());
    secure.once("data", (first) => {
      connection.serverName = secure.servername;
      connection.requests.push(`${kindOf(first)} over TLS`);
      handOn(secure, first);
    });
  }

  function handOn(client: Socket, first: Buffer): void {
    const backend = connect(server.port, server.host);
    backend.on("error", () => client.destroy());
    // What came before still goes out: who asks for a cancel hangs up at once.
    client.once("close", () => backend.end());
    backend.write(first);
    client.pipe(backend).pipe(client);
  }

  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const address = listener.address();
  const front: TlsFront = {
    port: typeof address === "object" && address !== null ? address.port : 0,
    answer: "S",
    connections,
    get requests() {
      return connections.flatMap(({ requests }) => requests);
    },
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise((resolve) => listener.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
  return front;
}

function kindOf(packet: Buffer): string {
  const code = packet.length >= 8 ? packet.readUInt32BE(4) : 0;
  return CODES[code] ?? `code ${code}`;
}
