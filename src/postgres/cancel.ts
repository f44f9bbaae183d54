/**
 * Cancelling on the server. Closing a socket does not stop a CREATE INDEX: the server notices only
 * when it next writes to the client, which may be an hour later. So every abort sends a
 * CancelRequest on a connection of its own first (protocol documentation, "Canceling Requests in
 * Progress"). A connection slot is not needed for it: the server answers it before it authenticates.
 */

import { connect as connectTcp, type Socket } from "node:net";
import { type ConnectionOptions, connect as connectTls } from "node:tls";

const CANCEL_REQUEST_CODE = 80877102;
const SSL_REQUEST_CODE = 80877103;

export interface CancelTarget {
  /** A path starting with `/` is a unix socket's directory. */
  readonly host: string;
  readonly port: number;
  /** Present when the session itself runs over TLS: then the request goes that way, or not at all. */
  readonly tls?: ConnectionOptions;
  /** TLS from the first byte on (libpq's sslnegotiation=direct). */
  readonly directTls?: boolean;
  readonly processId: number;
  readonly secretKey: number;
}

/**
 * Asks the server to cancel what the session is doing. Never throws.
 *
 * @returns whether the server has taken the request; if not, it does not come through to it.
 */
export async function cancelOnServer(target: CancelTarget, timeoutMs = 1_000): Promise<boolean> {
  const socket = target.host.startsWith("/")
    ? connectTcp(`${target.host}/.s.PGSQL.${target.port}`)
    : connectTcp(target.port, target.host);
  let isTaken = true;
  let isSent = false;
  const timer = setTimeout(() => {
    isTaken = false;
    socket.destroy();
  }, timeoutMs);
  try {
    await once(socket, "connect");
    const channel = target.tls === undefined ? socket : await upgrade(socket, target);
    channel.end(cancelRequest(target.processId, target.secretKey));
    isSent = true;
    // The server closes without a word; until then it may not have read the request.
    channel.resume();
    await once(channel, "close");
    return isTaken;
  } catch {
    // With TLS a server may reset the connection, since it reads no goodbye.
    return isTaken && isSent && target.tls !== undefined;
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
}

/** @throws Error if the server, or whoever answers in its place, offers no TLS: the key is not for all to read. */
async function upgrade(socket: Socket, { tls, directTls }: CancelTarget): Promise<Socket> {
  if (directTls !== true) await requestTls(socket);
  const alpn = directTls === true ? { ALPNProtocols: ["postgresql"] } : {};
  const secure = connectTls({ ...tls, ...alpn, socket });
  await once(secure, "secureConnect");
  return secure;
}

async function requestTls(socket: Socket): Promise<void> {
  const request = Buffer.alloc(8);
  request.writeInt32BE(8, 0);
  request.writeInt32BE(SSL_REQUEST_CODE, 4);
  socket.write(request);
  const answer = await new Promise<Buffer>((resolve, reject) => {
    socket.once("data", resolve);
    socket.once("error", reject);
    socket.once("close", () => reject(new Error("closed")));
  });
  if (answer.toString("latin1") !== "S") throw new Error("no TLS");
}

function cancelRequest(processId: number, secretKey: number): Buffer {
  const request = Buffer.alloc(16);
  request.writeInt32BE(16, 0);
  request.writeInt32BE(CANCEL_REQUEST_CODE, 4);
  request.writeInt32BE(processId, 8);
  request.writeInt32BE(secretKey, 12);
  return request;
}

function once(socket: Socket, event: string): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once(event, () => resolve());
    socket.once("error", reject);
    socket.once("close", () => (event === "close" ? resolve() : reject(new Error("closed"))));
  });
}
