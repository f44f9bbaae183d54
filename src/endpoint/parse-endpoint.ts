/**
 * Reading endpoints. A text becomes libpq's named parameters (uri.ts, keyvalue.ts); what it leaves
 * out comes from a service (service-file.ts), then from the environment, then from libpq's defaults;
 * a password that none of them gives, from the password file (password-file.ts).
 */

import { userInfo } from "node:os";
import { join, resolve } from "node:path";
import type { Side } from "../errors.js";
import type {
  DataDirectoryEndpoint,
  Endpoint,
  Environment,
  HostAddress,
  ServerEndpoint,
} from "./endpoint.js";
import { hostList } from "./hosts.js";
import { parseKeyValue } from "./keyvalue.js";
import {
  checkSupported,
  choiceOf,
  environmentParameters,
  integerOf,
  type ParameterValues,
  wrongEndpoint,
} from "./parameters.js";
import { defaultPasswordFile, type PasswordFile, readPasswordFile } from "./password-file.js";
import { serviceParameters } from "./service-file.js";
import { tlsSettings } from "./tls-settings.js";
import { isPostgresUri, parseUri, queryParameters } from "./uri.js";

/**
 * Reads an endpoint: `postgres://…`, a libpq `key=value` string, or `pgdata:DIR`.
 *
 * @param environment stands for libpq's environment variables; no other is looked at.
 * @param side which end it is, for the messages.
 * @throws PgCopyError `usage`, never repeating a piece of the text that may be a password.
 */
export async function parseEndpoint(
  text: string,
  environment: Environment,
  side: Side,
): Promise<Endpoint> {
  const trimmed = text.trim();
  refuseUnsendable(trimmed, side);
  if (isNullEndpoint(trimmed)) {
    throw wrongEndpoint(
      side,
      "null: stands for no server",
      "null: can only be the target of clone, and of one database",
    );
  }
  if (trimmed.startsWith("pgdata:")) return parseDataDirectory(trimmed, environment, side);
  const given = parseServer(trimmed, side);
  const defaults = environmentParameters(environment);
  const service = given.get("service") ?? defaults.get("service");
  const fromService =
    service === undefined
      ? new Map<string, string>()
      : await serviceParameters(service, environment, side);
  const values = new Map([...defaults, ...fromService, ...given]);
  const server = await serverEndpoint(values, environment, side);
  if (given.has("password")) return { ...server, passwordFrom: "the endpoint" };
  if (fromService.has("password")) return { ...server, passwordFrom: `the service ${service}` };
  return values.has("password") ? { ...server, passwordFrom: "PGPASSWORD" } : server;
}

/** A NUL would end the text at the server, and half a character has no UTF-8. */
function refuseUnsendable(text: string, side: Side): void {
  if (!/[\0\p{Cs}]/u.test(text)) return;
  throw wrongEndpoint(side, "it holds a character that no server can be sent");
}

/** Whether the text is `null:`, the target that throws away what it gets: no endpoint, as nothing can connect to it. */
export function isNullEndpoint(text: string): boolean {
  return text.trim() === "null:";
}

function parseServer(text: string, side: Side): ParameterValues {
  if (isPostgresUri(text)) return parseUri(text, side);
  const scheme = /^([a-z][a-z0-9+.:-]{0,30}):\/\//i.exec(text)?.[1];
  if (scheme === undefined && text.includes("=")) return parseKeyValue(text, side);
  throw wrongEndpoint(
    side,
    scheme === undefined
      ? `it is ${text === "" ? "empty" : "neither a URI, nor a key=value string, nor a data directory"}`
      : `pgcopy does not know the scheme ${scheme}://`,
    side === "target" && /^null:?$/i.test(text)
      ? "did you mean null:, the target of clone that throws away what is read?"
      : "write postgres://USER@HOST:PORT/DATABASE, host=HOST dbname=DATABASE, or pgdata:DIR",
  );
}

/** `pgdata:DIR?dbname=NAME&user=NAME`. Only the query is percent-decoded, so that any path can be typed as it is. */
function parseDataDirectory(
  text: string,
  environment: Environment,
  side: Side,
): DataDirectoryEndpoint {
  const location = text.slice("pgdata:".length);
  const queryStart = location.lastIndexOf("?");
  const path = queryStart === -1 ? location : location.slice(0, queryStart);
  if (path === "") {
    throw wrongEndpoint(
      side,
      "pgdata: names no directory",
      "write pgdata:DIR, such as pgdata:./data",
    );
  }
  const query = queryStart === -1 ? [] : queryParameters(location.slice(queryStart + 1), side);
  const values = new Map(query.filter(([, value]) => value !== ""));
  for (const [name] of query) {
    if (name === "dbname" || name === "user") continue;
    throw wrongEndpoint(side, "after pgdata:DIR? only dbname=NAME and user=NAME can stand");
  }
  const user = values.get("user");
  return {
    kind: "pgdata",
    directory: resolve(withHome(path, environment)),
    database: values.get("dbname") ?? "postgres",
    ...(user === undefined ? {} : { user }),
  };
}

/** A shell leaves the `~` of `pgdata:~/data` alone; a directory of that name is not what was meant. */
function withHome(path: string, environment: Environment): string {
  if (!environment.HOME || (path !== "~" && !path.startsWith("~/"))) return path;
  return join(environment.HOME, path.slice(1));
}

/**
 * After how long without a word a peer is asked whether it is there. The systems' own two hours would be
 * two hours in which a run waits for a server that is gone; and for 0 newer Nodes turn keepalive off.
 */
const KEEPALIVE_IDLE_SECONDS = 60;

async function serverEndpoint(
  values: ParameterValues,
  environment: Environment,
  side: Side,
): Promise<ServerEndpoint> {
  checkSupported(values, side);
  const user = values.get("user") ?? operatingSystemUser(environment, side);
  const database = values.get("dbname") ?? user;
  const hosts = await hostList(values, side);
  const idle = integerOf(values, "keepalives_idle", side) ?? 0;
  const options = values.get("options");
  return {
    kind: "server",
    user,
    database,
    ...(values.has("dbname") ? {} : { databaseFrom: "the user's name" as const }),
    tls: await tlsSettings(values, environment, side),
    sessionAttributes: choiceOf(values, "target_session_attrs", {
      choices: ["any", "read-write", "read-only", "primary", "standby", "prefer-standby"],
      fallback: "any",
      side,
    }),
    ...(options === undefined ? {} : { options }),
    connectTimeoutMs: connectTimeout(values, side),
    keepAlive: integerOf(values, "keepalives", side) !== 0,
    keepAliveIdleMs: (idle > 0 ? idle : KEEPALIVE_IDLE_SECONDS) * 1_000,
    ...(requiresChannelBinding(values, side) ? { channelBinding: "require" as const } : {}),
    ...(await withPasswords(values, environment, { hosts, database, user })),
  };
}

function requiresChannelBinding(values: ParameterValues, side: Side): boolean {
  const choices = ["disable", "prefer", "require"] as const;
  return choiceOf(values, "channel_binding", { choices, fallback: "prefer", side }) === "require";
}

/** libpq would wait without end for a host that takes the connection and says nothing. */
const CONNECT_SECONDS = 60;

/** As libpq, where it is given: zero and less is no limit, and one second is too little to be meant. */
function connectTimeout(values: ParameterValues, side: Side): number {
  const seconds = integerOf(values, "connect_timeout", side) ?? CONNECT_SECONDS;
  return seconds <= 0 ? 0 : Math.max(seconds, 2) * 1_000;
}

/** libpq's last resort is the user of the process; one without a name (in a container) may have a USER. */
function operatingSystemUser(environment: Environment, side: Side): string {
  let name: string | undefined;
  try {
    name = userInfo().username;
  } catch {
    // The user id has no name.
  }
  const user = name || environment.USER || environment.LOGNAME;
  if (user) return user;
  throw wrongEndpoint(side, "no user is given", "add a user, as in postgres://USER@HOST/DATABASE");
}

/** The hosts, with the passwords that the password file holds for them if no other was given. */
async function withPasswords(
  values: ParameterValues,
  environment: Environment,
  session: { hosts: readonly HostAddress[]; database: string; user: string },
): Promise<Pick<ServerEndpoint, "hosts" | "password" | "passwordFrom" | "passwordFileProblem">> {
  const { hosts, database, user } = session;
  const given = values.get("password");
  if (given !== undefined) return { hosts, password: given };
  const path = values.get("passfile") ?? defaultPasswordFile(environment);
  if (path === undefined) return { hosts };
  const file: PasswordFile = await readPasswordFile(path);
  if (file.problem !== undefined) return { hosts, passwordFileProblem: file.problem };
  const passwords = hosts.map(({ host, port }) => file.passwordFor({ host, port, database, user }));
  if (new Set(passwords).size === 1) {
    const [password] = passwords;
    return password === undefined ? { hosts } : { hosts, password, passwordFrom: path };
  }
  // Each host gets its own and no other: a password must not be shown to a server it is not for.
  return {
    passwordFrom: path,
    hosts: hosts.map((host, index) => {
      const password = passwords[index];
      return password === undefined ? host : { ...host, password };
    }),
  };
}
