/**
 * One session on one server: opened with every setting pinned (connect.ts), used by one caller at a
 * time, and cancelled on the server as well as here when its signal is aborted.
 */

import type pg from "pg";
import { describeEndpoint, type ServerEndpoint } from "../endpoint/endpoint.js";
import { PgCopyError, type Side } from "../errors.js";
import { throwIfAborted } from "../run/abort.js";
import type { Doing } from "./ask-server.js";
import { type Backend, ownBackendQuery } from "./backend.js";
import { type CancelTarget, cancelOnServer } from "./cancel.js";
import { rawConnection } from "./client.js";
import type { ConnectionAttempt } from "./connection-attempts.js";
import { type ScriptHandlers, ScriptQuery } from "./script-query.js";
import { brokenConnection, statementError } from "./server-error.js";
import { pinSettings, watchClient } from "./session-settings.js";
import { unlessStalled } from "./stall-watch.js";

/** How long a cancelled statement has to end before its socket is cut, in milliseconds. */
const CANCEL_GRACE_MS = 1_500;
/** How long a server has to say goodbye: a network that takes everything and answers nothing never does. */
const CLOSE_GRACE_MS = 500;

export interface ConnectOptions {
  readonly side: Side;
  /** Ends as application_name, after `pgcopy `. */
  readonly purpose: string;
  readonly signal: AbortSignal;
  /** Parameters set in addition to the pinned ones. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** A row of a result, by column name. */
export type Row = Record<string, unknown>;

/** A statement, and what it does as an error names it. */
export interface NamedStatement {
  readonly attempted: string;
  readonly sql: string;
}

/** Opened by `connect`; released by `close`, or at the end of an `await using` scope. */
export class Connection implements AsyncDisposable {
  readonly side: Side;
  /** Leads to this very server, whichever of several hosts it is: for further sessions on it. */
  readonly endpoint: ServerEndpoint;
  /** server_version_num: 150004 is 15.4. */
  readonly serverVersion: number;
  /** ParameterStatus values that the server reported at start-up. */
  readonly parameters: ReadonlyMap<string, string>;
  readonly host: string;
  readonly port: number;
  readonly #client: pg.Client;
  readonly #address: string;
  readonly #tls: Pick<CancelTarget, "tls" | "directTls">;
  #signal: AbortSignal;
  #tail: Promise<unknown> = Promise.resolve();
  #state: "open" | "lost" | "closed" = "open";
  #loss: Error | undefined;
  #ask: (signal: AbortSignal) => Promise<Doing> = async () => "works";
  #quickestMs = Number.POSITIVE_INFINITY;
  #backend: Backend | undefined;

  /** @internal */
  constructor(
    client: pg.Client,
    endpoint: ServerEndpoint,
    attempt: ConnectionAttempt,
    options: ConnectOptions,
    parameters: ReadonlyMap<string, string>,
  ) {
    this.#client = client;
    this.#address = attempt.address;
    this.#tls = attempt.tls === undefined ? {} : { tls: attempt.tls, directTls: attempt.directTls };
    this.#signal = options.signal;
    this.side = options.side;
    this.endpoint = endpoint;
    this.host = attempt.host;
    this.port = attempt.port;
    this.parameters = parameters;
    this.serverVersion = versionNumber(parameters.get("server_version") ?? "");
    // Without a listener a connection lost while idle would end the process.
    client.on("error", (error) => {
      this.#loss ??= error;
      this.#lose();
    });
    client.on("end", () => this.#lose());
  }

  /** The server's process id of this session, as in pg_stat_activity. */
  get processId(): number {
    return (this.#client as unknown as { processID: number }).processID;
  }

  /** Aborted: its statements are stopped. */
  get signal(): AbortSignal {
    return this.#signal;
  }

  /** The error that it was lost with, while it was idle. */
  get loss(): Error | undefined {
    return this.#loss;
  }

  /** The process id that the server itself knows it by: a pooler before it gives another. */
  get backendId(): number {
    return this.backend.processId;
  }

  /** Bytes that the system has received for it, and that it has taken from it. */
  get traffic(): number {
    const { bytesRead, bytesWritten, writableLength } = rawConnection(this.#client).stream;
    return bytesRead + bytesWritten - writableLength;
  }

  /** @internal Who finds out what the server does for it. */
  askBy(ask: (signal: AbortSignal) => Promise<Doing>): void {
    this.#ask = ask;
  }

  /** What its server says that it does for it; never throws. */
  async doing(signal: AbortSignal): Promise<Doing> {
    return await this.#ask(signal);
  }

  /** The server's process of this session, told from any other that had or will have its id. */
  get backend(): Backend {
    return this.#backend ?? { processId: this.processId, startedAt: "-infinity" };
  }

  /** How long its shortest statement took, in milliseconds: a round trip, and little else. 0 before the first. */
  get quickestMs(): number {
    return Number.isFinite(this.#quickestMs) ? this.#quickestMs : 0;
  }

  /** Whether the session can still be used. */
  get usable(): boolean {
    return this.#state === "open";
  }

  /** @internal Sets the pinned settings; `connect` has called it. */
  async pin(settings: Readonly<Record<string, string>>): Promise<void> {
    const version = this.serverVersion;
    const script = `${pinSettings(version, settings)}; ${watchClient(version)}; ${ownBackendQuery}`;
    const results = (await this.#client.query(script)) as unknown as pg.QueryResult<Backend>[];
    this.#backend = results.at(-1)?.rows[0];
  }

  /**
   * Runs one statement with parameters and gives its rows.
   *
   * @param attempted what it does, for the error's message.
   * @throws PgCopyError `task_failed` with the server's report; `interrupted`.
   */
  async query<R extends Row = Row>(
    attempted: string,
    sql: string,
    values: readonly unknown[] = [],
  ): Promise<R[]> {
    const result = await this.#run(attempted, () =>
      values.length === 0 ? this.#client.query(sql) : this.#client.query(sql, values as unknown[]),
    );
    return (Array.isArray(result) ? (result.at(-1)?.rows ?? []) : result.rows) as R[];
  }

  /** Runs a script of any number of statements in one round trip (and, unless it says otherwise, one transaction). */
  async execute(attempted: string, script: string): Promise<void> {
    await this.#run(attempted, () => this.#client.query(script));
  }

  /**
   * Runs statements in one round trip (and, unless they say otherwise, one transaction).
   *
   * @param handlers what to send for their COPY … FROM STDIN, and what to do with their COPY … TO STDOUT.
   * @throws PgCopyError `task_failed`, naming the statement that failed; `interrupted`.
   */
  async executeAll(
    statements: readonly NamedStatement[],
    handlers: ScriptHandlers = {},
  ): Promise<void> {
    let completed = 0;
    const failed = () => (statements[completed] ?? statements.at(-1))?.attempted ?? "";
    // On a line of its own, lest a statement end in a comment.
    const script = statements.map(({ sql }) => sql).join("\n;\n");
    await this.#run(failed, async () => {
      const query = new ScriptQuery(script, {
        ...handlers,
        onCompleted: (tag) => {
          completed++;
          handlers.onCompleted?.(tag);
        },
      });
      this.#client.query(query as unknown as pg.Submittable);
      await query.done;
    });
  }

  /**
   * Gives `use` the driver's client for as long as it runs, with no other statement beside it.
   * For COPY streams and the raw protocol.
   */
  async exclusively<T>(use: (client: pg.Client) => Promise<T>): Promise<T> {
    return await this.#queue(() => use(this.#client));
  }

  /**
   * Runs `use`, during which `signal` stops this session's statements in place of the signal that it
   * was opened with. For a session that is lent to one task after another: a task can be stopped
   * because another one failed, while the whole run is not aborted.
   */
  async under<T>(signal: AbortSignal, use: () => Promise<T>): Promise<T> {
    const before = this.#signal;
    this.#signal = signal;
    try {
      return await use();
    } finally {
      this.#signal = before;
    }
  }

  /** Resolves when the server next says ReadyForQuery, or the connection is gone. */
  readyForQuery(): Promise<void> {
    const raw = rawConnection(this.#client);
    return new Promise((resolve) => {
      const done = () => {
        raw.removeListener("readyForQuery", done);
        this.#client.removeListener("end", done);
        resolve();
      };
      raw.once("readyForQuery", done);
      this.#client.once("end", done);
      if (this.#state !== "open") done();
    });
  }

  /**
   * Asks the server to cancel the statement that runs now, on a connection of its own. Never throws.
   *
   * @returns whether the server has taken the request.
   */
  async cancel(): Promise<boolean> {
    return await cancelOnServer(this.cancelTarget);
  }

  /**
   * Cancels the statement that runs now, and cuts the socket where the server does not hear of it, or goes
   * on regardless. Settles when the statement has ended. Never throws.
   */
  async stop(): Promise<void> {
    const settled = this.readyForQuery();
    const cut = setTimeout(() => this.destroy(), CANCEL_GRACE_MS);
    // Its server then notices that the client is gone (session-settings.ts).
    if (!(await this.cancel())) this.destroy();
    await settled;
    clearTimeout(cut);
  }

  /** What it takes to cancel this session's statement, from wherever that is done. */
  get cancelTarget(): CancelTarget {
    return {
      host: this.#address,
      port: this.port,
      ...this.#tls,
      processId: this.processId,
      secretKey: (this.#client as unknown as { secretKey: number }).secretKey,
    };
  }

  /** Calls `listener` when the session has ended, by itself or because it was closed. */
  onEnd(listener: () => void): void {
    this.#client.once("end", listener);
  }

  /** Ends the session, soon even if the server is out of reach. Never throws. */
  async close(): Promise<void> {
    if (this.#state === "closed") return;
    this.#state = "closed";
    const cut = setTimeout(() => rawConnection(this.#client).stream.destroy(), CLOSE_GRACE_MS);
    await this.#client.end().catch(() => {});
    clearTimeout(cut);
  }

  /** Cuts the socket, without a word to the server. */
  destroy(): void {
    this.#lose();
    rawConnection(this.#client).stream.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #lose(): void {
    if (this.#state === "open") this.#state = "lost";
  }

  /** node-postgres warns when a statement is given before the last one ended: callers wait in line. */
  #queue<T>(use: () => Promise<T>): Promise<T> {
    const turn = this.#tail.then(use, use);
    this.#tail = turn.catch(() => {});
    return turn;
  }

  /** @param what is attempted; a function is asked when it has failed. */
  async #run<T>(what: string | (() => string), send: () => Promise<T>): Promise<T> {
    const signal = this.#signal;
    const attempted = typeof what === "string" ? () => what : what;
    return await this.#queue(async () => {
      throwIfAborted(signal, attempted());
      if (this.#state !== "open") {
        throw new PgCopyError(
          `${attempted()} failed on ${this.side}: the connection to ${describeEndpoint(this.endpoint)} is ${this.#state}`,
          {
            ...{ code: "task_failed", attempted: attempted(), side: this.side, retrySafe: true },
            ...brokenConnection,
          },
        );
      }
      const stop = () => void this.stop();
      signal.addEventListener("abort", stop, { once: true });
      const began = performance.now();
      try {
        const result = await unlessStalled(this, attempted, send);
        this.#quickestMs = Math.min(this.#quickestMs, performance.now() - began);
        return result;
      } catch (error) {
        throwIfAborted(signal, attempted());
        throw statementError(error, attempted(), this.side);
      } finally {
        signal.removeEventListener("abort", stop);
      }
    });
  }
}

/** `16.2 (Debian …)` → 160002, `18beta1` → 180000: server_version_num, which is not reported by itself. */
export function versionNumber(serverVersion: string): number {
  const match = /^(\d+)(?:\.(\d+))?/.exec(serverVersion);
  return match === null ? 0 : Number(match[1]) * 10_000 + Number(match[2] ?? 0);
}
