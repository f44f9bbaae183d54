import { describe, expect, test } from "vitest";
import { CopyFrames } from "../../src/postgres/copy-frames.js";
import { SeededRandom, seeds } from "./seeded-random.js";

function message(code: string, content: Buffer): Buffer {
  const header = Buffer.from([code.charCodeAt(0), 0, 0, 0, 0]);
  header.writeUInt32BE(content.length + 4, 1);
  return Buffer.concat([header, content]);
}

const row = (text: string) => message("d", Buffer.from(text));

interface Taken {
  /** The CopyData messages that go to the target, put together. */
  readonly messages: Buffer[];
  readonly between: string;
  readonly bytes: number;
  readonly rest: string | undefined;
}

function take(chunks: readonly Buffer[]): Taken {
  const between: Buffer[] = [];
  const messages: Buffer[] = [];
  let bytes = 0;
  let rest: Buffer | undefined;
  const frames = new CopyFrames((piece) => between.push(Buffer.from(piece)));
  for (const chunk of chunks) {
    if (rest !== undefined) {
      rest = Buffer.concat([rest, chunk]);
      continue;
    }
    const merged = frames.merge(Buffer.from(chunk));
    if (merged.message.length > 0) messages.push(Buffer.concat(merged.message));
    bytes += merged.bytes;
    rest = merged.rest;
  }
  return {
    messages,
    between: Buffer.concat(between).toString("latin1"),
    bytes,
    rest: rest?.toString("latin1"),
  };
}

/** What the target reads: every message has to be whole. */
function contents(messages: readonly Buffer[]): string {
  return messages
    .map((one) => {
      expect(one[0]).toBe("d".charCodeAt(0));
      expect(one.readUInt32BE(1)).toBe(one.length - 1);
      return one.subarray(5).toString("latin1");
    })
    .join("");
}

describe("the rows of a chunk", () => {
  test("become one message", () => {
    const { messages, bytes } = take([Buffer.concat([row("one\n"), row("two\n"), row("three\n")])]);
    expect(messages).toEqual([row("one\ntwo\nthree\n")]);
    expect(bytes).toBe(14);
  });

  test("become a message of each chunk where one is cut by it", () => {
    const sent = Buffer.concat([row("one\n"), row("two\n")]);
    expect(take([sent.subarray(0, 7), sent.subarray(7)]).messages).toEqual([
      row("on"),
      row("e\ntwo\n"),
    ]);
  });

  test("have a header of their own where the chunk is the middle of a large one", () => {
    const large = row("x".repeat(300));
    const { messages } = take([
      large.subarray(0, 100),
      large.subarray(100, 200),
      large.subarray(200),
    ]);
    expect(messages).toEqual([row("x".repeat(95)), row("x".repeat(100)), row("x".repeat(105))]);
  });
});

test("what comes between rows goes to the session, and what follows them is left to it", () => {
  const notice = message("N", Buffer.from("SNOTICE\0\0"));
  const end = Buffer.concat([message("c", Buffer.alloc(0)), message("C", Buffer.from("COPY 2\0"))]);
  const taken = take([Buffer.concat([row("one\n"), notice, row("two\n"), end])]);
  expect(contents(taken.messages)).toBe("one\ntwo\n");
  expect(taken.between).toBe(notice.toString("latin1"));
  expect(taken.rest).toBe(end.toString("latin1"));
});

test("an error in the middle is left to the session", () => {
  const error = message("E", Buffer.from("SERROR\0\0"));
  const taken = take([row("one\n"), error]);
  expect(taken.rest).toBe(error.toString("latin1"));
});

test.each(seeds(200))("nothing is lost or moved, wherever the chunks are cut: seed %i", (seed) => {
  const random = new SeededRandom(seed);
  const sent: Buffer[] = [message("H", Buffer.from([1, 0, 0]))];
  let rows = "";
  let between = sent[0]?.toString("latin1") ?? "";
  for (let n = random.between(0, 40); n > 0; n--) {
    const content = Buffer.from(
      Array.from({ length: random.between(0, 30) }, () => random.between(0, 255)),
    );
    const isRow = random.chance(0.9);
    const one = message(isRow ? "d" : random.pick(["N", "S", "A"]), content);
    sent.push(one);
    if (isRow) rows += content.toString("latin1");
    else between += one.toString("latin1");
  }
  const end = Buffer.concat([message("c", Buffer.alloc(0)), message("Z", Buffer.from("T"))]);
  const stream = Buffer.concat([...sent, end]);
  const chunks: Buffer[] = [];
  for (let at = 0; at < stream.length; ) {
    const size = random.between(1, seed % 3 === 0 ? 4 : 60);
    chunks.push(stream.subarray(at, at + size));
    at += size;
  }
  const taken = take(chunks);
  expect(contents(taken.messages)).toBe(rows);
  expect(taken.bytes).toBe(rows.length);
  expect(taken.between).toBe(between);
  expect(taken.rest).toBe(end.toString("latin1"));
});
