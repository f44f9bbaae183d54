/**
 * The bundled pg_dump: PostgreSQL 18's, compiled to WebAssembly, from the optional package
 * @electric-sql/pglite-tools. It speaks PostgreSQL's protocol, but has no network: it runs in a
 * worker thread (bundled-pg-dump-worker.js), which hands each of its requests to this thread and
 * sleeps until the answer is there. The answers come over a session that the driver has opened and
 * authenticated, so TLS and every method of authentication work as for the other sessions.
 *
 * Nobody waits for ever: when the session is lost or the signal is aborted, this side terminates
 * the worker, which also ends a worker that sleeps.
 */

import { Worker } from "node:worker_threads";
import { PgCopyError } from "../errors.js";
import { connect } from "../postgres/connect.js";
import type { Connection } from "../postgres/connection.js";
import { abortError } from "../run/abort.js";
import { ServerRelay } from "./bundled-pg-dump-relay.js";
import { pgDumpWords } from "./local-pg-dump.js";

/** A pg_dump refuses to dump a server of a newer major version than its own. */
export const BUNDLED_MAJOR = 18;

/** How long a cancelled query has to end before its socket is cut, in milliseconds. */
const CANCEL_GRACE_MS = 1_500;

// From any folder of dist/: the command line's bundle lies in another one (scripts/bundle.js).
const workerFile = new URL("../schema/bundled-pg-dump-worker.js", import.meta.url);

/** What the worker is started with. */
export interface WorkerInput {
  readonly arguments: readonly string[];
  /** The server's messages from AuthenticationOk to the first ReadyForQuery. */
  readonly greeting: Uint8Array;
  /** One Int32: raised and notified after each answer was posted. */
  readonly answered: SharedArrayBuffer;
}

/** What the worker posts; it is answered with a Uint8Array after each `request`. */
export type WorkerMessage =
  | { readonly type: "request"; readonly request: Uint8Array; readonly expected: number }
  | { readonly type: "script"; readonly script: string }
  | { readonly type: "failed"; readonly message: string }
  | { readonly type: "missing"; readonly message: string };

export interface BundledPgDump {
  readonly arguments: readonly string[];
  readonly signal: AbortSignal;
  readonly timeZone?: string;
}

/**
 * The script of the bundled pg_dump, over a session of its own on the server of `source`. When the
 * signal is aborted, what it asked the server last is cancelled there, and the session ended.
 *
 * @throws PgCopyError `schema_dump_failed` with pg_dump's own words, or saying that the optional
 * package is not installed; `connection_failed`; `interrupted`.
 */
export async function runBundledPgDump(source: Connection, dump: BundledPgDump): Promise<string> {
  await using session = await connect(source.endpoint, {
    side: source.side,
    purpose: "schema",
    signal: dump.signal,
    ...(dump.timeZone === undefined ? {} : { settings: { timezone: dump.timeZone } }),
  });
  return await session.exclusively(async (client) => {
    const relay = new ServerRelay(client);
    try {
      return await dumpOver(relay, session, dump);
    } finally {
      if (relay.busy) await endQuery(relay, session);
      relay.release();
    }
  });
}

async function dumpOver(
  relay: ServerRelay,
  session: Connection,
  dump: BundledPgDump,
): Promise<string> {
  const answered = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  const input: WorkerInput = { arguments: dump.arguments, greeting: greeting(session), answered };
  const worker = new Worker(workerFile, {
    workerData: input,
    // Neither the environment nor the terminal is the engine's, so neither is the worker's.
    env: {},
    execArgv: [],
    stdout: true,
    stderr: true,
  });
  let stop: (() => void) | undefined;
  let done = false;
  try {
    const script = await new Promise<string>((resolve, reject) => {
      stop = () => reject(abortError(dump.signal, "dump schema"));
      dump.signal.addEventListener("abort", stop, { once: true });
      if (dump.signal.aborted) stop();
      worker.on("message", (message: WorkerMessage) => {
        if (message.type === "script") return resolve(message.script);
        if (message.type !== "request") return reject(workerFailure(message, relay));
        relay.exchange(message.request, message.expected).then(
          (answer) => {
            worker.postMessage(answer, [answer.buffer]);
            const count = new Int32Array(answered);
            Atomics.add(count, 0, 1);
            Atomics.notify(count, 0);
          },
          (error: Error) => reject(dumpFailed(error.message, relay, error)),
        );
      });
      worker.on("error", (error) => reject(dumpFailed(String(error), relay, error)));
      worker.on("exit", () => reject(dumpFailed("its thread ended", relay)));
    });
    done = true;
    return script;
  } finally {
    if (stop !== undefined) dump.signal.removeEventListener("abort", stop);
    const ended = worker.terminate();
    // After its last message the thread does nothing more; V8 still takes some 60 ms to end it,
    // because it finishes optimising the WebAssembly code first.
    if (!done) await ended;
  }
}

/** Cancels what the server still does, so that the session can be ended in order. */
async function endQuery(relay: ServerRelay, session: Connection): Promise<void> {
  const isTaken = await session.cancel();
  if (!isTaken || !(await relay.idle(CANCEL_GRACE_MS))) session.destroy();
}

function workerFailure(
  message: Extract<WorkerMessage, { type: "failed" | "missing" }>,
  relay: ServerRelay,
): PgCopyError {
  if (message.type === "failed") {
    // The package joins pg_dump's lines to one.
    const lines = message.message.replaceAll("pg_dump: ", "\npg_dump: ");
    return dumpFailed(pgDumpWords(lines), relay);
  }
  return new PgCopyError(`the bundled pg_dump can't be loaded: ${message.message}`, {
    code: "schema_dump_failed",
    attempted: "dump schema",
    advice:
      "install its package (npm install @electric-sql/pglite-tools@0.4.8), or a pg_dump at least as new as the source",
  });
}

function dumpFailed(words: string, relay: ServerRelay, cause?: unknown): PgCopyError {
  return new PgCopyError(`the bundled pg_dump failed: ${words}`, {
    code: "schema_dump_failed",
    attempted: "dump schema",
    side: "source",
    ...(relay.lastError === undefined ? {} : { server: relay.lastError }),
    ...(cause === undefined ? {} : { cause }),
  });
}

/**
 * What a server says to a session that it lets in. The key of a CancelRequest is left at zero:
 * cancelling is done by the session itself.
 */
function greeting(session: Connection): Uint8Array {
  const parameters = [...session.parameters].map(([name, value]) =>
    protocolMessage("S", Buffer.from(`${name}\0${value}\0`)),
  );
  return new Uint8Array(
    Buffer.concat([
      protocolMessage("R", Buffer.alloc(4)),
      ...parameters,
      protocolMessage("K", Buffer.alloc(8)),
      protocolMessage("Z", Buffer.from("I")),
    ]),
  );
}

function protocolMessage(type: string, body: Buffer): Buffer {
  const header = Buffer.alloc(5);
  header.write(type);
  header.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([header, body]);
}
