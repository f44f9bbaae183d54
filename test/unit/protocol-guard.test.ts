/** What a server may say before a session is open. */

import { expect, test } from "vitest";
import { ForeignProtocol, StartupGuard } from "../../src/postgres/protocol-guard.js";
import { SeededRandom, seeds } from "./seeded-random.js";

function message(type: string, body: string | Buffer, length?: number): Buffer {
  const bytes = Buffer.from(body);
  const header = Buffer.alloc(5);
  header.write(type, 0, "latin1");
  header.writeUInt32BE(length ?? bytes.length + 4, 1);
  return Buffer.concat([header, bytes]);
}

const opening = [
  message("N", "a notice\0"),
  message("R", Buffer.from([0, 0, 0, 0])),
  message("S", "server_version\x0018\0"),
  message("K", Buffer.alloc(8)),
  message("Z", "I"),
];

test.each(seeds(20))("an opening is taken in whatever pieces it comes, seed %i", (seed) => {
  const random = new SeededRandom(seed);
  const guard = new StartupGuard();
  const bytes = Buffer.concat(opening);
  let at = 0;
  while (at < bytes.length) {
    const to = at + random.between(1, 9);
    const state = guard.take(bytes.subarray(at, to));
    expect(state).toBe(to >= bytes.length - 1 ? "session open" : "starting");
    at = to;
  }
  // From here on rows may come, and whatever else.
  expect(guard.take(message("D", "", 1_000_000_000))).toBe("session open");
});

test.each([
  ["a wrong port's banner", Buffer.from("SSH-2.0-OpenSSH_9.2\r\n")],
  ["a web server", Buffer.from("HTTP/1.1 400 Bad Request\r\n")],
  ["another database", Buffer.from([0x4a, 0, 0, 0, 0x0a, 0x38])],
  ["no length at all", message("R", "", 0)],
  ["a length that is too small", message("E", "", 3)],
  ["a length that is huge", message("R", "", 0xffff_ffff)],
  ["a row", message("D", "x")],
  ["zeros", Buffer.alloc(100)],
])("%s is not taken", (_, bytes) => {
  expect(() => new StartupGuard().take(bytes)).toThrow(ForeignProtocol);
});
