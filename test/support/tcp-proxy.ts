/**
 * A TCP proxy in front of a real server: the network, which a test can cut, stall, or look through.
 *
 *     await using proxy = await openProxy(server(16));
 *     proxy.onChunk = (link) => link.toClient > 1_000_000 && link.cut();
 *     clone({ source: proxy.through(source.uri), … });
 */

import { createServer, type Socket, connect as tcpConnect } from "node:net";

/** One connection through the proxy. */
export interface ProxyLink {
  /** Bytes that the server has sent on it. */
  readonly toClient: number;
  /** Bytes that the client has sent on it. */
  readonly toServer: number;
  /** Resets both halves: what a firewall or a crashed machine does. */
  cut(): void;
  /** Resets the client's half; the server's stays as it is, and is not told. */
  cutClient(): void;
  /** From now on nothing comes through in either direction, and nobody is told. */
  stall(): void;
}

export interface TcpProxy extends AsyncDisposable {
  readonly port: number;
  readonly links: ReadonlySet<ProxyLink>;
  /** Called for every piece that comes by, before it is handed on. */
  onChunk: ((link: ProxyLink) => void) | undefined;
  /** Changes what the server says on its way to the client. */
  rewrite: ((chunk: Buffer) => Buffer) | undefined;
  /** Called with every piece that the client sends. */
  onClientData: ((chunk: Buffer) => void) | undefined;
  /** Called with every piece that the server sends, as it goes to the client. */
  onServerData: ((chunk: Buffer) => void) | undefined;
  /** The URI of the server, leading through the proxy. */
  through(uri: string): string;
  /** Stalls every connection, also those to come. */
  stall(): void;
  /** Resets every connection; new ones still come through. */
  cutAll(): void;
  /** Resets every client's half; the server believes that its clients are there, and new ones come through. */
  cutClients(): void;
}

/** Listens on a free port of 127.0.0.1; disposing of it cuts what is left. */
export async function openProxy(server: {
  readonly host: string;
  readonly port: number;
}): Promise<TcpProxy> {
  const links = new Set<Link>();
  /** Those whose client is cut off, and whose server does not know. */
  const halves = new Set<Link>();
  let stalled = false;
  const listener = createServer({ allowHalfOpen: true }, (client) => {
    const link = new Link(client, server, proxy, () => {
      links.delete(link);
      if (link.isHalf) halves.add(link);
    });
    links.add(link);
    if (stalled) link.stall();
  });
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const address = listener.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const proxy: TcpProxy = {
    port,
    links,
    onChunk: undefined,
    rewrite: undefined,
    onClientData: undefined,
    onServerData: undefined,
    through: (uri) => uri.replace(`${server.host}:${server.port}`, `127.0.0.1:${port}`),
    stall: () => {
      stalled = true;
      for (const link of links) link.stall();
    },
    cutAll: () => {
      for (const link of links) link.cut();
    },
    cutClients: () => {
      for (const link of links) link.cutClient();
    },
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise((resolve) => listener.close(resolve));
      for (const link of [...links, ...halves]) link.cut();
      await closed;
    },
  };
  return proxy;
}

class Link implements ProxyLink {
  toClient = 0;
  toServer = 0;
  isHalf = false;
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #onClose: () => void;

  constructor(
    client: Socket,
    server: { readonly host: string; readonly port: number },
    proxy: TcpProxy,
    onClose: () => void,
  ) {
    this.#client = client;
    this.#onClose = onClose;
    this.#server = tcpConnect({ ...server, allowHalfOpen: true });
    this.#forward(this.#client, this.#server, (chunk) => {
      this.toServer += chunk.length;
      proxy.onChunk?.(this);
      proxy.onClientData?.(chunk);
      return chunk;
    });
    this.#forward(this.#server, this.#client, (chunk) => {
      this.toClient += chunk.length;
      proxy.onChunk?.(this);
      const passed = proxy.rewrite?.(chunk) ?? chunk;
      proxy.onServerData?.(passed);
      return passed;
    });
    this.#client.once("close", onClose);
  }

  cut(): void {
    this.#client.resetAndDestroy();
    this.#server.resetAndDestroy();
  }

  cutClient(): void {
    this.isHalf = true;
    this.#client.removeAllListeners("close");
    this.#client.resetAndDestroy();
    this.#onClose();
  }

  /** Unread data piles up in the kernel, as it would on the way to a machine that has gone away. */
  stall(): void {
    for (const socket of [this.#client, this.#server]) {
      socket.removeAllListeners("data");
      socket.removeAllListeners("end");
      socket.pause();
    }
  }

  #forward(from: Socket, to: Socket, pass: (chunk: Buffer) => Buffer): void {
    from.on("data", (chunk: Buffer) => {
      const passed = pass(chunk);
      if (to.destroyed || to.write(passed)) return;
      from.pause();
      to.once("drain", () => from.resume());
    });
    from.on("end", () => to.end());
    // One end's failure is the other end's: a proxy has no words of its own.
    from.on("error", () => to.destroy());
    from.on("close", () => to.destroy());
  }
}
