/**
 * `postgres://user:password@host:port,host:port/database?parameter=value`, taken apart as libpq
 * does. A password whose `/`, `@` or `?` was not percent-encoded ends up in the wrong place; no
 * message here repeats a piece that could be one.
 */

import type { Side } from "../errors.js";
import { checkParameterName, type ParameterValues, wrongEndpoint } from "./parameters.js";

const ENCODING_ADVICE =
  "percent-encode special characters in the user and the password: / is %2F, @ is %40, : is %3A, ? is %3F, % is %25";

/** Whether the text is a URI that `parseUri` takes. */
export function isPostgresUri(text: string): boolean {
  return /^postgres(?:ql)?:\/\//i.test(text);
}

/** @throws PgCopyError `usage`. */
export function parseUri(text: string, side: Side): ParameterValues {
  const values = new Map<string, string>();
  const set = (name: string, raw: string) => {
    const value = decoded(raw, side);
    if (value !== "") values.set(name, value);
  };

  const body = text.slice(text.indexOf("://") + 3);
  const { credentials, rest } = splitCredentials(body);
  if (credentials !== undefined) {
    const [user, password] = splitAtFirst(credentials, ":");
    if (user.includes("?")) throw misplaced("?", side);
    set("user", user);
    if (password !== undefined) set("password", password);
  }
  const [location, query] = splitAtFirst(rest, "?");
  if (location.includes("@")) throw misplaced("@", side);
  const [authority, database] = splitAtFirst(location, "/");
  const { hosts, ports } = splitHosts(authority, side);
  set("host", hosts.join(","));
  if (ports.some((port) => port !== "")) set("port", ports.join(","));
  if (database !== undefined) set("dbname", database);

  for (const [name, value] of queryParameters(query ?? "", side)) {
    const isJdbc = name === "ssl" && value === "true";
    if (!isJdbc) checkParameterName(name, side, (query ?? "").includes("@"));
    if (isJdbc) values.set("sslmode", "require");
    else if (value === "") values.delete(name);
    else values.set(name, value);
  }
  return values;
}

/** The pairs of a query, percent-decoded. */
export function queryParameters(query: string, side: Side): [name: string, value: string][] {
  return query
    .split("&")
    .filter((pair) => pair !== "")
    .map((pair) => {
      const [name, value] = splitAtFirst(pair, "=");
      if (value === undefined) {
        throw wrongEndpoint(
          side,
          `a parameter after "?" has no "="`,
          `write ?name=value&name=value; ${ENCODING_ADVICE}`,
        );
      }
      return [decoded(name, side), decoded(value, side)];
    });
}

/** As libpq: credentials are what stands before the first `@`, if no `/` comes earlier. */
function splitCredentials(body: string): { credentials?: string; rest: string } {
  const at = body.search(/[@/]/);
  if (body.startsWith("?") || at === -1 || body[at] === "/") return { rest: body };
  return { credentials: body.slice(0, at), rest: body.slice(at + 1) };
}

function splitHosts(authority: string, side: Side): { hosts: string[]; ports: string[] } {
  const hosts: string[] = [];
  const ports: string[] = [];
  for (const place of authority.split(",")) {
    const match = /^(?:\[([^[\]]+)\]|([^:[\]]*))(?::([^:[\]]*))?$/.exec(place);
    if (match === null) {
      throw wrongEndpoint(
        side,
        "a host and port can't be told apart",
        `write host:port, with an IPv6 address in brackets; ${ENCODING_ADVICE}`,
      );
    }
    hosts.push(match[1] ?? match[2] ?? "");
    ports.push(match[3] ?? "");
  }
  return { hosts, ports };
}

function misplaced(character: string, side: Side): Error {
  return wrongEndpoint(side, `a "${character}" stands where none can be`, ENCODING_ADVICE);
}

function decoded(raw: string, side: Side): string {
  let value: string | undefined;
  try {
    value = decodeURIComponent(raw);
  } catch {
    // Reported below, without the text.
  }
  if (value !== undefined && !value.includes("\0")) return value;
  throw wrongEndpoint(
    side,
    `a "%" is not followed by the code of a UTF-8 character`,
    ENCODING_ADVICE,
  );
}

function splitAtFirst(text: string, separator: string): [before: string, after?: string] {
  const at = text.indexOf(separator);
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + separator.length)];
}
