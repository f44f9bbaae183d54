/** The network that `npm run bench:network` puts before the servers. */

import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { expect, test } from "vitest";
import { startProxy } from "../../bench/network/delayed-proxy.js";
import { slopeOf } from "../../bench/network/slope.js";

async function withEcho(use: (socket: Socket, proxy: Proxy) => Promise<void>): Promise<void> {
  const server = createServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const proxy = await startProxy({ host: "127.0.0.1", port });
  proxy.setDelay(2);
  const socket = connect({ host: "127.0.0.1", port: proxy.port });
  try {
    await use(socket, proxy);
  } finally {
    socket.destroy();
    await proxy.close();
    server.close();
  }
}

type Proxy = Awaited<ReturnType<typeof startProxy>>;

test("what goes through a delayed network arrives whole, in order, and ends", async () => {
  // More than may be on its way at a time.
  const sent = Buffer.alloc(40 * 1024 * 1024);
  for (let i = 0; i < sent.length; i += 4) sent.writeUInt32LE(i, i);
  await withEcho(async (socket) => {
    const received: Buffer[] = [];
    socket.on("data", (chunk) => received.push(chunk));
    socket.end(sent);
    await once(socket, "end");
    expect(Buffer.concat(received).equals(sent)).toBe(true);
  });
});

test("a round trip is counted where the client speaks after the server", async () => {
  await withEcho(async (socket, proxy) => {
    for (const word of ["one", "two", "three"]) {
      socket.write(word);
      await once(socket, "data");
    }
    expect(proxy.takeTraffic()).toEqual({ connections: 1, roundTrips: 3 });
    expect(proxy.takeTraffic()).toEqual({ connections: 0, roundTrips: 0 });
  });
});

test("the slope is how many round trips wait for each other", () => {
  const points = [0.1, 2, 10, 40].map((ms) => ({ roundTripMs: ms, wallMs: 300 + 17 * ms }));
  expect(slopeOf(points).roundTrips).toBeCloseTo(17);
  expect(slopeOf(points).wallMs).toBeCloseTo(300);
});
