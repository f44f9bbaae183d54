/** Runs a pg_dump of this machine, with an environment that holds nothing but what it needs. */

import { spawn } from "node:child_process";
import { PgCopyError } from "../errors.js";
import type { Connection } from "../postgres/connection.js";
import { throwIfAborted } from "../run/abort.js";
import type { Environment } from "../run/environment.js";

/** How long pg_dump has to cancel its query and end when it is asked to, in milliseconds. */
const KILL_GRACE_MS = 2_000;

export interface LocalPgDump {
  readonly path: string;
  readonly arguments: readonly string[];
  readonly environment: Environment;
  readonly signal: AbortSignal;
  readonly timeZone?: string;
}

/**
 * The script that pg_dump writes to its standard output. When the signal is aborted, pg_dump is
 * ended, which cancels its query on the server, and awaited.
 *
 * @throws PgCopyError `schema_dump_failed` with pg_dump's own words; `interrupted`.
 */
export async function runLocalPgDump(source: Connection, dump: LocalPgDump): Promise<string> {
  const child = spawn(dump.path, dump.arguments, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...inherited(dump.environment), ...libpqEnvironment(source, dump.timeZone) },
    windowsHide: true,
  });
  const script: Buffer[] = [];
  const messages: Buffer[] = [];
  child.stdout.on("data", (piece: Buffer) => script.push(piece));
  child.stderr.on("data", (piece: Buffer) => messages.push(piece));

  let killTimer: NodeJS.Timeout | undefined;
  const stop = () => {
    child.kill("SIGTERM");
    killTimer = setTimeout(() => child.kill("SIGKILL"), KILL_GRACE_MS);
  };
  dump.signal.addEventListener("abort", stop, { once: true });
  if (dump.signal.aborted) stop();
  try {
    const end = await new Promise<{ code: number | null; killedBy: string | null }>(
      (resolve, reject) => {
        child.once("error", reject);
        child.once("close", (code, killedBy) => resolve({ code, killedBy }));
      },
    );
    throwIfAborted(dump.signal, "pg_dump");
    if (end.code === 0) return Buffer.concat(script).toString("utf8");
    const how =
      end.killedBy === null ? `exited with code ${end.code}` : `was killed by ${end.killedBy}`;
    const words = withoutPassword(pgDumpWords(Buffer.concat(messages).toString("utf8")), source);
    throw dumpFailed(`${dump.path} ${how}${words === "" ? "" : `: ${words}`}`);
  } catch (error) {
    if (error instanceof PgCopyError) throw error;
    throw dumpFailed(`${dump.path} could not be run: ${(error as Error).message}`, error);
  } finally {
    dump.signal.removeEventListener("abort", stop);
    clearTimeout(killTimer);
  }
}

function dumpFailed(message: string, cause?: unknown): PgCopyError {
  return new PgCopyError(message, {
    code: "schema_dump_failed",
    attempted: "dump schema",
    side: "source",
    ...(cause === undefined ? {} : { cause }),
  });
}

/** What a program may need to be started and to find its libraries; nothing of PostgreSQL's. */
function inherited(environment: Environment): Record<string, string> {
  const names = /^(PATH|LD_LIBRARY_PATH|DYLD_LIBRARY_PATH|DYLD_FALLBACK_LIBRARY_PATH|SYSTEMROOT)$/i;
  const entries = Object.entries(environment).filter(([name]) => names.test(name));
  return Object.fromEntries(entries) as Record<string, string>;
}

/**
 * The connection as libpq's variables. The password may not stand on the command line, where `ps`
 * shows it, and a database's name there would be taken for a connection string if it looks like one.
 */
function libpqEnvironment(
  source: Connection,
  timeZone: string | undefined,
): Record<string, string> {
  const { endpoint } = source;
  const { tls } = endpoint;
  const variables: Record<string, string | undefined> = {
    PGHOST: source.host,
    // The snapshot is known on this very server only.
    PGHOSTADDR: endpoint.hosts[0]?.address,
    PGPORT: String(source.port),
    PGUSER: endpoint.user,
    PGDATABASE: endpoint.database,
    PGPASSWORD: endpoint.password,
    PGAPPNAME: "pgcopy schema",
    PGCONNECT_TIMEOUT: String(Math.ceil(endpoint.connectTimeoutMs / 1000)),
    PGGSSENCMODE: "disable", // the other connections can't do it either
    PGCHANNELBINDING: endpoint.channelBinding,
    PGSSLMODE: tls.mode,
    PGSSLROOTCERT: tls.rootCertificate,
    PGSSLCERT: tls.certificate,
    PGSSLCERTMODE: tls.certificate === undefined ? "disable" : undefined,
    PGSSLKEY: tls.key,
    PGSSLCRL: tls.revocationList,
    PGSSLNEGOTIATION: tls.negotiation === "direct" ? "direct" : undefined,
    PGSSLMINPROTOCOLVERSION: tls.minVersion,
    PGSSLMAXPROTOCOLVERSION: tls.maxVersion,
    PGSSLSNI: tls.serverName ? "1" : "0",
    PGOPTIONS: sessionOptions(endpoint.options),
    PGTZ: timeZone,
    LC_ALL: "C", // messages in English, as the rest of the report
  };
  const given = Object.entries(variables).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as Record<string, string>;
}

/**
 * What pg_dump does not set by itself, and what changes how the server prints an expression, or
 * how long it takes: given at start-up, these win over the role's and the database's defaults.
 */
function sessionOptions(own: string | undefined): string {
  const pinned = [
    "standard_conforming_strings=on",
    "quote_all_identifiers=off",
    "bytea_output=hex",
    "lc_monetary=C",
    "xmloption=content",
    "array_nulls=on",
    "jit=off",
    "client_min_messages=warning",
    // pg_dump sets it, too, but only after its first queries.
    "statement_timeout=0",
  ].map((setting) => `-c ${setting}`);
  return [...(own === undefined ? [] : [own]), ...pinned].join(" ");
}

/**
 * The error in what pg_dump wrote to its standard error (with `--verbose` mostly progress), and
 * what it says about it; without the query, which may be as long as the list of all tables.
 */
export function pgDumpWords(messages: string): string {
  const reports = messages.split(/^(?=\S+: )/m);
  const about = reports.flatMap((report) => {
    const match = /^\S+: (error|detail|hint): ([\s\S]*)$/.exec(report.trim());
    return match === null || match[2]?.startsWith("Query was:") ? [] : [match[2] ?? ""];
  });
  const words = about.length > 0 ? about.join("; ") : (reports.at(-1) ?? "");
  return words.replaceAll(/\s+/g, " ").trim().slice(0, 2_000);
}

/** pg_dump never prints it, but a program named in its place might. */
function withoutPassword(words: string, source: Connection): string {
  const password = source.endpoint.password ?? "";
  return password === "" ? words : words.replaceAll(password, "***");
}
