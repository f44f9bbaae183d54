/**
 * The thread in which the bundled pg_dump runs. pg_dump waits for each answer of the server, so its
 * thread blocks on shared memory while the main thread (bundled-pg-dump.ts) fetches the answer.
 *
 * JavaScript with types in comments, because Node 20 can't load TypeScript in a worker thread: the
 * same file runs from src/ in the tests and from dist/ when installed.
 */

import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";

/** @typedef {import("./bundled-pg-dump.js").WorkerInput} WorkerInput */
/** @typedef {import("./bundled-pg-dump.js").WorkerMessage} WorkerMessage */

const main = /** @type {import("node:worker_threads").MessagePort} */ (parentPort);
const input = /** @type {WorkerInput} */ (workerData);
const answered = new Int32Array(input.answered);
/** Nobody notifies it: waiting on it is a pause. */
const moment = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));

const PROTOCOL_3 = 3;
const QUERY = 0x51;
const SYNC = 0x53;
const FUNCTION_CALL = 0x46;
const TERMINATE = 0x58;
const BACKSLASH = 0x5c;
/** Stands for a backslash that is to survive the package's pruning (see `hideRestrict`). */
const SUBSTITUTE = 0x1a;
const hidden = new RegExp(
  `(?<=[\\n\\r\\u2028\\u2029]\\\\*)${String.fromCharCode(SUBSTITUTE)}(?=(?:un)?restrict)`,
  "gi",
);

/** Bytes of frontend messages that are not complete yet: pg_dump writes at most 8 kB at a time. */
let unsent = Buffer.alloc(0);
let started = false;

/**
 * What the package takes for a database: it hands over pg_dump's bytes and wants the server's.
 *
 * @param {Uint8Array} bytes in WebAssembly's memory, which changes after this call
 * @param {(answer: Uint8Array) => void} give
 */
function relay(bytes, give) {
  unsent = Buffer.concat([unsent, bytes]);
  if (!started) {
    const answer = startUp();
    if (answer !== undefined) give(answer);
    return;
  }
  let end = 0;
  let expected = 0;
  for (;;) {
    const length = end + 5 <= unsent.length ? unsent.readInt32BE(end + 1) + 1 : undefined;
    if (length === undefined || end + length > unsent.length) break;
    const type = unsent[end];
    // The session is the main thread's to end, and a Terminate would get no answer.
    if (type === TERMINATE) return;
    end += length;
    if (type === QUERY || type === SYNC || type === FUNCTION_CALL) expected++;
  }
  if (expected === 0) return;
  const request = unhideRestrict(unsent.subarray(0, end));
  unsent = unsent.subarray(end);
  give(hideRestrict(ask(request, expected)));
}

/** The main thread's session is authenticated already: what pg_dump needs to know of it is repeated. */
function startUp() {
  const length = unsent.length >= 8 ? unsent.readInt32BE(0) : Number.POSITIVE_INFINITY;
  if (unsent.length < length) return undefined;
  const major = unsent.readInt16BE(4);
  unsent = unsent.subarray(length);
  // SSLRequest and GSSENCRequest, which have a version of their own, are declined.
  if (major !== PROTOCOL_3) return Buffer.from("N");
  started = true;
  return input.greeting;
}

/**
 * @param {Uint8Array} request whole frontend messages
 * @param {number} expected how many ReadyForQuery end the answer
 * @returns {Uint8Array}
 */
function ask(request, expected) {
  const before = Atomics.load(answered, 0);
  tell({ type: "request", request, expected });
  // No time limit: if the main thread fails to get an answer, it terminates this thread, which
  // ends the wait.
  Atomics.wait(answered, 0, before);
  for (;;) {
    const received = receiveMessageOnPort(main);
    if (received !== undefined) return received.message;
    // Seen once in hundreds of dumps, on a machine with more to do than it has cores: the count was
    // there, and the message, posted before it, not yet.
    Atomics.wait(moment, 0, 0, 1);
  }
}

/** @param {WorkerMessage} message */
function tell(message) {
  main.postMessage(message);
}

/**
 * The package removes every line of the finished script that begins with `\restrict` or
 * `\unrestrict`, also inside a function's body or a comment. So the backslash of such a line is
 * replaced, by one byte, before pg_dump sees it, and put back in what pg_dump asks and in the script.
 *
 * @param {Uint8Array} answer changed in place
 */
function hideRestrict(answer) {
  return replaceInLines(answer, BACKSLASH, SUBSTITUTE);
}

/** @param {Uint8Array} request */
function unhideRestrict(request) {
  return replaceInLines(request, SUBSTITUTE, BACKSLASH);
}

/**
 * The last one of a run: in the text of an array, such as an object's privileges, backslashes are doubled, and
 * what pg_dump makes of them begins the line with one.
 *
 * @param {Uint8Array} bytes @param {number} from @param {number} to
 */
function replaceInLines(bytes, from, to) {
  for (let at = bytes.indexOf(from, 1); at > 0; at = bytes.indexOf(from, at + 1)) {
    if (!isRestrict(bytes, at + 1)) continue;
    let before = at - 1;
    while (before > 0 && bytes[before] === BACKSLASH) before--;
    if (endsLine(bytes[before])) bytes[at] = to;
  }
  return bytes;
}

/**
 * The last byte of what a regular expression takes for the end of a line: \n, \r, U+2028, U+2029.
 *
 * @param {number | undefined} byte
 */
function endsLine(byte) {
  return byte === 0x0a || byte === 0x0d || byte === 0xa8 || byte === 0xa9;
}

/** @param {Uint8Array} bytes @param {number} at */
function isRestrict(bytes, at) {
  const word = Buffer.from(bytes.buffer, bytes.byteOffset + at, Math.min(10, bytes.length - at));
  return /^(?:un)?restrict/i.test(word.toString("latin1"));
}

async function run() {
  // pg_dump takes its name, which heads its messages, from here.
  process.argv[1] = "pg_dump";
  let pgDump;
  try {
    ({ pgDump } = await import("@electric-sql/pglite-tools/pg_dump"));
  } catch (error) {
    return tell({ type: "missing", message: words(error) });
  }
  const database = {
    /**
     * @param {Uint8Array} bytes
     * @param {{ onRawData: (answer: Uint8Array) => void }} options
     */
    execProtocolRawStream: (bytes, { onRawData }) => relay(bytes, onRawData),
    // It saves and restores search_path, as a PGlite outlives the dump; this session does not.
    query: async () => ({ rows: [{ search_path: "''" }] }),
    exec: async () => [],
  };
  try {
    const options = /** @type {any} */ ({ pg: database, args: input.arguments });
    const script = await (await pgDump(options)).text();
    tell({ type: "script", script: script.replaceAll(hidden, "\\") });
  } catch (error) {
    tell({ type: "failed", message: words(error) });
  }
}

/** @param {unknown} thrown */
function words(thrown) {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

await run();
