/** The built program (dist/cli/launch.cjs) as a child process: to be watched, interrupted and judged. */

import { spawn } from "node:child_process";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";

const main = fileURLToPath(new URL("../../dist/cli/launch.cjs", import.meta.url));

export interface Ended {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningCli {
  readonly ended: Promise<Ended>;
  readonly pid: number | undefined;
  /** Sends it a signal, as Ctrl-C or a service manager would. */
  kill(signal: NodeJS.Signals): void;
  /** Whether it has ended. */
  readonly hasEnded: boolean;
  /** What it has printed so far. */
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts pgcopy. Nothing of the surroundings decides where it connects to or how it looks. */
export function startCli(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): RunningCli {
  const child = spawn(process.execPath, [main, ...args], {
    env: { PATH: "", TMPDIR: tmpdir(), ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const text = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (piece: string) => {
    text.stdout += piece;
  });
  child.stderr.setEncoding("utf8").on("data", (piece: string) => {
    text.stderr += piece;
  });
  let hasEnded = false;
  const ended = new Promise<Ended>((resolve) => {
    child.once("close", (exitCode) => {
      hasEnded = true;
      resolve({ exitCode, ...text });
    });
  });
  return {
    ended,
    pid: child.pid,
    kill: (signal) => child.kill(signal),
    get hasEnded() {
      return hasEnded;
    },
    get stdout() {
      return text.stdout;
    },
    get stderr() {
      return text.stderr;
    },
  };
}

/** Runs pgcopy to its end. */
export async function runCli(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  return await startCli(args, environment).ended;
}
