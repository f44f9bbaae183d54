// @ts-check
/** What a figure depends on besides the contestants. */

import { execFile } from "node:child_process";
import {
  arch,
  availableParallelism,
  cpus,
  loadavg,
  release,
  tmpdir,
  totalmem,
  type,
} from "node:os";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { version } from "pgcopy";
import { spread } from "./statistics.js";

/** Starting Node.js is part of every time of pgcopy's: this says how much of it. */
const NODE_STARTS = 5;

/** @typedef {Awaited<ReturnType<typeof describeMachine>>} MachineFacts */

export async function describeMachine() {
  return {
    time: new Date().toISOString(),
    pgcopy: version,
    commit: await commit(),
    node: process.version,
    processor: cpus()[0]?.model ?? "unknown",
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    system: `${type()} ${release()} ${arch()}`,
    temporaryDirectory: tmpdir(),
    loadAverage: loadavg(),
    nodeStartMs: await nodeStartMs(),
  };
}

async function commit() {
  try {
    const { stdout } = await promisify(execFile)("git", ["describe", "--always", "--dirty"], {
      cwd: fileURLToPath(new URL(".", import.meta.url)),
    });
    return stdout.trim();
  } catch {
    return "unknown";
  }
}

/** The median of a few. */
async function nodeStartMs() {
  const times = [];
  for (let i = 0; i < NODE_STARTS; i++) times.push(await timeNodeStart());
  return spread(times).median;
}

/** The time of `node -e 0`, in milliseconds. */
export async function timeNodeStart() {
  const began = performance.now();
  await promisify(execFile)(process.execPath, ["-e", "0"]);
  return performance.now() - began;
}
