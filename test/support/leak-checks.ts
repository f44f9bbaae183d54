/** After every test on servers: nothing of pgcopy is left (leaks.ts). Each test file has a temporary directory of its own. */

import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach } from "vitest";
import { endLeakChecks, type Holdings, holdings, leftInProcess, leftOnServers } from "./leaks.js";

const outside = process.env.TMPDIR;
const directory = mkdtempSync(join(tmpdir(), "pgt-"));
// Servers run as another user where the tests run as root.
chmodSync(directory, 0o755);
process.env.TMPDIR = directory;

let before: Holdings = new Map();

beforeEach(async () => {
  // Opens what it needs, so that it doesn't find itself.
  await leftOnServers();
  before = holdings();
});

afterEach(async () => {
  const left = [...(await leftOnServers()), ...(await leftInProcess(before))];
  if (left.length > 0) throw new Error(`the test has left behind:\n${left.join("\n")}`);
});

afterAll(async () => {
  await endLeakChecks();
  if (outside === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = outside;
  rmSync(directory, { recursive: true, force: true });
});
