import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { CopySocket } from "../../src/postgres/copy-socket.js";
import { SeededRandom, seeds } from "./seeded-random.js";

const open: { destroy(): void }[] = [];

afterEach(() => {
  for (const one of open.splice(0)) one.destroy();
});

/** The two ends of one connection. */
async function connected(): Promise<{ socket: CopySocket; peer: Socket }> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const socket = new CopySocket();
  const accepted = once(server, "connection") as Promise<[Socket]>;
  socket.connect((server.address() as AddressInfo).port, "127.0.0.1");
  const [peer] = await accepted;
  server.close();
  open.push(socket, peer);
  return { socket, peer };
}

function randomBytes(random: SeededRandom, size: number): Buffer {
  return Buffer.from(Array.from({ length: size }, () => random.between(0, 255)));
}

interface Held {
  readonly chunk: Buffer;
  readonly asItCame: Buffer;
  readonly release: () => void;
}

describe("chunks that are taken", () => {
  test.each(seeds(12))("stay as they came until they are released: seed %i", async (seed) => {
    const random = new SeededRandom(seed);
    const { socket, peer } = await connected();
    const block = randomBytes(random, 50_000);
    const sent = Array.from({ length: random.between(1, 80) }, () =>
      block.subarray(random.between(0, 25_000), random.between(25_001, 50_000)),
    );
    const total = sent.reduce((bytes, piece) => bytes + piece.length, 0);
    const came: Buffer[] = [];
    const held: Held[] = [];
    let bytes = 0;
    const done = new Promise<void>((resolve) => {
      socket.takeChunks((chunk, release) => {
        const asItCame = Buffer.from(chunk);
        came.push(asItCame);
        held.push({ chunk, asItCame, release });
        while (random.chance(0.6) && held.length > 0) {
          const [one] = held.splice(random.between(0, held.length - 1), 1) as [Held];
          expect(one.chunk.equals(one.asItCame)).toBe(true);
          one.chunk.fill(0);
          one.release();
        }
        bytes += chunk.length;
        if (bytes === total) resolve();
        if (random.chance(0.2)) {
          socket.pause();
          setImmediate(() => socket.resume());
        }
      });
    });
    for (const piece of sent) peer.write(piece);
    await done;
    expect(Buffer.concat(came).equals(Buffer.concat(sent))).toBe(true);
    for (const one of held) expect(one.chunk.equals(one.asItCame)).toBe(true);
  });

  test("fill the same memory again once they are released", async () => {
    const { socket, peer } = await connected();
    const memories = new Set<ArrayBufferLike>();
    let bytes = 0;
    const done = new Promise<void>((resolve) => {
      socket.takeChunks((chunk, release) => {
        memories.add(chunk.buffer);
        bytes += chunk.length;
        release();
        if (bytes === 5_000_000) resolve();
      });
    });
    peer.write(Buffer.alloc(5_000_000));
    await done;
    expect(memories.size).toBe(1);
  });
});

test("data that nobody takes is the listener's to keep", async () => {
  const { socket, peer } = await connected();
  const kept: Buffer[] = [];
  const next = async (text: string) => {
    const data = once(socket, "data");
    peer.write(text);
    kept.push((await data)[0] as Buffer);
  };
  socket.on("data", () => {});
  await next("one");
  const end = socket.takeChunks(() => expect.unreachable("it was given back"));
  end();
  await next("two");
  await next("three");
  expect(kept.map(String)).toEqual(["one", "two", "three"]);
});

test("an end is heard of as of any socket", async () => {
  const { socket, peer } = await connected();
  socket.on("data", () => {});
  const ended = once(socket, "close");
  peer.end("bye");
  await ended;
  expect(socket.destroyed).toBe(true);
});
