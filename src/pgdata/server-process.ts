/**
 * One PostgreSQL server as a child process: started in a process group of its own, so that a
 * terminal's Ctrl-C does not reach it and whoever started it can stop it in order; ready when it
 * says so in its log; stopped by a fast shutdown, after which its data directory is clean.
 *
 * Should the process that started it die, however suddenly, a watching shell shuts the server down
 * (not on Windows: there it would go on until it is stopped with pg_ctl).
 */

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { abortError, throwIfAborted } from "../run/abort.js";
import type { Environment } from "../run/environment.js";
import type { ServerOwner } from "./server-owner.js";

/** How long a fast shutdown (SIGINT) may take before an immediate one (SIGQUIT), in milliseconds. */
const STOP_GRACE_MS = 60_000;
/** How many lines of the server's log are kept. */
const LOG_LINES = 500;

export interface ServerStart {
  /** Path of the `postgres` program. */
  readonly postgres: string;
  readonly dataDirectory: string;
  /** Configuration parameters; they win over those in the directory's files. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Absent: the current user. */
  readonly owner?: ServerOwner | undefined;
  /** The whole environment of the server. */
  readonly environment: Environment;
  /** Removed with all that is in it if this process dies before the server is stopped. */
  readonly temporaryDirectory: string;
  /** Aborted: the start is given up, and the server stopped. Has no effect on a server that runs. */
  readonly signal: AbortSignal;
}

export interface ServerProcess {
  readonly processId: number;
  /** The last lines of its log. */
  log(): readonly string[];
  /** Shuts the server down and waits until it has ended. Never throws. */
  stop(): Promise<void>;
}

/** A server that ended before it was ready; `lines` are the last of its log. */
export class ServerStartFailure extends Error {
  override readonly name = "ServerStartFailure";
  readonly lines: readonly string[];

  constructor(message: string, lines: readonly string[]) {
    super(message);
    this.lines = lines;
  }
}

/** The start depends on reading the log: it must come to us, whatever the directory's settings say. */
const logParameters = {
  log_destination: "stderr",
  logging_collector: "off",
  log_min_messages: "warning",
  log_line_prefix: "",
  lc_messages: "C",
};

/**
 * Starts a server, and resolves when it accepts connections.
 *
 * @throws ServerStartFailure if it ends before; PgCopyError `interrupted`.
 */
export async function startServer(start: ServerStart): Promise<ServerProcess> {
  throwIfAborted(start.signal, "starting a server");
  const child = spawnServer(start);
  const lines: string[] = [];
  const exited = untilExit(child);
  const stop = () => stopServer(child, start.postgres, exited);
  const endWatch = watchOver(child, start);
  void exited.then(endWatch);
  try {
    await untilReady(child, lines, exited, start.signal);
  } catch (error) {
    await stop();
    throw error;
  }
  return { processId: child.pid as number, log: () => lines, stop };
}

function spawnServer(start: ServerStart): ChildProcess {
  const parameters = Object.entries({ ...start.parameters, ...logParameters });
  const settings = parameters.flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  try {
    return spawn(start.postgres, ["-D", start.dataDirectory, ...settings], {
      cwd: start.dataDirectory,
      env: start.environment,
      stdio: ["ignore", "ignore", "pipe"],
      detached: true,
      windowsHide: true,
      ...start.owner,
    });
  } catch (error) {
    throw new ServerStartFailure(`it could not be run: ${(error as Error).message}`, []);
  }
}

/**
 * Starts a shell that waits for the end of its standard input, which comes with the end of this
 * process, then shuts the server down and removes its temporary files.
 *
 * @returns what ends the watch.
 */
function watchOver(
  server: ChildProcess,
  { temporaryDirectory, environment }: ServerStart,
): () => void {
  if (process.platform === "win32" || server.pid === undefined) return () => {};
  const shell = spawn("/bin/sh", ["-c", watch, String(server.pid), temporaryDirectory], {
    cwd: "/",
    env: environment,
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
  });
  // Without a shell there is no watch, and nothing else is wrong.
  shell.on("error", () => {});
  shell.stdin.on("error", () => {});
  shell.unref();
  return () => {
    shell.kill("SIGKILL");
    shell.stdin.destroy();
  };
}

/** $0 is the server's process id, $1 its temporary directory, removed a minute later at the latest. */
const watch = `
  read -r _
  kill -INT "$0" || exit
  for _ in 1 2 3 4 5 6 7 8 9 10 11 12; do
    for _ in 1 2 3 4 5; do kill -0 "$0" || break 2; sleep 1; done
  done
  rm -rf -- "$1"
`;

/** How a server ended, in words. Resolves when its log is read to the end, too. */
function untilExit(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once("error", (error) => resolve(`it could not be run: ${error.message}`));
    child.once("close", (status, signal) =>
      resolve(signal === null ? `it ended with status ${status}` : `it was ended by ${signal}`),
    );
  });
}

function untilReady(
  child: ChildProcess,
  lines: string[],
  exited: Promise<string>,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const interrupt = () => reject(abortError(signal, "starting a server"));
    signal.addEventListener("abort", interrupt, { once: true });
    createInterface({ input: child.stderr as NodeJS.ReadableStream }).on("line", (line) => {
      lines.push(line);
      if (lines.length > LOG_LINES) lines.shift();
      // A standby says "… read-only connections".
      if (/^LOG: {2}database system is ready to accept/.test(line)) {
        signal.removeEventListener("abort", interrupt);
        resolve();
      }
    });
    void exited.then((how) => {
      signal.removeEventListener("abort", interrupt);
      reject(new ServerStartFailure(how, lines));
    });
  });
}

async function stopServer(
  child: ChildProcess,
  postgres: string,
  exited: Promise<string>,
): Promise<void> {
  signalServer(child, postgres, "INT");
  const impatient = setTimeout(() => signalServer(child, postgres, "QUIT"), STOP_GRACE_MS);
  await exited;
  clearTimeout(impatient);
}

/** Windows has no signals (a kill there is a crash); PostgreSQL brings its own, which pg_ctl sends. */
function signalServer(child: ChildProcess, postgres: string, signal: "INT" | "QUIT"): void {
  if (child.exitCode !== null || child.signalCode !== null) return;
  if (process.platform !== "win32") {
    child.kill(`SIG${signal}`);
    return;
  }
  const pgCtl = join(dirname(postgres), "pg_ctl.exe");
  spawnSync(pgCtl, ["kill", signal, String(child.pid)], { stdio: "ignore", windowsHide: true });
}
