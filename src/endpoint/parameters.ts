/**
 * libpq's connection parameters: what each is called in the environment, and what pgcopy does with
 * it. The list is that of PostgreSQL 18's documentation, "Parameter Key Words".
 */

import { PgCopyError, type Side } from "../errors.js";
import type { Environment } from "../run/environment.js";

/** Parameters by name. An empty value counts as not given, as it does for most of them in libpq. */
export type ParameterValues = ReadonlyMap<string, string>;

interface Parameter {
  readonly variable?: string;
  /** The values that can be honoured; any other demands something that pgcopy can't do. */
  readonly only?: readonly string[];
}

const used: Readonly<Record<string, Parameter>> = {
  service: { variable: "PGSERVICE" },
  host: { variable: "PGHOST" },
  hostaddr: { variable: "PGHOSTADDR" },
  port: { variable: "PGPORT" },
  dbname: { variable: "PGDATABASE" },
  user: { variable: "PGUSER" },
  password: { variable: "PGPASSWORD" },
  passfile: { variable: "PGPASSFILE" },
  options: { variable: "PGOPTIONS" },
  connect_timeout: { variable: "PGCONNECT_TIMEOUT" },
  keepalives: {},
  keepalives_idle: {},
  target_session_attrs: { variable: "PGTARGETSESSIONATTRS" },
  channel_binding: { variable: "PGCHANNELBINDING" },
  sslmode: { variable: "PGSSLMODE" },
  sslnegotiation: { variable: "PGSSLNEGOTIATION" },
  sslrootcert: { variable: "PGSSLROOTCERT" },
  sslcert: { variable: "PGSSLCERT" },
  sslkey: { variable: "PGSSLKEY" },
  sslpassword: {},
  sslcrl: { variable: "PGSSLCRL" },
  sslsni: { variable: "PGSSLSNI" },
  sslcertmode: { variable: "PGSSLCERTMODE", only: ["disable", "allow"] },
  ssl_min_protocol_version: { variable: "PGSSLMINPROTOCOLVERSION" },
  ssl_max_protocol_version: { variable: "PGSSLMAXPROTOCOLVERSION" },
};

/**
 * Accepted without effect: pgcopy names its own sessions and always speaks UTF-8; Node sets no TCP
 * keepalive interval or count; TLS compression is gone; the Kerberos ones matter only to Kerberos;
 * and hosts are taken in the order given, since all sessions of a copy must reach the same server.
 */
const ignored: Readonly<Record<string, Parameter>> = {
  application_name: {},
  fallback_application_name: {},
  client_encoding: {},
  keepalives_interval: {},
  keepalives_count: {},
  tcp_user_timeout: {},
  sslcompression: {},
  krbsrvname: {},
  gsslib: {},
  gssdelegation: {},
  load_balance_hosts: {},
};

/** Accepted as long as they demand nothing. */
const refused: Readonly<Record<string, Parameter>> = {
  gssencmode: { variable: "PGGSSENCMODE", only: ["disable", "prefer"] },
  replication: { only: ["false", "off", "no", "0"] },
  requirepeer: { variable: "PGREQUIREPEER", only: [] },
  require_auth: { variable: "PGREQUIREAUTH", only: [] },
  min_protocol_version: { variable: "PGMINPROTOCOLVERSION", only: ["3.0"] },
  max_protocol_version: { variable: "PGMAXPROTOCOLVERSION", only: ["3.0", "3.2", "latest"] },
  sslcrldir: { variable: "PGSSLCRLDIR", only: [] },
  sslkeylogfile: { only: [] },
  scram_client_key: { only: [] },
  scram_server_key: { only: [] },
  oauth_issuer: { only: [] },
  oauth_client_id: { only: [] },
  oauth_client_secret: { only: [] },
  oauth_scope: { only: [] },
};

const parameters = new Map(Object.entries({ ...used, ...ignored, ...refused }));

/**
 * The error of an endpoint that can't be used.
 *
 * @param problem must hold no piece of the endpoint that may be a password's.
 */
export function wrongEndpoint(side: Side, problem: string, advice?: string): PgCopyError {
  return new PgCopyError(`wrong ${side} endpoint: ${problem}`, {
    code: "usage",
    side,
    ...(advice === undefined ? {} : { advice }),
  });
}

/**
 * Checks that a parameter of that name exists.
 *
 * @param secret whether the name may in truth be a piece of a password: then neither it nor what it
 *   resembles is said.
 * @throws PgCopyError `usage`.
 */
export function checkParameterName(name: string, side: Side, secret: boolean): void {
  if (parameters.has(name)) return;
  throw wrongEndpoint(
    side,
    secret || !/^\w{1,40}$/.test(name) ? "unknown parameter" : unknownWords(name),
    "the parameters are libpq's; a password with special characters needs quotes in a key=value string, and percent-encoding in a URI",
  );
}

function unknownWords(name: string): string {
  const near = nearestName(name, [...parameters.keys()]);
  return `unknown parameter "${name}"${near === undefined ? "" : ` (did you mean "${near}"?)`}`;
}

/**
 * Checks that no parameter demands what pgcopy can't do; better than to connect without it.
 *
 * @throws PgCopyError `usage`, saying what to leave out.
 */
export function checkSupported(values: ParameterValues, side: Side): void {
  for (const [name, value] of values) {
    const only = parameters.get(name)?.only;
    if (only === undefined || only.includes(value)) continue;
    const advice =
      only.length === 0
        ? `leave ${name} out`
        : `leave ${name} out, or set it to ${only.join(" or ")}`;
    throw wrongEndpoint(side, `pgcopy does not support ${name}${shownValue(value)}`, advice);
  }
}

/** The parameters that the environment gives. */
export function environmentParameters(environment: Environment): ParameterValues {
  const values = new Map<string, string>();
  for (const [name, { variable }] of parameters) {
    const value = variable === undefined ? undefined : environment[variable];
    if (value !== undefined && value !== "") values.set(name, value);
  }
  return values;
}

/** The value of a parameter that takes one of a few words, or `fallback`. */
export function choiceOf<T extends string>(
  values: ParameterValues,
  name: string,
  { choices, fallback, side }: { choices: readonly T[]; fallback: T; side: Side },
): T {
  const value = values.get(name);
  if (value === undefined) return fallback;
  const found = choices.find((choice) => choice === value);
  if (found !== undefined) return found;
  throw wrongEndpoint(side, `${name}${shownValue(value)} is none of ${choices.join(", ")}`);
}

/** The value of a parameter that takes a whole number, or undefined. */
export function integerOf(values: ParameterValues, name: string, side: Side): number | undefined {
  const value = values.get(name);
  if (value === undefined) return undefined;
  const number = /^\s*[+-]?\d{1,9}\s*$/.test(value) ? Number(value) : Number.NaN;
  if (!Number.isNaN(number)) return number;
  throw wrongEndpoint(side, `${name}${shownValue(value)} is not a whole number`);
}

/** `=value`, or nothing where it may be a piece of something secret. */
function shownValue(value: string): string {
  return /^[\w.-]{1,30}$/.test(value) ? `=${value}` : "";
}

/** The candidate that a misspelt name most likely stands for. */
function nearestName(name: string, candidates: readonly string[]): string | undefined {
  let nearest: string | undefined;
  let least = Math.min(3, Math.ceil(name.length / 3) + 1);
  for (const candidate of candidates) {
    const distance = editDistance(name.toLowerCase(), candidate);
    if (distance < least) [nearest, least] = [candidate, distance];
  }
  return nearest;
}

/** Levenshtein's distance. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const changed = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(changed, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
