// @ts-check
/**
 * Runs a command as a whole process and measures it: wall time from before it is spawned until it
 * and its pipes have ended; CPU time and peak memory by GNU time, which counts all the processes
 * that the command waited for. GNU time adds about a millisecond to every contestant.
 */

import { execFile, spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { loadavg } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

/**
 * @typedef {object} Measurement
 * @property {number} wallMs
 * @property {number | undefined} cpuSeconds user and system time, of the whole process tree
 * @property {number | undefined} peakMemoryBytes of the largest process of the tree
 * @property {number} loadBefore the machine's load average of the last minute
 * @property {string} stdout
 * @property {string | undefined} failure how it ended, if not well
 *
 * @typedef {object} Command
 * @property {string} program
 * @property {readonly string[]} args
 */

const GNU_TIME = "/usr/bin/time";
const timeFormat = "%U %S %M";
/** What a command that is to end has for it, before it is killed. */
const GRACE_MS = 5_000;
const SHOWN_ERROR_LINES = 5;

/** Whether CPU time and memory can be measured here. */
export async function canMeasureResources() {
  try {
    await promisify(execFile)(GNU_TIME, ["-f", timeFormat, "true"]);
    return true;
  } catch {
    return false;
  }
}

/**
 * @param {Command} command
 * @param {object} options
 * @param {string} options.directory where a scratch file may be written
 * @param {boolean} options.resources whether to run it under GNU time
 * @param {number} options.timeLimitMs after which it is stopped, which is a failure
 * @param {AbortSignal} options.signal
 * @returns {Promise<Measurement>}
 */
export async function measureProcess(command, options) {
  const { directory, resources, signal } = options;
  signal.throwIfAborted();
  const usageFile = join(directory, "usage");
  const [program, ...args] = resources
    ? [GNU_TIME, "-q", "-o", usageFile, "-f", timeFormat, command.program, ...command.args]
    : [command.program, ...command.args];
  const loadBefore = loadavg()[0] ?? 0;
  const began = performance.now();
  const ended = await run(program, args, options);
  const wallMs = performance.now() - began;
  signal.throwIfAborted();
  return { wallMs, loadBefore, ...(await readUsage(resources, usageFile)), ...ended };
}

/**
 * The command leads a process group of its own, for what it starts has to end with it.
 *
 * @param {string} program
 * @param {string[]} args
 * @param {{ timeLimitMs: number, signal: AbortSignal }} limits
 * @returns {Promise<{ stdout: string, failure: string | undefined }>}
 */
function run(program, args, { timeLimitMs, signal }) {
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], detached: true });
    let [stdout, stderr] = ["", ""];
    /** @type {string | undefined} */
    let stopped;
    /** @type {NodeJS.Timeout | undefined} */
    let killing;
    /** @param {string} why */
    const stop = (why) => {
      stopped ??= why;
      end(child, "SIGTERM");
      killing ??= setTimeout(() => end(child, "SIGKILL"), GRACE_MS);
    };
    const interrupt = () => stop("interrupted");
    const limit = setTimeout(() => stop(`stopped after ${timeLimitMs / 1000} s`), timeLimitMs);
    signal.addEventListener("abort", interrupt, { once: true });
    /** @param {string | undefined} failure */
    const settle = (failure) => {
      clearTimeout(limit);
      clearTimeout(killing);
      signal.removeEventListener("abort", interrupt);
      resolve({ stdout, failure: stopped ?? failure });
    };
    child.stdout.setEncoding("utf8").on("data", (text) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text) => {
      stderr = `${stderr}${text}`.slice(-10_000);
    });
    child.once("error", (error) => settle(error.message));
    child.once("close", (status) => {
      const lastLines = stderr.trim().split("\n").slice(-SHOWN_ERROR_LINES).join("\n");
      settle(status === 0 ? undefined : `status ${status}: ${lastLines}`);
    });
  });
}

/**
 * Sends a signal to the command and all that it started.
 *
 * @param {import("node:child_process").ChildProcess} child
 * @param {NodeJS.Signals} name
 */
function end(child, name) {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, name);
  } catch {
    // Nothing of it runs any more, or there are no process groups, as on Windows.
    child.kill(name);
  }
}

/**
 * A command that was stopped has left none.
 *
 * @param {boolean} resources
 * @param {string} file
 */
async function readUsage(resources, file) {
  const usage = resources ? await readFile(file, "utf8").catch(() => "") : "";
  if (usage === "") return { cpuSeconds: undefined, peakMemoryBytes: undefined };
  const [user = 0, system = 0, kilobytes = 0] = usage.trim().split(" ").map(Number);
  return { cpuSeconds: user + system, peakMemoryBytes: kilobytes * 1024 };
}
