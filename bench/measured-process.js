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
 * @param {AbortSignal} options.signal
 * @returns {Promise<Measurement>}
 */
export async function measureProcess(command, { directory, resources, signal }) {
  const usageFile = join(directory, "usage");
  const [program, ...args] = resources
    ? [GNU_TIME, "-q", "-o", usageFile, "-f", timeFormat, command.program, ...command.args]
    : [command.program, ...command.args];
  const loadBefore = loadavg()[0] ?? 0;
  const began = performance.now();
  const ended = await run(program, args, signal);
  const wallMs = performance.now() - began;
  signal.throwIfAborted();
  return { wallMs, loadBefore, ...(await readUsage(resources, usageFile)), ...ended };
}

/**
 * @param {string} program
 * @param {string[]} args
 * @param {AbortSignal} signal
 * @returns {Promise<{ stdout: string, failure: string | undefined }>}
 */
function run(program, args, signal) {
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], signal });
    let [stdout, stderr] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (text) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text) => {
      stderr = `${stderr}${text}`.slice(-10_000);
    });
    child.once("error", (error) => resolve({ stdout, failure: error.message }));
    child.once("close", (status) => {
      const lastLines = stderr.trim().split("\n").slice(-SHOWN_ERROR_LINES).join("\n");
      resolve({ stdout, failure: status === 0 ? undefined : `status ${status}: ${lastLines}` });
    });
  });
}

/**
 * @param {boolean} resources
 * @param {string} file
 */
async function readUsage(resources, file) {
  if (!resources) return { cpuSeconds: undefined, peakMemoryBytes: undefined };
  const [user = 0, system = 0, kilobytes = 0] = (await readFile(file, "utf8"))
    .trim()
    .split(" ")
    .map(Number);
  return { cpuSeconds: user + system, peakMemoryBytes: kilobytes * 1024 };
}
