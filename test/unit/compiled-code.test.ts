/** The compiled code that the command line keeps: whose it is, when it is read, what goes. */

import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readCompiled, writeCompiled } from "../../src/cli/compiled-code.cjs";

let cache: string;
const code = Buffer.from("compiled");

beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), "pgcopy-cache-"));
});
afterEach(() => rmSync(cache, { recursive: true, force: true }));

function read(source: string, more: Record<string, string> = {}) {
  const name = process.platform === "win32" ? "LOCALAPPDATA" : "XDG_CACHE_HOME";
  return readCompiled(source, { [name]: cache, ...more });
}

test("is found again by the same source, and by no other", () => {
  writeCompiled(read("source"), () => code);
  expect(read("source").code).toEqual(code);
  expect(read("another").code).toBeUndefined();
});

test("of an earlier release goes when that of a later one is kept", () => {
  writeCompiled(read("earlier"), () => code);
  writeCompiled(read("later"), () => code);
  expect(readdirSync(join(cache, "pgcopy"))).toHaveLength(1);
  expect(read("later").code).toEqual(code);
});

test.skipIf(process.platform === "win32")("is the user's alone, and not read if it is not", () => {
  const compiled = read("source");
  writeCompiled(compiled, () => code);
  expect(statSync(compiled.file ?? "").mode & 0o777).toBe(0o600);
  chmodSync(compiled.file ?? "", 0o666);
  expect(read("source").code).toBeUndefined();
});

test("is not kept where the user doesn't want it, or has no place for it", () => {
  expect(read("source", { NODE_DISABLE_COMPILE_CACHE: "1" }).file).toBeUndefined();
  expect(readCompiled("source", {}).file).toBeUndefined();
});

test.skipIf(process.platform === "win32")(
  "is not kept in a directory that others may write to",
  () => {
    chmodSync(cache, 0o777);
    writeCompiled(read("source"), () => code);
    expect(existsSync(join(cache, "pgcopy"))).toBe(false);
  },
);

test("is given up without a word where it can't be written", () => {
  writeFileSync(join(cache, "pgcopy"), "in the way");
  writeCompiled(read("source"), () => code);
  expect(read("source").code).toBeUndefined();
});
